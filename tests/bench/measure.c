/*
 * Measures commands: measure ROUNDS, reading "NAME<TAB>COMMAND" lines from standard input. Each
 * round runs every command once under /bin/sh, in turn, so that whatever else the machine is
 * doing meets all of them alike. Prints "NAME<TAB>WALL<TAB>CPU<TAB>PEAK" with the medians:
 * seconds, seconds of all processes started, kilobytes of the largest of them. A command that
 * fails prints "failed" in place of the numbers, and the whole ends with 1.
 */
#define _DEFAULT_SOURCE /* wait4 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 64, MAX_ROUNDS = 101 };

struct command {
    char *name;
    char *text;
    int failed;
    double wall[MAX_ROUNDS];
    double cpu[MAX_ROUNDS];
    double peak[MAX_ROUNDS];
};

static struct command commands[MAX_COMMANDS];

static void die(const char *what)
{
    fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static void run(struct command *command, size_t round)
{
    double start = now();
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command->text, (char *)NULL);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) < 0)
        die("wait4");
    command->wall[round] = now() - start;
    command->cpu[round] = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    command->peak[round] = (double)usage.ru_maxrss;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        command->failed = 1;
}

static size_t read_commands(void)
{
    char *line = NULL;
    size_t size = 0;
    size_t count = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        char *tab = strchr(line, '\t');
        if (!tab || count == MAX_COMMANDS) {
            fprintf(stderr, "measure: expected at most %d lines NAME<TAB>COMMAND\n", MAX_COMMANDS);
            exit(2);
        }
        *tab = '\0';
        commands[count].name = strdup(line);
        commands[count].text = strdup(tab + 1);
        if (!commands[count].name || !commands[count].text)
            die("strdup");
        count++;
    }
    free(line);
    return count;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int main(int argc, char **argv)
{
    long rounds = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: measure ROUNDS <COMMANDS\n");
        return 2;
    }
    size_t count = read_commands();
    for (size_t round = 0; round < (size_t)rounds; round++)
        for (size_t i = 0; i < count; i++)
            if (!commands[i].failed)
                run(&commands[i], round);

    int status = 0;
    for (size_t i = 0; i < count; i++) {
        struct command *command = &commands[i];
        if (command->failed) {
            printf("%s\tfailed\n", command->name);
            status = 1;
        } else {
            printf("%s\t%.6f\t%.6f\t%.0f\n", command->name, median(command->wall, (size_t)rounds),
                   median(command->cpu, (size_t)rounds), median(command->peak, (size_t)rounds));
        }
        free(command->name);
        free(command->text);
    }
    return status;
}

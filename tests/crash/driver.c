/*
 * Runs a pipeline and gets in its way: starts its processes, kills, stops, starves or doubles them
 * at a random moment, starts the same command lines again, until all of them end well by
 * themselves; then once more, as a cron job would.
 *
 *   driver -m MODE [-s SEED] [-n STRIKES] [-t MILLISECONDS] [-d FOLDER] COMMAND [ARG]... ['|' ...]
 *
 * Each COMMAND is a process whose number is known, joined to the next by a pipe. MODE is
 *   kill, kill-all   SIGKILL to one process, to all of them at once
 *   term, term-all   SIGTERM or SIGINT likewise
 *   stop, stop-all   SIGSTOP, while a second copy of the pipeline runs; then SIGCONT, at once or
 *                    when everything else is done
 *   twice            a second copy beside the first, undisturbed
 *   limit            a process that may write only so many bytes to any file (RLIMIT_FSIZE)
 *   full             the file system of FOLDER full, until the pipeline has ended
 *   retry            nothing: failures come from elsewhere, and are followed by another start
 *   any              one of the signals and copies above, strike by strike
 * -t tells how long an undisturbed run takes, which the moments are spread over; of those about a
 * third fall right behind a change in FOLDER, where states and checkpoints are written.
 *
 * The same seed makes the same choices. What is done, and how the processes end, is told on
 * standard error. Exit status: 0 when the pipeline has ended well, 1 when it has not, or when a
 * process ended in a way that its disturbance does not explain.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PROCESSES = 8, MOST_COPIES = 8, MOST_RETRIES = 30, MOST_STRIKES = 4 };
static const double HANGS_AFTER = 900; /* far beyond what a busy machine needs */

enum mode {
    KILL, KILL_ALL, TERM, TERM_ALL, STOP, STOP_ALL, TWICE, /* what `any` chooses from */
    LIMIT, FULL, RETRY, ANY, MODES,
};
static const char *const mode_names[MODES] = {
    "kill", "kill-all", "term", "term-all", "stop", "stop-all", "twice", "limit", "full", "retry",
    "any",
};

/* One start of the pipeline. */
struct copy {
    pid_t pids[MOST_PROCESSES];
    int statuses[MOST_PROCESSES];
    bool running[MOST_PROCESSES];
    bool stopped[MOST_PROCESSES];
    double started;
};

struct driver {
    char **commands[MOST_PROCESSES]; /* each ends in NULL */
    size_t count;
    enum mode mode;
    uint64_t random;
    unsigned strikes;
    double length; /* seconds of an undisturbed run */
    const char *folder;
    int children, changes; /* descriptors: a process has ended; something in the folder changed */
    struct copy copies[MOST_COPIES];
    size_t copy_count;
};

/* ---- small things ---------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void pause_for(double seconds)
{
    struct timespec time = { .tv_sec = (time_t)seconds };
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    nanosleep(&time, NULL);
}

/* splitmix64 */
static uint64_t random_bits(struct driver *driver)
{
    uint64_t z = driver->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 to below `limit`. */
static unsigned below(struct driver *driver, unsigned limit)
{
    return (unsigned)(random_bits(driver) % limit);
}

/* 0 to below 1. */
static double share(struct driver *driver)
{
    return (double)(random_bits(driver) >> 11) / 9007199254740992.0;
}

/* 1 to 2^bits, small ones as likely as large ones. */
static unsigned of_any_size(struct driver *driver, unsigned bits)
{
    unsigned size = 1U << below(driver, bits + 1);
    return size + below(driver, size);
}

__attribute__((format(printf, 1, 2), noreturn)) static void stop_here(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("driver: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
    exit(2);
}

/* ---- processes ------------------------------------------------------------------------------- */

/* In the child: does not return. */
static void become(struct driver *driver, size_t which, int input, int output, rlim_t largest_file)
{
    if (input >= 0)
        dup2(input, STDIN_FILENO);
    if (output >= 0)
        dup2(output, STDOUT_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL); /* a shell has its background processes ignore it */
    signal(SIGPIPE, SIG_DFL);
    if (largest_file > 0) {
        const struct rlimit limit = { largest_file, largest_file };
        setrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, SIG_IGN); /* so that writing fails as on a full disk */
    }
    execvp(driver->commands[which][0], driver->commands[which]);
    fprintf(stderr, "driver: %s: %s\n", driver->commands[which][0], strerror(errno));
    _exit(127);
}

static void open_pipe(int ends[2])
{
    if (pipe(ends) || fcntl(ends[0], F_SETFD, FD_CLOEXEC) || fcntl(ends[1], F_SETFD, FD_CLOEXEC))
        stop_here("pipe: %s", strerror(errno));
}

/* Starts the pipeline; `starved` (or none, where that is no process) may write small files only. */
static struct copy *start(struct driver *driver, size_t starved, rlim_t largest_file)
{
    if (driver->copy_count == MOST_COPIES)
        stop_here("too many copies");
    struct copy *copy = &driver->copies[driver->copy_count++];
    *copy = (struct copy){ .started = now() };
    int input = -1;
    for (size_t i = 0; i < driver->count; i++) {
        int ends[2] = { -1, -1 };
        if (i + 1 < driver->count)
            open_pipe(ends);
        pid_t pid = fork();
        if (pid < 0)
            stop_here("fork: %s", strerror(errno));
        if (pid == 0)
            become(driver, i, input, ends[1], i == starved ? largest_file : 0);
        copy->pids[i] = pid;
        copy->running[i] = true;
        if (input >= 0)
            close(input);
        if (ends[1] >= 0)
            close(ends[1]);
        input = ends[0];
    }
    return copy;
}

/* Takes note of the processes that have ended; whether one of this copy still runs. */
static bool still_runs(struct driver *driver, struct copy *copy)
{
    bool any = false;
    for (size_t i = 0; i < driver->count; i++) {
        if (copy->running[i]
            && waitpid(copy->pids[i], &copy->statuses[i], WNOHANG) == copy->pids[i])
            copy->running[i] = false;
        any = any || copy->running[i];
    }
    return any;
}

static void drain(int descriptor)
{
    char bytes[4096];
    while (read(descriptor, bytes, sizeof bytes) > 0)
        continue;
}

/* Waits until the copy has ended, or until `when`: whether it has ended. */
static bool wait_until(struct driver *driver, struct copy *copy, double when)
{
    for (;;) {
        drain(driver->children);
        if (!still_runs(driver, copy))
            return true;
        double left = when - now();
        if (left <= 0)
            return false;
        struct pollfd waits = { .fd = driver->children, .events = POLLIN };
        poll(&waits, 1, left > 0.001 ? (int)(left * 1000) : 0);
    }
}

static void send_all(struct driver *driver, struct copy *copy, int number)
{
    for (size_t i = 0; i < driver->count; i++)
        if (copy->running[i])
            kill(copy->pids[i], number);
}

/* Nothing that was started outlives the driver. */
static void end_everything(struct driver *driver)
{
    for (size_t c = 0; c < driver->copy_count; c++) {
        send_all(driver, &driver->copies[c], SIGKILL);
        wait_until(driver, &driver->copies[c], now() + 10);
    }
}

static const char *name_of(const struct driver *driver, size_t which)
{
    const char *slash = strrchr(driver->commands[which][0], '/');
    return slash ? slash + 1 : driver->commands[which][0];
}

/* "wh-extract 0, wh-clean SIG9, wh-update 3" */
static void tell_ends(const struct driver *driver, const struct copy *copy)
{
    fprintf(stderr, "driver: after %.3f s:", now() - copy->started);
    for (size_t i = 0; i < driver->count; i++) {
        int status = copy->statuses[i];
        const char *comma = i + 1 < driver->count ? "," : "\n";
        if (copy->running[i])
            fprintf(stderr, " %s runs%s", name_of(driver, i), comma);
        else if (WIFSIGNALED(status))
            fprintf(stderr, " %s SIG%d%s", name_of(driver, i), WTERMSIG(status), comma);
        else
            fprintf(stderr, " %s %d%s", name_of(driver, i), WEXITSTATUS(status), comma);
    }
}

static bool ended_well(const struct driver *driver, const struct copy *copy)
{
    for (size_t i = 0; i < driver->count; i++)
        if (copy->statuses[i] != 0)
            return false;
    return true;
}

/* Whether a disturbance of this mode explains that a process ended so. */
static bool explained(enum mode mode, int status)
{
    if (WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        return number == SIGPIPE || ((mode == KILL || mode == KILL_ALL) && number == SIGKILL)
               || ((mode == TERM || mode == TERM_ALL) && (number == SIGTERM || number == SIGINT));
    }
    switch (WEXITSTATUS(status)) {
    case 0: /* it had done its work */
    case 3: /* the stream broke, or somebody else goes on with it */
        return true;
    case 1: return mode == LIMIT || mode == FULL;
    case 4: /* the database was locked for longer than it is waited for, by one that sleeps */
        return mode == RETRY || mode == STOP || mode == STOP_ALL;
    default: return false;
    }
}

static void check_ends(struct driver *driver, const struct copy *copy, enum mode mode)
{
    tell_ends(driver, copy);
    for (size_t i = 0; i < driver->count; i++) {
        if (explained(mode, copy->statuses[i]))
            continue;
        fprintf(stderr, "driver: %s: that %s ended so has no explanation\n", mode_names[mode],
                name_of(driver, i));
        end_everything(driver);
        exit(1);
    }
}

/* Waits for a copy that nothing keeps from ending any more. */
static void wait_to_end(struct driver *driver, struct copy *copy)
{
    if (wait_until(driver, copy, now() + HANGS_AFTER))
        return;
    tell_ends(driver, copy);
    fprintf(stderr, "driver: does not end\n");
    end_everything(driver);
    exit(1);
}

/* ---- the moment ------------------------------------------------------------------------------ */

/* Waits for `count` changes in the folder: false when the copy has ended before. */
static bool wait_for_changes(struct driver *driver, struct copy *copy, unsigned count)
{
    while (count > 0) {
        struct pollfd waits[] = { { .fd = driver->changes, .events = POLLIN },
                                  { .fd = driver->children, .events = POLLIN } };
        poll(waits, 2, 1000);
        drain(driver->children);
        if (!still_runs(driver, copy) || now() - copy->started > HANGS_AFTER)
            return false;
        _Alignas(struct inotify_event) char events[4096];
        ssize_t length = read(driver->changes, events, sizeof events);
        for (ssize_t at = 0; at < length && count > 0; count--) {
            const struct inotify_event *event = (const void *)(events + at);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return true;
}

/* Waits for a random moment of the run: false when it has ended before. */
static bool wait_for_moment(struct driver *driver, struct copy *copy)
{
    double seconds;
    if (driver->folder)
        drain(driver->changes);
    switch (below(driver, driver->folder ? 6 : 4)) {
    case 0: /* while they start */
        seconds = share(driver) * 0.02;
        break;
    case 1:
    case 2:
    case 3:
        seconds = share(driver) * driver->length;
        break;
    default: /* around a commit */
        if (!wait_for_changes(driver, copy, of_any_size(driver, 7)))
            return false;
        seconds = now() - copy->started + share(driver) * 0.0005;
        break;
    }
    double left = copy->started + seconds - now();
    if (left > 0 && left <= 0.002) /* shorter than what poll can wait */
        pause_for(left);
    else if (left > 0)
        wait_until(driver, copy, copy->started + seconds);
    return still_runs(driver, copy);
}

/* ---- strikes --------------------------------------------------------------------------------- */

/* One of the processes that run; the copy has one. */
static size_t any_process(struct driver *driver, const struct copy *copy)
{
    size_t running[MOST_PROCESSES] = { 0 }, count = 0;
    for (size_t i = 0; i < driver->count; i++)
        if (copy->running[i])
            running[count++] = i;
    return running[below(driver, (unsigned)count)];
}

static void tell_strike(const struct copy *copy, enum mode mode, const char *whom)
{
    fprintf(stderr, "driver: %s %s at %.4f s\n", mode_names[mode], whom, now() - copy->started);
}

/* Sends a signal to one process, or to all. */
static void signal_some(struct driver *driver, struct copy *copy, enum mode mode, int number,
                        bool all)
{
    size_t which = any_process(driver, copy);
    for (size_t i = 0; i < driver->count; i++) {
        if (!copy->running[i] || (!all && i != which))
            continue;
        kill(copy->pids[i], number);
        copy->stopped[i] = number == SIGSTOP;
    }
    tell_strike(copy, mode, all ? "all" : name_of(driver, which));
}

static bool sleeps(const struct driver *driver, const struct copy *copy)
{
    for (size_t i = 0; i < driver->count; i++)
        if (copy->running[i] && copy->stopped[i])
            return true;
    return false;
}

/* Lets all that was stopped go on, one perhaps waiting for another, and end. Whether there was
 * anything. */
static bool wake_sleepers(struct driver *driver)
{
    bool woken[MOST_COPIES] = { false }, any = false;
    for (size_t c = 0; c < driver->copy_count; c++) {
        struct copy *copy = &driver->copies[c];
        if (!sleeps(driver, copy))
            continue;
        send_all(driver, copy, SIGCONT);
        memset(copy->stopped, 0, sizeof copy->stopped);
        woken[c] = any = true;
    }
    for (size_t c = 0; c < driver->copy_count; c++) {
        if (!woken[c])
            continue;
        wait_to_end(driver, &driver->copies[c]);
        fprintf(stderr, "driver: woken\n");
        check_ends(driver, &driver->copies[c], STOP);
    }
    return any;
}

/* Forgets copies that have ended. */
static void forget_ended(struct driver *driver)
{
    size_t kept = 0;
    for (size_t c = 0; c < driver->copy_count; c++)
        if (still_runs(driver, &driver->copies[c]))
            driver->copies[kept++] = driver->copies[c];
    driver->copy_count = kept;
}

/* A second copy while the first runs or sleeps. One that waits for a lock of a sleeper gets it
 * after a while: before SQLite's patience of ten seconds ends, however long a run takes. */
static void double_run(struct driver *driver, struct copy *first, enum mode mode)
{
    struct copy *second = start(driver, MOST_PROCESSES, 0);
    double patience = 2 * driver->length + 1;
    if (!wait_until(driver, second, now() + (patience < 5 ? patience : 5))) {
        wake_sleepers(driver);
        wait_to_end(driver, second);
    }
    check_ends(driver, second, mode);
    if (sleeps(driver, first) && below(driver, 2) == 0)
        wake_sleepers(driver);
    if (sleeps(driver, first))
        return;
    wait_to_end(driver, first);
    if (mode == TWICE)
        check_ends(driver, first, mode);
}

/* Fills the folder's file system, but for a few pages. */
static void fill_disk(struct driver *driver, const char *filler)
{
    static const char zeros[4096];
    int file = open(filler, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return; /* there is no room even for its name */
    off_t length = 0;
    for (ssize_t written; (written = write(file, zeros, sizeof zeros)) > 0;)
        length += written;
    off_t left = (off_t)below(driver, 8) * (off_t)sizeof zeros;
    if (left < length && ftruncate(file, length - left))
        stop_here("%s: %s", filler, strerror(errno));
    close(file);
}

static void run_with_full_disk(struct driver *driver, struct copy *copy)
{
    char filler[4096];
    snprintf(filler, sizeof filler, "%s/filler", driver->folder);
    fill_disk(driver, filler);
    tell_strike(copy, FULL, driver->folder);
    wait_to_end(driver, copy);
    unlink(filler);
}

/* Does to the copy what the mode says; all of it has ended then, or sleeps. */
static void strike(struct driver *driver, struct copy *copy, enum mode mode)
{
    switch (mode) {
    case KILL: signal_some(driver, copy, mode, SIGKILL, false); break;
    case KILL_ALL: signal_some(driver, copy, mode, SIGKILL, true); break;
    case TERM:
    case TERM_ALL:
        signal_some(driver, copy, mode, below(driver, 4) ? SIGTERM : SIGINT, mode == TERM_ALL);
        break;
    case STOP:
    case STOP_ALL:
        signal_some(driver, copy, mode, SIGSTOP, mode == STOP_ALL);
        double_run(driver, copy, mode);
        return;
    case TWICE:
        tell_strike(copy, mode, "the pipeline");
        double_run(driver, copy, mode);
        return;
    case FULL: run_with_full_disk(driver, copy); break;
    default: break;
    }
    wait_to_end(driver, copy);
    check_ends(driver, copy, mode);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* One start that is disturbed: whether the disturbance came in time. */
static bool disturbed_run(struct driver *driver)
{
    enum mode mode = driver->mode == ANY ? (enum mode)below(driver, TWICE + 1) : driver->mode;
    struct copy *copy;
    if (mode == LIMIT) {
        size_t starved = below(driver, (unsigned)driver->count);
        unsigned bytes = of_any_size(driver, 18);
        copy = start(driver, starved, bytes);
        fprintf(stderr, "driver: limit %s to %u bytes\n", name_of(driver, starved), bytes);
        strike(driver, copy, mode);
        return true;
    }
    copy = start(driver, MOST_PROCESSES, 0);
    if (wait_for_moment(driver, copy)) {
        strike(driver, copy, mode);
        return true;
    }
    check_ends(driver, copy, mode);
    return false;
}

/* A start that nothing disturbs, unless somebody sleeps: whether it ended well. */
static bool free_run(struct driver *driver)
{
    struct copy *copy = start(driver, MOST_PROCESSES, 0);
    bool slept = false;
    if (!wait_until(driver, copy, now() + 2 * driver->length + 1)) {
        slept = wake_sleepers(driver);
        wait_to_end(driver, copy);
    }
    check_ends(driver, copy, driver->mode);
    if (ended_well(driver, copy))
        return true;
    return !(slept || wake_sleepers(driver)) ? false : free_run(driver);
}

/* Starts that nothing disturbs, until one ends well; where a server is disturbed, by RETRY, that may
 * take several. */
static bool run_freely(struct driver *driver)
{
    unsigned retries = driver->mode == RETRY ? MOST_RETRIES : 1;
    while (!free_run(driver)) {
        forget_ended(driver);
        if (--retries == 0)
            return false;
    }
    return true;
}

static int run(struct driver *driver)
{
    for (unsigned i = 0; i < driver->strikes; i++) {
        disturbed_run(driver);
        forget_ended(driver);
    }
    if (!run_freely(driver)) {
        fprintf(stderr, "driver: does not end well\n");
        return 1;
    }
    wake_sleepers(driver);
    forget_ended(driver);
    if (!run_freely(driver)) {
        fprintf(stderr, "driver: did not end well when there was nothing left to do\n");
        return 1;
    }
    return 0;
}

static enum mode mode_called(const char *name)
{
    for (int mode = 0; mode < MODES; mode++)
        if (strcmp(name, mode_names[mode]) == 0)
            return (enum mode)mode;
    stop_here("there is no mode %s", name);
}

/* Cuts the words into commands, at each "|". */
static void take_commands(struct driver *driver, char **words)
{
    driver->commands[driver->count++] = words;
    for (; *words; words++) {
        if (strcmp(*words, "|") != 0)
            continue;
        *words = NULL;
        if (driver->count == MOST_PROCESSES)
            stop_here("too many commands");
        driver->commands[driver->count++] = words + 1;
    }
    for (size_t i = 0; i < driver->count; i++)
        if (!*driver->commands[i])
            stop_here("a command is empty");
}

static void parse(struct driver *driver, int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "+m:s:n:t:d:")) != -1) {
        switch (option) {
        case 'm': driver->mode = mode_called(optarg); break;
        case 's': driver->random = strtoull(optarg, NULL, 10); break;
        case 'n': driver->strikes = (unsigned)strtoul(optarg, NULL, 10); break;
        case 't': driver->length = strtod(optarg, NULL) / 1000; break;
        case 'd': driver->folder = optarg; break;
        default: exit(2);
        }
    }
    take_commands(driver, argv + optind);
    if (driver->mode == FULL && !driver->folder)
        stop_here("full needs -d FOLDER");
    if (driver->strikes == 0)
        driver->strikes = driver->mode == RETRY ? 0 : 1 + below(driver, MOST_STRIKES);
}

static void open_descriptors(struct driver *driver)
{
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, NULL);
    driver->children = signalfd(-1, &ended, SFD_NONBLOCK | SFD_CLOEXEC);
    driver->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (driver->children < 0 || driver->changes < 0)
        stop_here("%s", strerror(errno));
    const uint32_t changes = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE;
    if (driver->folder && inotify_add_watch(driver->changes, driver->folder, changes) < 0)
        stop_here("%s: %s", driver->folder, strerror(errno));
}

int main(int argc, char **argv)
{
    static struct driver driver = { .mode = KILL, .length = 1 };
    parse(&driver, argc, argv);
    open_descriptors(&driver);
    int status = run(&driver);
    end_everything(&driver);
    return status;
}

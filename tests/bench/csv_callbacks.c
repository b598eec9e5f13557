/*
 * What libcsv alone costs: reads standard input through its callbacks with the options the tools
 * use, counts fields and rows, and does nothing with them.
 */
#include <csv.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

struct counts {
    uint64_t fields, bytes, rows;
};

static void on_field(void *text, size_t length, void *data)
{
    struct counts *counts = data;
    (void)text;
    counts->fields++;
    counts->bytes += length;
}

static void on_row(int terminator, void *data)
{
    struct counts *counts = data;
    (void)terminator;
    counts->rows++;
}

static int no_space(unsigned char byte)
{
    (void)byte;
    return 0;
}

int main(void)
{
    static char block[256 << 10];
    struct csv_parser parser;
    struct counts counts = {0, 0, 0};
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0)
        return 1;
    csv_set_space_func(&parser, no_space);
    ssize_t length;
    while ((length = read(STDIN_FILENO, block, sizeof block)) > 0)
        if (csv_parse(&parser, block, (size_t)length, on_field, on_row, &counts) != (size_t)length)
            return 1;
    if (length < 0 || csv_fini(&parser, on_field, on_row, &counts) != 0)
        return 1;
    csv_free(&parser);
    printf("%llu rows, %llu fields, %llu bytes\n", (unsigned long long)counts.rows,
           (unsigned long long)counts.fields, (unsigned long long)counts.bytes);
    return 0;
}

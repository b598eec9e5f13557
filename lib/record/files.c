#include "record/files.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/position.h"

/* Several files as one. The row is that of the file being read. */
struct files {
    struct wh_reader reader;
    struct wh_reading reading;
    struct wh_reading settled; /* for the current file: what its name and first byte say */
    const char *const *paths;
    size_t count;
    const char *memory;        /* not NULL: the one path is a name for these bytes */
    size_t memory_length;
    const char *memory_name;
    size_t next;
    struct wh_reader *current;
    struct wh_position_file place; /* the current file, in positions */
    uint64_t bytes_before; /* of the files that are done */
    uint64_t size;         /* of all files on disk; 0 where not all are regular */
    double share_before;   /* of it: what is done, and the current file */
    double share;
    bool csv_came, tsv_came; /* a file of that format, for csv_option and tsv_option */
};

static bool ends_in(const char *path, size_t length, const char *ending)
{
    size_t size = strlen(ending);
    return length > size && strncasecmp(path + length - size, ending, size) == 0;
}

void wh_format_by_name(const char *path, enum wh_format *format, char *delimiter, bool *tsv)
{
    if (*format != WH_FORMAT_NONE)
        return;
    size_t length = strlen(path);
    if (ends_in(path, length, ".gz"))
        length -= strlen(".gz");
    bool tabs = ends_in(path, length, ".tsv");
    if (tabs || ends_in(path, length, ".csv"))
        *format = WH_FORMAT_CSV;
    else if (ends_in(path, length, ".ndjson") || ends_in(path, length, ".jsonl"))
        *format = WH_FORMAT_NDJSON;
    *tsv = tabs && (*delimiter == '\0' || *delimiter == '\t');
    if (*tsv)
        *delimiter = '\t';
}

/* Bytes of a UTF-8 byte order mark at the front. For NDJSON it is dropped; the CSV reader keeps it
 * with the header, which is written back as it came. */
static size_t order_mark(const struct wh_input *input)
{
    return input->available >= 3 && memcmp(input->next, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What the first byte that is no blank says; so many blanks are waited through, wherever the input
 * is cut. -1 where reading failed. */
static int settle_by_byte(struct wh_reading *reading, struct wh_input *input,
                          struct wh_error *error)
{
    enum { BLANKS = 64 << 10 };
    size_t i = order_mark(input);
    for (;;) {
        while (i < input->available && is_blank(input->next[i]))
            i++;
        if (i < input->available || i > BLANKS || input->ended)
            break;
        if (wh_input_fill(input, error) != 0)
            return -1;
    }
    bool brace = i < input->available && input->next[i] == '{';
    reading->format = brace ? WH_FORMAT_NDJSON : WH_FORMAT_CSV;
    return 0;
}

/* Other encodings than UTF-8 are refused. */
static int check_encoding(const struct wh_input *input, struct wh_error *error)
{
    if (input->available < 2)
        return 0;
    const unsigned char *first = (const unsigned char *)input->next;
    bool little = first[0] == 0xFF && first[1] == 0xFE;
    bool big = first[0] == 0xFE && first[1] == 0xFF;
    bool bare = (first[0] == 0) != (first[1] == 0);
    if (!little && !big && !bare)
        return 0;
    return wh_fail(error, WH_FAILED,
                   "%s: this is UTF-16, not UTF-8 (convert it: iconv -f UTF-16%s -t UTF-8)",
                   input->name, bare ? first[0] ? "LE" : "BE" : "");
}

/* Formats that no tool reads, by their first bytes, and what makes rows of them. */
static const struct {
    const char *bytes;
    size_t length;
    const char *name, *remedy;
    bool piped; /* the remedy's program reads standard input, called - */
} foreign[] = {
    { "\xFD" "7zXZ\0", 6, "compressed by xz", "xz -dc %s | ...", true },
    { "\x28\xB5\x2F\xFD", 4, "compressed by zstd", "zstd -dc %s | ...", true },
    { "BZh", 3, "compressed by bzip2", "bzip2 -dc %s | ...", true },
    { "\x04\x22\x4D\x18", 4, "compressed by lz4", "lz4 -dc %s | ...", true },
    { "\x1F\x9D", 2, "compressed by compress", "gzip -dc %s | ...", true },
    { "PK\x03\x04", 4, "a zip archive, or a spreadsheet",
      "unzip -p %s | ..., or save the sheet as CSV", false },
    { "7z\xBC\xAF\x27\x1C", 6, "a 7z archive", "7z x -so %s | ...", false },
    { "PAR1", 4, "a Parquet file", "duckdb -csv -c \"from '%s'\" | ...", false },
    { "ORC", 3, "an ORC file", "write it as CSV with the program it is from", false },
    { "Obj\x01", 4, "an Avro file", "write it as CSV with the program it is from", false },
    { "ARROW1", 6, "an Arrow file", "write it as CSV with the program it is from", false },
    { "%PDF-", 5, "a PDF document", "write the table in it as CSV", false },
    { "\x93NUMPY", 6, "a NumPy array", "write it with numpy.savetxt(), delimiter ','", false },
    { "\x89HDF", 4, "an HDF5 file", "write it as CSV with the program it is from", false },
    { "\xD0\xCF\x11\xE0", 4, "an old spreadsheet", "save the sheet as CSV", false },
    { "SQLite format 3", 16, "an SQLite database", "wh-extract sqlite:%s -t TABLE", false },
};

/* The texts of these may begin so too; what follows is then printable. */
static bool is_text(const struct wh_input *input)
{
    enum { LOOKED_AT = 64 };
    for (size_t i = 0; i < input->available && i < LOOKED_AT; i++) {
        unsigned char c = (unsigned char)input->next[i];
        if (c >= 0x7F || (c < ' ' && !is_blank((char)c)))
            return false;
    }
    return true;
}

static int check_foreign(const struct wh_input *input, struct wh_error *error)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (input->available < foreign[i].length || is_text(input) ||
            memcmp(input->next, foreign[i].bytes, foreign[i].length) != 0)
            continue;
        const char *place = strstr(foreign[i].remedy, "%s");
        bool standard = strcmp(input->name, "standard input") == 0;
        if (!place)
            return wh_fail(error, WH_FAILED, "%s: this is %s (%s)", input->name, foreign[i].name,
                           foreign[i].remedy);
        return wh_fail(error, WH_FAILED, "%s: this is %s (%.*s%s%s)", input->name, foreign[i].name,
                       (int)(place - foreign[i].remedy), foreign[i].remedy,
                       !standard ? input->name : foreign[i].piped ? "-" : "FILE", place + 2);
    }
    return 0;
}

/* One JSON array of objects is not a row. */
static int check_array(const struct wh_input *input, struct wh_error *error)
{
    size_t i = order_mark(input);
    while (i < input->available && is_blank(input->next[i]))
        i++;
    if (i == input->available || input->next[i++] != '[')
        return 0;
    while (i < input->available && is_blank(input->next[i]))
        i++;
    if (i == input->available || (input->next[i] != '{' && input->next[i] != ']'))
        return 0;
    return wh_fail(error, WH_FAILED, "%s: this is a JSON array, not a row in each line (make rows "
                   "of it: jq -c '.[]')", input->name);
}

static struct wh_input *open_input(const struct files *files, const char *path,
                                   struct wh_error *error)
{
    if (files->memory)
        return wh_input_open_memory(path, files->memory, files->memory_length);
    if (files->reading.spool && (!path || strcmp(path, "-") == 0))
        return wh_input_open_spooled(files->reading.spool, error);
    return wh_input_open(path, error);
}

static int wait_hook(void *context, struct wh_error *error)
{
    struct files *files = context;
    if (!files->reader.before_wait)
        return 0;
    return files->reader.before_wait(files->reader.wait_context, error);
}

/* How the file is read: by the options, its name, its first byte. */
static int settle_file(struct files *files, const char *path, struct wh_input *input,
                       struct wh_error *error)
{
    struct wh_reading *settled = &files->settled;
    *settled = files->reading;
    wh_format_by_name(path, &settled->format, &settled->delimiter, &settled->tsv);
    if (settled->format == WH_FORMAT_NONE && settle_by_byte(settled, input, error) != 0)
        return -1;
    files->csv_came |= settled->format == WH_FORMAT_CSV;
    files->tsv_came |= settled->tsv;
    return 0;
}

/* An option that applies to none of the files is refused. */
static int check_applied(const struct files *files, struct wh_error *error)
{
    const struct wh_reading *reading = &files->reading;
    bool several = files->count > 1;
    if (reading->csv_option && !files->csv_came)
        return wh_fail(error, WH_REFUSED, "%s applies only to CSV and TSV, and %s NDJSON (leave it "
                       "out)", reading->csv_option, several ? "all files are" : "the input is");
    if (reading->tsv_option && !files->tsv_came)
        return wh_fail(error, WH_REFUSED, "%s applies only to TSV, and %s (leave it out, or give "
                       "--input-format tsv)", reading->tsv_option,
                       several ? "no file is that" : "the input is not");
    return 0;
}

/* Whether reading it now takes nothing away from reading it later. */
static bool can_look(const struct files *files, const char *path)
{
    struct stat status;
    return files->memory || (stat(path, &status) == 0 && S_ISREG(status.st_mode));
}

/* The same before the first row, where that can be known: not of pipes. A file that cannot be read
 * is reported when its turn comes. */
static int look_ahead(struct files *files, struct wh_error *error)
{
    struct wh_error ignored;
    if (files->reading.format == WH_FORMAT_NONE && files->count == 0)
        return 0;
    files->csv_came = files->reading.format == WH_FORMAT_CSV;
    files->tsv_came = files->reading.tsv;
    for (size_t i = 0; i < files->count && files->reading.format == WH_FORMAT_NONE; i++) {
        if (!can_look(files, files->paths[i]))
            return 0;
        struct wh_input *input = open_input(files, files->paths[i], &ignored);
        int settled = input ? settle_file(files, files->paths[i], input, &ignored) : -1;
        wh_input_close(input);
        if (settled != 0)
            return 0;
    }
    return check_applied(files, error);
}

/* Reads the beginning and settles how the rest is read. */
static int begin_file(struct files *files, const char *path, struct wh_input *input,
                      struct wh_error *error)
{
    while (input->available < 3 && !input->ended)
        if (wh_input_fill(input, error) != 0)
            return -1;
    if (check_encoding(input, error) != 0 || check_foreign(input, error) != 0 ||
        check_array(input, error) != 0)
        return -1;
    if (settle_file(files, path, input, error) != 0 ||
        (files->next + 1 >= files->count && check_applied(files, error) != 0))
        return -1;
    if (files->settled.format == WH_FORMAT_NDJSON)
        wh_input_take(input, order_mark(input));
    return 0;
}

/* Opens the next file; `position` is where in it to go on, NULL: at its beginning. */
static struct wh_reader *open_file(struct files *files, const char *path, const json_t *position,
                                   struct wh_error *error)
{
    struct wh_input *input = open_input(files, path, error);
    if (!input)
        return NULL;
    input->before_wait = wait_hook;
    input->wait_context = files;
    struct wh_position_file *place = &files->place;
    *place = (struct wh_position_file){ &files->settled, files->paths, files->next, input, 0, "" };
    if (files->reading.resumable)
        wh_input_begin_digest(input);
    if ((position && wh_position_check_file(position, input, error) != 0) ||
        begin_file(files, path, input, error) != 0 ||
        (position && wh_position_check_reading(position, place, error) != 0)) {
        wh_input_close(input);
        return NULL;
    }
    files->settled.position = position;
    return files->settled.format == WH_FORMAT_NDJSON
               ? wh_ndjson_open(&files->settled, input, error)
               : wh_csv_open(&files->settled, input, error);
}

/* Of a regular file or of memory; else 0. */
static uint64_t find_size(const struct files *files, const char *path)
{
    struct stat status;
    if (files->memory)
        return files->memory_length;
    int standard = files->reading.spool ? files->reading.spool : STDIN_FILENO;
    bool regular = strcmp(path, "-") == 0 ? fstat(standard, &status) == 0
                                          : stat(path, &status) == 0;
    return regular && S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
}

static void measure_files(struct files *files)
{
    if (files->count == 0)
        files->size = find_size(files, "-");
    uint64_t before = 0;
    for (size_t i = 0; i < files->count; i++) {
        uint64_t size = find_size(files, files->paths[i]);
        if (size == 0) {
            files->size = 0;
            return;
        }
        files->size += size;
        before += i < files->next ? size : 0;
    }
    if (files->size)
        files->share_before = (double)before / (double)files->size;
}

static int open_next(struct files *files, const json_t *position, struct wh_error *error)
{
    const char *path = files->count ? files->paths[files->next] : "-";
    files->current = open_file(files, path, position, error);
    if (!files->current)
        return -1;
    files->next++;
    files->reader.row = files->current->row;
    if (files->size) {
        files->share_before += files->share;
        files->share = (double)find_size(files, path) / (double)files->size;
    }
    return 0;
}

/* Nobody would come back for the line when it has grown. */
static enum wh_verdict refuse_unended(const struct files *files, struct wh_error *error)
{
    wh_fail(error, WH_REFUSED, "%s:%llu: the last row has no line end, or is within an open quote, "
            "and other files follow (end it, or give --complete, which takes it as it is)",
            files->paths[files->next - 1], (unsigned long long)files->current->held_line);
    return WH_FATAL;
}

static inline void note_progress(struct files *files)
{
    struct wh_reader *reader = &files->reader;
    reader->bytes = files->bytes_before + files->current->bytes;
    if (files->size)
        reader->progress = files->share_before + files->share * files->current->progress;
}

static enum wh_verdict files_next(struct wh_reader *base, struct wh_error *error)
{
    struct files *files = (struct files *)base;
    for (;;) {
        enum wh_verdict next = wh_reader_next(files->current, error);
        note_progress(files);
        base->held_line = files->current->held_line;
        if (next != WH_ENDED || files->next >= files->count)
            return next;
        if (base->held_line > 0)
            return refuse_unended(files, error);
        files->bytes_before = base->bytes;
        wh_reader_close(files->current);
        files->current = NULL;
        if (open_next(files, NULL, error) != 0)
            return WH_FATAL;
    }
}

static json_t *files_position(struct wh_reader *base, bool behind)
{
    struct files *files = (struct files *)base;
    if (!files->reading.resumable || !files->current)
        return NULL;
    return wh_position_make(&files->place, files->current->ops->position(files->current, behind));
}

/* Another file is another part, whatever its format. */
static int files_cut(struct wh_reader *base, size_t least, size_t most, struct wh_batch *batch,
                     struct wh_error *error)
{
    struct files *files = (struct files *)base;
    struct wh_reader *current = files->current;
    int cut = current->ops->cut(current, least, most, batch, error);
    batch->part = files->next;
    note_progress(files);
    return cut;
}

static struct wh_reader *files_batches(const struct wh_reader *base)
{
    const struct wh_reader *current = ((const struct files *)base)->current;
    return current->ops->batches(current);
}

static void files_close(struct wh_reader *base)
{
    struct files *files = (struct files *)base;
    wh_reader_close(files->current);
    free(files);
}

/* Positions can be told of what can be read again: regular files. What is not there will be found
 * when it is opened. */
static int check_resumable(const struct files *files, struct wh_error *error)
{
    bool standard = files->count == 0;
    for (size_t i = 0; i < files->count && !files->memory; i++) {
        const char *path = files->paths[i];
        struct stat status;
        standard |= strcmp(path, "-") == 0;
        if (!standard && stat(path, &status) == 0 && !S_ISREG(status.st_mode))
            return wh_fail(error, WH_REFUSED, "%s is not a regular file: what has gone through a "
                           "pipe or device cannot be read again from a checkpoint (write it to a "
                           "file and name that)", path);
    }
    return standard ? wh_fail(error, WH_REFUSED, "standard input cannot be read again from a "
                              "checkpoint (name the file)")
                    : 0;
}

/* Takes over `files`, whose operands are set. */
static struct wh_reader *open_files(struct files *files, const struct wh_reading *reading,
                                    struct wh_error *error)
{
    static const struct wh_reader_ops ops = {
        .next = files_next, .close = files_close, .position = files_position,
        .cut = files_cut, .batches = files_batches,
    };
    files->reader.ops = &ops;
    files->reader.progress = -1;
    files->reading = *reading;
    files->reading.position = NULL;
    const json_t *position = reading->position;
    if (((reading->csv_option || reading->tsv_option) && look_ahead(files, error) != 0) ||
        (reading->resumable && check_resumable(files, error) != 0) ||
        (position && wh_position_find(position, files->paths, files->count, &files->next, error)))
        goto failed;
    measure_files(files);
    if (open_next(files, position, error) == 0)
        return &files->reader;
failed:
    free(files);
    return NULL;
}

struct wh_reader *wh_reader_open(const struct wh_reading *reading, const char *const *paths,
                                 size_t count, struct wh_error *error)
{
    struct files *files = wh_alloc(1, sizeof *files);
    files->paths = paths;
    files->count = count;
    return open_files(files, reading, error);
}

struct wh_reader *wh_reader_open_memory(const struct wh_reading *reading, const char *name,
                                        const char *bytes, size_t length, struct wh_error *error)
{
    struct files *files = wh_alloc(1, sizeof *files);
    files->memory = bytes ? bytes : "";
    files->memory_length = bytes ? length : 0;
    files->memory_name = name;
    files->paths = &files->memory_name;
    files->count = 1;
    return open_files(files, reading, error);
}

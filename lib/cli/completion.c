#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

#include "record/files.h"
#include "record/reader.h"

const char *const wh_completion_shells[] = { "bash", "zsh", "fish", NULL };

struct script {
    struct wh_buffer *out;
    const char *tool;
    char name[64]; /* the tool as a function's name: wh_clean */
    const struct wh_option *const *options;
    size_t count;
    const struct wh_role *role; /* NULL: operands are files */
};

static void add_text(struct wh_buffer *out, const char *text)
{
    wh_buffer_add(out, text, strlen(text));
}

/* ---- what a value can be --------------------------------------------------------------------- */

static bool takes_value(const struct wh_option *option)
{
    return option->kind != WH_OPTION_FLAG && option->argument && option->argument[0] != '[';
}

static bool is_optional(const struct wh_option *option)
{
    return option->argument && option->argument[0] == '[';
}

/* A call may take the name of a file too. */
static bool names_file(const struct wh_option *option)
{
    return option->kind == WH_OPTION_FILE
        || (option->kind == WH_OPTION_CALL
            && (!strcmp(option->argument, "FILE") || !strcmp(option->argument, "MODEL")));
}

/* COL, COLS, COLUMN, and what may follow a column or a list of them. */
static bool names_columns(const struct wh_option *option)
{
    return strncmp(option->argument, "COL", 3) == 0 || strcmp(option->argument, "ID") == 0;
}

/* Whether the value is COLS=WORD. */
static bool has_second(const struct wh_option *option)
{
    return names_columns(option) && strchr(option->argument, '=') != NULL;
}

/* Whether the option's words can be the whole value rather than what follows COLS=. */
static bool has_words(const struct wh_option *option)
{
    return option->words && !has_second(option);
}

static void add_words(struct wh_buffer *out, const struct wh_option *option)
{
    for (const char *const *word = option->words; *word; word++)
        wh_buffer_format(out, "%s%s", word == option->words ? "" : " ", *word);
}

/* What operands of the kinds in this build begin with, each after a blank. */
static void add_prefixes(struct wh_buffer *out, const struct wh_role *role)
{
    for (size_t k = 0; role && role->kinds[k]; k++)
        for (const char *const *prefix = role->kinds[k]->prefixes; *prefix; prefix++)
            if (**prefix != '\0' && !role->kinds[k]->absent)
                wh_buffer_format(out, " %s", *prefix);
}

/* ---- bash ------------------------------------------------------------------------------------ */

/* A case's pattern: --name | -n, each with `suffix`. */
static void add_pattern(struct wh_buffer *out, const struct wh_option *option, const char *suffix)
{
    wh_buffer_format(out, "    --%s%s", option->name, suffix);
    if (option->letter)
        wh_buffer_format(out, " | -%c%s", option->letter, suffix);
    add_text(out, ")");
}

static void add_bash_case(struct wh_buffer *out, const struct wh_option *option)
{
    if (has_second(option)) {
        add_pattern(out, option, "=");
        if (option->words) {
            add_text(out, " choices=(");
            add_words(out, option);
            add_text(out, ") ;;\n");
        } else {
            add_text(out, " return ;;\n");
        }
    }
    add_pattern(out, option, "");
    if (has_words(option)) {
        add_text(out, " choices=(");
        add_words(out, option);
        add_text(out, ") ;;\n");
    } else if (names_columns(option)) {
        add_text(out, " columns=yes ;;\n");
    } else {
        wh_buffer_format(out, "%s return ;;\n",
                         names_file(option) ? " mapfile -t COMPREPLY < <(compgen -f -- \"$word\");"
                                            : "");
    }
}

/*
 * Bash splits words at "=" and ":": --name=VALUE, COLS=VALUE and sqlite:PATH come as three. Names of columns are never
 * handed to compgen -W, which would expand them as commands are.
 */
static const char bash_begin[] =
    "    local word=${COMP_WORDS[COMP_CWORD]} second='' columns='' list='' name\n"
    "    local -i at=COMP_CWORD-1\n"
    "    local -a choices=()\n"
    "    COMPREPLY=()\n"
    "    if [[ $word == '=' ]]; then\n"
    "        word='' at+=1\n"
    "    elif [[ $word == ':' ]]; then\n"
    "        word=''\n"
    "    fi\n"
    "    if [[ ${COMP_WORDS[at]} == '=' ]]; then\n"
    "        at+=-1\n"
    "        if [[ ${COMP_WORDS[at]} != -* && at -gt 1 ]]; then\n"
    "            second='=' at+=-1\n"
    "            [[ ${COMP_WORDS[at]} == '=' ]] && at+=-1\n"
    "        fi\n"
    "    fi\n"
    "    case ${COMP_WORDS[at]}$second in\n";

/* Prefixes of kinds beside the names of files: not quoted, and without a blank after them. */
static void add_bash_operands(struct script *script)
{
    struct wh_buffer *out = script->out;
    add_text(out, "        if [[ $word != -* ]]; then\n"
                  "            mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n");
    if (script->role) {
        add_text(out, "            [[ ${COMP_WORDS[COMP_CWORD]} == ':' || ${COMP_WORDS[at]} == ':' ]] "
                      "&& return\n"
                      "            for name in");
        add_prefixes(out, script->role);
        add_text(out, "; do\n"
                      "                [[ $name == \"$word\"* ]] || continue\n"
                      "                COMPREPLY+=(\"$name\")\n"
                      "                compopt +o filenames -o nospace 2>/dev/null\n"
                      "            done\n");
    }
    add_text(out, "            return\n"
                  "        fi\n");
}

static void add_bash(struct script *script)
{
    struct wh_buffer *out = script->out;
    wh_buffer_format(out, "# bash completion for %s: eval \"$(%s --completion=bash)\"\n_%s() {\n",
                     script->tool, script->tool, script->name);
    add_text(out, bash_begin);
    for (size_t i = 0; i < script->count; i++)
        if (takes_value(script->options[i]))
            add_bash_case(out, script->options[i]);
    add_text(out, "    *)\n");
    add_bash_operands(script);
    add_text(out, "        choices=(");
    for (size_t i = 0; i < script->count; i++)
        wh_buffer_format(out, "%s--%s", i ? " " : "", script->options[i]->name);
    wh_buffer_format(out,
                     ") ;;\n"
                     "    esac\n"
                     "    if [[ $columns ]]; then\n"
                     "        mapfile -t choices < <(%s --completion=columns -- "
                     "\"${COMP_WORDS[@]:1}\" 2>/dev/null)\n"
                     "        list=${word%%\"${word##*,}\"} word=${word##*,}\n"
                     "    fi\n"
                     "    for name in \"${choices[@]}\"; do\n"
                     "        [[ $name == \"$word\"* ]] && COMPREPLY+=(\"$list$name\")\n"
                     "    done\n"
                     "}\n"
                     "complete -o filenames -F _%s %s\n",
                     script->tool, script->name, script->tool);
}

/* ---- zsh ------------------------------------------------------------------------------------- */

/* Text within single quotes, line ends as blanks; a backslash before each byte of `special`. */
static void add_quoted(struct wh_buffer *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'') {
            add_text(out, "'\\''");
        } else {
            if (strchr(special, *text))
                wh_buffer_byte(out, '\\');
            wh_buffer_byte(out, *text == '\n' ? ' ' : *text);
        }
    }
}

static void add_zsh_value(struct script *script, const struct wh_option *option)
{
    struct wh_buffer *out = script->out;
    wh_buffer_byte(out, ':');
    add_quoted(out, option->argument, ":\\");
    wh_buffer_byte(out, ':');
    if (has_words(option)) {
        wh_buffer_byte(out, '(');
        add_words(out, option);
        wh_buffer_byte(out, ')');
    } else if (names_columns(option)) {
        wh_buffer_format(out, "_%s_columns", script->name);
    } else if (names_file(option)) {
        add_text(out, "_files");
    } else {
        wh_buffer_byte(out, ' ');
    }
}

static void add_zsh_option(struct script *script, const struct wh_option *option)
{
    struct wh_buffer *out = script->out;
    const char *after = takes_value(option) ? "=" : is_optional(option) ? "=-" : "";
    add_text(out, "        '*'");
    if (option->letter)
        wh_buffer_format(out, "{-%c%s,--%s%s}", option->letter, *after ? "+" : "", option->name,
                         after);
    else
        wh_buffer_format(out, "--%s%s", option->name, after);
    add_text(out, "'[");
    add_quoted(out, option->help, "[]\\");
    wh_buffer_byte(out, ']');
    if (takes_value(option))
        add_zsh_value(script, option);
    else if (is_optional(option))
        add_text(out, "::value: ");
    add_text(out, "' \\\n");
}

/* A function that offers prefixes of kinds, and names of files also after such as "sqlite:". */
static void add_zsh_operands(struct script *script)
{
    struct wh_buffer *out = script->out;
    wh_buffer_format(out,
                     "_%s_operands() {\n"
                     "    if compset -P '[a-z]##:'; then\n"
                     "        [[ $PREFIX == //* ]] || _files\n"
                     "        return\n"
                     "    fi\n"
                     "    compadd -S '' -", script->name);
    add_prefixes(out, script->role);
    add_text(out, "\n"
                  "    _files\n"
                  "}\n");
}

static void add_zsh(struct script *script)
{
    struct wh_buffer *out = script->out;
    wh_buffer_format(out,
                     "#compdef %s\n"
                     "# zsh completion for %s: a file _%s in $fpath, or\n"
                     "# source <(%s --completion=zsh)\n"
                     "_%s_columns() {\n"
                     "    local -a names\n"
                     "    names=(\"${(@f)$(%s --completion=columns -- \"${(@Q)words[2,-1]}\" "
                     "2>/dev/null)}\")\n"
                     "    _sequence compadd - \"${names[@]}\"\n"
                     "}\n",
                     script->tool, script->tool, script->tool, script->tool, script->name,
                     script->tool);
    if (script->role)
        add_zsh_operands(script);
    wh_buffer_format(out,
                     "_%s() {\n"
                     "    _arguments -s -S \\\n", script->name);
    for (size_t i = 0; i < script->count; i++)
        add_zsh_option(script, script->options[i]);
    if (script->role)
        wh_buffer_format(out, "        '*:%s:_%s_operands'\n", script->role->what, script->name);
    else
        add_text(out, "        '*:file:_files'\n");
    wh_buffer_format(out,
                     "}\n"
                     "if [[ ${funcstack[1]} == _%s ]]; then\n"
                     "    _%s \"$@\"\n"
                     "else\n"
                     "    compdef _%s %s\n"
                     "fi\n",
                     script->tool, script->name, script->name, script->tool);
}

/* ---- fish ------------------------------------------------------------------------------------ */

static void add_fish_option(struct script *script, const struct wh_option *option)
{
    struct wh_buffer *out = script->out;
    wh_buffer_format(out, "complete -c %s -l %s", script->tool, option->name);
    if (option->letter)
        wh_buffer_format(out, " -s %c", option->letter);
    if (takes_value(option) && has_words(option)) {
        add_text(out, " -x -a '");
        add_words(out, option);
        add_text(out, "'");
    } else if (takes_value(option) && names_columns(option)) {
        wh_buffer_format(out, " -x -a '(__%s_columns)'", script->name);
    } else if (takes_value(option)) {
        add_text(out, names_file(option) ? " -r -F" : " -x");
    }
    add_text(out, " -d '");
    for (const char *text = option->help; *text; text++) {
        if (*text == '\'' || *text == '\\')
            wh_buffer_byte(out, '\\');
        wh_buffer_byte(out, *text == '\n' ? ' ' : *text);
    }
    add_text(out, "'\n");
}

static void add_fish(struct script *script)
{
    wh_buffer_format(script->out,
                     "# fish completion for %s: %s --completion=fish | source\n"
                     "function __%s_columns\n"
                     "    set -l word (commandline -ct | string replace -r '^--[^=]*=' '')\n"
                     "    set -l list (string replace -r '[^,]*$' '' -- $word)\n"
                     "    for name in (%s --completion=columns -- (commandline -o)[2..] "
                     "2>/dev/null)\n"
                     "        printf '%%s\\n' \"$list$name\"\n"
                     "    end\n"
                     "end\n",
                     script->tool, script->tool, script->name, script->tool);
    for (size_t i = 0; i < script->count; i++)
        add_fish_option(script, script->options[i]);
    for (size_t k = 0; script->role && script->role->kinds[k]; k++) {
        const struct wh_kind *kind = script->role->kinds[k];
        for (const char *const *prefix = kind->prefixes; *prefix; prefix++)
            if (**prefix != '\0' && !kind->absent)
                wh_buffer_format(script->out, "complete -c %s -a '%s' -d '%s'\n", script->tool,
                                 *prefix, kind->help);
    }
}

void wh_completion_print(struct wh_buffer *out, const char *shell, const char *tool,
                         const struct wh_option *const *options, size_t count,
                         const struct wh_role *role)
{
    struct script script = { .out = out, .tool = tool, .options = options, .count = count,
                             .role = role };
    snprintf(script.name, sizeof script.name, "%s", tool);
    for (char *at = script.name; *at; at++)
        if (*at == '-')
            *at = '_';
    if (strcmp(shell, "zsh") == 0)
        add_zsh(&script);
    else if (strcmp(shell, "fish") == 0)
        add_fish(&script);
    else
        add_bash(&script);
}

/* ---- the columns of files -------------------------------------------------------------------- */

/* A name with a line end in it cannot be offered. */
static void add_names(struct wh_buffer *out, const struct wh_shape *shape)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (memchr(column->name, '\n', column->length)
            || memchr(column->name, '\0', column->length))
            continue;
        wh_buffer_add(out, column->name, column->length);
        wh_buffer_byte(out, '\n');
    }
}

void wh_completion_columns(struct wh_buffer *out, const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct wh_reading reading = { 0 };
        struct wh_error ignored;
        struct wh_reader *reader = wh_reader_open(&reading, &paths[i], 1, &ignored);
        if (!reader)
            continue;
        enum wh_verdict next = wh_reader_next(reader, &ignored);
        if ((next == WH_PASSED || next == WH_ENDED) && reader->row && reader->row->shape)
            add_names(out, reader->row->shape);
        wh_reader_close(reader);
    }
}

/* The script: one instruction a line, `WHO VERB HOW name=value ...`. WHO is `*` (every rank), a rank of MPI_COMM_WORLD, or
 * `RANK.THREAD` between `threads` and `join`. A line `case NUMBER` begins a case. A rank keeps only its own lines. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING INT64_MIN
#define MOST_LISTED 512

typedef struct {
    int thread;         /* -1: not of a thread */
    const char *text;   /* from VERB on */
} Line;

typedef struct {
    Line *lines;
    int count;
} Script;

/* Reads what `rank` has to do. */
static Script script_read(const char *path, int rank) {
    Script script = {0};
    FILE *file = fopen(path, "r");
    if (!file) return script;
    fseek(file, 0, SEEK_END);
    long bytes = ftell(file);
    rewind(file);
    char *text = malloc((size_t)bytes + 1);
    text[fread(text, 1, (size_t)bytes, file)] = 0;
    fclose(file);
    int room = 0;
    for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
        int thread = -1;
        char *rest = at;
        if (isdigit((unsigned char)*at)) {
            if (strtol(at, &rest, 10) != rank) continue;
            if (*rest == '.') thread = (int)strtol(rest + 1, &rest, 10);
        } else if (*at == '*') {
            rest = at + 1;
        } else if (strncmp(at, "case ", 5)) {
            continue; /* a comment */
        }
        while (*rest == ' ') rest++;
        if (script.count == room) script.lines = realloc(script.lines, sizeof(Line) * (size_t)(room = room * 2 + 64));
        script.lines[script.count++] = (Line){thread, rest};
    }
    return script;
}

/* The word at `index` of a line. */
static const char *word(const char *line, int index, char *out, size_t size) {
    while (index-- > 0) {
        while (*line && *line != ' ') line++;
        while (*line == ' ') line++;
    }
    size_t length = strcspn(line, " ");
    if (length >= size) length = size - 1;
    memcpy(out, line, length);
    out[length] = 0;
    return out;
}

/* What follows `name=`; NULL if the line does not say. */
static const char *value(const char *line, const char *name) {
    size_t length = strlen(name);
    for (const char *at = line; (at = strchr(at, ' ')); ) {
        at++;
        if (!strncmp(at, name, length) && at[length] == '=') return at + length + 1;
    }
    return NULL;
}

static int64_t number(const char *line, const char *name, int64_t otherwise) {
    const char *text = value(line, name);
    return text ? strtoll(text, NULL, 10) : otherwise;
}
static uint64_t natural(const char *line, const char *name) {
    const char *text = value(line, name);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* Numbers separated by commas; returns how many. */
static int list(const char *line, const char *name, int *out) {
    const char *text = value(line, name);
    int count = 0;
    while (text && (isdigit((unsigned char)*text) || *text == '-') && count < MOST_LISTED) {
        char *end;
        out[count++] = (int)strtol(text, &end, 10);
        text = *end == ',' ? end + 1 : end;
    }
    return count;
}

/* splitmix64: data of messages and digests. */
static uint64_t mixed(uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* taps.h: named values of a C or C++ program, written as a log for `trace-diff`. Header-only, C99 and C++.
 *
 *     TAPS_START("heat", "1.0");                    once, at the start of main
 *     TAP_INDEX("step", i);                         at the top of a loop: the index of all taps that follow
 *     TAP_REAL("temperature", "K", t);              a double; also TAP_INT, TAP_BOOL, TAP_WORD,
 *     TAP_COMPLEX("z", "", re, im); TAP_REALS("position", "m", p, 3); TAP_INTS("hkl", "", h, 3);
 *     TAP_LEAVE("step");                            behind the loop: forget it, and the indices set after it
 *
 * A unit is one word, "" where there is none. Nothing is written unless TAPS_FILE names a file ("-" is standard
 * error). TAPS_ONLY="step=3 cell=5" keeps the taps at these indices, TAPS_NAMES="temperature flux" those of
 * these names, TAPS_FIRST=1000 the first so many. With -DTAPS_OFF nothing is compiled.
 * Threads: each record is one write, so that lines never mix; indices are of the thread. No memory is allocated.
 * All files of a program share one log; the compiler must know weak symbols (gcc, clang, icx, nvc). */
#ifndef TAPS_H
#define TAPS_H
#ifdef TAPS_OFF
#define TAPS_START(program, version) ((void)0)
#define TAP_INDEX(key, turn) ((void)0)
#define TAP_LEAVE(key) ((void)0)
#define TAPS_RECORD(name, kind, unit, put) ((void)0)
#else
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define TAPS_SHARED __attribute__((weak))
#define TAPS_THREAD __attribute__((weak)) __thread
#define TAPS_KEYS 16   /* loop indices at a time */
#define TAPS_LINE 8192 /* bytes of a record: some 300 numbers */
struct taps_index { const char *key; long turn; };
struct taps_line { char text[TAPS_LINE]; int used; };
TAPS_SHARED FILE *taps_file = NULL;
TAPS_SHARED long taps_left = -1;
TAPS_SHARED const char *taps_only = NULL, *taps_names = NULL;
TAPS_THREAD struct taps_index taps_at[TAPS_KEYS];
TAPS_THREAD int taps_depth = 0;

static inline void taps_stop(const char *what, const char *word)
{
    exit((fprintf(stderr, "taps: %s '%.60s'\n", what, word), 3));
}
static inline int taps_has(const char *list, const char *word) /* is it one of the words of a list? */
{
    size_t n = strlen(word);
    const char *p = list;
    while ((p = strstr(p, word)) != NULL && ((p != list && p[-1] != ' ') || (p[n] != ' ' && p[n] != '\0'))) p++;
    return p != NULL;
}
static inline void taps_start(const char *program, const char *version)
{
    char *path = getenv("TAPS_FILE"), *first = getenv("TAPS_FIRST"), *rest = NULL;
    taps_only = getenv("TAPS_ONLY") ? getenv("TAPS_ONLY") : "";
    taps_names = getenv("TAPS_NAMES") ? getenv("TAPS_NAMES") : "";
    if (path == NULL || *path == '\0' || taps_file != NULL) return;
    if (first != NULL && *first != '\0' && ((taps_left = strtol(first, &rest, 10)) < 0 || *rest))
        taps_stop("TAPS_FIRST is no count of records; give a whole number:", first);
    taps_file = strcmp(path, "-") == 0 ? stderr : fopen(path, "wx");
    if (taps_file == NULL) taps_stop("TAPS_FILE cannot be made, or is there already; name a new file:", path);
    setvbuf(taps_file, NULL, _IOLBF, 1 << 16); /* what was recorded before a crash is in the log */
    fprintf(taps_file, "TAP_LOG: tap-log 1\nTAP_LOG: program %s %s\n", program, version);
    if (*taps_only || *taps_names || taps_left >= 0)
        fprintf(taps_file, "TAP_LOG: only indices '%s' names '%s' first %ld\n", taps_only, taps_names, taps_left);
}
static inline void taps_index(const char *key, long turn)
{
    int place = 0;
    while (place < taps_depth && strcmp(taps_at[place].key, key) != 0) place++;
    if (place == TAPS_KEYS) taps_stop("more than 16 loop indices; leave a loop with TAP_LEAVE before", key);
    if (place == taps_depth) taps_depth++;
    taps_at[place].key = key, taps_at[place].turn = turn;
}
static inline void taps_leave(const char *key)
{
    for (int i = 0; i < taps_depth; i++) if (strcmp(taps_at[i].key, key) == 0) taps_depth = i;
}
static inline void taps_put(struct taps_line *line, const char *text)
{
    size_t n = strlen(text);
    if (line->used + n + 2 > TAPS_LINE) taps_stop("a record is longer than TAPS_LINE bytes:", line->text);
    memcpy(line->text + line->used, text, n + 1);
    line->used += (int)n;
}
/* begins a record; 0 if it is not wanted. `told` is of the place in the source: it is stated once */
static inline int taps_begin(struct taps_line *line, const char *name, const char *kind, const char *unit,
                             const char *file, int number, int *told)
{
    char word[96];
    if (taps_file == NULL || taps_left == 0 || (*taps_names && !taps_has(taps_names, name))) return 0;
    for (int i = 0; i < taps_depth; i++) {
        const char *p = taps_only;
        snprintf(word, sizeof word, "%s=", taps_at[i].key);
        while ((p = strstr(p, word)) != NULL && p != taps_only && p[-1] != ' ') p++;
        if (p != NULL && strtol(p + strlen(word), NULL, 10) != taps_at[i].turn) return 0;
    }
    if (strlen(name) - 1 >= 63 || strpbrk(name, " \t\n|") || strpbrk(unit, " \t\n|"))
        taps_stop("a name is one word of 1 to 63 bytes, a unit one word or empty:", name);
    if (!*told) fprintf(taps_file, "TAP_LOG: tap %s %s %s %s:%d\n", name, kind, *unit ? unit : "-", file, number);
    *told = 1, line->used = 0;
    if (taps_left > 0) taps_left--;
    taps_put(line, "TRACE_C: ");
    taps_put(line, name);
    return 1;
}
static inline void taps_real(struct taps_line *line, double value)
{
    char text[40], *comma;
    snprintf(text, sizeof text, " %.17g", value);
    if ((comma = strchr(text, ',')) != NULL) *comma = '.'; /* some locales */
    taps_put(line, text);
}
static inline void taps_int(struct taps_line *line, long long value)
{
    char text[40];
    if (snprintf(text, sizeof text, " %lld", value) > 0) taps_put(line, text);
}
static inline void taps_word(struct taps_line *line, const char *text) /* bytes with a meaning as %XX */
{
    char byte[8];
    taps_put(line, *text ? " " : " %");
    for (unsigned char c; (c = (unsigned char)*text) != 0; text++) {
        snprintf(byte, sizeof byte, c <= 32 || c == '%' || c == '|' || c == 127 ? "%%%02X" : "%c", c);
        taps_put(line, byte);
    }
}
static inline void taps_end(struct taps_line *line)
{
    char word[64];
    for (int i = 0; i < taps_depth; i++) {
        snprintf(word, sizeof word, "%s%.40s=%ld", i ? " " : " | ", taps_at[i].key, taps_at[i].turn);
        taps_put(line, word);
    }
    taps_put(line, "\n");
    if (fputs(line->text, taps_file) < 0) taps_stop("the log cannot be written; is the disk full? at", line->text);
}
#define TAPS_RECORD(name, kind, unit, put) do { static int told_ = 0; struct taps_line line_; \
    if (taps_begin(&line_, name, kind, unit, __FILE__, __LINE__, &told_)) { put; taps_end(&line_); } } while (0)
#define TAPS_EACH(put, values, count) for (int i_ = 0; i_ < (int)(count); i_++) put(&line_, (values)[i_])
#define TAPS_START(program, version) taps_start(program, version)
#define TAP_INDEX(key, turn) taps_index(key, (long)(turn))
#define TAP_LEAVE(key) taps_leave(key)
#endif
#define TAP_REAL(name, unit, value) TAPS_RECORD(name, "real", unit, taps_real(&line_, (double)(value)))
#define TAP_INT(name, unit, value) TAPS_RECORD(name, "integer", unit, taps_int(&line_, (long long)(value)))
#define TAP_BOOL(name, value) TAPS_RECORD(name, "boolean", "", taps_int(&line_, (value) ? 1 : 0))
#define TAP_WORD(name, text) TAPS_RECORD(name, "word", "", taps_word(&line_, text))
#define TAP_COMPLEX(name, unit, re, im) TAPS_RECORD(name, "complex", unit, \
    (taps_real(&line_, (double)(re)), taps_real(&line_, (double)(im))))
#define TAP_REALS(name, unit, values, count) TAPS_RECORD(name, "real", unit, TAPS_EACH(taps_real, values, count))
#define TAP_INTS(name, unit, values, count) TAPS_RECORD(name, "integer", unit, TAPS_EACH(taps_int, values, count))
#endif

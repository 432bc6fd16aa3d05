/* Writing of trace lines in both versions of the format of spec/12. */
#define TAP_POINTS_DEFINE
#include "trace.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "messages.h"

/* The level names of -trace_level and the innermost level each of them prints. */
static const struct {
    const char *name;
    int limit;
} LEVELS[] = {{"setup", LEVEL_MOSAIC_SETUP}, {"pixel", LEVEL_PIXEL}, {"subpixel", LEVEL_SUBPIXEL},
              {"source", LEVEL_SOURCE},      {"phi", LEVEL_PHI},     {"mosaic", LEVEL_MOSAIC}};

/* Given: a word of -trace_level. Returned: the innermost loop level that it stands for, -1 for another word. */
int trace_level_limit(const char *name)
{
    for (size_t i = 0; i < sizeof LEVELS / sizeof LEVELS[0]; ++i)
        if (strcmp(LEVELS[i].name, name) == 0)
            return LEVELS[i].limit;
    return -1;
}

#ifndef NO_TAPS

/* The context keys in loop order, and which of them, from first to last, a record of each level carries. */
enum key { SLOW, FAST, LAYER, SUB_SLOW, SUB_FAST, SOURCE, PHI, DOMAIN, NO_KEY };
static const char *const KEY_NAME[] = {[SLOW] = "s",      [FAST] = "f",     [LAYER] = "t", [SUB_SLOW] = "ss",
                                       [SUB_FAST] = "sf", [SOURCE] = "src", [PHI] = "phi", [DOMAIN] = "mos"};
static const struct {
    enum key first, last;
} KEYS[] = {[LEVEL_SETUP] = {NO_KEY, NO_KEY},       [LEVEL_SOURCE_SETUP] = {SOURCE, SOURCE},
            [LEVEL_PHI_SETUP] = {PHI, PHI},         [LEVEL_MOSAIC_SETUP] = {DOMAIN, DOMAIN},
            [LEVEL_PIXEL] = {SLOW, FAST},           [LEVEL_SUBPIXEL] = {SLOW, SUB_FAST},
            [LEVEL_SOURCE] = {SLOW, SOURCE},        [LEVEL_PHI] = {SLOW, PHI},
            [LEVEL_MOSAIC] = {SLOW, DOMAIN}};

/* Writes the two lines that begin a trace. Given: an open trace. */
void trace_begin(struct trace *t)
{
    fprintf(t->stream, "TRACE_C: schema %s %d\n", TRACE_FORMAT, t->version);
    fprintf(t->stream, "TRACE_C: program %s %s\n", PROGRAM_NAME, PROGRAM_VERSION);
}

/* Writes one number: 17 digits, or whole for kind 'i'. */
static void write_value(FILE *stream, char kind, double value)
{
    if (isnan(value))
        fputs(" nan", stream);
    else if (isinf(value))
        fputs(value > 0.0 ? " inf" : " -inf", stream);
    else if (kind == 'i')
        fprintf(stream, " %.0f", value + 0.0);
    else
        fprintf(stream, " %.17g", value);
}

/* Writes the loop context of a level and ends the line. */
static void write_context(const struct trace *t, int level)
{
    const long long at[] = {[SLOW] = t->at.slow,         [FAST] = t->at.fast,         [LAYER] = t->at.layer,
                            [SUB_SLOW] = t->at.sub_slow, [SUB_FAST] = t->at.sub_fast, [SOURCE] = t->at.source,
                            [PHI] = t->at.phi,           [DOMAIN] = t->at.domain};
    if (KEYS[level].first != NO_KEY)
        fputs(" |", t->stream);
    for (enum key key = KEYS[level].first; key <= KEYS[level].last && key != NO_KEY; ++key)
        fprintf(t->stream, " %s=%lld", KEY_NAME[key], at[key]);
    fputc('\n', t->stream);
}

/* True if the level and the version of a trace have a tap. */
static bool is_wanted(const struct trace *t, const struct tap_point *point)
{
    return point->level <= t->limit && point->since <= t->version;
}

/* Writes one tap. Given: an open trace, the tap, and as many numbers as the tap table says, in the tap's unit. */
void trace_reals(struct trace *t, enum tap_id tap, const double *value)
{
    const struct tap_point *point = &tap_points[tap];
    if (!is_wanted(t, point))
        return;
    fprintf(t->stream, "TRACE_C: %s", point->name);
    for (int i = 0; i < point->size; ++i)
        write_value(t->stream, point->kind, value[i]);
    write_context(t, point->level);
}

/* Writes one tap whose value is a word. Given: an open trace, the tap and the word. */
void trace_words(struct trace *t, enum tap_id tap, const char *word)
{
    const struct tap_point *point = &tap_points[tap];
    if (!is_wanted(t, point))
        return;
    fprintf(t->stream, "TRACE_C: %s %s", point->name, word);
    write_context(t, point->level);
}

#endif

/*
 * Taps: named intermediate values of traced pixels (spec/12). A null trace is a no-op at every call. With NO_TAPS they
 * are left out of the program, as in one that never had any.
 */
#ifndef NB_TRACE_H
#define NB_TRACE_H

#include <stdbool.h>
#include <stdio.h>

#include "output_files.h"
#include "tap_points.h"
#include "vec.h"

/* Where the loops stand; -1 for a loop that is not running. */
struct trace_context {
    long long slow, fast, layer, sub_slow, sub_fast, source, phi, domain;
};

/* A trace that is being written. */
struct trace {
    FILE *stream;
    struct output *file; /* NULL when the trace goes to standard output */
    int limit;           /* the innermost level to print */
    int version;         /* of the format; taps that came later are left out */
    struct trace_context at;
};

int trace_level_limit(const char *name);

#ifdef NO_TAPS

static const bool HAS_TAPS = false;
#define trace_begin(t) ((void)(t))
#define trace_reals(t, tap, value) ((void)(t), (void)(value))
#define trace_words(t, tap, word) ((void)(t), (void)(word))
#define tap_real(t, tap, value) ((void)(t), (void)(value))
#define tap_vec(t, tap, value) ((void)(t), (void)(value))

#else

static const bool HAS_TAPS = true;
void trace_begin(struct trace *t);
void trace_reals(struct trace *t, enum tap_id tap, const double *value);
void trace_words(struct trace *t, enum tap_id tap, const char *word);

/* One number, if the pixel is traced. */
static inline void tap_real(struct trace *t, enum tap_id tap, double value)
{
    if (t != NULL)
        trace_reals(t, tap, &value);
}

/* One vector, if the pixel is traced. */
static inline void tap_vec(struct trace *t, enum tap_id tap, vec3 value)
{
    if (t != NULL)
        trace_reals(t, tap, (const double[]){value.x, value.y, value.z});
}

#endif

#endif

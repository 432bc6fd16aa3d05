/* One row an option: its names, its values, and how they are stored. */
#ifndef NB_OPTION_TABLE_H
#define NB_OPTION_TABLE_H

#include <stddef.h>

#include "options.h"

enum { VALUES_MAX = 6 };

/* The values that follow an option on the command line, already read. */
struct values {
    double real[VALUES_MAX]; /* in the unit typed */
    long long whole[VALUES_MAX];
    const char *word[VALUES_MAX];
    int count;
};

enum effect { NO_EFFECT, TO_BEAM, TO_SAMPLE, TO_CUSTOM };

/* One option. */
struct option_row {
    const char *names;  /* separated by blanks, the first one is the usual one */
    const char *values; /* a letter each: r number, i whole number, f file, w word; * store reads them itself */
    void (*store)(struct options *o, const struct option_row *row, const struct values *v);
    size_t at;      /* where in struct options */
    double divisor; /* typed number / divisor is the internal one; for store_product, number * divisor */
    long long code;
    enum effect effect;
    const char *help;
    const char *inert; /* why the option has no effect on any image, or NULL */
};

extern const struct option_row OPTION_TABLE[];
extern const int OPTION_ROWS;

#endif

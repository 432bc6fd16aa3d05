/* The range of every numeric option: what is refused, and what only earns a warning (spec/01 section 2). */
#ifndef NB_VALUE_TABLE_H
#define NB_VALUE_TABLE_H

#include <stdbool.h>

/* Limits of what one run may ask for. */
enum { LARGEST_COUNT = 1 << 24, LARGEST_OVERSAMPLE = 10000, LARGEST_PIXELS = 1 << 30 };
#define LARGEST_EVALUATIONS 1e12 /* pixels, sources, phi steps, domains, sub-pixels and layers multiplied */

/* Which numbers of one place are accepted, and which of them without a warning; in the unit typed. */
struct range {
    const char *place; /* an option, or an option and what its numbers are */
    const char *unit;
    bool zero;
    double least, most, usual_least, usual_most; /* in the unit typed */
    const char *below; /* what is said of a number below usual_least */
};

const struct range *range_at(const char *place);
const struct range *range_of(const char *option, int index);
const char *range_problem(const struct range *r, double value, double *bound);
const char *range_doubt(const struct range *r, double value);
const char *tiny_problem(double value);
bool is_axis(const char *option);
const char *axis_problem(const char *option, double x, double y, double z);

#endif

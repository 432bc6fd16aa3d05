/* Geometry and mask from SMV images (spec/02 section 8). */
#ifndef NB_SMV_HEADER_H
#define NB_SMV_HEADER_H

#include "options.h"

/* Pixels of a mask; NULL without one. */
struct mask {
    unsigned short *pixel;
    long long fast, slow; /* pixels */
    const char *path;
};

struct mask smv_apply(struct options *o, const struct quirks *q, const char *path, bool is_mask);

#endif

/* Unit cell, orientation and size of the crystal (spec/03). */
#ifndef NB_CRYSTAL_H
#define NB_CRYSTAL_H

#include "options.h"
#include "random.h"

struct shape; /* of shapes.h */

/* Three cell vectors. */
struct cell {
    vec3 a, b, c;
};

struct crystal {
    struct cell star_A_inv, direct_A, direct_m; /* final, phi = 0, no mosaic rotation */
    double volume_A3;
    double cells[3]; /* Na, Nb, Nc */
    const struct shape *shape;
    double fudge;
    vec3 misset_rad;
};

struct crystal crystal_resolve(const struct options *o, const struct quirks *q, struct random_stream *misset,
                               struct warnings *w);
double crystal_longest_edge(const struct crystal *c);

#endif

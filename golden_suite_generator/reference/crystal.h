/* Unit cell, orientation and size of the crystal (spec/03). */
#ifndef NB_CRYSTAL_H
#define NB_CRYSTAL_H

#include "options.h"
#include "random.h"

struct shape; /* of shapes.h */

/* Three cell vectors, direct or reciprocal; the name of the variable says the unit. */
struct cell {
    vec3 a, b, c; /* as the name of the cell says */
};

/* The crystal of a run. */
struct crystal {
    struct cell star_A_inv, direct_A, direct_m; /* final, phi = 0, no mosaic rotation */
    double volume_A3;
    double cells[3]; /* Na, Nb, Nc, whole numbers */
    const struct shape *shape;
    double fudge; /* shape factor, no unit */
    vec3 misset_rad;
};

struct crystal crystal_resolve(const struct options *o, const struct quirks *q, struct random_stream *misset,
                               struct warnings *w);
double crystal_longest_edge(const struct crystal *c);

#endif

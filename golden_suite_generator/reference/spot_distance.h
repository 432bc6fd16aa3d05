/* Squared distance of an evaluation to its lattice point, in widths of the spot (spec/06 section 10). */
#ifndef NB_SPOT_DISTANCE_H
#define NB_SPOT_DISTANCE_H

#include "crystal.h"
#include "quirks.h"
#include "trace.h"

double distance_by_axes(const struct crystal *c, const vec3 *hkl, const vec3 *rounded, struct trace *t);
double spot_distance(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                     struct trace *t);

/* The number of cells. */
static inline double cell_count(const struct crystal *c)
{
    return c->cells[0] * c->cells[1] * c->cells[2];
}

#endif

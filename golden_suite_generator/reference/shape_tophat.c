/* Top-hat spots: all or nothing (spec/06 section 10). */
#include "shapes.h"
#include "spot_distance.h"

static const double TOPHAT_LIMIT = 0.3969;

/* A lattice_factor of shapes.h: the number of cells within a distance of the lattice point, 0 beyond. */
double tophat_lattice_factor(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                             struct trace *t)
{
    return spot_distance(c, q, hkl, rounded, t) * c->fudge < TOPHAT_LIMIT ? cell_count(c) : 0.0;
}

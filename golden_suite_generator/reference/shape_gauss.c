/* Gaussian spots (spec/06 section 10). */
#include <math.h>

#include "shapes.h"
#include "spot_distance.h"

static const double GAUSS_WIDTH = 0.63;

/* A lattice_factor of shapes.h: falls with the squared distance to the lattice point. */
double gauss_lattice_factor(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                            struct trace *t)
{
    return cell_count(c) * exp(-(spot_distance(c, q, hkl, rounded, t) / GAUSS_WIDTH * c->fudge));
}

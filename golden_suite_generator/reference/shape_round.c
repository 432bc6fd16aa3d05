/* Ellipsoid (spec/06 section 10). */
#include <math.h>

#include "constants.h"
#include "shapes.h"
#include "spot_distance.h"

static const double ROUND_FACTOR = 0.723601254558268;

/*
 * Given: x, no unit; near 0 a series is taken unless upstream's cancellation is wanted (Q-SINC3-SMALL).
 * Returned: 3 (sin x/x - cos x)/x^2, 1 at x = 0. spec/06 section 10.
 */
double sphere_transform(double x, bool upstream)
{
    if (x == 0.0)
        return 1.0;
    double square = x * x;
    if (!upstream && x < 0.05)
        return 1.0 - square / 10.0 + square * square / 280.0 - square * square * square / 15120.0;
    return 3.0 * (sin(x) / x - cos(x)) / square;
}

/* A lattice_factor of shapes.h: the transform of a sphere in the axes of the cell. */
double round_lattice_factor(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                            struct trace *t)
{
    double hrad_sqr = distance_by_axes(c, hkl, rounded, t);
    return cell_count(c) * ROUND_FACTOR * sphere_transform(PI * sqrt(hrad_sqr * c->fudge), q->on[QUIRK_SINC3_SMALL]);
}

/* Small formulas of the pixel loop: polarization, capture, rounding (spec/06 sections 5, 6 and 9). */
#ifndef NB_PHYSICS_H
#define NB_PHYSICS_H

#include <math.h>

#include "vec.h"

double kahn_factor(double kahn, vec3 *incident, vec3 *diffracted, vec3 *axis);
double capture_fraction(long long layer, double layer_m, double mu_per_m, double rho);

/* Nearest whole number, halves go down. */
static inline double round_half_down(double x)
{
    return ceil(x - 0.5);
}

#endif

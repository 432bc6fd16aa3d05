/* The formulas of one evaluation: lattice factor, polarization, solid angle, capture (spec/06 sections 4 to 10). */
#ifndef NB_PHYSICS_H
#define NB_PHYSICS_H

#include "crystal.h"
#include "quirks.h"

/* F_latt and the values it was made from; factor is used by square crystals, square by the others. */
struct lattice {
    double F;
    double factor[3];
    double square; /* hrad_sqr or rad_star_sqr */
};

void lattice_factor(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                    struct lattice *v);
double grating(double x, double cells);
double sphere_transform(double x, bool upstream);
double kahn_factor(double kahn, vec3 *incident, vec3 *diffracted, vec3 *axis);
double capture_fraction(long long layer, double layer_m, double mu_per_m, double rho);

/* Nearest whole number, halves go down. */
static inline double round_half_down(double x)
{
    return ceil(x - 0.5);
}

#endif

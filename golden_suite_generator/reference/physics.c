/* Small formulas of the pixel loop, in the order of operations that upstream has. */
#include "physics.h"

/*
 * Given: kahn, -1 .. 1, 0 for an unpolarized beam; incident and diffracted beam and polarization axis of any length,
 * which are made unit vectors in place, as upstream does. Returned: the polarization factor, no unit. spec/06 section
 * 6.
 */
double kahn_factor(double kahn, vec3 *incident, vec3 *diffracted, vec3 *axis)
{
    double psi = 0.0;
    *incident = vec_unit(*incident);
    *diffracted = vec_unit(*diffracted);
    *axis = vec_unit(*axis);
    double cosine = vec_dot(*incident, *diffracted);
    double cos_sqr = cosine * cosine, sin_sqr = 1.0 - cos_sqr;
    if (kahn != 0.0) {
        vec3 across = vec_unit(vec_cross(*axis, *incident));
        vec3 along = vec_unit(vec_cross(*incident, across));
        psi = -atan2(vec_dot(*diffracted, across), vec_dot(*diffracted, along));
    }
    return 0.5 * ((1.0 + cos_sqr) - (kahn * cos(2.0 * psi)) * sin_sqr);
}

/*
 * Given: the number of a layer, its thickness (m), absorption (1/m), and the cosine between ray and normal. Returned:
 * the fraction of the photons that the layer stops. spec/06 section 5.
 */
double capture_fraction(long long layer, double layer_m, double mu_per_m, double rho)
{
    double front = (double)-layer, back = (double)-(layer + 1);
    return exp(front * layer_m * mu_per_m / rho) - exp(back * layer_m * mu_per_m / rho);
}

/* The two squared distances to a lattice point that the widths of spots are measured in. */
#include "spot_distance.h"

/* From the nearest whole indices to the indices. */
static vec3 offset(const vec3 *hkl, const vec3 *rounded)
{
    return vec(hkl->x - rounded->x, hkl->y - rounded->y, hkl->z - rounded->z);
}

/*
 * Given: the crystal, indices, nearest whole indices, trace or NULL. Returned: hrad_sqr, the squared distance in units
 * of 1/N on each axis, no unit. spec/06 section 10.
 */
double distance_by_axes(const struct crystal *c, const vec3 *hkl, const vec3 *rounded, struct trace *t)
{
    const double *N = c->cells;
    vec3 d = offset(hkl, rounded);
    double hrad_sqr = d.x * d.x * N[0] * N[0] + d.y * d.y * N[1] * N[1] + d.z * d.z * N[2] * N[2];
    tap_real(t, TAP_hrad_sqr, hrad_sqr);
    return hrad_sqr;
}

/* rad_star_sqr: the squared distance in 1/Angstrom^2 times the squares of all three counts. */
static double distance_by_product(const struct crystal *c, const vec3 *hkl, const vec3 *rounded, struct trace *t)
{
    const struct cell *s = &c->star_A_inv;
    const double *N = c->cells;
    vec3 d = offset(hkl, rounded);
    double x = d.x * s->a.x + d.y * s->b.x + d.z * s->c.x;
    double y = d.x * s->a.y + d.y * s->b.y + d.z * s->c.y;
    double z = d.x * s->a.z + d.y * s->b.z + d.z * s->c.z;
    double rad_star_sqr = (x * x + y * y + z * z) * N[0] * N[0] * N[1] * N[1] * N[2] * N[2];
    tap_real(t, TAP_rad_star_sqr, rad_star_sqr);
    return rad_star_sqr;
}

/*
 * Given: the crystal, quirks, indices, nearest whole indices, trace or NULL. Returned: rad_star_sqr (1/Angstrom^2)
 * with Q-GAUSS-WIDTH, else hrad_sqr (no unit). spec/06 section 10.
 */
double spot_distance(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                     struct trace *t)
{
    return q->on[QUIRK_GAUSS_WIDTH] ? distance_by_product(c, hkl, rounded, t) : distance_by_axes(c, hkl, rounded, t);
}

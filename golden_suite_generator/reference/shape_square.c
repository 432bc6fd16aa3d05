/* Parallelepiped of cells: a grating along each axis (spec/06 section 10). */
#include <math.h>

#include "constants.h"
#include "shapes.h"

/*
 * Given: x = pi times an index, and the number of cells. Returned: sin(N x)/sin(x), N at x = 0; no unit.
 * spec/06 section 10.
 */
double grating(double x, double cells)
{
    return x == 0.0 ? cells : sin(x * cells) / sin(x);
}

/* The factor of one axis, 1 for a single cell; with Q-SINCG-INTEGER from the full index. */
static double axis_factor(const struct quirks *q, double index, double rounded, double cells)
{
    double h = q->on[QUIRK_SINCG_INTEGER] ? index : index - rounded;
    return cells > 1.0 ? grating(PI * h, cells) : 1.0;
}

/* A lattice_factor of shapes.h: the product of the three gratings. */
double square_lattice_factor(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                             struct trace *t)
{
    double along_a = axis_factor(q, hkl->x, rounded->x, c->cells[0]);
    double along_b = axis_factor(q, hkl->y, rounded->y, c->cells[1]);
    double along_c = axis_factor(q, hkl->z, rounded->z, c->cells[2]);
    tap_real(t, TAP_F_latt_a, along_a);
    tap_real(t, TAP_F_latt_b, along_b);
    tap_real(t, TAP_F_latt_c, along_c);
    return along_a * along_b * along_c;
}

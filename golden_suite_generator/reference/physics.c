/* Small formulas of the pixel loop, in the order of operations that upstream has. */
#include "physics.h"

#include <math.h>

#include "constants.h"

static const double ROUND_FACTOR = 0.723601254558268, GAUSS_WIDTH = 0.63, TOPHAT_LIMIT = 0.3969;

/* sin(N x)/sin(x), N at x = 0. */
double grating(double x, double cells)
{
    return x == 0.0 ? cells : sin(x * cells) / sin(x);
}

/* 3 (sin x/x - cos x)/x^2, 1 at x = 0; near 0 a series unless upstream's cancellation is wanted (Q-SINC3-SMALL). */
double sphere_transform(double x, bool upstream)
{
    if (x == 0.0)
        return 1.0;
    double square = x * x;
    if (!upstream && x < 0.05)
        return 1.0 - square / 10.0 + square * square / 280.0 - square * square * square / 15120.0;
    return 3.0 * (sin(x) / x - cos(x)) / square;
}

/* The three grating factors; an axis with one cell counts 1. full_index: Q-SINCG-INTEGER. */
static void square_crystal(const struct crystal *c, bool full_index, const vec3 *hkl, const vec3 *rounded,
                           struct lattice *v)
{
    double h = full_index ? hkl->x : hkl->x - rounded->x;
    double k = full_index ? hkl->y : hkl->y - rounded->y;
    double l = full_index ? hkl->z : hkl->z - rounded->z;
    v->factor[0] = c->cells[0] > 1.0 ? grating(PI * h, c->cells[0]) : 1.0;
    v->factor[1] = c->cells[1] > 1.0 ? grating(PI * k, c->cells[1]) : 1.0;
    v->factor[2] = c->cells[2] > 1.0 ? grating(PI * l, c->cells[2]) : 1.0;
    v->F = v->factor[0] * v->factor[1] * v->factor[2];
}

/* Squared distance to the lattice point in units of 1/N on each axis. */
static double hrad_square(const struct crystal *c, vec3 d)
{
    const double *N = c->cells;
    return d.x * d.x * N[0] * N[0] + d.y * d.y * N[1] * N[1] + d.z * d.z * N[2] * N[2];
}

/* The same in 1/Angstrom^2 times the square of all three counts (Q-GAUSS-WIDTH). */
static double rad_star_square(const struct crystal *c, vec3 d)
{
    const struct cell *s = &c->star_A_inv;
    const double *N = c->cells;
    double x = d.x * s->a.x + d.y * s->b.x + d.z * s->c.x;
    double y = d.x * s->a.y + d.y * s->b.y + d.z * s->c.y;
    double z = d.x * s->a.z + d.y * s->b.z + d.z * s->c.z;
    return (x * x + y * y + z * z) * N[0] * N[0] * N[1] * N[1] * N[2] * N[2];
}

/* Lattice factor at fractional indices with their nearest whole ones (spec/06 section 10), into v. */
void lattice_factor(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                    struct lattice *v)
{
    if (c->shape == SHAPE_SQUARE) {
        square_crystal(c, q->on[QUIRK_SINCG_INTEGER], hkl, rounded, v);
        return;
    }
    vec3 d = vec(hkl->x - rounded->x, hkl->y - rounded->y, hkl->z - rounded->z);
    double all = c->cells[0] * c->cells[1] * c->cells[2];
    bool plain = c->shape == SHAPE_ROUND || !q->on[QUIRK_GAUSS_WIDTH];
    v->square = plain ? hrad_square(c, d) : rad_star_square(c, d);
    if (c->shape == SHAPE_ROUND)
        v->F = all * ROUND_FACTOR * sphere_transform(PI * sqrt(v->square * c->fudge), q->on[QUIRK_SINC3_SMALL]);
    else if (c->shape == SHAPE_GAUSS)
        v->F = all * exp(-(v->square / GAUSS_WIDTH * c->fudge));
    else
        v->F = v->square * c->fudge < TOPHAT_LIMIT ? all : 0.0;
}

/*
 * Kahn polarization factor (spec/06 section 6). kahn: -1 .. 1, 0 for an unpolarized beam.
 * The three vectors are made unit vectors in place, as upstream does.
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

/* Fraction of the photons that a sensor layer stops; rho is the cosine between ray and normal. */
double capture_fraction(long long layer, double layer_m, double mu_per_m, double rho)
{
    double front = (double)-layer, back = (double)-(layer + 1);
    return exp(front * layer_m * mu_per_m / rho) - exp(back * layer_m * mu_per_m / rho);
}

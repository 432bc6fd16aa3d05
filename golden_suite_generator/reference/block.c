/* The innermost loops of spec/06: phi steps and mosaic domains of one layer, sub-pixel and source. */
#include "loop.h"
#include "messages.h"
#include "physics.h"
#include "shapes.h"

/* The loops below are compiled twice, with and without observers, so that taps cost nothing while they are off. */
#if defined(__GNUC__)
#define INLINED static inline __attribute__((always_inline))
#else
#define INLINED static inline
#endif

/* Writes the cell vectors of a phi step, metres turned into Angstrom. */
static void tap_turned(struct trace *t, const struct cell *cell)
{
    tap_vec(t, TAP_rot_a_angstroms, vec_scale(cell->a, 1e10));
    tap_vec(t, TAP_rot_b_angstroms, vec_scale(cell->b, 1e10));
    tap_vec(t, TAP_rot_c_angstroms, vec_scale(cell->c, 1e10));
}

/* Writes the cell vectors of a mosaic domain, metres turned into Angstrom. */
static void tap_domain(struct trace *t, const struct cell *cell)
{
    tap_vec(t, TAP_mos_a_angstroms, vec_scale(cell->a, 1e10));
    tap_vec(t, TAP_mos_b_angstroms, vec_scale(cell->b, 1e10));
    tap_vec(t, TAP_mos_c_angstroms, vec_scale(cell->c, 1e10));
}

/* Interpolated F, or the nearest entry where the range does not allow it (spec/05 section 5). */
static double interpolated_factor(struct loop *loop, struct trace *t, vec3 hkl, const vec3 *rounded)
{
    const struct scene *scene = loop->scene;
    if (tricubic_in_range(&scene->table, hkl, scene->q->on[QUIRK_INTERP_MARGIN])) {
        if (t != NULL) {
            double node[64];
            factor_nodes(&scene->table, hkl, node);
            trace_reals(t, TAP_tricubic_F, node);
        }
        return factor_tricubic(&scene->table, hkl);
    }
    if (scene->q->on[QUIRK_INTERP_LATCH]) {
        warn_now("index %g %g %g is out of range for interpolation: nearest values from here on", hkl.x, hkl.y, hkl.z);
        loop->interpolate = false;
    }
    return factor_nearest(&scene->table, rounded);
}

/* Keeps what the printout shows of the last evaluation. */
static void keep_evaluation(struct pixel *p, vec3 hkl, vec3 rounded, double F_cell, double F_latt,
                            const struct cell *cell)
{
    p->last.hkl = hkl;
    p->last.rounded = rounded;
    p->last.F_cell = F_cell;
    p->last.F_latt = F_latt;
    p->last.cell = *cell;
}

/* One mosaic domain of one phi step: adds its term to the running sum. */
INLINED void evaluate(struct loop *loop, struct pixel *p, const struct beamlet *b, const struct cell *cell,
                      const bool observed)
{
    const struct scene *scene = loop->scene;
    struct trace *t = observed ? p->trace : NULL;
    vec3 hkl = vec(vec_dot(cell->a, b->q_per_m), vec_dot(cell->b, b->q_per_m), vec_dot(cell->c, b->q_per_m));
    vec3 rounded = vec(round_half_down(hkl.x), round_half_down(hkl.y), round_half_down(hkl.z));
    tap_vec(t, TAP_hkl_frac, hkl);
    tap_vec(t, TAP_hkl_rounded, rounded);
    double F_latt = scene->c.shape->factor(&scene->c, scene->q, &hkl, &rounded, t);
    tap_real(t, TAP_F_latt, F_latt);
    if (F_latt == 0.0 && loop->cut_short)
        return;
    double F_cell = loop->interpolate ? interpolated_factor(loop, t, hkl, &rounded)
                                      : factor_nearest(&scene->table, &rounded);
    double term = F_cell * F_cell * F_latt * F_latt;
    if (loop->running_product)
        p->sum = times_factors(p->sum + term * b->weight, &b->inside);
    else
        p->sum = p->sum + times_factors(term * b->weight, &b->inside);
    tap_real(t, TAP_F_cell, F_cell);
    tap_real(t, TAP_I_contribution, term);
    tap_real(t, TAP_I_running, p->sum);
    if (observed)
        keep_evaluation(p, hkl, rounded, F_cell, F_latt, cell);
}

/* All phi steps and domains of one layer, sub-pixel and source. */
INLINED void sweep(struct loop *loop, struct pixel *p, const struct beamlet *b, const bool observed)
{
    const struct scene *scene = loop->scene;
    const long long *map = loop->first_block ? scene->turn.first : scene->turn.later;
    const bool mosaic = scene->s.mosaic_rad > 0.0;
    struct trace *t = observed ? p->trace : NULL;
    for (long long j = 0; j < scene->turn.steps; ++j) {
        const struct cell *turned = &scene->turn.cell[map[j]];
        if (t != NULL) {
            t->at.phi = j;
            tap_turned(t, turned);
        }
        for (long long m = 0; m < scene->s.domains; ++m) {
            const mat3 *u = &scene->s.domain[m];
            struct cell cell = *turned;
            if (t != NULL)
                t->at.domain = m;
            if (mosaic)
                cell = (struct cell){mat_apply(u, turned->a), mat_apply(u, turned->b), mat_apply(u, turned->c)};
            if (mosaic && t != NULL)
                tap_domain(t, &cell);
            evaluate(loop, p, b, &cell, observed);
        }
    }
    loop->first_block = false;
}

/*
 * Adds all phi steps and mosaic domains of one layer, sub-pixel and source to the running sum (electrons^2). Given: the
 * loop, its pixel and the beamlet; a pixel that is traced or printed is observed on the way. spec/06 sections 7 to 12.
 */
void run_block(struct loop *loop, struct pixel *p, const struct beamlet *b)
{
    if (p->trace != NULL || p->printed)
        sweep(loop, p, b, true);
    else
        sweep(loop, p, b, false);
}

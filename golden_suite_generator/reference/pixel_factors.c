/* The three factors of a pixel, and when each of them is formed anew (spec/06 sections 4 to 6). */
#include "loop.h"
#include "physics.h"

/* True if the polarization factor has to be formed for this source. */
static bool is_polar_wanted(const struct loop *loop, const struct pixel *p)
{
    const struct options *o = loop->scene->o;
    const bool *on = loop->scene->q->on;
    if (o->nopolar && !on[QUIRK_NOPOLAR_OVERSAMPLE_POLAR])
        return false;
    if (o->oversample_polar)
        return true;
    return on[QUIRK_DMIN_ZERO_POLAR] ? p->cached.polar == 0.0 : !p->have_polar;
}

/*
 * Brings the cached polarization up to date for one source. Given: the loop, the pixel, and the unit vectors of both
 * beams; with Q-POLAR-UNITIZE they are normalised again in place. spec/06 section 6.
 */
void refresh_polar(struct loop *loop, struct pixel *p, vec3 *incident, vec3 *diffracted)
{
    const struct scene *scene = loop->scene;
    if (!is_polar_wanted(loop, p))
        return;
    vec3 i = *incident, d = *diffracted, axis = loop->polar_axis;
    p->cached.polar = kahn_factor(scene->o->kahn, &i, &d, &axis);
    p->have_polar = true;
    if (!scene->q->on[QUIRK_POLAR_UNITIZE])
        return;
    *incident = i;
    *diffracted = d;
    loop->polar_axis = axis;
}

/* Solid angle of the pixel seen from distance R (sr), spec/06 section 4. */
static double solid_angle(const struct scene *scene, double R_m)
{
    const struct geometry *g = &scene->g;
    if (!g->point_pixel)
        return g->pixel_m * g->pixel_m / R_m / R_m * g->close_distance_m / R_m;
    return scene->q->on[QUIRK_POINT_PIXEL_AREA] ? 1.0 / R_m / R_m : g->pixel_m * g->pixel_m / R_m / R_m;
}

/*
 * Brings the cached solid angle and capture fraction up to date for one sub-pixel. Given: the scene, the pixel, the
 * number of the layer, the distance (m) and the unit vector towards it. spec/06 sections 4 and 5.
 */
void refresh_sample_factors(const struct scene *scene, struct pixel *p, long long layer, double R_m, vec3 diffracted)
{
    const struct sampling *s = &scene->s;
    bool sensor = s->thick_m != 0.0 || scene->q->on[QUIRK_OVERSAMPLE_THICK_NO_SENSOR];
    if (p->cached.omega_sr == 0.0 || scene->o->oversample_omega)
        p->cached.omega_sr = solid_angle(scene, R_m);
    if (p->cached.capture == 0.0 || (scene->o->oversample_thick && sensor))
        p->cached.capture = capture_fraction(layer, s->layer_m, s->mu_per_m, vec_dot(diffracted, scene->g.normal));
}

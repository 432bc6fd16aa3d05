/* The outer loops of spec/06: pixels, layers, sub-pixels, sources; block.c has the inner ones. */
#include "image.h"

#include "constants.h"
#include "loop.h"
#include "report.h"

/*
 * Given: the scene. Returned: scattering of the water, electrons^2: the start of the running sum, or what G of spec/06
 * section 15 is multiplied by; with Q-WATER-FLUENCE-SQUARED r_e^2 times the fluence is in it.
 */
double scene_background(const struct scene *scene)
{
    double w = scene->o->water_m;
    if (scene->q->on[QUIRK_WATER_FLUENCE_SQUARED])
        return WATER_F * WATER_F * R_E_SQR * scene->o->fluence * w * w * w * WATER_DENSITY * AVOGADRO / WATER_WEIGHT;
    return WATER_F * WATER_F * w * w * w * WATER_DENSITY * AVOGADRO / WATER_WEIGHT;
}

/* Writes the taps of a source up to the resolution test. */
static void tap_source(struct trace *t, long long n, const struct source *source, vec3 incident, vec3 q, double stol,
                       bool skipped)
{
    t->at.source = n;
    tap_vec(t, TAP_incident_vec, incident);
    tap_real(t, TAP_lambda_meters, source->lambda_m);
    tap_vec(t, TAP_scattering_vec_m_inv, q);
    tap_real(t, TAP_stol_m_inv, stol);
    tap_real(t, TAP_dmin_skipped, skipped ? 1.0 : 0.0);
}

/* Writes the factors of a source that multiply inside the loops, and what they come to. */
static void tap_factors(const struct loop *loop, const struct pixel *p, const struct beamlet *b)
{
    struct trace *t = p->trace;
    const struct pixel_factors one = {1.0, 1.0, 1.0}, *of_term = loop->running_product ? &one : &b->inside,
                               *of_sum = loop->running_product ? &b->inside : &one;
    tap_real(t, TAP_capture_fraction_inside, b->layer_capture * b->inside.capture);
    tap_real(t, TAP_polar_inside, b->inside.polar);
    tap_real(t, TAP_omega_pixel_inside, b->inside.omega_sr);
    tap_real(t, TAP_term_factor, times_factors(b->weight, of_term));
    tap_real(t, TAP_sum_factor, times_factors(1.0, of_sum));
}

/* The factors that the terms of a source get: its weight, those applied inside, and those of this layer alone. */
static struct beamlet make_beamlet(const struct loop *loop, const struct pixel *p, long long n, vec3 q)
{
    double layer_capture = loop->per_layer ? p->cached.capture : 1.0;
    return (struct beamlet){q, chosen_factors(&p->cached, loop->inside), layer_capture,
                            loop->scene->s.relative_weight[n] * layer_capture};
}

/* One source seen from one sub-pixel; diffracted may be normalised again (Q-POLAR-UNITIZE). */
static void run_source(struct loop *loop, struct pixel *p, long long n, vec3 *diffracted)
{
    const struct scene *scene = loop->scene;
    const struct options *o = scene->o;
    const struct source *source = &scene->s.sources[n];
    vec3 incident = vec(-source->to.x, -source->to.y, -source->to.z), d = *diffracted;
    vec3 q = vec((d.x - incident.x) / source->lambda_m, (d.y - incident.y) / source->lambda_m,
                 (d.z - incident.z) / source->lambda_m);
    double stol = 0.5 * vec_length(q);
    bool skipped = o->dmin_m > 0.0 && stol > 0.0 && o->dmin_m > 0.5 / stol;
    if (p->trace != NULL)
        tap_source(p->trace, n, source, incident, q, stol, skipped);
    bool even_if_skipped = !scene->q->on[QUIRK_DMIN_ZERO_POLAR] || (loop->gather_water && o->oversample_polar);
    if (!skipped || even_if_skipped)
        refresh_polar(loop, p, &incident, diffracted);
    struct beamlet b = make_beamlet(loop, p, n, q);
    double water_factor = times_factors(b.weight, &b.inside);
    if (loop->gather_water)
        p->water += water_factor;
    if (p->printed)
        p->last.stol_m_inv = stol;
    if (p->trace != NULL && !skipped) {
        tap_real(p->trace, TAP_cos_2theta, vec_dot(incident, *diffracted));
        tap_real(p->trace, TAP_polar, p->cached.polar);
        tap_factors(loop, p, &b);
    }
    if (loop->shows_water)
        tap_real(p->trace, TAP_water_factor, water_factor);
    if (!skipped)
        run_block(loop, p, &b);
}

/* Writes the taps of a sub-pixel; lengths in metres. */
static void tap_subpixel(const struct scene *scene, const struct pixel *p, double f_m, double s_m, double o_m,
                         vec3 pos, double R_m, vec3 diffracted)
{
    struct trace *t = p->trace;
    tap_real(t, TAP_Fdet_meters, f_m);
    tap_real(t, TAP_Sdet_meters, s_m);
    tap_real(t, TAP_Odet_meters, o_m);
    tap_vec(t, TAP_pixel_pos_meters, pos);
    tap_real(t, TAP_R_distance_meters, R_m);
    tap_vec(t, TAP_diffracted_vec, diffracted);
    tap_real(t, TAP_obliquity_factor, scene->g.close_distance_m / R_m);
    tap_real(t, TAP_omega_pixel_sr, p->cached.omega_sr);
    tap_real(t, TAP_capture_fraction, p->cached.capture);
}

/* One sub-pixel of one layer at (f_m, s_m) on the detector, metres from the corner of pixel (0,0). */
static void run_subpixel(struct loop *loop, struct pixel *p, long long layer, double f_m, double s_m)
{
    const struct scene *scene = loop->scene;
    const struct geometry *g = &scene->g;
    double o_m = (double)layer * scene->s.layer_m;
    vec3 pos = vec(f_m * g->fast.x + s_m * g->slow.x + o_m * g->normal.x + g->pix0_m.x,
                   f_m * g->fast.y + s_m * g->slow.y + o_m * g->normal.y + g->pix0_m.y,
                   f_m * g->fast.z + s_m * g->slow.z + o_m * g->normal.z + g->pix0_m.z);
    if (g->curved)
        pos = curved_position(g, scene->q, pos, f_m, s_m);
    double R_m = vec_length(pos);
    vec3 diffracted = vec_unit(pos);
    refresh_sample_factors(scene, p, layer, R_m, diffracted);
    loop->totals.solid_angle += p->cached.omega_sr;
    if (p->trace != NULL)
        tap_subpixel(scene, p, f_m, s_m, o_m, pos, R_m, diffracted);
    for (long long n = 0; n < scene->s.source_count; ++n)
        run_source(loop, p, n, &diffracted);
    p->end_f_m = f_m;
    p->end_s_m = s_m;
    if (p->printed) {
        p->last.pos_m = pos;
        p->last.diffracted = diffracted;
    }
}

/* All sub-pixels of one sensor layer of a pixel. */
static void run_layer(struct loop *loop, struct pixel *p, long long layer, long long slow, long long fast)
{
    long long O = loop->scene->s.oversample;
    double sub = loop->scene->g.pixel_m / (double)O;
    p->cached.capture = loop->scene->s.thick_m == 0.0 ? 1.0 : 0.0;
    for (long long i = 0; i < O; ++i) {
        for (long long j = 0; j < O; ++j) {
            if (p->trace != NULL) {
                p->trace->at.layer = layer;
                p->trace->at.sub_slow = i;
                p->trace->at.sub_fast = j;
            }
            run_subpixel(loop, p, layer, sub * (double)(fast * O + j) + sub / 2.0,
                         sub * (double)(slow * O + i) + sub / 2.0);
        }
    }
}

/* Photons of a finished pixel (spec/06 sections 13 and 15). */
static double finish_pixel(const struct loop *loop, const struct pixel *p)
{
    const struct scene *scene = loop->scene;
    const struct sampling *s = &scene->s;
    const struct pixel_factors f = chosen_factors(&p->cached, loop->at_end);
    double v = times_factors(loop->flux_factor * p->sum / s->steps, &f), water_photons = 0.0;
    if (loop->gather_water) {
        double samples = (double)s->source_count * (double)s->oversample * (double)s->oversample;
        water_photons = times_factors(loop->flux_factor * scene_background(scene) * p->water / samples, &f);
        v += water_photons;
    }
    if (p->trace != NULL) {
        tap_real(p->trace, TAP_I_before_scaling, p->sum);
        tap_real(p->trace, TAP_capture_fraction_applied, f.capture);
        tap_real(p->trace, TAP_polar_applied, f.polar);
        tap_real(p->trace, TAP_omega_pixel_applied, f.omega_sr);
        if (loop->shows_water) {
            tap_real(p->trace, TAP_water_sum, p->water);
            tap_real(p->trace, TAP_water_photons, water_photons);
        }
        tap_real(p->trace, TAP_I_pixel_final, v);
        tap_real(p->trace, TAP_floatimage_accumulated, (double)(float)v);
    }
    return v;
}

/* Adds a finished pixel to the statistics, in upstream's order. */
static void count_pixel(struct loop *loop, const struct pixel *p, long long slow, long long fast, float value)
{
    struct totals *t = &loop->totals;
    double x = (double)value, px = loop->scene->g.pixel_m;
    bool upstream = loop->scene->q->on[QUIRK_MAXI_POSITION];
    if (x > t->max) {
        t->max = x;
        t->max_f_m = upstream ? p->end_f_m : ((double)fast + 0.5) * px;
        t->max_s_m = upstream ? p->end_s_m : ((double)slow + 0.5) * px;
    }
    t->sum += x;
    t->sum_sqr += loop->scene->q->on[QUIRK_SUMSQ_FLOAT] ? (double)(value * value) : x * x;
    t->count += 1.0;
}

/* True if -printout shows this pixel. */
static bool is_printed(const struct options *o, long long slow, long long fast)
{
    if (!o->printout || o->printout_pixel[0] < 0)
        return o->printout;
    return fast == o->printout_pixel[0] && slow == o->printout_pixel[1];
}

/* One pixel, all layers. Returned: its 4-byte value, photons. */
static float run_pixel(struct loop *loop, long long slow, long long fast)
{
    struct scene *scene = loop->scene;
    struct pixel p = {.have_polar = scene->o->nopolar, .sum = loop->background};
    p.cached.polar = scene->o->nopolar ? 1.0 : 0.0;
    p.printed = is_printed(scene->o, slow, fast);
    if (scene->traced != NULL && scene->traced[slow * scene->g.fast_pixels + fast] != 0) {
        p.trace = &scene->trace;
        p.trace->at.slow = slow;
        p.trace->at.fast = fast;
    }
    for (long long layer = 0; layer < scene->s.layers; ++layer)
        run_layer(loop, &p, layer, slow, fast);
    float value = (float)finish_pixel(loop, &p);
    count_pixel(loop, &p, slow, fast, value);
    if (p.printed) {
        p.last.cached = p.cached;
        p.last.sum = p.sum;
        p.last.photons = (double)value;
        report_pixel(scene, &p.last, slow, fast);
    }
    return value;
}

/* Given: the detector and a pixel. Returned: true if the pixel is inside the region of interest. */
bool pixel_in_roi(const struct geometry *g, long long slow, long long fast)
{
    return fast >= g->roi[0] && fast <= g->roi[1] && slow >= g->roi[2] && slow <= g->roi[3];
}

/* Given: the scene and a pixel. Returned: true if a mask leaves the pixel out. */
bool pixel_masked(const struct scene *scene, long long slow, long long fast)
{
    return scene->mask.pixel != NULL && scene->mask.pixel[slow * scene->g.fast_pixels + fast] == 0;
}

/* The state of the loop before the first pixel. */
static struct loop start_loop(struct scene *scene)
{
    const bool *on = scene->q->on;
    const struct options *o = scene->o;
    struct loop loop = {.scene = scene, .interpolate = scene->interpolate, .first_block = true};
    loop.polar_axis = scene->g.polar;
    loop.flux_factor = R_E_SQR * o->fluence;
    loop.gather_water = !on[QUIRK_WATER_STEPS];
    loop.shows_water = loop.gather_water && o->water_m != 0.0;
    loop.background = loop.gather_water ? 0.0 : scene_background(scene);
    loop.running_product = on[QUIRK_OVERSAMPLE_RUNNING_PRODUCT];
    loop.per_layer = !on[QUIRK_THICK_LAST_LAYER] && !o->oversample_thick;
    loop.inside = (struct factor_choice){o->oversample_thick, o->oversample_polar, o->oversample_omega};
    loop.at_end = (struct factor_choice){!o->oversample_thick && !loop.per_layer, !o->oversample_polar,
                                         !o->oversample_omega};
    loop.cut_short = o->water_m == 0.0 && (loop.running_product || on[QUIRK_INTERP_LATCH]);
    return loop;
}

/*
 * Given: the scene, and an image of zeros, slow pixels times fast pixels. Returned: the statistics; the pixels of the
 * region of interest hold photons. spec/06.
 */
struct totals image_render(struct scene *scene, float *image)
{
    const struct geometry *g = &scene->g;
    struct loop loop = start_loop(scene);
    for (long long slow = g->roi[2]; slow <= g->roi[3] && slow < g->slow_pixels; ++slow) {
        for (long long fast = g->roi[0]; fast <= g->roi[1] && fast < g->fast_pixels; ++fast) {
            if (pixel_masked(scene, slow, fast))
                continue;
            image[slow * g->fast_pixels + fast] = run_pixel(&loop, slow, fast);
            report_progress(scene, loop.totals.count - 1.0);
        }
    }
    return loop.totals;
}

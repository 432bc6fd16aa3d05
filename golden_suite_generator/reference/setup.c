/* Resolves options into a scene: fluence, seeds, detector, crystal, lists, table, traced pixels. */
#include "setup.h"

#include <stdlib.h>

#include "constants.h"
#include "files.h"
#include "shapes.h"
#include "value_rules.h"

static const long long SEED_MODULUS = 2147483647;

/* The seed inside, from the one typed. */
static long long inner_seed(const struct quirks *q, const char *option, long long typed)
{
    long long size = llabs(typed);
    if (!q->on[QUIRK_SEED_MODULUS] && size == SEED_MODULUS)
        fail("%s: %lld is not allowed; give a seed below 2147483647", option, typed);
    return q->on[QUIRK_SEED_POSITIVE] ? -typed : -size;
}

/*
 * Gives each stream its seed; they share one table unless Q-RNG-SHARED is off. Given: streams, which must not move
 * afterwards, options and quirks. spec/07.
 */
void streams_init(struct streams *streams, const struct options *o, const struct quirks *q)
{
    *streams = (struct streams){0};
    bool noise_seed = !q->on[QUIRK_SEED_MISSET_DEFAULT] && !o->misset_seed_given && o->noise_seed_given;
    long long misset = noise_seed ? o->noise_seed : o->misset_seed;
    int apart = q->on[QUIRK_RNG_SHARED] ? 0 : 1;
    streams->misset = (struct random_stream){inner_seed(q, "-misset_seed", misset), &streams->shuffle[0]};
    streams->mosaic = (struct random_stream){inner_seed(q, "-mosaic_seed", o->mosaic_seed), &streams->shuffle[apart]};
    streams->noise = (struct random_stream){inner_seed(q, "-seed", o->noise_seed), &streams->shuffle[2 * apart]};
}

/* Fluence from flux, exposure and beam size (spec/01 section 4.3). */
static void resolve_fluence(struct options *o)
{
    if (o->flux != 0.0 && o->exposure_s > 0.0 && o->beamsize_m == 0.0)
        fail("-beamsize: 0 together with -flux %g is not allowed; give a size above 0", o->flux);
    if (o->flux != 0.0 && o->exposure_s > 0.0 && o->beamsize_m >= 0.0)
        o->fluence = ((o->flux * o->exposure_s) / o->beamsize_m) / o->beamsize_m;
    values_check_fluence(o);
}

/* Whether interpolation is on when the loop starts (spec/05 section 4). */
static bool resolve_interpolation(const struct scene *scene)
{
    const struct options *o = scene->o;
    if (scene->table.reflections == 0.0)
        return false;
    if (o->interpolate >= 0)
        return o->interpolate == 1;
    bool few = false;
    for (int i = 0; i < 3; ++i)
        few = few || (scene->q->on[QUIRK_INTERP_AUTO_ORDER] ? (double)o->cells[i] : scene->c.cells[i]) <= 2.0;
    return few;
}

/* Ends the program if a pixel to be traced is not computed, saying why. */
static void check_traced(const struct scene *scene, long long slow, long long fast)
{
    const struct geometry *g = &scene->g;
    bool inside = slow >= 0 && fast >= 0 && slow < g->slow_pixels && fast < g->fast_pixels;
    const char *why = !inside ? "it is outside the detector"
                      : !pixel_in_roi(g, slow, fast) ? "the region of interest leaves it out"
                      : pixel_masked(scene, slow, fast) ? "the mask leaves it out" : NULL;
    if (why != NULL)
        fail("pixel slow %lld fast %lld cannot be traced: %s; change -trace_pixel or -trace_roi", slow, fast, why);
}

/* Marks the traced pixels; one that is not computed is an error. */
static void resolve_traced(struct scene *scene)
{
    const struct options *o = scene->o;
    const struct geometry *g = &scene->g;
    scene->trace.limit = o->trace_level;
    scene->trace.version = o->trace_schema != 0 ? o->trace_schema : scene->q->mode == PARITY_SPEC ? 2 : 1;
    if (o->trace && !HAS_TAPS)
        fail("-trace options: this program was built without taps; leave them out, or build it without NO_TAPS");
    if (o->trace_block_count == 0)
        return;
    scene->traced = checked_alloc((size_t)g->fast_pixels * (size_t)g->slow_pixels, 1, "the traced pixels");
    for (int i = 0; i < o->trace_block_count; ++i) {
        const struct block *b = &o->trace_blocks[i];
        for (long long slow = b->slow_min; slow <= b->slow_max; ++slow) {
            for (long long fast = b->fast_min; fast <= b->fast_max; ++fast) {
                check_traced(scene, slow, fast);
                scene->traced[slow * g->fast_pixels + fast] = 1;
            }
        }
    }
}

/* A mask must have the size of the detector (Q-MASK-SIZE). */
static void check_mask(const struct scene *scene)
{
    const struct mask *m = &scene->mask;
    const struct geometry *g = &scene->g;
    if (m->pixel != NULL && (m->fast != g->fast_pixels || m->slow != g->slow_pixels))
        fail("mask file '%s' has %lld x %lld pixels, the detector %lld x %lld; they must be the same", m->path, m->fast,
             m->slow, g->fast_pixels, g->slow_pixels);
}

/* Notes a warning where region and mask together leave no pixel. */
static void warn_empty(const struct scene *scene, struct warnings *w)
{
    const struct geometry *g = &scene->g;
    for (long long slow = g->roi[2]; slow <= g->roi[3] && slow < g->slow_pixels; ++slow)
        for (long long fast = g->roi[0]; fast <= g->roi[1] && fast < g->fast_pixels; ++fast)
            if (!pixel_masked(scene, slow, fast))
                return;
    warn_later(w, "the mask leaves out every pixel of the region: all are 0");
}

/*
 * Fills the scene; every input file is read and checked here. Given: a scene whose mask is there already, options,
 * quirks, streams, and where warnings go. spec/01 section 1.
 */
void scene_resolve(struct scene *scene, struct options *o, const struct quirks *q, struct streams *streams,
                   struct warnings *w)
{
    scene->o = o;
    scene->q = q;
    options_warn_inert(o, w);
    resolve_fluence(o);
    if (!(o->lambda_m > 0.0))
        fail("wavelength %g Angstrom must be above 0; give -lambda, or a header with WAVELENGTH", o->lambda_m * 1e10);
    scene->g = geometry_resolve(o, q, w);
    values_check_header(o, w);
    values_check_region(&scene->g, w);
    values_check_geometry(&scene->g, w);
    check_mask(scene);
    if (o->stol_file != NULL)
        stol_check(o->stol_file, w);
    scene->c = crystal_resolve(o, q, &streams->misset, w);
    scene->s = sampling_resolve(o, q, &scene->g, &scene->c, &streams->mosaic, w);
    values_check_polarization(o, &scene->g,
                              o->source_file == NULL && scene->s.hdiv.count * scene->s.vdiv.count > 1, w);
    scene->table = factors_read(o, q, w);
    warn_empty(scene, w);
    values_check_printout(o, &scene->g, w);
    scene->interpolate = resolve_interpolation(scene);
    scene->turn = orientations_make(scene);
    resolve_traced(scene);
}

/* Forgets all lists and tables. Given: the scene. */
void scene_free(struct scene *scene)
{
    orientations_free(&scene->turn);
    sampling_free(&scene->s);
    factors_free(&scene->table);
    free(scene->mask.pixel);
    free(scene->traced);
}

/* Writes the taps from oversample to I_bg. */
static void trace_counts(struct trace *t, const struct scene *scene)
{
    const struct sampling *s = &scene->s;
    const struct options *o = scene->o;
    tap_real(t, TAP_oversample, (double)s->oversample);
    tap_real(t, TAP_oversample_thick, o->oversample_thick);
    tap_real(t, TAP_oversample_polar, o->oversample_polar);
    tap_real(t, TAP_oversample_omega, o->oversample_omega);
    tap_real(t, TAP_sources, (double)s->source_count);
    tap_real(t, TAP_phisteps, (double)s->phi.count);
    tap_real(t, TAP_mosaic_domains, (double)s->domains);
    tap_real(t, TAP_thicksteps, (double)s->layers);
    tap_real(t, TAP_steps, s->steps);
    tap_real(t, TAP_water_electrons_sqr, scene_background(scene));
    tap_real(t, TAP_I_bg, scene->q->on[QUIRK_WATER_STEPS] ? scene_background(scene) : 0.0);
}

/* Writes the taps from convention to distance_meters. */
static void trace_detector(struct trace *t, const struct scene *scene)
{
    const struct geometry *g = &scene->g;
    trace_words(t, TAP_convention, convention_name(g->convention));
    trace_words(t, TAP_pivot, pivot_name(g->pivot));
    tap_real(t, TAP_fpixels, (double)g->fast_pixels);
    tap_real(t, TAP_spixels, (double)g->slow_pixels);
    tap_real(t, TAP_pixel_size_meters, g->pixel_m);
    tap_real(t, TAP_lambda0_meters, scene->o->lambda_m);
    tap_real(t, TAP_fluence_photons_per_m2, scene->o->fluence);
    tap_real(t, TAP_r_e_sqr, R_E_SQR);
    tap_vec(t, TAP_beam_vec, g->beam);
    tap_vec(t, TAP_polar_vec, g->polar);
    tap_vec(t, TAP_spindle_axis, g->spindle);
    tap_vec(t, TAP_twotheta_axis, g->twotheta_axis);
    tap_vec(t, TAP_detector_rot_rad, g->rot_rad);
    tap_real(t, TAP_twotheta_rad, g->twotheta_rad);
    trace_reals(t, TAP_detector_turn, &g->turn.xx);
    tap_vec(t, TAP_fdet_vec, g->fast);
    tap_vec(t, TAP_sdet_vec, g->slow);
    tap_vec(t, TAP_odet_vec, g->normal);
    tap_real(t, TAP_Fbeam_meters, g->Fbeam_m);
    tap_real(t, TAP_Sbeam_meters, g->Sbeam_m);
    tap_real(t, TAP_Fclose_meters, g->Fclose_m);
    tap_real(t, TAP_Sclose_meters, g->Sclose_m);
    tap_vec(t, TAP_pix0_vector_meters, g->pix0_m);
    tap_real(t, TAP_close_distance_meters, g->close_distance_m);
    tap_real(t, TAP_distance_meters, g->distance_m);
}

/* Writes the taps from misset_rad to interpolate. */
static void trace_crystal(struct trace *t, const struct scene *scene)
{
    const struct crystal *c = &scene->c;
    tap_vec(t, TAP_misset_rad, c->misset_rad);
    tap_vec(t, TAP_a_star_A_inv, c->star_A_inv.a);
    tap_vec(t, TAP_b_star_A_inv, c->star_A_inv.b);
    tap_vec(t, TAP_c_star_A_inv, c->star_A_inv.c);
    tap_vec(t, TAP_a_angstroms, c->direct_A.a);
    tap_vec(t, TAP_b_angstroms, c->direct_A.b);
    tap_vec(t, TAP_c_angstroms, c->direct_A.c);
    tap_real(t, TAP_V_cell_A3, c->volume_A3);
    trace_reals(t, TAP_N_cells, c->cells);
    trace_words(t, TAP_xtal_shape, c->shape->word);
    tap_real(t, TAP_interpolate, scene->interpolate ? 1.0 : 0.0);
}

/* Writes the taps of the set-up in the order of the contract. Given: the scene with an open trace. spec/12. */
void trace_setup(struct scene *scene)
{
    struct trace *t = &scene->trace;
    const struct sampling *s = &scene->s;
    trace_begin(t);
    trace_detector(t, scene);
    trace_crystal(t, scene);
    trace_counts(t, scene);
    for (t->at.source = 0; t->at.source < s->source_count; ++t->at.source) {
        const struct source *source = &s->sources[t->at.source];
        tap_vec(t, TAP_source_vec, source->to);
        tap_real(t, TAP_source_lambda_meters, source->lambda_m);
        tap_real(t, TAP_source_weight, source->weight);
        tap_real(t, TAP_source_relative_weight, s->relative_weight[t->at.source]);
    }
    for (t->at.phi = 0; t->at.phi < s->phi.count; ++t->at.phi)
        tap_real(t, TAP_phi_rad, phi_of(s, t->at.phi));
    for (t->at.domain = 0; t->at.domain < s->domains; ++t->at.domain)
        trace_reals(t, TAP_mosaic_umat, &s->domain[t->at.domain].xx);
}

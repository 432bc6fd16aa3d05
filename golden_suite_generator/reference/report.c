/* What the program prints: set-up, progress, printouts of single pixels. */
#include "report.h"

#include <math.h>
#include <stdio.h>

#include "constants.h"
#include "messages.h"
#include "shapes.h"

/* Prints a named vector. */
static void print_vec(const char *name, vec3 v)
{
    printf("%s %g %g %g\n", name, v.x, v.y, v.z);
}

/* Prints wavelength, sources, polarization and fluence. */
static void report_beam(const struct scene *scene)
{
    const struct options *o = scene->o;
    printf("wave=%g meters, %lld sources\n", o->lambda_m, scene->s.source_count);
    for (long long i = 0; i < scene->s.source_count && i < 100; ++i) {
        const struct source *s = &scene->s.sources[i];
        printf("  source %lld: %g %g %g weight %g wavelength %g\n", i, s->to.x, s->to.y, s->to.z, s->weight,
               s->lambda_m);
    }
    if (o->nopolar)
        printf("polarization factor 1\n");
    else
        printf("Kahn polarization factor: %g\n", o->kahn);
    printf("fluence: %g photons/m^2\n", o->fluence);
}

/* Prints detector, centres, axes, region of interest and sensor. */
static void report_detector(const struct scene *scene)
{
    const struct geometry *g = &scene->g;
    printf("convention %s, pivot %s\n", convention_name(g->convention), pivot_name(g->pivot));
    printf("distance=%g close_distance=%g detsize=%gx%g pixel=%g meters (%lldx%lld pixels)\n", g->distance_m,
           g->close_distance_m, g->fast_size_m, g->slow_size_m, g->pixel_m, g->fast_pixels, g->slow_pixels);
    printf("Xbeam=%g Ybeam=%g Fbeam=%g Sbeam=%g Fclose=%g Sclose=%g\n", g->Xbeam_m, g->Ybeam_m, g->Fbeam_m, g->Sbeam_m,
           g->Fclose_m, g->Sclose_m);
    print_vec("beam vector", g->beam);
    print_vec("polarization axis", g->polar);
    print_vec("spindle axis", g->spindle);
    print_vec("fast axis", g->fast);
    print_vec("slow axis", g->slow);
    print_vec("normal axis", g->normal);
    print_vec("first pixel", g->pix0_m);
    printf("DIALS origin %g,%g,%g mm\n", g->dials_origin_mm[0], g->dials_origin_mm[1], g->dials_origin_mm[2]);
    printf("ROI: %lld <= x <= %lld && %lld <= y <= %lld\n", g->roi[0], g->roi[1], g->roi[2], g->roi[3]);
    printf("sensor %g meters in %lld layers of %g meters\n", scene->s.thick_m, scene->s.layers, scene->s.layer_m);
}

/* Prints structure factors, crystal and cell. */
static void report_crystal(const struct scene *scene)
{
    const struct crystal *c = &scene->c;
    vec3 m = vec_scale(c->misset_rad, DEGREES_PER_RADIAN);
    printf("  %.0f initialized hkls (all others =%g)\n", scene->table.reflections, scene->table.default_F);
    printf("%s xtal: %.0fx%.0fx%.0f cells\n", c->shape->printed, c->cells[0], c->cells[1], c->cells[2]);
    if (scene->o->misset != MISSET_NONE)
        printf("misset angles %f %f %f deg\n", m.x, m.y, m.z);
    print_vec("a (A)", c->direct_A.a);
    print_vec("b (A)", c->direct_A.b);
    print_vec("c (A)", c->direct_A.c);
    printf("cell volume %g A^3\n", c->volume_A3);
    double edges = vec_length(c->direct_m.a) * c->cells[0] * (vec_length(c->direct_m.b) * c->cells[1]) *
                   (vec_length(c->direct_m.c) * c->cells[2]);
    printf("molecular weight %g Da at 1.2 g/cm^3\n",
           edges * 1.2e6 * AVOGADRO / (c->cells[0] * c->cells[1] * c->cells[2]));
    if (scene->interpolate)
        printf("tricubic interpolation of structure factors\n");
}

/* Prints divergence, domains, phi steps and oversampling. */
static void report_steps(const struct scene *scene)
{
    const struct sampling *s = &scene->s;
    if (scene->o->source_file == NULL)
        printf("divergence %lld x %lld steps over %g x %g rad, dispersion %lld steps over %g percent\n", s->hdiv.count,
               s->vdiv.count, s->hdiv.range, s->vdiv.range, s->dispersion.count, s->dispersion.range * 100.0);
    printf("%lld mosaic domains over %g rad\n", s->domains, s->mosaic_rad);
    printf("%lld phi steps of %g degrees from %g degrees\n", s->phi.count, s->phi.step * DEGREES_PER_RADIAN,
           s->phi0_rad * DEGREES_PER_RADIAN);
    printf("oversample: %lld, steps: %.0f\n", s->oversample, s->steps);
}

/* Prints what the run will do. Given: the scene. */
void report_setup(const struct scene *scene)
{
    printf("%s %s, parity mode %s\n", PROGRAM_NAME, PROGRAM_VERSION,
           scene->q->mode == PARITY_SPEC ? "spec" : "c-parity");
    report_crystal(scene);
    report_beam(scene);
    report_detector(scene);
    report_steps(scene);
    if (scene->o->write_noise)
        printf("  seed: %lld\n", -scene->o->noise_seed);
}

/* Prints a progress line where one is due. Given: the scene, and the pixels finished before the one just done. */
void report_progress(const struct scene *scene, double finished)
{
    const long long *roi = scene->g.roi;
    if (!scene->o->progress || scene->o->printout)
        return;
    long long all = (roi[1] - roi[0] + 1) * (roi[3] - roi[2] + 1), n = (long long)finished;
    if (all < 100)
        return;
    bool edge = 10 * n < all || 10 * n > 9 * all;
    if (n % (all / 20) == 0 || (edge && n % (all / 100) == 0)) {
        printf("%lld%% done\n", n * 100 / all);
        fflush(stdout);
    }
}

/* sin(twotheta/2)/wavelength of the last sub-pixel (Q-PRINTOUT-ANGLE). */
static double second_stol(const struct scene *scene, const struct evaluation *e)
{
    if (!scene->q->on[QUIRK_PRINTOUT_ANGLE]) {
        double cosine = vec_dot(scene->g.beam, e->diffracted);
        double two_theta = acos(fmax(-1.0, fmin(1.0, cosine)));
        return sin(two_theta / 2.0) / scene->o->lambda_m;
    }
    double two_theta = atan2(sqrt(e->pos_m.y * e->pos_m.y + e->pos_m.z * e->pos_m.z), e->pos_m.x);
    return sin(two_theta / 2.0) / (scene->o->lambda_m * 1e10);
}

/* Prints one pixel. Given: the scene, its last evaluation and what it came to, and its place. */
void report_pixel(const struct scene *scene, const struct evaluation *e, long long slow, long long fast)
{
    const double A = 1e10;
    const struct cell *c = &e->cell;
    printf("fast %lld slow %lld stol %g %g\n", fast, slow, e->stol_m_inv, second_stol(scene, e));
    printf("position %g %g %g\n", e->pos_m.x, e->pos_m.y, e->pos_m.z);
    printf("hkl %f %f %f nearest %.0f %.0f %.0f\n", e->hkl.x, e->hkl.y, e->hkl.z, e->rounded.x + 0.0,
           e->rounded.y + 0.0, e->rounded.z + 0.0);
    printf("F_cell %g F_latt %g I %g\n", e->F_cell, e->F_latt, e->sum);
    printf("I/steps %15.10g\npolar   %15.10g\nomega   %15.10g\ncapfrac %15.10g\npixel   %15.10g\n",
           e->sum / scene->s.steps, e->cached.polar, e->cached.omega_sr, e->cached.capture, e->photons);
    printf("cell vectors in Angstrom, columns a b c\n");
    printf("X: %11.8f %11.8f %11.8f\n", c->a.x * A, c->b.x * A, c->c.x * A);
    printf("Y: %11.8f %11.8f %11.8f\n", c->a.y * A, c->b.y * A, c->c.y * A);
    printf("Z: %11.8f %11.8f %11.8f\n", c->a.z * A, c->b.z * A, c->c.z * A);
}

/* Prints the solid angle of the whole detector, sr (Q-SOLID-ANGLE-PRINT). Given: the scene and the statistics. */
void report_solid_angle(const struct scene *scene, const struct totals *t)
{
    const struct sampling *s = &scene->s;
    double O = (double)s->oversample, samples = O * O * (double)s->layers;
    double angle = t->solid_angle / (scene->q->on[QUIRK_SOLID_ANGLE_PRINT] ? s->steps : samples);
    printf("\nsolid angle subtended by detector = %g steradian ( %g%% sphere)\n", angle, 100.0 * angle / 4.0 / PI);
}

/* The pixel loop: the float image and the statistics that are gathered on the way (spec/06). */
#ifndef NB_IMAGE_H
#define NB_IMAGE_H

#include "crystal.h"
#include "geometry.h"
#include "sampling.h"
#include "smv_header.h"
#include "structure_factor.h"
#include "trace.h"

/* Orientation of each phi step, and which step's orientation a step sees. */
struct orientations {
    struct cell *cell; /* one a step, and the unrotated cell at the end; metres */
    long long *first;       /* in the first block of the run */
    long long *later;
    long long steps;
};

/* Everything the loop reads. */
struct scene {
    const struct options *o;
    const struct quirks *q;
    struct geometry g;
    struct crystal c;
    struct sampling s;
    struct factor_table table;
    struct mask mask;
    struct orientations turn;
    bool interpolate; /* as the loop starts */
    struct trace trace;
    unsigned char *traced; /* one byte a pixel, NULL when no pixel is traced */
};

/* What a pixel is multiplied by: capture fraction, polarization, solid angle. */
struct pixel_factors {
    double capture, polar; /* no unit, 0 .. 1 */
    double omega_sr;
};

/* The last evaluation of a pixel and what the pixel came to, for the printout. */
struct evaluation {
    double stol_m_inv;
    vec3 pos_m, diffracted; /* position of the sample; unit vector towards it */
    vec3 hkl, rounded;      /* Miller indices, and the nearest whole ones */
    double F_cell, F_latt; /* electrons; no unit */
    struct cell cell;      /* metres */
    struct pixel_factors cached;
    double sum, photons; /* running sum, electrons^2; value of the pixel */
};

/* What the loop leaves besides the image. */
struct totals {
    double max, max_f_m, max_s_m; /* the largest pixel, photons, and its place on the detector */
    double sum, sum_sqr, count;   /* photons, photons^2, pixels */
    double solid_angle; /* sum over pixels, layers and sub-pixels, sr */
};

struct orientations orientations_make(const struct scene *scene);
void orientations_free(struct orientations *turn);
struct totals image_render(struct scene *scene, float *image);
bool pixel_in_roi(const struct geometry *g, long long slow, long long fast);
bool pixel_masked(const struct scene *scene, long long slow, long long fast);
void trace_setup(struct scene *scene);
double scene_background(const struct scene *scene);

#endif

/* State of the pixel loop, shared by the files that make it up: image.c, block.c, pixel_factors.c. */
#ifndef NB_LOOP_H
#define NB_LOOP_H

#include "image.h"

/* Some of the three pixel factors. */
struct factor_choice {
    bool capture, polar, omega;
};

/* State that outlives a pixel. */
struct loop {
    struct scene *scene;
    bool interpolate;
    bool first_block;
    vec3 polar_axis;     /* unit vector */
    double flux_factor;  /* r_e^2 times fluence, m^2 photons/m^2 */
    double background;   /* start of the running sum, electrons^2 */
    bool running_product, per_layer, gather_water, shows_water;
    struct factor_choice inside, at_end; /* where each factor is applied */
    bool cut_short; /* a lattice factor of 0 ends a domain; only these two quirks, and water, could tell */
    struct totals totals;
};

/* State of one pixel. */
struct pixel {
    struct pixel_factors cached;
    bool have_polar;
    double sum;       /* running sum, electrons^2 */
    double water;     /* sum of the factors that the background gets, no unit */
    double end_f_m, end_s_m;
    bool printed;
    struct evaluation last;
    struct trace *trace; /* NULL unless the pixel is traced */
};

/* One layer, sub-pixel and source. */
struct beamlet {
    vec3 q_per_m;
    struct pixel_factors inside; /* those that are applied inside the loop, else 1 */
    double layer_capture;        /* the layer's own capture fraction if it counts alone, else 1 */
    double weight;               /* of the source, relative, times that; no unit */
};

void run_block(struct loop *loop, struct pixel *p, const struct beamlet *b);
void refresh_polar(struct loop *loop, struct pixel *p, vec3 *incident, vec3 *diffracted);
void refresh_sample_factors(const struct scene *scene, struct pixel *p, long long layer, double R_m, vec3 diffracted);

/* The chosen factors; the others are 1, and multiplying by exactly 1 changes no bit. */
static inline struct pixel_factors chosen_factors(const struct pixel_factors *f, struct factor_choice choice)
{
    return (struct pixel_factors){choice.capture ? f->capture : 1.0, choice.polar ? f->polar : 1.0,
                                  choice.omega ? f->omega_sr : 1.0};
}

/* A value times the factors, one after the other as upstream does. */
static inline double times_factors(double value, const struct pixel_factors *f)
{
    return value * f->capture * f->polar * f->omega_sr;
}

#endif

/* State of the pixel loop, shared by the files that make it up: image.c, block.c, orientations.c. */
#ifndef NB_LOOP_H
#define NB_LOOP_H

#include "image.h"

/* State that outlives a pixel. */
struct loop {
    struct scene *scene;
    bool interpolate;
    bool first_block;
    vec3 polar_axis;
    double flux_factor;  /* r_e^2 times fluence, m^2 photons/m^2 */
    double background;   /* start of the running sum */
    bool running_product, per_layer, gather_water;
    bool cut_short; /* a lattice factor of 0 ends a domain; only these two quirks could tell */
    struct totals totals;
};

/* State of one pixel. */
struct pixel {
    double C, P, W;   /* the caches */
    bool have_polar;
    double sum;       /* running sum, electrons^2 */
    double water;     /* sum of the factors that the background gets */
    double end_f_m, end_s_m;
    bool printed;
    struct evaluation last;
    struct trace *trace; /* NULL unless the pixel is traced */
};

/* One layer, sub-pixel and source. */
struct beamlet {
    vec3 q_per_m;
    double thick, polar, omega; /* factors applied inside the loop, else 1 */
    double weight;              /* source factor, and the layer's own capture fraction if it counts alone */
};

void run_block(struct loop *loop, struct pixel *p, const struct beamlet *b);

#endif

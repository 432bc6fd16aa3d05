/* Detector geometry (spec/02). */
#ifndef NB_GEOMETRY_H
#define NB_GEOMETRY_H

#include "options.h"

/* The detector of a run, laboratory frame. */
struct geometry {
    enum convention convention;
    enum pivot pivot;
    long long fast_pixels, slow_pixels;
    double pixel_m, fast_size_m, slow_size_m;
    long long roi[4]; /* xmin xmax ymin ymax, pixels, inclusive */
    vec3 beam, fast, slow, normal, polar, spindle, vertical; /* unit vectors */
    vec3 twotheta_axis; /* as typed with Q-TWOTHETA-AXIS-NORM, else a unit vector */
    vec3 pix0_m;
    double Xbeam_m, Ybeam_m; /* as the header shows them */
    double Fbeam_m, Sbeam_m, Fclose_m, Sclose_m;
    double ORGX, ORGY; /* pixels */
    double distance_m, close_distance_m;
    vec3 rot_rad; /* detector rotations about x, y, z */
    double twotheta_rad;
    mat3 turn; /* what they do to a vector; sheared by a two-theta axis that is no unit vector */
    double dials_origin_mm[3];
    bool curved, point_pixel;
};

struct geometry geometry_resolve(const struct options *o, const struct quirks *q, struct warnings *w);
const char *convention_name(enum convention c);
const char *pivot_name(enum pivot p);
vec3 curved_position(const struct geometry *g, const struct quirks *q, vec3 flat_m, double fdet_m, double sdet_m);

#endif

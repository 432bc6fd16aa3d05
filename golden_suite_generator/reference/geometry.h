/* Detector geometry (spec/02). */
#ifndef NB_GEOMETRY_H
#define NB_GEOMETRY_H

#include "options.h"

struct geometry {
    enum convention convention;
    enum pivot pivot;
    long long fast_pixels, slow_pixels;
    double pixel_m, fast_size_m, slow_size_m;
    long long roi[4]; /* xmin xmax ymin ymax, inclusive */
    vec3 beam, fast, slow, normal, twotheta_axis, polar, spindle, vertical;
    vec3 pix0_m;
    double Xbeam_m, Ybeam_m; /* as the header shows them */
    double Fbeam_m, Sbeam_m, Fclose_m, Sclose_m, ORGX, ORGY;
    double distance_m, close_distance_m;
    double twotheta_rad;
    double dials_origin_mm[3];
    bool curved, point_pixel;
};

struct geometry geometry_resolve(const struct options *o, const struct quirks *q, struct warnings *w);
const char *convention_name(enum convention c);
const char *pivot_name(enum pivot p);
vec3 curved_position(const struct geometry *g, const struct quirks *q, vec3 flat_m, double fdet_m, double sdet_m);

#endif

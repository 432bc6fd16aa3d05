/* From the options to the detector's vectors, origin and distances, in the order of spec/02. */
#include "geometry.h"

#include <math.h>

#include "constants.h"
#include "value_rules.h"

static const double MOST_ON_AXIS = 2147483647.0;
static const double BYTES_PER_PIXEL = 16.0;

/* The vectors of each convention in the order of enum axis, and the pivot it forces. */
struct convention_row {
    const char *name;
    enum pivot pivot;
    vec3 vector[AXIS_COUNT];
};

static const struct convention_row CONVENTIONS[] = {
    [MOSFLM] = {"MOSFLM", PIVOT_BEAM,
                {{1, 0, 0}, {0, 0, 1}, {0, -1, 0}, {1, 0, 0}, {0, 0, -1}, {0, 0, 1}, {0, 0, 1}}},
    [ADXV] = {"ADXV", PIVOT_BEAM, {{0, 0, 1}, {1, 0, 0}, {0, -1, 0}, {0, 0, 1}, {-1, 0, 0}, {1, 0, 0}, {1, 0, 0}}},
    [DENZO] = {"DENZO", PIVOT_BEAM, {{1, 0, 0}, {0, 0, 1}, {0, -1, 0}, {1, 0, 0}, {0, 0, -1}, {0, 0, 1}, {0, 0, 1}}},
    [XDS] = {"XDS", PIVOT_SAMPLE, {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}}},
    [DIALS] = {"DIALS", PIVOT_SAMPLE, {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}}},
    [CUSTOM] = {"CUSTOM", PIVOT_UNSET, {{0, 0, 0}}},
};

/* Given: a convention. Returned: its name in messages and traces. */
const char *convention_name(enum convention c)
{
    return CONVENTIONS[c].name;
}

/* Given: a pivot. Returned: its word in messages and traces. */
const char *pivot_name(enum pivot p)
{
    static const char *const NAMES[] = {[PIVOT_UNSET] = "UNSET", [PIVOT_BEAM] = "BEAM", [PIVOT_SAMPLE] = "SAMPLE"};
    return NAMES[p];
}

/* Number of pixels on one axis, and the size if the count was given (spec/02 section 2). */
static double axis_pixels(long long count, double pixel_m, double *size_m)
{
    if (count != 0)
        *size_m = pixel_m * (double)count;
    return ceil(*size_m / pixel_m - 0.5);
}

/* Pixel size, detector size (m) and pixel counts; each axis needs at least one pixel. */
static void resolve_size(const struct options *o, struct geometry *g)
{
    if (!(o->pixel_m > 0.0))
        fail("pixel size %g mm must be above 0; give -pixel or a header with PIXEL_SIZE", o->pixel_m * 1000.0);
    g->pixel_m = o->pixel_m;
    g->fast_size_m = o->detsize_m[0];
    g->slow_size_m = o->detsize_m[1];
    double fast = axis_pixels(o->pixels[0], o->pixel_m, &g->fast_size_m);
    double slow = axis_pixels(o->pixels[1], o->pixel_m, &g->slow_size_m);
    if (!(fast >= 1.0 && slow >= 1.0))
        fail("detector of %.0f x %.0f pixels (-detpixels, -detsize, -pixel): each axis needs at least one pixel",
             fast + 0.0, slow + 0.0);
    if (!(fast <= MOST_ON_AXIS && slow <= MOST_ON_AXIS && fast * slow <= (double)LARGEST_PIXELS))
        fail("detector of %.6g x %.6g pixels (-detpixels, -detsize, -pixel): at most %d pixels are possible", fast,
             slow, LARGEST_PIXELS);
    values_check_memory(BYTES_PER_PIXEL * fast * slow, "the detector");
    g->fast_pixels = (long long)fast;
    g->slow_pixels = (long long)slow;
}

/* Bounds of the region of interest; a negative one takes its default. */
static void resolve_roi(const struct options *o, struct geometry *g)
{
    const long long unset[4] = {0, g->fast_pixels, 0, g->slow_pixels};
    for (int i = 0; i < 4; ++i)
        g->roi[i] = o->roi[i] < 0 ? unset[i] : o->roi[i];
}

/* wanted, or otherwise where wanted is unset (NaN). */
static double first_of(double wanted, double otherwise)
{
    return isnan(wanted) ? otherwise : wanted;
}

/* -Xbeam (axis 0) or -Ybeam: as typed or in a header, or what stands for the spot of a header (m); NaN if unset. */
static double typed_beam(const struct options *o, const struct geometry *g, int axis)
{
    double typed = axis == 0 ? o->Xbeam_m : o->Ybeam_m, fast = o->header_spot_m[0], slow = o->header_spot_m[1];
    if (!isnan(typed) || isnan(fast))
        return typed;
    if (g->convention == MOSFLM || g->convention == DENZO)
        return (axis == 0 ? slow : fast) - (g->convention == MOSFLM ? 0.5 * g->pixel_m : 0.0);
    if (g->convention == ADXV && axis == 1)
        return g->slow_size_m - slow;
    return axis == 0 ? fast : slow;
}

/* Near point and direct beam before any rotation, in metres (spec/02 section 3). */
static void resolve_centres(const struct options *o, const struct quirks *q, struct geometry *g)
{
    double px = g->pixel_m, Lf = g->fast_size_m, Ls = g->slow_size_m;
    bool mosflm = g->convention == MOSFLM, adxv = g->convention == ADXV;
    double Xbeam = typed_beam(o, g, 0), Ybeam = typed_beam(o, g, 1);
    g->Fclose_m = isnan(o->ORGX) ? Lf / 2.0 : (o->ORGX - 0.5) * px;
    g->Sclose_m = isnan(o->ORGY) ? Ls / 2.0 : (o->ORGY - 0.5) * px;
    double Xclose = first_of(o->Xclose_m, g->Fclose_m), Yclose = first_of(o->Yclose_m, g->Sclose_m);
    if (adxv) {
        g->Xbeam_m = first_of(Xbeam, (Lf + px) / 2.0);
        g->Ybeam_m = first_of(Ybeam, (Ls - px) / 2.0);
        g->Fbeam_m = g->Xbeam_m;
        g->Sbeam_m = Ls - g->Ybeam_m;
    } else if (mosflm || g->convention == DENZO) {
        g->Xbeam_m = first_of(Xbeam, (Ls + px) / 2.0);
        g->Ybeam_m = first_of(Ybeam, (Lf + px) / 2.0);
        g->Fbeam_m = mosflm ? g->Ybeam_m + 0.5 * px : g->Ybeam_m;
        g->Sbeam_m = mosflm ? g->Xbeam_m + 0.5 * px : g->Xbeam_m;
    } else {
        g->Xbeam_m = g->Fbeam_m = first_of(Xbeam, Xclose);
        g->Ybeam_m = g->Sbeam_m = first_of(Ybeam, Yclose);
    }
    if (g->convention == CUSTOM) {
        g->Fclose_m = g->Xbeam_m;
        g->Sclose_m = g->Ybeam_m;
    } else if (!q->on[QUIRK_CENTRE_IGNORED] && (g->convention == XDS || g->convention == DIALS)) {
        if (isnan(o->ORGX))
            g->Fclose_m = first_of(o->Xclose_m, first_of(Xbeam, g->Fclose_m));
        if (isnan(o->ORGY))
            g->Sclose_m = first_of(o->Yclose_m, first_of(Ybeam, g->Sclose_m));
        g->Fbeam_m = g->Fclose_m;
        g->Sbeam_m = g->Sclose_m;
    }
}

/* The pivot; where spec mode turns a beam-centred convention about the sample, its near point too. */
static void resolve_pivot(const struct options *o, const struct quirks *q, struct geometry *g)
{
    enum pivot forced = CONVENTIONS[g->convention].pivot;
    g->pivot = forced == PIVOT_UNSET ? o->implied_pivot : forced;
    if (q->on[QUIRK_PIVOT_FORCED])
        return;
    if (o->typed_pivot != PIVOT_UNSET)
        g->pivot = o->typed_pivot;
    else if (o->typed_twotheta_rad != 0.0)
        g->pivot = PIVOT_SAMPLE;
    if (g->pivot == PIVOT_SAMPLE && forced == PIVOT_BEAM) {
        g->Fclose_m = isnan(o->ORGX) ? first_of(o->Xclose_m, g->Fbeam_m) : (o->ORGX - 0.5) * g->pixel_m;
        g->Sclose_m = isnan(o->ORGY) ? first_of(o->Yclose_m, g->Sbeam_m) : (o->ORGY - 0.5) * g->pixel_m;
    }
}

/* The normal of a custom detector when Q-ODET-DISCARDED is off; b, f, s are unit vectors already. */
static vec3 sane_normal(const struct options *o, const struct geometry *g, vec3 typed)
{
    bool given = o->vector_given[AXIS_NORMAL];
    if (given && vec_length(typed) > 0.0)
        return vec_unit(typed);
    if (!given && !o->vector_given[AXIS_FAST] && !o->vector_given[AXIS_SLOW])
        return vec_unit(typed);
    vec3 normal = vec_unit(vec_cross(g->fast, g->slow));
    return vec_dot(g->beam, normal) < 0.0 ? vec_scale(normal, -1.0) : normal;
}

/* Unit vectors before any rotation (spec/02 section 4). */
static void resolve_vectors(const struct options *o, const struct quirks *q, struct geometry *g)
{
    bool custom = g->convention == CUSTOM;
    const vec3 *v = custom ? o->vector : CONVENTIONS[g->convention].vector;
    g->beam = vec_unit(v[AXIS_BEAM]);
    g->fast = vec_unit(v[AXIS_FAST]);
    g->slow = vec_unit(v[AXIS_SLOW]);
    values_check_axes(g);
    if (custom && !q->on[QUIRK_ODET_DISCARDED])
        g->normal = sane_normal(o, g, v[AXIS_NORMAL]);
    else if (vec_length(v[AXIS_NORMAL]) != 1.0)
        g->normal = vec_unit(vec_cross(g->fast, g->slow));
    else
        g->normal = vec_unit(v[AXIS_NORMAL]);
    g->polar = vec_unit(v[AXIS_POLAR]);
    g->spindle = vec_unit(v[AXIS_SPINDLE]);
    g->vertical = vec_unit(vec_cross(g->beam, g->polar));
    g->twotheta_axis = q->on[QUIRK_TWOTHETA_AXIS_NORM] ? v[AXIS_TWOTHETA] : vec_unit(v[AXIS_TWOTHETA]);
}

/* The ratio b . normal; exactly 0 is the smallest number, or an error (Q-PERPENDICULAR). */
static double checked_ratio(double r, const struct quirks *q)
{
    if (r == 0.0 && !q->on[QUIRK_PERPENDICULAR])
        fail("the beam lies in the detector plane (b . normal = 0); change -beam_vector, -odet_vector or rotations");
    return r == 0.0 ? SMALLEST : r;
}

/* -f_m f - s_m s + o_m o, in metres, component by component. */
static vec3 origin_from(double f_m, double s_m, double o_m, vec3 f, vec3 s, vec3 o)
{
    return vec(-f_m * f.x - s_m * s.x + o_m * o.x, -f_m * f.y - s_m * s.y + o_m * o.y,
               -f_m * f.z - s_m * s.z + o_m * o.z);
}

/* A vector after the three detector rotations and the two-theta swing. */
static vec3 turned(const struct geometry *g, vec3 v)
{
    return rotate_axis(rotate_xyz(v, g->rot_rad), g->twotheta_axis, g->twotheta_rad);
}

/* The matrix of all that the detector is turned by. */
static mat3 whole_turn(const struct geometry *g)
{
    vec3 x = turned(g, vec(1.0, 0.0, 0.0)), y = turned(g, vec(0.0, 1.0, 0.0)), z = turned(g, vec(0.0, 0.0, 1.0));
    return (mat3){x.x, y.x, z.x, x.y, y.y, z.y, x.z, y.z, z.z};
}

/* Close distance as far as it is known before the origin is: from the options, or from the distance. */
static void resolve_distance(const struct options *o, const struct quirks *q, struct geometry *g, double ratio)
{
    double close = o->close_distance_m;
    if (!q->on[QUIRK_CLOSE_BEATS_DISTANCE] && o->distance_typed && !o->close_typed)
        close = NAN;
    if (!isnan(o->header_spot_m[0]) && g->pivot == PIVOT_BEAM && !o->close_typed)
        close = NAN;
    if (o->distance_m == 0.0 || close == 0.0)
        fail("a detector distance of 0 is not allowed; give -distance or -close_distance, or a header with DISTANCE");
    g->close_distance_m = isnan(close) ? fabs(ratio * o->distance_m) : close;
    g->distance_m = g->close_distance_m / ratio;
}

/* Final origin, distances and centres (spec/02 section 5). */
static void resolve_origin(const struct options *o, const struct quirks *q, struct geometry *g)
{
    double ratio = checked_ratio(vec_dot(g->beam, rotate_xyz(g->normal, g->rot_rad)), q);
    bool typed_origin = !q->on[QUIRK_PIX0_IGNORED] && g->convention == CUSTOM && o->pix0_given;
    resolve_distance(o, q, g, ratio);
    if (g->pivot == PIVOT_SAMPLE)
        g->pix0_m = turned(g, origin_from(g->Fclose_m, g->Sclose_m, g->close_distance_m, g->fast, g->slow, g->normal));
    g->turn = whole_turn(g);
    g->fast = turned(g, g->fast);
    g->slow = turned(g, g->slow);
    g->normal = turned(g, g->normal);
    if (g->pivot == PIVOT_BEAM)
        g->pix0_m = origin_from(g->Fbeam_m, g->Sbeam_m, g->distance_m, g->fast, g->slow, g->beam);
    if (typed_origin)
        g->pix0_m = o->pix0_m;
    g->Fclose_m = -vec_dot(g->pix0_m, g->fast);
    g->Sclose_m = -vec_dot(g->pix0_m, g->slow);
    g->close_distance_m = vec_dot(g->pix0_m, g->normal);
    if (!q->on[QUIRK_RATIO_NO_TWOTHETA])
        ratio = checked_ratio(vec_dot(g->beam, g->normal), q);
    g->distance_m = g->close_distance_m / ratio;
    vec3 to_beam = vec(g->distance_m * g->beam.x - g->pix0_m.x, g->distance_m * g->beam.y - g->pix0_m.y,
                       g->distance_m * g->beam.z - g->pix0_m.z);
    g->Fbeam_m = vec_dot(g->fast, to_beam);
    g->Sbeam_m = vec_dot(g->slow, to_beam);
    g->ORGX = g->Fclose_m / g->pixel_m + 0.5;
    g->ORGY = g->Sclose_m / g->pixel_m + 0.5;
    g->dials_origin_mm[0] = 1000.0 * g->pix0_m.z;
    g->dials_origin_mm[1] = 1000.0 * g->pix0_m.y;
    g->dials_origin_mm[2] = -1000.0 * g->pix0_m.x;
}

/* Notes the centre options that the convention does not use (spec/02 section 3). */
static void warn_centres(const struct options *o, const struct quirks *q, const struct geometry *g, struct warnings *w)
{
    const char *const beam[] = {"-Xbeam", "-Ybeam"}, *const close[] = {"-Xclose", "-Yclose"},
                      *const org[] = {"-ORGX", "-ORGY"};
    bool sample = g->pivot == PIVOT_SAMPLE && !q->on[QUIRK_PIVOT_FORCED];
    for (int i = 0; i < 2; ++i) {
        bool x = option_seen(o, beam[i]), c = option_seen(o, close[i]), p = option_seen(o, org[i]);
        const char *unused = NULL;
        if (g->convention == CUSTOM)
            unused = x && (c || p) ? (c ? close[i] : org[i]) : c && p ? org[i] : NULL;
        else if (CONVENTIONS[g->convention].pivot == PIVOT_BEAM)
            unused = sample ? (p && c ? close[i] : NULL) : c ? close[i] : p ? org[i] : NULL;
        else if (q->on[QUIRK_CENTRE_IGNORED])
            unused = x ? beam[i] : c ? close[i] : NULL;
        if (unused != NULL)
            warn_later(w, "%s does not move the detector: convention %s with pivot %s uses another centre", unused,
                       convention_name(g->convention), pivot_name(g->pivot));
    }
    if (o->typed_pivot != PIVOT_UNSET && o->typed_pivot != g->pivot)
        warn_later(w, "-pivot has no effect: convention %s turns about the %s (Q-PIVOT-FORCED)",
                   convention_name(g->convention), g->pivot == PIVOT_BEAM ? "beam" : "sample");
    if (o->pix0_given && (q->on[QUIRK_PIX0_IGNORED] || g->convention != CUSTOM))
        warn_later(w, "the numbers of -pix0_vector have no effect: the pivot gives the origin (Q-PIX0-IGNORED)");
}

/*
 * Given: options, quirks, and where warnings go. Returned: the whole detector, metres and unit vectors; one that cannot
 * be placed ends the program. spec/02 sections 2 to 5.
 */
struct geometry geometry_resolve(const struct options *o, const struct quirks *q, struct warnings *w)
{
    struct geometry g = {.convention = (enum convention)o->convention, .rot_rad = o->detector_rot_rad,
                         .twotheta_rad = o->twotheta_rad};
    g.curved = o->curved;
    g.point_pixel = o->point_pixel;
    resolve_size(o, &g);
    resolve_roi(o, &g);
    resolve_centres(o, q, &g);
    resolve_pivot(o, q, &g);
    resolve_vectors(o, q, &g);
    resolve_origin(o, q, &g);
    warn_centres(o, q, &g, w);
    return g;
}

/*
 * Given: the detector, quirks, the position on the flat detector (m), and its distances along fast and slow from the
 * corner of pixel (0,0) (m). Returned: the position on the curved detector, m. spec/02 section 6.
 */
vec3 curved_position(const struct geometry *g, const struct quirks *q, vec3 flat_m, double fdet_m, double sdet_m)
{
    vec3 centre = vec_scale(g->beam, g->distance_m);
    if (q->on[QUIRK_CURVED_TRANSPOSE])
        return rotate_axis(rotate_axis(centre, g->slow, flat_m.y / g->distance_m), g->fast, flat_m.z / g->distance_m);
    vec3 about_fast = vec_unit(vec_cross(g->beam, g->fast)), about_slow = vec_unit(vec_cross(g->beam, g->slow));
    vec3 turned_once = rotate_axis(centre, about_fast, (fdet_m - g->Fbeam_m) / g->distance_m);
    return rotate_axis(turned_once, about_slow, (sdet_m - g->Sbeam_m) / g->distance_m);
}

/* The one check of values before anything is computed: as typed, as a header set them, and what follows from them. */
#define _DEFAULT_SOURCE
#include "value_rules.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "constants.h"

enum { NAME_ROOM = 48 };
static const double BYTES_OF_EACH = 1024.0; /* that a source, an orientation or a layer may need */
static const double GRAZING = 1.0 / 1073741824.0;
static const double GIB = 1073741824.0;

/* Ends the program if a number breaks the rule of its row; where: what the number belongs to, or "". */
static void refuse(const char *where, const struct range *r, double value, bool typed)
{
    double bound;
    const char *why = range_problem(r, value, &bound);
    if (why == NULL && typed)
        why = tiny_problem(value);
    if (why == NULL)
        return;
    const char *gap = r->unit[0] != '\0' ? " " : "";
    if (isnan(bound))
        fail("%s%s %.10g: %s%s%s", where, r->place, value, why, r->unit[0] != '\0' ? "; the unit is " : "", r->unit);
    fail("%s%s %.10g: %s %.10g%s%s", where, r->place, value, why, bound, gap, r->unit);
}

/* Notes a warning if a number is odd. */
static void doubt(const char *where, const struct range *r, double value, struct warnings *w)
{
    const char *what = range_doubt(r, value);
    if (what != NULL && r->unit[0] != '\0')
        warn_later(w, "%s%s %.10g %s; the unit is %s", where, r->place, value, what, r->unit);
    else if (what != NULL)
        warn_later(w, "%s%s %.10g %s", where, r->place, value, what);
}

/* How many numbers an option took; a word such as 'random' is none. */
static int numbers_taken(const struct option_row *row, const char *name, const struct values *v)
{
    if (row->values[0] != '*')
        return (int)strspn(row->values, "ri");
    if (strcmp(name, "-cell") == 0)
        return v->count;
    return v->word[0] != NULL ? 0 : strcmp(name, "-misset") == 0 ? 3 : 1;
}

/*
 * Checks what was typed behind an option. Given: its row, the values in the unit typed, and where warnings go, NULL for
 * a first look that checks nothing.
 */
void values_check_typed(const struct option_row *row, const struct values *v, struct warnings *doubts)
{
    char name[NAME_ROOM];
    if (doubts == NULL)
        return;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(row->names, " "), row->names);
    const char *why = is_axis(name) ? axis_problem(name, v->real[0], v->real[1], v->real[2]) : NULL;
    if (why != NULL)
        fail("%s %g %g %g: %s", name, v->real[0], v->real[1], v->real[2], why);
    int count = numbers_taken(row, name, v);
    for (int i = 0; i < count; ++i) {
        const struct range *r = range_of(name, i);
        double value = row->values[0] == 'i' ? (double)v->whole[i] : v->real[i];
        if (r == NULL)
            continue;
        refuse("", r, value, true);
        doubt("", r, value, doubts);
    }
}

/* Ends the program if flux, exposure and beam size make a fluence out of range. Given: the options. */
void values_check_fluence(const struct options *o)
{
    double bound;
    if (range_problem(range_at("-fluence"), o->fluence, &bound) != NULL)
        fail("-flux %g: flux * exposure / beamsize^2 makes a fluence of %g photons/m^2; at most %g is possible",
             o->flux, o->fluence, range_at("-fluence")->most);
}

/* Checks one number that a header may have set; value in the unit of its option. */
static void check_header_value(const struct options *o, const char *option, double value, double usual,
                               struct warnings *w)
{
    char where[512];
    if (isnan(value) || value == 0.0 || value == usual || option_seen(o, option))
        return;
    snprintf(where, sizeof where, "the header of '%.400s': ", o->img_file != NULL ? o->img_file : o->mask_file);
    refuse(where, range_at(option), value, false);
    doubt(where, range_at(option), value, w);
}

/*
 * Checks the values that come from the header of an image or a mask; 0 is refused where it is used. Given: the options,
 * and where warnings go.
 */
void values_check_header(const struct options *o, struct warnings *w)
{
    if (o->img_file == NULL && o->mask_file == NULL)
        return;
    check_header_value(o, "-pixel", o->pixel_m * 1000.0, NAN, w);
    check_header_value(o, "-distance", o->distance_m * 1000.0, NAN, w);
    check_header_value(o, "-close_distance", o->close_distance_m * 1000.0, NAN, w);
    if (!option_seen(o, "-energy"))
        check_header_value(o, "-lambda", o->lambda_m * 1e10, NAN, w);
    check_header_value(o, "-Xbeam", o->Xbeam_m * 1000.0, NAN, w);
    check_header_value(o, "-Ybeam", o->Ybeam_m * 1000.0, NAN, w);
    check_header_value(o, "-ORGX", o->ORGX, NAN, w);
    check_header_value(o, "-ORGY", o->ORGY, NAN, w);
    check_header_value(o, "-phi", o->phi_rad * DEGREES_PER_RADIAN, NAN, w);
    check_header_value(o, "-osc", o->phi.range * DEGREES_PER_RADIAN, -DEGREES_PER_RADIAN, w);
    check_header_value(o, "-twotheta", o->twotheta_rad * DEGREES_PER_RADIAN, NAN, w);
}

/* Ends the program if a vector has no length. Given: what the list is, the place in it, and the vector. */
void values_check_direction(const char *what, long long number, vec3 v)
{
    const char *why = axis_problem("", v.x, v.y, v.z);
    if (why != NULL)
        fail("%s %lld at %g %g %g: %s", what, number, v.x, v.y, v.z, why);
}

/*
 * Ends the program if the region of interest holds no pixel, and warns if the edge cuts it. Given: the detector, and
 * where warnings go.
 */
void values_check_region(const struct geometry *g, struct warnings *w)
{
    const long long *roi = g->roi, pixels[2] = {g->fast_pixels, g->slow_pixels};
    bool cut = false;
    for (int i = 0; i < 2; ++i) {
        if (roi[2 * i] > roi[2 * i + 1])
            fail("-roi %lld %lld %lld %lld: the region is empty, minimum %lld above maximum %lld; give FAST_MIN "
                 "FAST_MAX SLOW_MIN SLOW_MAX", roi[0], roi[1], roi[2], roi[3], roi[2 * i], roi[2 * i + 1]);
        if (roi[2 * i] >= pixels[i])
            fail("-roi %lld %lld %lld %lld: the region is empty, %lld is beyond the last pixel %lld", roi[0], roi[1],
                 roi[2], roi[3], roi[2 * i], pixels[i] - 1);
        cut = cut || roi[2 * i + 1] > pixels[i];
    }
    if (cut)
        warn_later(w, "-roi %lld %lld %lld %lld is cut to the %lld fast x %lld slow pixels there are", roi[0], roi[1],
                   roi[2], roi[3], pixels[0], pixels[1]);
}

/* Ends the program if the unit vectors of the detector's axes are parallel. Given: the detector. */
void values_check_axes(const struct geometry *g)
{
    if (!(vec_length(vec_cross(g->fast, g->slow)) > GRAZING))
        fail("-fdet_vector and -sdet_vector are parallel: the detector has no area; turn one");
}

/* Warns of a pixel that was to be printed and is not computed. Given: options, detector, and where warnings go. */
void values_check_printout(const struct options *o, const struct geometry *g, struct warnings *w)
{
    long long fast = o->printout_pixel[0], slow = o->printout_pixel[1];
    bool inside = fast >= g->roi[0] && fast <= g->roi[1] && fast < g->fast_pixels && slow >= g->roi[2] &&
                  slow <= g->roi[3] && slow < g->slow_pixels;
    if (fast >= 0 && !inside)
        warn_later(w, "-printout_pixel %lld %lld is outside the region: nothing is printed", fast, slow);
}

/*
 * Ends the program if no numbers can place the detector, and warns if the beam runs along its plane. Given: the
 * detector, and where warnings go.
 */
void values_check_geometry(const struct geometry *g, struct warnings *w)
{
    const double made[] = {g->pix0_m.x, g->pix0_m.y, g->pix0_m.z, g->distance_m, g->close_distance_m,
                           g->Fbeam_m, g->Sbeam_m, g->ORGX, g->ORGY};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; ++i)
        if (!isfinite(made[i]))
            fail("the detector cannot be placed: its distance or beam centre is beyond the range of numbers; change "
                 "the distance, the beam centre or the axes");
    if (g->close_distance_m == 0.0)
        fail("the detector plane goes through the sample (close distance 0); move or turn the detector");
    double radius_mm = 1000.0 * g->distance_m, bound;
    if (g->curved && range_problem(range_at("-distance"), radius_mm, &bound) != NULL)
        fail("-curved_det: the radius, a distance of %.10g mm, is out of the range of -distance (%g to %g mm); turn "
             "the detector, or leave -curved_det out", radius_mm, range_at("-distance")->least,
             range_at("-distance")->most);
    double cosine = vec_dot(g->beam, g->normal);
    if (fabs(cosine) <= GRAZING)
        warn_later(w, "the beam runs along the detector plane (cosine %g): distance and beam centre mean nothing",
                   cosine);
}

/*
 * Warns of a polarization along the beam where something depends on its direction. Given: options, detector, whether
 * there is a divergence, and where warnings go.
 */
void values_check_polarization(const struct options *o, const struct geometry *g, bool diverging, struct warnings *w)
{
    bool polarized = !o->nopolar && o->kahn != 0.0;
    if (vec_length(g->vertical) <= GRAZING && (polarized || diverging))
        warn_later(w, "the polarization is parallel to the beam: -polar and the divergence have no direction; give "
                      "-polar_vector");
}

/* Ends the program if an edge of the cell is out of range. Given: its letter, and its length (Angstrom). */
void values_check_edge(char axis, double edge_A)
{
    const struct range *r = range_at("-cell length a");
    double bound;
    if (range_problem(r, edge_A, &bound) != NULL)
        fail("-cell or -mat: the edge %c of %.10g Angstrom must lie between %g and %g", axis, edge_A, r->least,
             r->most);
}

/* Ends the program if a list would be too long. Given: its length, and what its items are. */
void values_check_count(double count, const char *what)
{
    if (!(count <= (double)LARGEST_COUNT))
        fail("%.10g %s: at most %d are possible", count, what, LARGEST_COUNT);
    values_check_memory(BYTES_OF_EACH * count, what);
}

/*
 * Ends the program if the run would be too much work. Given: the detector, the steps of one pixel and layer, the
 * layers, and the sub-pixels a side. spec/06 section 1.
 */
void values_check_work(const struct geometry *g, double steps, double layers, double oversample)
{
    if (!(oversample <= (double)LARGEST_OVERSAMPLE))
        fail("the crystal calls for -oversample %.4g: at most %d sub-pixels a side; give -oversample, a smaller "
             "crystal or another geometry", oversample, LARGEST_OVERSAMPLE);
    double fast = fmin((double)g->roi[1] + 1.0, (double)g->fast_pixels) - (double)g->roi[0];
    double slow = fmin((double)g->roi[3] + 1.0, (double)g->slow_pixels) - (double)g->roi[2];
    double evaluations = fast * slow * steps * layers;
    if (!(evaluations <= LARGEST_EVALUATIONS))
        fail("%.4g evaluations (pixels x sources x phi steps x domains x sub-pixels x layers): at most %.4g; ask for "
             "less, or for a part with -roi", evaluations, LARGEST_EVALUATIONS);
}

/*
 * Ends the program if something would need more than the memory of this machine. Given: bytes, and what they are for.
 */
void values_check_memory(double bytes, const char *what)
{
#ifdef _SC_PHYS_PAGES
    double present = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (present > 0.0 && bytes > present)
        fail("%s: would need %.3g GiB of memory, this machine has %.3g GiB", what, bytes / GIB, present / GIB);
#else
    (void)bytes;
    (void)what;
    (void)GIB;
#endif
}

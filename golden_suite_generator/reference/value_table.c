/* The table of value_table.h; the simulator has the same one, and a test holds the two together. */
#include "value_table.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define NOT "counts as not given"
#define LARGE "is unusually large"
#define SMALL "is unusually small"
#define MINUS "is negative"

/* place, unit, whether 0 is allowed, least, most, least and most without a warning, what a smaller value is */
static const struct range RANGES[] = {
    {"-cell length a", "A", false, 1e-3, 1e7, 1, 1e4, SMALL},
    {"-cell length b or c", "A", true, -1e7, 1e7, 0, 1e4, "counts as a"},
    {"-cell angle", "deg", true, -360, 180, 0, 180, "counts as 90"},
    {"-misset", "deg", true, -1e6, 1e6, -360, 360, LARGE},
    {"-mosaic", "deg", true, -360, 360, 0, 90, NOT},
    {"-mosaic_domains", "", true, -2147483647, 16777216, 0, 1e5, NOT},
    {"-N", "cells", true, -2147483647, 2147483647, 1, 1e6, "counts as 1"},
    {"-Na", "cells", true, -2147483647, 2147483647, 1, 1e6, "counts as 1"},
    {"-Nb", "cells", true, -2147483647, 2147483647, 1, 1e6, "counts as 1"},
    {"-Nc", "cells", true, -2147483647, 2147483647, 1, 1e6, "counts as 1"},
    {"-xtalsize", "mm", true, -1e6, 1e6, 0, 10, NOT},
    {"-sample_x", "mm", true, -1e6, 1e6, 0, 10, NOT},
    {"-sample_y", "mm", true, -1e6, 1e6, 0, 10, NOT},
    {"-sample_z", "mm", true, -1e6, 1e6, 0, 10, NOT},
    {"-fudge", "", true, -1e6, 1e6, 1e-3, 1e3, SMALL},
    {"-phi", "deg", true, -1e6, 1e6, -360, 360, LARGE},
    {"-osc", "deg", true, -1e6, 1e6, 0, 360, NOT},
    {"-phistep", "deg", true, -1e6, 1e6, 0, 360, NOT},
    {"-phisteps", "", true, -2147483647, 16777216, 0, 1e5, NOT},
    {"-default_F", "electrons", true, -1e100, 1e100, 0, 1e7, MINUS},
    {"-lambda", "Angstrom", false, 1e-6, 1e6, 0.16, 20, "is unusually short"},
    {"-energy", "eV", false, 1e-2, 1e10, 620, 77500, "is unusually low"},
    {"-dispersion", "percent", true, -199, 199, 0, 50, MINUS},
    {"-dispsteps", "", true, -2147483647, 16777216, 0, 1e5, NOT},
    {"-divergence", "mrad", true, -6284, 6284, 0, 500, NOT},
    {"-hdivrange", "mrad", true, -6284, 6284, 0, 500, NOT},
    {"-vdivrange", "mrad", true, -6284, 6284, 0, 500, NOT},
    {"-hdivstep", "mrad", true, -6284, 6284, 0, 500, NOT},
    {"-vdivstep", "mrad", true, -6284, 6284, 0, 500, NOT},
    {"-hdivsteps", "", true, -2147483647, 16777216, 0, 1e5, NOT},
    {"-vdivsteps", "", true, -2147483647, 16777216, 0, 1e5, NOT},
    {"-divsteps", "", true, -2147483647, 16777216, 0, 1e5, NOT},
    {"-fluence", "photons/m^2", true, 0, 1e60, 1e-9, 1e45, "leaves no photons"},
    {"-flux", "photons/s", true, 0, 1e60, 0, 1e45, MINUS},
    {"-exposure", "s", true, -1e12, 1e12, 0, 1e7, MINUS},
    {"-beamsize", "mm", true, -1e6, 1e6, 0, 1e3, "counts as unknown"},
    {"-polar", "", true, -1, 1, -1, 1, MINUS},
    {"-water", "micrometre", true, 0, 1e7, 0, 1e5, MINUS},
    {"-distance", "mm", false, -1e9, 1e9, 1, 1e5, SMALL},
    {"-close_distance", "mm", false, -1e9, 1e9, 1, 1e5, SMALL},
    {"-pixel", "mm", false, 1e-6, 1e4, 1e-3, 10, SMALL},
    {"-detpixels", "pixels", true, -2147483647, 2147483647, 0, 1e5, MINUS},
    {"-detpixels_f", "pixels", true, -2147483647, 2147483647, 0, 1e5, MINUS},
    {"-detpixels_s", "pixels", true, -2147483647, 2147483647, 0, 1e5, MINUS},
    {"-detsize", "mm", true, -1e7, 1e7, 0, 1e4, MINUS},
    {"-detsize_f", "mm", true, -1e7, 1e7, 0, 1e4, MINUS},
    {"-detsize_s", "mm", true, -1e7, 1e7, 0, 1e4, MINUS},
    {"-Xbeam", "mm", true, -1e9, 1e9, -1e4, 1e4, LARGE},
    {"-Ybeam", "mm", true, -1e9, 1e9, -1e4, 1e4, LARGE},
    {"-Xclose", "mm", true, -1e9, 1e9, -1e4, 1e4, LARGE},
    {"-Yclose", "mm", true, -1e9, 1e9, -1e4, 1e4, LARGE},
    {"-ORGX", "pixels", true, -1e9, 1e9, -1e6, 1e6, LARGE},
    {"-ORGY", "pixels", true, -1e9, 1e9, -1e6, 1e6, LARGE},
    {"-pix0_vector", "metres", true, -1e6, 1e6, -100, 100, LARGE},
    {"-pix0_vector_mm", "mm", true, -1e9, 1e9, -1e5, 1e5, LARGE},
    {"-twotheta", "deg", true, -1e6, 1e6, -360, 360, LARGE},
    {"-detector_rotx", "deg", true, -1e6, 1e6, -360, 360, LARGE},
    {"-detector_roty", "deg", true, -1e6, 1e6, -360, 360, LARGE},
    {"-detector_rotz", "deg", true, -1e6, 1e6, -360, 360, LARGE},
    {"-detector_abs", "micrometre", true, 0, 1e12, 0, 1e7, MINUS},
    {"-detector_thick", "micrometre", true, -1e9, 1e9, 0, 1e6, NOT},
    {"-detector_thicksteps", "", true, -2147483647, 16777216, 0, 1e5, NOT},
    {"-oversample", "", true, -2147483647, 10000, 0, 1000, NOT},
    {"-dmin", "Angstrom", true, -1e9, 1e9, 0, 1e3, NOT},
    {"-scale", "", true, -1e100, 1e100, 0, 1e30, NOT},
    {"-pgmscale", "", true, -1e100, 1e100, 0, 1e30, NOT},
    {"-adc", "counts", true, -1e9, 1e9, -1e6, 65535, "is unusually low"},
};

static const char *const AXES[] = {"-spindle_axis", "-beam_vector", "-polar_vector", "-fdet_vector",
                                   "-sdet_vector", "-twotheta_axis", "-odet_vector"};
static const double SMALLEST_NUMBER = 1e-60, LARGEST_COMPONENT = 1e60;

/* Given: a place of the table. Returned: its row, NULL if every number is allowed. */
const struct range *range_at(const char *place)
{
    for (size_t i = 0; i < sizeof RANGES / sizeof RANGES[0]; ++i)
        if (strcmp(RANGES[i].place, place) == 0)
            return &RANGES[i];
    return NULL;
}

/* Given: an option, and the place of a number behind it. Returned: its row, NULL if every number is allowed. */
const struct range *range_of(const char *option, int index)
{
    if (strcmp(option, "-cell") != 0)
        return range_at(option);
    return range_at(index == 0 ? "-cell length a" : index < 3 ? "-cell length b or c" : "-cell angle");
}

/* Given: an option. Returned: true if the three numbers behind it are a direction. */
bool is_axis(const char *option)
{
    for (size_t i = 0; i < sizeof AXES / sizeof AXES[0]; ++i)
        if (strcmp(AXES[i], option) == 0)
            return true;
    return false;
}

/* Given: a number. Returned: the rule that it is too near to 0 for, NULL if it is not. */
const char *tiny_problem(double value)
{
    return value != 0.0 && fabs(value) < SMALLEST_NUMBER ? "nearer to 0 than 1e-60; give a larger number" : NULL;
}

/*
 * Given: a row, and a number in its unit. Returned: the rule that the number breaks, NULL for none; *bound is the limit
 * that goes with it, NaN for none.
 */
const char *range_problem(const struct range *r, double value, double *bound)
{
    *bound = NAN;
    if (isnan(value))
        return "must be a number";
    if (value == 0.0 && !r->zero)
        return "must not be 0";
    if (value < r->least || value > r->most) {
        *bound = value < r->least ? r->least : r->most;
        return value < r->least ? "must be at least" : "must be at most";
    }
    return r->zero ? NULL : tiny_problem(value);
}

/* Given: a row, and an accepted number in its unit. Returned: what is odd about it, NULL for nothing. */
const char *range_doubt(const struct range *r, double value)
{
    return value < r->usual_least ? r->below : value > r->usual_most ? LARGE : NULL;
}

/*
 * Given: an option, and three numbers of any unit. Returned: the rule that they break as an axis, NULL for none; a
 * normal may be 0 0 0 (spec/02 section 4).
 */
const char *axis_problem(const char *option, double x, double y, double z)
{
    double size = fmax(fabs(x), fmax(fabs(y), fabs(z)));
    if (!(size <= LARGEST_COMPONENT))
        return "give components of at most 1e60";
    if (size < SMALLEST_NUMBER && (strcmp(option, "-odet_vector") != 0 || size > 0.0))
        return "the axis has no length; give a direction, of any length above 0";
    return NULL;
}

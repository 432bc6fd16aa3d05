/* The shapes of crystals: a row of SHAPES each, and its lattice factor in shape_NAME.c (spec/06 section 10). */
#ifndef NB_SHAPES_H
#define NB_SHAPES_H

#include <stdbool.h>

#include "crystal.h"
#include "quirks.h"
#include "trace.h"

/* word of traces, name, whether -fudge acts on it, its options, their help, word of the set-up that is printed */
#define SHAPES(ROW) \
    ROW(SQUARE, square, false, "-square_xtal", "parallelepiped (default)", "parallelpiped") \
    ROW(ROUND, round, true, "-round_xtal", "ellipsoid", "ellipsoidal") \
    ROW(GAUSS, gauss, true, "-gauss_xtal", "Gaussian spots", "gaussian") \
    ROW(TOPHAT, tophat, true, "-tophat_spots -binary_spots", "top-hat spots", "tophat-spot")

/* The code of each shape in struct options, SHAPE_SQUARE and so on. */
#define SHAPE_CODE(WORD, name, ...) SHAPE_##WORD,
enum shape_code { SHAPES(SHAPE_CODE) SHAPE_COUNT };
#undef SHAPE_CODE

/*
 * Given: the crystal, the quirks, Miller indices and the whole ones nearest to them, and the trace that takes the
 * taps of the values in between (NULL for none). Returned: F_latt, no unit. spec/06 section 10.
 */
typedef double lattice_factor(const struct crystal *c, const struct quirks *q, const vec3 *hkl, const vec3 *rounded,
                              struct trace *t);

/* One shape. */
struct shape {
    const char *word, *name, *printed; /* of traces, of messages, of the set-up that is printed */
    bool has_fudge;
    lattice_factor *factor;
};

/* The lattice factors, square_lattice_factor and so on. */
#define SHAPE_FACTOR(WORD, name, ...) lattice_factor name##_lattice_factor;
SHAPES(SHAPE_FACTOR)
#undef SHAPE_FACTOR

const struct shape *shape_at(long long code);
double grating(double x, double cells);
double sphere_transform(double x, bool upstream);

#endif

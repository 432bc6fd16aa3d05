/* Phi steps, sources, sensor layers, mosaic domains, oversampling (spec/04, spec/03 section 7). */
#ifndef NB_SAMPLING_H
#define NB_SAMPLING_H

#include "crystal.h"
#include "geometry.h"
#include "read_tables.h"

/* What the loops of a run go through. */
struct sampling {
    double phi0_rad;
    struct sampled phi;        /* resolved, rad */
    struct sampled hdiv, vdiv; /* resolved, rad; not used with a source file */
    struct sampled dispersion; /* resolved, part of the wavelength; not used with a source file */
    struct source *sources;
    double *relative_weight; /* of each source: weight over mean weight, no unit; 1 for each source with Q-SOURCE-WEIGHTS */
    long long source_count;
    double thick_m, layer_m, mu_per_m;
    long long layers;
    double mosaic_rad;
    long long domains;
    mat3 *domain; /* one rotation a domain */
    long long oversample;
    double steps; /* whole number: sources * phi steps * domains * oversample^2 */
};

struct sampling sampling_resolve(const struct options *o, const struct quirks *q, const struct geometry *g,
                                 const struct crystal *c, struct random_stream *mosaic, struct warnings *w);
void sampling_free(struct sampling *s);
double phi_of(const struct sampling *s, long long step);

#endif

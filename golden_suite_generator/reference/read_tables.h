/* Matrix, source and amorphous-scattering files (spec/05 sections 6 and 7, spec/04 section 6). */
#ifndef NB_READ_TABLES_H
#define NB_READ_TABLES_H

#include "files.h"
#include "messages.h"
#include "vec.h"

/* One X-ray source. */
struct source {
    vec3 to;       /* unit vector from the sample to the source */
    double weight; /* no unit */
    double lambda_m;
};

void matrix_read(const char *path, double number[9], struct warnings *w);
struct source *sources_read(const char *path, vec3 beam, double lambda0_m, long long *count, struct warnings *w);
void stol_check(const char *path, struct warnings *w);

#endif

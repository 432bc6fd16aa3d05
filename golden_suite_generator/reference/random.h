/* Random numbers: uniform, Gaussian and Poisson deviates, random rotations (spec/07). */
#ifndef NB_RANDOM_H
#define NB_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "vec.h"

/* What upstream's streams share: shuffle table, last output, spare Gaussian. */
struct shuffle {
    int64_t table[32];
    int64_t last;
    bool have_spare;
    float spare; /* of unit width */
};

/* One stream: its seed variable and the shuffle it draws from. */
struct random_stream {
    int64_t state;
    struct shuffle *shuffle;
};

float random_uniform(struct random_stream *r);
float random_gaussian(struct random_stream *r);
float random_poisson(struct random_stream *r, float mean);
mat3 random_rotation(struct random_stream *r, double spread);

#endif

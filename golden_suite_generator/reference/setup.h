/* From the command line to a scene that can be rendered: spec/01 section 1. */
#ifndef NB_SETUP_H
#define NB_SETUP_H

#include "image.h"

/* The three random streams and what they draw from. */
struct streams {
    struct shuffle shuffle[3];
    struct random_stream misset, mosaic, noise;
};

void streams_init(struct streams *streams, const struct options *o, const struct quirks *q);
void scene_resolve(struct scene *scene, struct options *o, const struct quirks *q, struct streams *streams,
                   struct warnings *w);
void scene_free(struct scene *scene);

#endif

/* Image files and the statistics that scale them (spec/08). */
#ifndef NB_OUTPUTS_H
#define NB_OUTPUTS_H

#include "image.h"

void outputs_check(const struct options *o, const struct quirks *q);
void outputs_write(const struct scene *scene, const struct totals *t, const float *image, struct random_stream *noise);

#endif

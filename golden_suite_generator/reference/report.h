/* Lines on standard output (spec/08). */
#ifndef NB_REPORT_H
#define NB_REPORT_H

#include "image.h"

void report_setup(const struct scene *scene);
void report_progress(const struct scene *scene, double finished);
void report_pixel(const struct scene *scene, const struct evaluation *e, long long slow, long long fast);
void report_solid_angle(const struct scene *scene, const struct totals *t);

#endif

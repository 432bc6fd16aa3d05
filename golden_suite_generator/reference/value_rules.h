/* The one check of values before anything is computed (spec/01 section 2). */
#ifndef NB_VALUE_RULES_H
#define NB_VALUE_RULES_H

#include "geometry.h"
#include "option_table.h"
#include "value_table.h"

void values_check_typed(const struct option_row *row, const struct values *v, struct warnings *doubts);
void values_check_fluence(const struct options *o);
void values_check_header(const struct options *o, struct warnings *w);
void values_check_direction(const char *what, long long number, vec3 v);
void values_check_region(const struct geometry *g, struct warnings *w);
void values_check_printout(const struct options *o, const struct geometry *g, struct warnings *w);
void values_check_axes(const struct geometry *g);
void values_check_geometry(const struct geometry *g, struct warnings *w);
void values_check_polarization(const struct options *o, const struct geometry *g, bool diverging, struct warnings *w);
void values_check_edge(char axis, double edge_A);
void values_check_count(double count, const char *what);
void values_check_work(const struct geometry *g, double steps, double layers, double oversample);
void values_check_memory(double bytes, const char *what);

#endif

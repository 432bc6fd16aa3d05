/* The table of structure factors and its interpolation (spec/05). */
#ifndef NB_STRUCTURE_FACTOR_H
#define NB_STRUCTURE_FACTOR_H

#include <stdbool.h>

#include "options.h"
#include "vec.h"

/* A dense box of F in electrons, l fastest; one extra plane of zeros at the end of each direction. */
struct factor_table {
    double *F; /* electrons; NULL without a table */
    long long h_min, h_max, k_min, k_max, l_min, l_max;
    double reflections; /* their number; 0 without a table */
    double default_F;   /* electrons */
};

const char *dump_path(const struct options *o);
bool dump_is_read(const struct options *o, const struct quirks *q);
struct factor_table factors_read(const struct options *o, const struct quirks *q, struct warnings *w);
void factors_free(struct factor_table *table);
struct factor_table hkl_read(const char *path, double default_F, struct warnings *w);
struct factor_table dump_read(const char *path, double default_F);
void dump_write(const struct factor_table *table, const char *path);
double factor_nearest(const struct factor_table *table, const vec3 *rounded);
bool tricubic_in_range(const struct factor_table *table, vec3 hkl, bool narrow);
double factor_tricubic(const struct factor_table *table, vec3 hkl);
void factor_nodes(const struct factor_table *table, vec3 hkl, double node[64]);

/* Entries of the box along l. */
static inline long long box_l(const struct factor_table *t)
{
    return t->l_max - t->l_min + 2;
}

/* Entries of the box along k. */
static inline long long box_k(const struct factor_table *t)
{
    return t->k_max - t->k_min + 2;
}

/* Entries of the box along h. */
static inline long long box_h(const struct factor_table *t)
{
    return t->h_max - t->h_min + 2;
}

/* Place of one entry; the indices must lie inside the ranges. */
static inline size_t box_at(const struct factor_table *t, long long h, long long k, long long l)
{
    return (size_t)(((h - t->h_min) * box_k(t) + (k - t->k_min)) * box_l(t) + (l - t->l_min));
}

#endif

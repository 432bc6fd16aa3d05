/* Value of F for nearest and for fractional Miller indices (spec/05 section 5). */
#include "structure_factor.h"

#include <math.h>
#include <stdlib.h>

#include "files.h"
#include "messages.h"

/* Given: the options. Returned: the path of the dump file, by its name or by default. */
const char *dump_path(const struct options *o)
{
    return o->dump_file != NULL ? o->dump_file : "Fdump.bin";
}

/*
 * Given: options and quirks. Returned: true if the table comes from the dump file (Q-FDUMP-STALE). spec/05 section 1.
 */
bool dump_is_read(const struct options *o, const struct quirks *q)
{
    bool wanted = q->on[QUIRK_FDUMP_STALE] || o->dump_file != NULL || o->default_F == 0.0;
    return o->hkl_file == NULL && wanted && file_readable(dump_path(o));
}

/*
 * Given: options, quirks, and where warnings go. Returned: the table, to be given to factors_free; a run without
 * structure factors ends here. spec/05 section 1.
 */
struct factor_table factors_read(const struct options *o, const struct quirks *q, struct warnings *w)
{
    if (o->hkl_file != NULL)
        return hkl_read(o->hkl_file, o->default_F, w);
    if (o->dump_file != NULL && irregular(o->dump_file) != NULL)
        fail("cannot read dump file '%s': it is %s, not a file; give -hkl FILE or another -dump FILE", o->dump_file,
             irregular(o->dump_file));
    if (dump_is_read(o, q))
        return dump_read(dump_path(o), o->default_F);
    if (o->default_F == 0.0)
        fail("no structure factors: give -hkl FILE, -dump FILE or -default_F F (-h shows the usage)");
    return (struct factor_table){.F = NULL, .default_F = o->default_F};
}

/* Forgets the table. Given: what factors_read returned. */
void factors_free(struct factor_table *table)
{
    free(table->F);
    table->F = NULL;
}

/*
 * Given: the table, and whole indices. Returned: F of that entry, electrons; default_F outside the table. spec/05
 * section 5.
 */
double factor_nearest(const struct factor_table *t, const vec3 *rounded)
{
    bool inside = t->F != NULL && rounded->x >= (double)t->h_min && rounded->x <= (double)t->h_max &&
                  rounded->y >= (double)t->k_min && rounded->y <= (double)t->k_max &&
                  rounded->z >= (double)t->l_min && rounded->z <= (double)t->l_max;
    return inside ? t->F[box_at(t, (long long)rounded->x, (long long)rounded->y, (long long)rounded->z)] : t->default_F;
}

/* Upstream's test of one index, and the one that uses all neighbours there are. */
static bool index_in_range(double x, long long min, long long max, bool narrow)
{
    if (narrow)
        return !(x - (double)min + 3.0 > (double)(max - min + 1)) && !(x - 2.0 < (double)min);
    return floor(x) - 1.0 >= (double)min && floor(x) + 2.0 <= (double)max;
}

/*
 * Given: the table, fractional indices, and narrow for Q-INTERP-MARGIN. Returned: true if the 4 x 4 x 4 entries around
 * them may be used. spec/05 section 5.
 */
bool tricubic_in_range(const struct factor_table *t, vec3 hkl, bool narrow)
{
    return index_in_range(hkl.x, t->h_min, t->h_max, narrow) && index_in_range(hkl.y, t->k_min, t->k_max, narrow) &&
           index_in_range(hkl.z, t->l_min, t->l_max, narrow);
}

/* Lagrange polynomial through four values at the whole numbers first .. first+3. */
static double lagrange(double x, double first, const double y[4])
{
    double x0 = first, x1 = first + 1.0, x2 = first + 2.0, x3 = first + 3.0;
    double t0 = (x - x1) * (x - x2) * (x - x3) * y[0] / ((x0 - x1) * (x0 - x2) * (x0 - x3));
    double t1 = (x - x0) * (x - x2) * (x - x3) * y[1] / ((x1 - x0) * (x1 - x2) * (x1 - x3));
    double t2 = (x - x0) * (x - x1) * (x - x3) * y[2] / ((x2 - x0) * (x2 - x1) * (x2 - x3));
    double t3 = (x - x0) * (x - x1) * (x - x2) * y[3] / ((x3 - x0) * (x3 - x1) * (x3 - x2));
    return t0 + t1 + t2 + t3;
}

/*
 * Given: the table, and fractional indices that are in range. Returned: in node, the 64 entries around them, electrons,
 * h slowest. spec/05 section 5.
 */
void factor_nodes(const struct factor_table *t, vec3 hkl, double node[64])
{
    long long h = (long long)floor(hkl.x) - 1, k = (long long)floor(hkl.y) - 1, l = (long long)floor(hkl.z) - 1;
    for (long long i = 0; i < 4; ++i)
        for (long long j = 0; j < 4; ++j)
            for (long long m = 0; m < 4; ++m)
                node[i * 16 + j * 4 + m] = t->F[box_at(t, h + i, k + j, l + m)];
}

/*
 * Given: the table, and fractional indices that are in range. Returned: the tricubic value of F, electrons: along l,
 * then k, then h. spec/05 section 5.
 */
double factor_tricubic(const struct factor_table *t, vec3 hkl)
{
    double node[64], along_k[4], along_h[4];
    double h = floor(hkl.x) - 1.0, k = floor(hkl.y) - 1.0, l = floor(hkl.z) - 1.0;
    factor_nodes(t, hkl, node);
    for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j)
            along_k[j] = lagrange(hkl.z, l, node + i * 16 + j * 4);
        along_h[i] = lagrange(hkl.y, k, along_k);
    }
    return lagrange(hkl.x, h, along_h);
}

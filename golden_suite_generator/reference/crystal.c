/* The cell from -cell or a matrix file, its orientation, and the number of cells. */
#include "crystal.h"

#include <math.h>

#include "constants.h"
#include "read_tables.h"
#include "shapes.h"
#include "value_rules.h"

static const double COSINE_SLACK = 1.0000001;
/* Least volume of a cell over the product of its edges. */
static const double FLATTEST = 1.0 / 1073741824.0;

/* The cell as typed, blanks filled in, and what section 1 makes of it. */
struct typed_cell {
    double length[3], angle[3]; /* Angstrom, radians */
    double volume;              /* Angstrom^3 */
};

/* The typed cell (Angstrom, rad) with what was left out filled in (spec/03 section 1). */
static struct typed_cell fill_blanks(const double cell[6])
{
    struct typed_cell t;
    for (int i = 0; i < 3; ++i) {
        t.length[i] = i > 0 && cell[i] <= 0.0 ? cell[0] : cell[i];
        t.angle[i] = cell[3 + i] <= 0.0 ? PI / 2.0 : cell[3 + i];
    }
    return t;
}

/* Volume of the typed cell; impossible angles are an error or a warning (Q-CELL-IMPOSSIBLE). */
static void find_volume(struct typed_cell *t, const struct quirks *q, struct warnings *w)
{
    double half = (t->angle[0] + t->angle[1] + t->angle[2]) / 2.0;
    double skew = sin(half) * sin(half - t->angle[0]) * sin(half - t->angle[1]) * sin(half - t->angle[2]);
    if (!(2.0 * sqrt(fabs(skew)) > FLATTEST))
        fail("-cell %g %g %g %g %g %g: the vectors span no finite volume; give other angles", t->length[0],
             t->length[1], t->length[2], t->angle[0] * DEGREES_PER_RADIAN, t->angle[1] * DEGREES_PER_RADIAN,
             t->angle[2] * DEGREES_PER_RADIAN);
    if (skew <= 0.0 && !q->on[QUIRK_CELL_IMPOSSIBLE])
        fail("-cell: angles %g %g %g make no cell; change them", t->angle[0] * DEGREES_PER_RADIAN,
             t->angle[1] * DEGREES_PER_RADIAN, t->angle[2] * DEGREES_PER_RADIAN);
    if (skew < 0.0) {
        warn_later(w, "-cell: the angles make no cell; going on with the absolute value (Q-CELL-IMPOSSIBLE)");
        skew = -skew;
    }
    t->volume = 2.0 * t->length[0] * t->length[1] * t->length[2] * sqrt(skew);
}

/* A sine cut to -1 .. 1. */
static double cut_sine(double s)
{
    return s > 1.0 ? 1.0 : s < -1.0 ? -1.0 : s;
}

/* A cosine whose square is above 1 becomes +1, with a warning beyond rounding. */
static double cut_cosine(double c, struct warnings *w)
{
    if (c > COSINE_SLACK || c < -COSINE_SLACK)
        warn_later(w, "-cell: a reciprocal angle has the cosine %g; going on with 1", c);
    return c * c > 1.0 ? 1.0 : c;
}

/* Lengths of the reciprocal vectors (1/Angstrom). */
static void star_lengths(const struct typed_cell *t, double inverse, double star[3], struct warnings *w)
{
    const double *len = t->length;
    bool bad = false;
    for (int i = 0; i < 3; ++i) {
        star[i] = len[(i + 1) % 3] * len[(i + 2) % 3] * sin(t->angle[i]) * inverse;
        bad = bad || star[i] <= 0.0;
    }
    if (!bad)
        return;
    warn_later(w, "-cell: a reciprocal length is not above 0; going on with absolute values");
    for (int i = 0; i < 3; ++i)
        star[i] = star[i] == 0.0 ? SMALLEST : fabs(star[i]);
}

/* Reciprocal vectors (1/Angstrom) of the typed cell: a* along x, b* in the x-y plane (spec/03 section 1). */
static struct cell star_from_cell(struct typed_cell *t, const struct quirks *q, struct warnings *w)
{
    double star[3], sines[3], cosines[3];
    find_volume(t, q, w);
    double inverse = 1.0 / t->volume;
    star_lengths(t, inverse, star, w);
    for (int i = 0; i < 3; ++i) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        sines[i] = cut_sine(t->length[i] * inverse / star[j < k ? j : k] / star[j < k ? k : j]);
        cosines[i] = cut_cosine((cos(t->angle[j]) * cos(t->angle[k]) - cos(t->angle[i])) /
                                    (sin(t->angle[j]) * sin(t->angle[k])), w);
    }
    double across = star[2] * (cosines[0] - cosines[1] * cosines[2]) / sines[2];
    double height = star[2] * t->volume / (t->length[0] * t->length[1] * t->length[2] * sines[2]);
    return (struct cell){vec(star[0], 0.0, 0.0), vec(star[1] * cosines[2], star[1] * sines[2], 0.0),
                         vec(star[2] * cosines[1], across, height)};
}

/* Reciprocal vectors from a matrix file: its columns, freed from the wavelength (spec/03 section 2). */
static struct cell star_from_matrix(const char *path, double lambda_m, struct warnings *w)
{
    double m[9];
    matrix_read(path, m, w);
    double k = 1e-10 / lambda_m;
    return (struct cell){vec_scale(vec(m[0], m[3], m[6]), k), vec_scale(vec(m[1], m[4], m[7]), k),
                         vec_scale(vec(m[2], m[5], m[8]), k)};
}

/* A row of a matrix divided by its length, twice: the second pass may change its last digit. */
static vec3 unit_row(vec3 row)
{
    return vec_unit(vec_unit(row));
}

/* Angles (rad) about x, y, z of a rotation matrix (spec/03 section 3). */
static vec3 angles_of(const mat3 *u)
{
    vec3 x = unit_row(vec(u->xx, u->xy, u->xz)), y = unit_row(vec(u->yx, u->yy, u->yz)),
         z = unit_row(vec(u->zx, u->zy, u->zz));
    if (z.x * z.x < 1.0)
        return vec(atan2(z.y, z.z), atan2(-z.x, sqrt(z.y * z.y + z.z * z.z)), atan2(y.x, x.x));
    return vec(PI, PI / 2.0, atan2(x.y, -y.y));
}

/* The reciprocal vectors turned by the missetting angles (rad). */
static struct cell misset_cell(struct cell star, vec3 angles_rad)
{
    return (struct cell){rotate_xyz(star.a, angles_rad), rotate_xyz(star.b, angles_rad),
                         rotate_xyz(star.c, angles_rad)};
}

/* With a typed cell the lengths of the direct vectors are forced to it (spec/03 section 4 step 2). */
static void force_lengths(struct cell *cross, const struct typed_cell *t)
{
    cross->b = vec_rescale(cross->b, t->length[0] / t->volume);
    cross->c = vec_rescale(cross->c, t->length[1] / t->volume);
    cross->a = vec_rescale(cross->a, t->length[2] / t->volume);
}

/* With a matrix and a cell: its hand, and whether the two agree. Returned: the volume to go on with. */
static double check_mixture(struct crystal *c, const struct quirks *q, struct warnings *w)
{
    double volume = vec_dot(c->direct_A.a, vec_cross(c->direct_A.b, c->direct_A.c));
    if (fabs(volume - c->volume_A3) > 1e-6 * fabs(c->volume_A3))
        warn_later(w, "-cell and -mat disagree: volumes %g and %g A^3 (Q-CELL-MAT-MIX)", c->volume_A3, volume);
    return q->on[QUIRK_CELL_MAT_MIX] ? c->volume_A3 : volume;
}

/* Ends the program if reciprocal vectors lie in a plane, or are too long or too short for their products. */
static void check_volume(const struct cell *star)
{
    if (!(fabs(vec_dot(vec_unit(star->a), vec_cross(vec_unit(star->b), vec_unit(star->c)))) > FLATTEST))
        fail("the matrix file: its vectors span no finite volume; give another -mat");
}

/* Ends the program if the volume or an edge is out of range. */
static void check_cell(const struct crystal *c, double inverse)
{
    const vec3 edge[3] = {c->direct_A.a, c->direct_A.b, c->direct_A.c};
    if (!isfinite(c->volume_A3) || !isfinite(inverse) || c->volume_A3 == 0.0 || inverse == 0.0)
        fail("-cell or -mat: the vectors span no finite volume; give other lengths, angles or vectors");
    for (int i = 0; i < 3; ++i)
        values_check_edge("abc"[i], vec_length(edge[i]));
}

/* Direct vectors, and the reciprocal ones made again from them (spec/03 section 4). typed: NULL without -cell. */
static void direct_vectors(struct crystal *c, struct cell star, const struct typed_cell *typed, bool matrix,
                           const struct quirks *q, struct warnings *w)
{
    if (matrix)
        check_volume(&star);
    struct cell cross = {vec_cross(star.a, star.b), vec_cross(star.b, star.c), vec_cross(star.c, star.a)};
    double inverse = vec_dot(star.a, cross.b);
    if (typed != NULL) {
        if (inverse < 0.0 && matrix && !q->on[QUIRK_CELL_MAT_HAND])
            fail("-mat: the matrix is left-handed and cannot be used together with -cell; leave out -cell");
        force_lengths(&cross, typed);
        inverse = 1.0 / typed->volume;
    }
    c->volume_A3 = 1.0 / inverse;
    c->direct_A = (struct cell){vec_scale(cross.b, c->volume_A3), vec_scale(cross.c, c->volume_A3),
                                vec_scale(cross.a, c->volume_A3)};
    if (typed != NULL && matrix) {
        c->volume_A3 = check_mixture(c, q, w);
        if (!q->on[QUIRK_CELL_MAT_MIX])
            inverse = 1.0 / c->volume_A3;
    }
    check_cell(c, inverse);
    const struct cell *d = &c->direct_A;
    c->star_A_inv = (struct cell){vec_scale(vec_cross(d->b, d->c), inverse), vec_scale(vec_cross(d->c, d->a), inverse),
                                  vec_scale(vec_cross(d->a, d->b), inverse)};
    c->direct_m = (struct cell){vec_scale(d->a, 1e-10), vec_scale(d->b, 1e-10), vec_scale(d->c, 1e-10)};
}

/* Sizes along the cell axes b and c are clipped to the beam (Q-BEAMSIZE-CLIP). */
static double clipped_size(const struct options *o, int axis, struct warnings *w)
{
    double size = o->size_m[axis];
    if (axis == 0 || o->beamsize_m < 0.0 || !(o->beamsize_m < size))
        return size;
    warn_later(w, "crystal size %g mm along %c is clipped to the beam size of %g mm", size * 1000.0, "abc"[axis],
               o->beamsize_m * 1000.0);
    return o->beamsize_m;
}

/* Number of cells along each axis (spec/03 section 6). */
static void count_cells(const struct options *o, struct crystal *c, struct warnings *w)
{
    const vec3 edge[3] = {c->direct_m.a, c->direct_m.b, c->direct_m.c};
    for (int i = 0; i < 3; ++i) {
        double size = clipped_size(o, i, w);
        c->cells[i] = size > 0.0 ? ceil(size / vec_length(edge[i])) : (double)o->cells[i];
        if (c->cells[i] <= 1.0)
            c->cells[i] = 1.0;
    }
}

/* Given: the crystal. Returned: its longest edge, m. spec/03 section 7. */
double crystal_longest_edge(const struct crystal *c)
{
    double longest = vec_length(c->direct_m.a) * c->cells[0];
    longest = fmax(longest, vec_length(c->direct_m.b) * c->cells[1]);
    return fmax(longest, vec_length(c->direct_m.c) * c->cells[2]);
}

/*
 * Given: options, quirks, the stream of -misset random, and where warnings go. Returned: the crystal at phi 0, Angstrom
 * and metres; a cell without volume or out of range ends the program. spec/03.
 */
struct crystal crystal_resolve(const struct options *o, const struct quirks *q, struct random_stream *misset,
                               struct warnings *w)
{
    struct crystal c = {.shape = shape_at(o->shape), .fudge = o->fudge};
    struct typed_cell typed = fill_blanks(o->cell);
    if (c.shape->has_fudge && o->fudge < 0.0)
        fail("-fudge %g: must not be negative for a %s crystal; give 0 or more", o->fudge, c.shape->word);
    bool have_cell = o->cell_given && o->cell[0] != 0.0;
    struct cell star = {0};
    if (!have_cell && o->matrix_file == NULL)
        fail("no unit cell: give -mat FILE or -cell a b c alpha beta gamma (-h shows the usage)");
    if (have_cell)
        star = star_from_cell(&typed, q, w);
    if (o->matrix_file != NULL)
        star = star_from_matrix(o->matrix_file, o->lambda_m, w);
    if (o->misset == MISSET_RANDOM) {
        mat3 u = random_rotation(misset, 90.0);
        c.misset_rad = angles_of(&u);
    } else if (o->misset == MISSET_ANGLES) {
        c.misset_rad = o->misset_rad;
    }
    star = misset_cell(star, c.misset_rad);
    direct_vectors(&c, star, have_cell ? &typed : NULL, o->matrix_file != NULL, q, w);
    count_cells(o, &c, w);
    return c;
}

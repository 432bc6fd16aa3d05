/* Vectors of three doubles and the rotations of spec/02 section 1. All sums run from left to right. */
#ifndef NB_VEC_H
#define NB_VEC_H

#include <math.h>

/* A vector; the name of the variable says the unit. */
typedef struct {
    double x, y, z; /* as the name of the vector says */
} vec3;

/* Rotation matrix, row by row, no unit. */
typedef struct {
    double xx, xy, xz, yx, yy, yz, zx, zy, zz; /* no unit */
} mat3;

/* A vector from its components. */
static inline vec3 vec(double x, double y, double z)
{
    return (vec3){x, y, z};
}

/* u . v */
static inline double vec_dot(vec3 u, vec3 v)
{
    return u.x * v.x + u.y * v.y + u.z * v.z;
}

/* u x v */
static inline vec3 vec_cross(vec3 u, vec3 v)
{
    return vec(u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x);
}

/* |v| */
static inline double vec_length(vec3 v)
{
    return sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
}

/* s v */
static inline vec3 vec_scale(vec3 v, double s)
{
    return vec(s * v.x, s * v.y, s * v.z);
}

/* v divided by its length; the zero vector stays zero. */
static inline vec3 vec_unit(vec3 v)
{
    double length = vec_length(v);
    return length == 0.0 ? vec(0.0, 0.0, 0.0) : vec(v.x / length, v.y / length, v.z / length);
}

/* The rows of m dotted with v. */
static inline vec3 mat_apply(const mat3 *m, vec3 v)
{
    return vec(m->xx * v.x + m->xy * v.y + m->xz * v.z, m->yx * v.x + m->yy * v.y + m->yz * v.z,
               m->zx * v.x + m->zy * v.y + m->zz * v.z);
}

vec3 vec_rescale(vec3 v, double length);
vec3 rotate_xyz(vec3 v, vec3 angles_rad);
vec3 rotate_axis(vec3 v, vec3 axis, double angle_rad);

#endif

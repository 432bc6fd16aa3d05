/* Rotations and rescaling of vectors, spec/02 section 1. */
#include "vec.h"

/* Given: a vector, and the length wanted, any unit. Returned: the vector with that length; a zero vector stays zero. */
vec3 vec_rescale(vec3 v, double length)
{
    double now = vec_length(v);
    double q = length / (now <= 0.0 ? 1.0 : now);
    return vec_scale(v, q);
}

/*
 * Turns a vector about the fixed x, then y, then z axis. Given: the vector, and the angles in radians, of which one of
 * exactly 0 is left out. Returned: the turned vector, in the unit it had.
 */
vec3 rotate_xyz(vec3 v, vec3 angles_rad)
{
    if (angles_rad.x != 0.0) {
        double c = cos(angles_rad.x), s = sin(angles_rad.x);
        v = vec(v.x, v.y * c + v.z * -s, v.y * s + v.z * c);
    }
    if (angles_rad.y != 0.0) {
        double c = cos(angles_rad.y), s = sin(angles_rad.y);
        v = vec(v.x * c + v.z * s, v.y, v.x * -s + v.z * c);
    }
    if (angles_rad.z != 0.0) {
        double c = cos(angles_rad.z), s = sin(angles_rad.z);
        v = vec(v.x * c + v.y * -s, v.x * s + v.y * c, v.z);
    }
    return v;
}

/*
 * Right-handed rotation. Given: a vector, an axis that is taken as it is (not normalised), and the angle in radians.
 * Returned: the turned vector, in the unit it had.
 */
vec3 rotate_axis(vec3 v, vec3 axis, double angle_rad)
{
    double c = cos(angle_rad), s = sin(angle_rad);
    double along = (axis.x * v.x + axis.y * v.y + axis.z * v.z) * (1.0 - c);
    return vec(axis.x * along + v.x * c + (-axis.z * v.y + axis.y * v.z) * s,
               axis.y * along + v.y * c + (axis.z * v.x - axis.x * v.z) * s,
               axis.z * along + v.z * c + (-axis.y * v.x + axis.x * v.y) * s);
}

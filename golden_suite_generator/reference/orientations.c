/* Which cell orientation each phi step uses (spec/03 section 5, spec/06 section 7). */
#include <stdlib.h>

#include "image.h"
#include "messages.h"

/*
 * Which orientation each step sees. With Q-PHI-CARRYOVER a step of exactly 0 sees the step executed before it:
 * in this block, else in the block before (the last rotated step of the list), else none.
 */
static void map_steps(const struct scene *scene, struct orientations *turn)
{
    long long n = turn->steps, before = n, last = n;
    for (long long j = 0; j < n; ++j)
        if (phi_of(&scene->s, j) != 0.0)
            last = j;
    bool carry = scene->q->on[QUIRK_PHI_CARRYOVER];
    for (long long j = 0; j < n; ++j) {
        bool turned = phi_of(&scene->s, j) != 0.0;
        before = turned ? j : before;
        turn->first[j] = turned || carry ? before : n;
        turn->later[j] = turned || !carry ? turn->first[j] : before < n ? before : last;
    }
}

/*
 * Given: the scene with crystal, spindle and phi steps. Returned: the cell of every phi step (m) and the maps between
 * them, to be given to orientations_free.
 */
struct orientations orientations_make(const struct scene *scene)
{
    long long n = scene->s.phi.count;
    struct orientations turn = {.steps = n};
    turn.cell = checked_alloc((size_t)n + 1, sizeof *turn.cell, "the phi steps");
    turn.first = checked_alloc((size_t)n, sizeof *turn.first, "the phi steps");
    turn.later = checked_alloc((size_t)n, sizeof *turn.later, "the phi steps");
    const struct cell *still = &scene->c.direct_m;
    vec3 u = scene->g.spindle;
    for (long long j = 0; j < n; ++j) {
        double phi = phi_of(&scene->s, j);
        turn.cell[j] = (struct cell){rotate_axis(still->a, u, phi), rotate_axis(still->b, u, phi),
                                     rotate_axis(still->c, u, phi)};
    }
    turn.cell[n] = *still;
    map_steps(scene, &turn);
    return turn;
}

/* Forgets the orientations. Given: what orientations_make returned. */
void orientations_free(struct orientations *turn)
{
    free(turn->cell);
    free(turn->first);
    free(turn->later);
}

/* The registry of upstream's quirks (spec/09a, 09b) and the switches made from it. */
#ifndef NB_QUIRKS_H
#define NB_QUIRKS_H

#include <stdbool.h>
#include <stdio.h>

/* The quirks that can be switched; the registry in quirks.c lists the others after them. */
enum quirk_id {
    QUIRK_SEED_MISSET_DEFAULT,
    QUIRK_PIVOT_FORCED,
    QUIRK_PIX0_IGNORED,
    QUIRK_RATIO_NO_TWOTHETA,
    QUIRK_ODET_DISCARDED,
    QUIRK_TWOTHETA_AXIS_NORM,
    QUIRK_CENTRE_IGNORED,
    QUIRK_CLOSE_BEATS_DISTANCE,
    QUIRK_HEADER_SUBSTRING,
    QUIRK_HEADER_TWOTHETA,
    QUIRK_MASK_BEAM_Y,
    QUIRK_CURVED_TRANSPOSE,
    QUIRK_PERPENDICULAR,
    QUIRK_THICK_STEPS,
    QUIRK_THICK_ABS_ORDER,
    QUIRK_PHI_CARRYOVER,
    QUIRK_CELL_IMPOSSIBLE,
    QUIRK_CELL_MAT_MIX,
    QUIRK_CELL_MAT_HAND,
    QUIRK_INTERP_AUTO_ORDER,
    QUIRK_OSC_ZERO,
    QUIRK_PHISTEP_WINS,
    QUIRK_DIV_ONE_RADIAN,
    QUIRK_DIV_STEP_WINS,
    QUIRK_STEPS_ONE,
    QUIRK_DIV_ASYMMETRIC,
    QUIRK_SOURCE_WEIGHTS,
    QUIRK_FDUMP_STALE,
    QUIRK_INTERP_LATCH,
    QUIRK_INTERP_MARGIN,
    QUIRK_OVERSAMPLE_RUNNING_PRODUCT,
    QUIRK_OVERSAMPLE_THICK_NO_SENSOR,
    QUIRK_NOPOLAR_OVERSAMPLE_POLAR,
    QUIRK_THICK_LAST_LAYER,
    QUIRK_POINT_PIXEL_AREA,
    QUIRK_DMIN_ZERO_POLAR,
    QUIRK_WATER_FLUENCE_SQUARED,
    QUIRK_WATER_STEPS,
    QUIRK_GAUSS_WIDTH,
    QUIRK_SINCG_INTEGER,
    QUIRK_SINC3_SMALL,
    QUIRK_POLAR_UNITIZE,
    QUIRK_SEED_POSITIVE,
    QUIRK_SEED_MODULUS,
    QUIRK_RNG_SHARED,
    QUIRK_MAXI_POSITION,
    QUIRK_RMSD_MASKED,
    QUIRK_SUMSQ_FLOAT,
    QUIRK_SOLID_ANGLE_PRINT,
    QUIRK_INT_FLOAT_FLOOR,
    QUIRK_HEADER_SEMICOLON,
    QUIRK_HEADER_OVERFLOW,
    QUIRK_HEADER_ADC_OFFSET,
    QUIRK_HEADER_BEAM_CENTER,
    QUIRK_NOISE_TRUNC,
    QUIRK_NOISE_NEGATIVE,
    QUIRK_PRINTOUT_ANGLE,
    QUIRK_PGM_NO_OFFSET,
    QUIRK_COUNT
};

enum parity_mode { PARITY_C, PARITY_SPEC };

/* The choices of the command line: a mode, and for each quirk -1 (as the mode says), 0 (off) or 1 (on). */
struct quirk_choice {
    enum parity_mode mode;
    signed char chosen[QUIRK_COUNT];
};

/* What the run does: on[id] is true where upstream's behaviour is repeated. */
struct quirks {
    enum parity_mode mode;
    bool on[QUIRK_COUNT];
};

void quirk_choice_init(struct quirk_choice *choice);
void quirk_choose(struct quirk_choice *choice, const char *setting);
struct quirks quirks_resolve(const struct quirk_choice *choice);
void quirks_list(FILE *stream);

#endif

/* The registry of quirks: id, what upstream does, what spec mode does. */
#include "quirks.h"

#include <string.h>

#include "messages.h"
#include "nearest.h"

enum kind { SWITCHABLE, IN_BOTH, IN_NEITHER };

/* One quirk: its id, and what either mode does (or why both do the same). */
struct quirk_row {
    const char *id;
    enum kind kind;
    const char *upstream;
    const char *spec;
};

static const char *const KIND_NAME[] = {"switchable", "both modes", "neither mode"};

/* One row of a quirk that can be switched, at the place of its enumerator. */
#define ROW(name, id, upstream, spec) [QUIRK_##name] = {"Q-" id, SWITCHABLE, upstream, spec}
#define BOTH(id, upstream, reason) {"Q-" id, IN_BOTH, upstream, reason}
#define NEITHER(id, upstream, spec) {"Q-" id, IN_NEITHER, upstream, spec}

static const struct quirk_row REGISTRY[] = {
    ROW(SEED_MISSET_DEFAULT, "SEED-MISSET-DEFAULT", "the default misset seed is the clock, whatever -seed says",
        "the default misset seed is that of -seed"),
    ROW(PIVOT_FORCED, "PIVOT-FORCED", "named conventions force their own pivot",
        "-pivot counts, then -twotheta (sample), then the convention"),
    ROW(PIX0_IGNORED, "PIX0-IGNORED", "the numbers of -pix0_vector are overwritten; it only selects CUSTOM",
        "-pix0_vector is the position of the first pixel"),
    ROW(RATIO_NO_TWOTHETA, "RATIO-NO-TWOTHETA", "distance and beam spot are reported without the two-theta swing",
        "distance and beam spot are those of the final detector plane"),
    ROW(ODET_DISCARDED, "ODET-DISCARDED", "a normal whose length is not exactly 1 becomes fast x slow",
        "a given normal is normalised and kept; else it follows the given fast and slow axes"),
    ROW(TWOTHETA_AXIS_NORM, "TWOTHETA-AXIS-NORM", "the two-theta axis is used with the length it has",
        "the two-theta axis is normalised"),
    ROW(CENTRE_IGNORED, "CENTRE-IGNORED", "XDS and DIALS obey only -ORGX and -ORGY",
        "XDS and DIALS take per axis the first of ORG, close and beam centre"),
    ROW(CLOSE_BEATS_DISTANCE, "CLOSE-BEATS-DISTANCE", "a close distance of a header beats the option -distance",
        "-distance beats a close distance that came from a header"),
    ROW(HEADER_SUBSTRING, "HEADER-SUBSTRING", "header keys are found as parts of longer words",
        "header keys are whole words; XDS_ORGX and XDS_ORGY count as ORGX and ORGY"),
    ROW(HEADER_TWOTHETA, "HEADER-TWOTHETA", "TWOTHETA of a header is not used",
        "TWOTHETA of a header sets the detector swing"),
    ROW(MASK_BEAM_Y, "MASK-BEAM-Y", "BEAM_CENTER_Y of a mask is counted from the other end",
        "BEAM_CENTER_Y means the same in -mask and -img"),
    ROW(CURVED_TRANSPOSE, "CURVED-TRANSPOSE", "the curved detector turns by laboratory y and z",
        "the curved detector turns by the fast and slow displacements"),
    ROW(PERPENDICULAR, "PERPENDICULAR", "a beam in the detector plane gives absurd distances", "it is an error"),
    ROW(THICK_STEPS, "THICK-STEPS", "n typed layers are thickness/(n-1) thick, one layer becomes two",
        "n layers are thickness/n thick"),
    ROW(THICK_ABS_ORDER, "THICK-ABS-ORDER", "a thickness after '-detector_abs inf' makes the image 0",
        "no absorption means no sensor thickness"),
    ROW(PHI_CARRYOVER, "PHI-CARRYOVER", "a phi step of exactly 0 keeps the orientation of the step before it",
        "phi = 0 is the unrotated crystal"),
    ROW(CELL_IMPOSSIBLE, "CELL-IMPOSSIBLE", "impossible cell angles are made to work", "they are an error"),
    ROW(CELL_MAT_MIX, "CELL-MAT-MIX", "with -mat and -cell the volume is the cell's",
        "the volume is that of the direct vectors"),
    ROW(CELL_MAT_HAND, "CELL-MAT-HAND", "-cell inverts a left-handed matrix", "it is an error"),
    ROW(INTERP_AUTO_ORDER, "INTERP-AUTO-ORDER", "interpolation is chosen from the counts of -N alone",
        "interpolation is chosen from the final counts"),
    ROW(OSC_ZERO, "OSC-ZERO", "an oscillation of 0 makes two equal steps", "it makes one step"),
    ROW(PHISTEP_WINS, "PHISTEP-WINS", "phi step and count without a range make two steps",
        "the range is step times count"),
    ROW(DIV_ONE_RADIAN, "DIV-ONE-RADIAN", "a count without a range means 1 radian or 100 percent",
        "one step on the axis; a negative dispersion is an error"),
    ROW(DIV_STEP_WINS, "DIV-STEP-WINS", "divergence step and count without a range make two steps",
        "the range is step times (count-1)"),
    ROW(STEPS_ONE, "STEPS-ONE", "a range with a count of 1 makes two steps", "one step on the axis"),
    ROW(DIV_ASYMMETRIC, "DIV-ASYMMETRIC", "a typed step size starts at minus half the range",
        "the grid is centred"),
    ROW(SOURCE_WEIGHTS, "SOURCE-WEIGHTS", "source weights are not used", "sources count by their weights"),
    ROW(FDUMP_STALE, "FDUMP-STALE", "an old dump file is used although -default_F is given",
        "it is read only with -dump or without -default_F"),
    ROW(INTERP_LATCH, "INTERP-LATCH", "one index out of range ends interpolation for the run",
        "only that evaluation takes the nearest value"),
    ROW(INTERP_MARGIN, "INTERP-MARGIN", "the range of interpolation is one cell narrower than the table",
        "it is as wide as the table allows"),
    ROW(OVERSAMPLE_RUNNING_PRODUCT, "OVERSAMPLE-RUNNING-PRODUCT",
        "the -oversample_ factors multiply the running sum", "each term is multiplied by its own factors"),
    ROW(OVERSAMPLE_THICK_NO_SENSOR, "OVERSAMPLE-THICK-NO-SENSOR",
        "-oversample_thick without a thickness makes the image 0", "the capture fraction is 1"),
    ROW(NOPOLAR_OVERSAMPLE_POLAR, "NOPOLAR-OVERSAMPLE-POLAR", "-oversample_polar undoes -nopolar",
        "-nopolar means a factor of 1"),
    ROW(THICK_LAST_LAYER, "THICK-LAST-LAYER", "all layers get the capture fraction of the last",
        "each layer gets its own"),
    ROW(POINT_PIXEL_AREA, "POINT-PIXEL-AREA", "-point_pixel drops the pixel area", "it keeps the pixel area"),
    ROW(DMIN_ZERO_POLAR, "DMIN-ZERO-POLAR", "a pixel cut by -dmin loses its background too",
        "the background stays"),
    ROW(WATER_FLUENCE_SQUARED, "WATER-FLUENCE-SQUARED", "the background holds the fluence twice", "once"),
    ROW(WATER_STEPS, "WATER-STEPS", "the background falls with every kind of sampling",
        "it does not depend on the sampling"),
    ROW(GAUSS_WIDTH, "GAUSS-WIDTH", "GAUSS and TOPHAT widths go with the product of the three counts",
        "with the counts axis by axis, as ROUND"),
    ROW(SINCG_INTEGER, "SINCG-INTEGER", "the lattice sine uses the full index, noise near whole numbers",
        "it uses the distance to the whole number"),
    ROW(SINC3_SMALL, "SINC3-SMALL", "the sphere transform cancels near 0", "it is a series there"),
    ROW(POLAR_UNITIZE, "POLAR-UNITIZE", "polarization normalises its vectors in place", "it does not"),
    ROW(SEED_POSITIVE, "SEED-POSITIVE", "a negative seed option continues another stream",
        "the sign of a seed does not matter"),
    ROW(SEED_MODULUS, "SEED-MODULUS", "seed 2147483647 starts with 0", "it is an error"),
    ROW(RNG_SHARED, "RNG-SHARED", "all random streams share one table", "each has its own"),
    ROW(MAXI_POSITION, "MAXI-POSITION", "the maximum is placed at the last sub-pixel", "at the pixel centre"),
    ROW(RMSD_MASKED, "RMSD-MASKED", "masked pixels enter rmsd", "they do not"),
    ROW(SUMSQ_FLOAT, "SUMSQ-FLOAT", "squares for rms are 4-byte floats", "doubles"),
    ROW(SOLID_ANGLE_PRINT, "SOLID-ANGLE-PRINT", "the printed solid angle is divided by the steps",
        "by sub-pixels and layers"),
    ROW(INT_FLOAT_FLOOR, "INT-FLOAT-FLOOR", "integer pixels are rounded to 4 bytes before the floor",
        "floor(v + 0.5) in double"),
    ROW(HEADER_SEMICOLON, "HEADER-SEMICOLON", "DIALS_ORIGIN has no semicolon", "it has one"),
    ROW(HEADER_OVERFLOW, "HEADER-OVERFLOW", "a long SMV header contradicts HEADER_BYTES",
        "the header grows by 512 bytes"),
    ROW(HEADER_ADC_OFFSET, "HEADER-ADC-OFFSET", "SMV headers do not say the offset of the pixels",
        "ADC_OFFSET is the value of -adc"),
    ROW(HEADER_BEAM_CENTER, "HEADER-BEAM-CENTER", "BEAM_CENTER_X and _Y are the numbers of -Xbeam and -Ybeam",
        "they are the beam in the ADXV convention, in writing and in reading back"),
    ROW(NOISE_TRUNC, "NOISE-TRUNC", "noise pixels are truncated", "rounded"),
    ROW(NOISE_NEGATIVE, "NOISE-NEGATIVE", "negative noise pixels wrap to large ones", "they become 0"),
    ROW(PRINTOUT_ANGLE, "PRINTOUT-ANGLE", "the second stol of the printout assumes a beam along x",
        "it uses the beam, in 1/m"),
    ROW(PGM_NO_OFFSET, "PGM-NO-OFFSET", "the preview has no lower limit", "its lower limit is 0"),

    BOTH("CLI-PRINTOUT-PIXEL", "-printout_pixel switches -printout on", "convenient"),
    BOTH("CLI-IGNORED", "-density, -MW, -coherent and -stolout have no effect", "the same, with a warning"),
    BOTH("DETSIZE-OVERRIDDEN", "-detsize is ignored where a pixel count is known", "a rule"),
    BOTH("DIALS-ORIGIN", "the DIALS origin maps (x,y,z) to (z,y,-x) in every convention", "header only"),
    BOTH("MISSET-RANDOM", "a random orientation turns by up to 90 radians", "a seed means one orientation"),
    BOTH("UMAT-GIMBAL", "angles of a gimbal-locked matrix fit one of the two cases", "practically never met"),
    BOTH("MAT-LAMBDA", "a matrix file is always divided by the wavelength", "documented"),
    BOTH("N-CLAMP", "counts below 1 become 1", "the same"),
    BOTH("BEAMSIZE-CLIP", "sizes along b and c are clipped to the beam size", "the same, with a warning"),
    BOTH("MOSAIC-ALIGNED", "mosaic domain 0 is never rotated", "the same"),
    BOTH("PHI-STEP-START", "phi steps are sampled at their start", "documented"),
    BOTH("FDUMP-DEFAULT", "a dump file keeps the default_F of the run that wrote it", "the same"),
    BOTH("STOL-UNUSED", "-stol, -4stol and -Q tables are not used", "the same, with a warning"),
    BOTH("CACHE-FIRST", "pixel factors are those of the first sub-pixel and source", "a documented approximation"),
    BOTH("MOSAIC-LAB-FRAME", "mosaic rotations act after phi, in the laboratory frame", "averages are the same"),
    BOTH("MOSAIC-RIM", "mosaic angles pile up at the spread", "the definition of the model"),
    BOTH("MOSAIC-FLOAT", "mosaic spread and angle are 4-byte floats", "the same seed, the same domains"),
    BOTH("SEED-CLOCK", "the default noise seed is the clock", "the same"),
    BOTH("ROI-NO-ADC", "pixels outside the region of interest are 0", "0 marks not simulated"),
    BOTH("NOISE-ROI", "no random numbers are drawn outside the region of interest", "the same"),
    BOTH("PROGRESS-COUNT", "progress counts one row and column too many", "free"),

    NEITHER("CLI-SUBSTRING", "an option is found inside longer words", "names are exact"),
    NEITHER("CLI-SILENT-UNKNOWN", "unknown options are ignored", "an error"),
    NEITHER("CLI-LENIENT-NUMBERS", "text reads as 0", "an error"),
    NEITHER("CLI-MISSET-SEED", "-misset_seed also sets the angles", "it sets the seed only"),
    NEITHER("CLI-TWOTHETA-AXIS", "-twotheta_axis also sets the angle", "it sets the axis only"),
    NEITHER("CLI-CURVED-LAST", "-curved_det as last word is ignored", "a switch needs no value"),
    NEITHER("CLI-DETECTOR-CRASH", "detector options without a value crash", "an error"),
    NEITHER("IMG-MISSING", "an image or mask that cannot be read is ignored", "an error"),
    NEITHER("MASK-SIZE", "a mask of another size is misread", "an error"),
    BOTH("SMV-SWAP", "data bytes of a mask are never swapped", "0 stays 0; a short file is an error"),
    NEITHER("MAT-MISSING", "a missing matrix file is ignored", "an error"),
    NEITHER("PHI-ZERO-STEPS", "an oscillation of 0 with a step size makes no step", "one step"),
    NEITHER("SOURCEFILE-EOL", "source lines are misread at their ends", "read as they stand; text is an error"),
    NEITHER("STEPS-OVERFLOW", "the number of steps overflows", "it is exact"),
    BOTH("DIVSTEPS-PRINT", "a source file prints -1 divergence steps", "free; not printed"),
    NEITHER("HKL-FLOAT-INDEX", "1.0 as an index ends the reading", "it is read; 1.5 is an error"),
    NEITHER("HKL-FORMAT", "numbers are taken in fours whatever the lines", "four columns a line, else an error"),
    NEITHER("FDUMP-WHITESPACE", "a dump may be read one byte off", "it is read exactly"),
    BOTH("OMP", "with threads, the image depends on their number", "the single-thread result"),
    NEITHER("INTEGRAL-FORM", "a branch that no option reaches", "left out"),
};

enum { ROWS = sizeof REGISTRY / sizeof REGISTRY[0] };

/* No choice made: c-parity mode, every quirk as the mode says. Given: a choice, of any content. */
void quirk_choice_init(struct quirk_choice *choice)
{
    choice->mode = PARITY_C;
    memset(choice->chosen, -1, sizeof choice->chosen);
}

/* The row with this id, -1 if there is none. */
static int find_row(const char *id, size_t length)
{
    for (int i = 0; i < ROWS; ++i)
        if (strlen(REGISTRY[i].id) == length && strncmp(REGISTRY[i].id, id, length) == 0)
            return i;
    return -1;
}

/* Ends the program: no such quirk; names the nearest one. */
static _Noreturn void fail_unknown(const char *setting, size_t length)
{
    struct nearest best = nearest_start(setting, length);
    for (int i = 0; i < ROWS; ++i)
        nearest_try(&best, REGISTRY[i].id);
    fail("-quirk: unknown quirk '%.*s'; did you mean %s? (--list-quirks shows all)", (int)length, setting, best.name);
}

/*
 * Takes one setting; a quirk that is fixed can only be set to what it is. Given: the choice, and "Q-ID=on" or
 * "Q-ID=off"; anything else ends the program.
 */
void quirk_choose(struct quirk_choice *choice, const char *setting)
{
    size_t length = strcspn(setting, "=");
    const char *value = setting[length] == '=' ? setting + length + 1 : "";
    bool on = strcmp(value, "on") == 0;
    if (!on && strcmp(value, "off") != 0)
        fail("-quirk: '%s' is not of the form Q-ID=on or Q-ID=off", setting);
    int row = find_row(setting, length);
    if (row < 0)
        fail_unknown(setting, length);
    if (REGISTRY[row].kind == SWITCHABLE)
        choice->chosen[row] = on ? 1 : 0;
    else if (on != (REGISTRY[row].kind == IN_BOTH))
        fail("-quirk: %s cannot be switched %s; it is %s in both parity modes", REGISTRY[row].id, value,
             on ? "off" : "on");
}

/* Given: the choice. Returned: the switches of the mode with the single choices applied. */
struct quirks quirks_resolve(const struct quirk_choice *choice)
{
    struct quirks q = {.mode = choice->mode};
    for (int i = 0; i < QUIRK_COUNT; ++i)
        q.on[i] = choice->chosen[i] < 0 ? choice->mode == PARITY_C : choice->chosen[i] == 1;
    return q;
}

/*
 * Prints for each quirk: id, kind, what upstream does, what spec mode does (or why both modes agree). Given: where to.
 */
void quirks_list(FILE *stream)
{
    for (int i = 0; i < ROWS; ++i)
        fprintf(stream, "%s [%s]\n    upstream: %s\n    spec:     %s\n", REGISTRY[i].id, KIND_NAME[REGISTRY[i].kind],
                REGISTRY[i].upstream, REGISTRY[i].spec);
}

/* The table of all options (spec/01 section 4 and spec/12). */
#include "option_table.h"

#include "constants.h"
#include "option_store.h"
#include "shapes.h"

/* Divisors that turn a typed number into the internal one. */
#define MILLI 1000.0
#define MICRO_DIVISOR 1e6
#define ANGSTROM 1.0e10
#define PERCENT 100.0
#define DEGREE DEGREES_PER_RADIAN

#define AT(field) offsetof(struct options, field)
#define REAL(names, field, divisor, effect, help) \
    {names, "r", store_real, AT(field), divisor, 0, effect, help, NULL}
#define WHOLE(names, field, help) {names, "i", store_whole, AT(field), 1.0, 0, NO_EFFECT, help, NULL}
#define CODE(names, field, code, help) \
    {names, "", store_code, AT(field), 1.0, code, NO_EFFECT, help, NULL}
#define SHAPE_OPTION(WORD, name, has_fudge, names, help, printed) CODE(names, shape, SHAPE_##WORD, help),
#define FLAG(names, field, on, help) {names, "", store_flag, AT(field), 1.0, on, NO_EFFECT, help, NULL}
#define INPUT(names, field, help) {names, "f", store_input, AT(field), 1.0, 0, NO_EFFECT, help, NULL}
#define AXIS(names, axis, help) {names, "rrr", store_axis, 0, 1.0, axis, TO_CUSTOM, help, NULL}
#define OWN(names, values, store, field, divisor, effect, help) \
    {names, values, store, AT(field), divisor, 0, effect, help, NULL}
#define FRAME(name, code, effect) \
    {name, "", store_code, AT(convention), 1.0, code, effect, "detector convention", NULL}
#define OUTPUT(names, field, code, help) \
    {names, "f", store_output, AT(field), 1.0, code, NO_EFFECT, help, NULL}
#define INERT(names, values, reason) \
    {names, values, store_nothing, 0, 1.0, 0, NO_EFFECT, "accepted, no effect", reason}
#define UNUSED_TABLE(names) \
    {names, "f", store_input, AT(stol_file), 1.0, 0, NO_EFFECT, "amorphous scattering table", \
     "the table is read and not used"}

const struct option_row OPTION_TABLE[] = {
    FLAG("-h --help", help, 1, "this text"),
    FLAG("--version -version", version, 1, "name and version"),
    FLAG("--list-quirks -list_quirks", list_quirks, 1, "what upstream does and what spec mode does"),
    OWN("-parity_mode --parity-mode", "w", store_parity_mode, help, 1.0, NO_EFFECT,
        "c-parity (default) or spec"),
    OWN("-quirk --quirk", "w", store_quirk, help, 1.0, NO_EFFECT, "Q-ID=on or Q-ID=off, repeatable"),

    INPUT("-mat -matrix", matrix_file, "orientation matrix file"),
    OWN("-cell", "*", store_cell, cell, DEGREE, NO_EFFECT, "a [b c alpha beta gamma], A and degrees"),
    OWN("-misset", "*", store_misset, misset, DEGREE, NO_EFFECT, "x y z degrees, or 'random'"),
    OWN("-misset_seed", "i", store_misset_seed, misset_seed, 1.0, NO_EFFECT, "seed of -misset random"),
    REAL("-mosaic -mosaicity -mosaic_spread", mosaic_rad, DEGREE, NO_EFFECT, "mosaic spread, degrees"),
    WHOLE("-mosaic_domains -mosaic_dom", mosaic_domains, "number of mosaic domains"),
    WHOLE("-mosaic_seed", mosaic_seed, "seed of the mosaic domains"),
    OWN("-N", "i", store_three_counts, cells, 1.0, NO_EFFECT, "cells along each axis"),
    WHOLE("-Na", cells[0], "cells along a"),
    WHOLE("-Nb", cells[1], "cells along b"),
    WHOLE("-Nc", cells[2], "cells along c"),
    OWN("-xtalsize -xtal_size -samplesize -sample_size", "r", store_three_sizes, size_m, MILLI, NO_EFFECT,
        "crystal size, mm"),
    REAL("-sample_x -sample_thick -sample_thickness -xtal_x -xtal_thick -xtal_thickness", size_m[0], MILLI,
         NO_EFFECT, "size along a, mm"),
    REAL("-sample_y -sample_width -xtal_y -xtal_width -width", size_m[1], MILLI, NO_EFFECT,
         "size along b, mm"),
    REAL("-sample_z -sample_height -xtal_z -xtal_height -height", size_m[2], MILLI, NO_EFFECT,
         "size along c, mm"),
    SHAPES(SHAPE_OPTION)
    REAL("-fudge", fudge, 1.0, NO_EFFECT, "shape factor of round, Gaussian and top-hat crystals"),
    INERT("-density -sample_density", "r", "the density enters no formula"),
    INERT("-MW -molecular_weight", "r", "the molecular weight enters no formula"),
    AXIS("-spindle_axis", AXIS_SPINDLE, "rotation axis"),
    REAL("-phi", phi_rad, DEGREE, NO_EFFECT, "start of the rotation, degrees"),
    REAL("-osc", phi.range, DEGREE, NO_EFFECT, "rotation range, degrees"),
    REAL("-phistep", phi.step, DEGREE, NO_EFFECT, "rotation step, degrees"),
    WHOLE("-phisteps", phi.count, "number of rotation steps"),

    INPUT("-hkl -hklfile", hkl_file, "reflections: h k l F"),
    REAL("-default_F", default_F, 1.0, NO_EFFECT, "F of reflections that are not listed"),
    OWN("-dump -dumpfile", "f", store_text, dump_file, 1.0, NO_EFFECT,
        "binary structure factors, read or written"),
    CODE("-interpolate", interpolate, 1, "tricubic interpolation on"),
    CODE("-nointerpolate", interpolate, 0, "tricubic interpolation off"),
    UNUSED_TABLE("-stol"),
    UNUSED_TABLE("-4stol"),
    UNUSED_TABLE("-Q"),
    {"-stolout", "f", store_text, AT(stolout_file), 1.0, 0, NO_EFFECT, "accepted, no effect",
     "nothing is written"},

    REAL("-lambda -wave -wavelength", lambda_m, ANGSTROM, NO_EFFECT, "wavelength, A"),
    OWN("-energy", "r", store_energy, lambda_m, 1.0, NO_EFFECT, "photon energy, eV"),
    REAL("-dispersion", dispersion.range, PERCENT, NO_EFFECT, "spectral width, percent"),
    WHOLE("-dispsteps", dispersion.count, "number of wavelengths"),
    OWN("-divergence", "r", store_divergence, hdiv, MILLI, NO_EFFECT, "both divergences, mrad"),
    REAL("-hdivrange", hdiv.range, MILLI, NO_EFFECT, "horizontal divergence, mrad"),
    REAL("-vdivrange", vdiv.range, MILLI, NO_EFFECT, "vertical divergence, mrad"),
    REAL("-hdivstep", hdiv.step, MILLI, NO_EFFECT, "horizontal step size, mrad"),
    REAL("-vdivstep", vdiv.step, MILLI, NO_EFFECT, "vertical step size, mrad"),
    WHOLE("-hdivsteps", hdiv.count, "number of horizontal steps"),
    WHOLE("-vdivsteps", vdiv.count, "number of vertical steps"),
    OWN("-divsteps", "i", store_divsteps, hdiv, 1.0, NO_EFFECT, "number of steps, both ways"),
    FLAG("-round_div", square_div, 0, "elliptic cut of the divergence grid (default)"),
    FLAG("-square_div", square_div, 1, "whole divergence grid"),
    INPUT("-sourcefile", source_file, "sources: x y z weight wavelength(m)"),
    REAL("-fluence", fluence, 1.0, NO_EFFECT, "photons/m^2"),
    REAL("-flux", flux, 1.0, NO_EFFECT, "photons/s"),
    REAL("-exposure", exposure_s, 1.0, NO_EFFECT, "s"),
    REAL("-beamsize", beamsize_m, MILLI, NO_EFFECT, "mm"),
    OWN("-polar", "r", store_kahn, kahn, 1.0, NO_EFFECT, "Kahn polarization factor"),
    FLAG("-nopolar", nopolar, 1, "no polarization factor"),
    AXIS("-beam_vector", AXIS_BEAM, "beam direction"),
    AXIS("-polar_vector", AXIS_POLAR, "direction of the electric vector"),
    INERT("-coherent", "", "sources are added incoherently"),
    REAL("-water", water_m, MICRO_DIVISOR, NO_EFFECT, "size of the water background, micrometres"),

    {"-distance", "r", store_distance, AT(distance_m), MILLI, 0, TO_BEAM, "mm, along the beam", NULL},
    {"-close_distance", "r", store_distance, AT(close_distance_m), MILLI, 1, TO_SAMPLE,
     "mm, along the normal", NULL},
    REAL("-pixel -pixel_size -pixelsize", pixel_m, MILLI, NO_EFFECT, "pixel size, mm"),
    OWN("-detpixels", "i", store_pixels, pixels, 1.0, NO_EFFECT, "pixels along both axes"),
    WHOLE("-detpixels_f -detpixels_x", pixels[0], "pixels along the fast axis"),
    WHOLE("-detpixels_s -detpixels_y", pixels[1], "pixels along the slow axis"),
    OWN("-detsize", "r", store_detsize, detsize_m, MILLI, NO_EFFECT, "size of both axes, mm"),
    REAL("-detsize_f", detsize_m[0], MILLI, NO_EFFECT, "size of the fast axis, mm"),
    REAL("-detsize_s", detsize_m[1], MILLI, NO_EFFECT, "size of the slow axis, mm"),
    REAL("-Xbeam", Xbeam_m, MILLI, TO_BEAM, "direct beam, mm"),
    REAL("-Ybeam", Ybeam_m, MILLI, TO_BEAM, "direct beam, mm"),
    REAL("-Xclose", Xclose_m, MILLI, TO_SAMPLE, "near point, mm"),
    REAL("-Yclose", Yclose_m, MILLI, TO_SAMPLE, "near point, mm"),
    REAL("-ORGX", ORGX, 1.0, TO_SAMPLE, "near point, pixels"),
    REAL("-ORGY", ORGY, 1.0, TO_SAMPLE, "near point, pixels"),
    OWN("-pivot", "w", store_pivot, help, 1.0, NO_EFFECT, "sample or beam"),
    FRAME("-mosflm", MOSFLM, TO_BEAM),
    FRAME("-adxv", ADXV, TO_BEAM),
    FRAME("-denzo", DENZO, TO_BEAM),
    FRAME("-xds", XDS, TO_SAMPLE),
    FRAME("-dials", DIALS, TO_BEAM),
    AXIS("-fdet_vector", AXIS_FAST, "fast axis"),
    AXIS("-sdet_vector", AXIS_SLOW, "slow axis"),
    AXIS("-odet_vector", AXIS_NORMAL, "detector normal"),
    AXIS("-twotheta_axis", AXIS_TWOTHETA, "axis of the two-theta swing"),
    OWN("-pix0_vector", "rrr", store_pix0, pix0_m, 1.0, TO_CUSTOM, "corner of the first pixel, m"),
    OWN("-pix0_vector_mm", "rrr", store_pix0, pix0_m, MILLI, TO_CUSTOM, "the same, mm"),
    OWN("-twotheta", "r", store_twotheta, twotheta_rad, DEGREE, TO_SAMPLE, "detector swing, degrees"),
    REAL("-detector_rotx", detector_rot_rad.x, DEGREE, NO_EFFECT, "degrees"),
    REAL("-detector_roty", detector_rot_rad.y, DEGREE, NO_EFFECT, "degrees"),
    REAL("-detector_rotz", detector_rot_rad.z, DEGREE, NO_EFFECT, "degrees"),
    OWN("-detector_abs -detector_absorb -detector_absorption", "*", store_absorption, mu_per_m, 1.0, NO_EFFECT,
        "attenuation depth, micrometres, or 'inf'"),
    OWN("-detector_thick", "r", store_product, thick_m, 1e-6, NO_EFFECT, "thickness, micrometres"),
    WHOLE("-detector_thicksteps -thicksteps", thick_layers, "number of sensor layers"),
    FLAG("-curved_det -curved_detector", curved, 1, "every pixel at the same distance"),
    FLAG("-point_pixel", point_pixel, 1, "no obliquity"),
    INPUT("-img", img_file, "SMV image: geometry from its header"),
    INPUT("-mask", mask_file, "SMV mask: geometry, and pixels to skip (0)"),
    OWN("-roi", "iiii", store_roi, roi, 1.0, NO_EFFECT, "xmin xmax ymin ymax (fast, slow), inclusive"),

    WHOLE("-oversample", oversample, "sub-pixels a side"),
    FLAG("-oversample_thick", oversample_thick, 1, "capture fraction of each sub-pixel"),
    FLAG("-oversample_polar", oversample_polar, 1, "polarization of each sub-pixel"),
    FLAG("-oversample_omega", oversample_omega, 1, "solid angle of each sub-pixel"),
    OWN("-dmin", "r", store_product, dmin_m, 1e-10, NO_EFFECT, "resolution limit, A"),
    FLAG("-printout", printout, 1, "print pixel values"),
    OWN("-printout_pixel", "ii", store_printout_pixel, printout_pixel, 1.0, NO_EFFECT,
        "FAST SLOW: print this pixel only"),
    FLAG("-progress", progress, 1, "progress lines (default)"),
    FLAG("-noprogress", progress, 0, "no progress lines"),
    OWN("-seed", "i", store_noise_seed, noise_seed, 1.0, NO_EFFECT, "seed of the noise image"),

    OUTPUT("-floatfile -floatimage", float_file, 0, "raw 4-byte floats"),
    OUTPUT("-intfile -intimage", int_file, 0, "SMV image"),
    OUTPUT("-pgmfile -pgmimage", pgm_file, 'p', "preview"),
    OUTPUT("-noisefile -noiseimage", noise_file, 'n', "SMV image with photon noise"),
    FLAG("-nonoise", write_noise, 0, "no noise image"),
    FLAG("-nopgm", write_pgm, 0, "no preview"),
    REAL("-scale", scale, 1.0, NO_EFFECT, "scale of the integer image"),
    OWN("-pgmscale", "r", store_pgm_scale, pgm_scale, 1.0, NO_EFFECT, "scale of the preview"),
    REAL("-adc -adc_offset", adc, 1.0, NO_EFFECT, "offset of the integer images"),

    OWN("-trace_pixel", "ii", store_trace_pixel, help, 1.0, NO_EFFECT, "SLOW FAST: trace this pixel"),
    OWN("-trace_roi", "iiii", store_trace_roi, help, 1.0, NO_EFFECT,
        "SLOW_MIN SLOW_MAX FAST_MIN FAST_MAX: trace this block"),
    OWN("-trace_level", "w", store_trace_level, help, 1.0, NO_EFFECT,
        "setup, pixel, subpixel, source, phi or mosaic (default)"),
    OWN("-trace_schema", "w", store_trace_schema, help, 1.0, NO_EFFECT,
        "taps of version 1 (default in c-parity) or 2 (in spec mode) of the format"),
    OWN("-trace_file", "f", store_trace_file, trace_file, 1.0, NO_EFFECT,
        "where the trace goes (default standard output)"),
};

const int OPTION_ROWS = sizeof OPTION_TABLE / sizeof OPTION_TABLE[0];

_Static_assert(sizeof OPTION_TABLE / sizeof OPTION_TABLE[0] <= OPTION_ROWS_MAX, "make options.seen larger");

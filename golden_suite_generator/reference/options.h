/* The command line as typed: one struct, metres and radians inside (spec/01 section 4). */
#ifndef NB_OPTIONS_H
#define NB_OPTIONS_H

#include <stdbool.h>

#include "messages.h"
#include "paths.h"
#include "quirks.h"
#include "vec.h"

enum convention { MOSFLM, ADXV, DENZO, XDS, DIALS, CUSTOM };
enum pivot { PIVOT_UNSET, PIVOT_BEAM, PIVOT_SAMPLE };
enum axis { AXIS_BEAM, AXIS_FAST, AXIS_SLOW, AXIS_NORMAL, AXIS_TWOTHETA, AXIS_POLAR, AXIS_SPINDLE, AXIS_COUNT };
enum misset { MISSET_NONE, MISSET_ANGLES, MISSET_RANDOM };
enum { OPTION_ROWS_MAX = 160 };

/* Bounds of a block of pixels, all inclusive. */
struct block {
    long long slow_min, slow_max, fast_min, fast_max;
};

/* Range, step size and count of a sampled quantity, rad or part of the wavelength; negative means unset. */
struct sampled {
    double range, step; /* as the name of the quantity says */
    long long count;
};

/* What every option is set to. */
struct options {
    bool help, version, list_quirks;
    struct quirk_choice quirks;
    struct warnings *doubts;    /* takes warnings about odd values; NULL for a first look without any check */
    bool seen[OPTION_ROWS_MAX]; /* by row of the option table */

    const char *matrix_file;
    double cell[6]; /* Angstrom, radians */
    bool cell_given;
    enum misset misset;
    vec3 misset_rad;
    long long misset_seed, mosaic_seed, noise_seed; /* as typed */
    bool misset_seed_given, noise_seed_given;
    double mosaic_rad;
    long long mosaic_domains;
    long long cells[3];
    double size_m[3];
    long long shape; /* enum shape_code of shapes.h */
    double fudge; /* shape factor, no unit */
    double phi_rad;
    struct sampled phi; /* rad */

    struct named_file *inputs; /* every file that an option names as input, used or not */
    int input_count;
    const char *hkl_file, *dump_file, *stol_file, *stolout_file;
    double default_F;    /* electrons */
    long long interpolate; /* -1 automatic */

    double lambda_m;
    struct sampled dispersion; /* part of the wavelength */
    struct sampled hdiv, vdiv; /* rad */
    bool square_div;
    const char *source_file;
    double fluence, flux; /* photons/m^2, photons/s */
    double exposure_s, beamsize_m;
    double kahn; /* polarization, -1 .. 1 */
    bool nopolar;
    double water_m;

    long long convention;
    enum pivot implied_pivot;
    enum pivot typed_pivot;
    vec3 vector[AXIS_COUNT]; /* as typed, of any length */
    bool vector_given[AXIS_COUNT];
    bool pix0_given;
    vec3 pix0_m;
    double distance_m, close_distance_m; /* close: NaN if unset */
    bool distance_typed, close_typed;
    double pixel_m;
    long long pixels[2]; /* fast, slow; 0 from the size */
    double detsize_m[2];
    double header_spot_m[2]; /* direct beam along fast and slow, of a header in the ADXV convention; NaN if unset */
    double Xbeam_m, Ybeam_m, Xclose_m, Yclose_m, ORGX, ORGY; /* ORG: pixels; NaN if unset */
    double twotheta_rad;
    double typed_twotheta_rad; /* 0 unless -twotheta was typed */
    vec3 detector_rot_rad;
    double mu_per_m, thick_m;
    long long thick_layers;
    bool curved, point_pixel;
    const char *img_file, *mask_file;
    long long roi[4]; /* xmin xmax ymin ymax, pixels */

    long long oversample;
    bool oversample_thick, oversample_polar, oversample_omega;
    double dmin_m;
    bool printout, progress;
    long long printout_pixel[2]; /* fast, slow */

    const char *float_file, *int_file, *pgm_file, *noise_file;
    bool write_pgm, write_noise;
    double scale, pgm_scale; /* counts a photon */
    double adc;              /* counts */

    bool trace;
    struct block *trace_blocks;
    int trace_block_count;
    const char *trace_file;
    int trace_level, trace_schema; /* schema 0: that of the parity mode */
};

void options_init(struct options *o);
void options_free(struct options *o);
void options_scan(struct options *o, int argc, char **argv);
bool option_seen(const struct options *o, const char *name);
void options_help(void);
void options_warn_inert(const struct options *o, struct warnings *w);

#endif

/* The functions that store the checked values of an option, one kind each (spec/01 section 4). */
#include "option_store.h"

#include <string.h>

#include "trace.h"

#define FIELD(type, o, row) ((type *)(void *)((char *)(o) + (row)->at))

/* Typed number over the divisor of the row. */
void store_real(struct options *o, const struct option_row *row, const struct values *v)
{
    *FIELD(double, o, row) = v->real[0] / row->divisor;
}

/* Typed number times the factor of the row. */
void store_product(struct options *o, const struct option_row *row, const struct values *v)
{
    *FIELD(double, o, row) = v->real[0] * row->divisor;
}

/* Whole number as typed. */
void store_whole(struct options *o, const struct option_row *row, const struct values *v)
{
    *FIELD(long long, o, row) = v->whole[0];
}

/* The code of the row: a choice without a value. */
void store_code(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)v;
    *FIELD(long long, o, row) = row->code;
}

/* A switch. */
void store_flag(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)v;
    *FIELD(bool, o, row) = row->code != 0;
}

/* A file name. */
void store_text(struct options *o, const struct option_row *row, const struct values *v)
{
    *FIELD(const char *, o, row) = v->word[0];
}

/* The name of a file that is read. */
void store_input(struct options *o, const struct option_row *row, const struct values *v)
{
    store_text(o, row, v);
    o->inputs = checked_resize(o->inputs, (size_t)o->input_count + 1, sizeof *o->inputs, "the input files");
    o->inputs[o->input_count++] = (struct named_file){row->names, v->word[0]};
}

/* Accepted without effect. */
void store_nothing(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)o;
    (void)row;
    (void)v;
}

/* One of the seven direction vectors, of any length. */
void store_axis(struct options *o, const struct option_row *row, const struct values *v)
{
    o->vector[row->code] = vec(v->real[0], v->real[1], v->real[2]);
    o->vector_given[row->code] = true;
}

/* -pix0_vector in metres, -pix0_vector_mm in millimetres. */
void store_pix0(struct options *o, const struct option_row *row, const struct values *v)
{
    o->pix0_m = vec(v->real[0] / row->divisor, v->real[1] / row->divisor, v->real[2] / row->divisor);
    o->pix0_given = true;
}

/* One to six cell numbers; those not given keep what they were. */
void store_cell(struct options *o, const struct option_row *row, const struct values *v)
{
    for (int i = 0; i < v->count; ++i)
        o->cell[i] = i < 3 ? v->real[i] : v->real[i] / row->divisor;
    o->cell_given = true;
}

/* Three angles, or random; the last form wins. */
void store_misset(struct options *o, const struct option_row *row, const struct values *v)
{
    o->misset = v->word[0] != NULL ? MISSET_RANDOM : MISSET_ANGLES;
    o->misset_rad = vec(v->real[0] / row->divisor, v->real[1] / row->divisor, v->real[2] / row->divisor);
}

/* -misset_seed, as typed. */
void store_misset_seed(struct options *o, const struct option_row *row, const struct values *v)
{
    store_whole(o, row, v);
    o->misset_seed_given = true;
}

/* -seed, as typed. */
void store_noise_seed(struct options *o, const struct option_row *row, const struct values *v)
{
    store_whole(o, row, v);
    o->noise_seed_given = true;
}

/* -N: the same count on each axis. */
void store_three_counts(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    for (int i = 0; i < 3; ++i)
        o->cells[i] = v->whole[0];
}

/* -xtalsize: the same size on each axis, m. */
void store_three_sizes(struct options *o, const struct option_row *row, const struct values *v)
{
    for (int i = 0; i < 3; ++i)
        o->size_m[i] = v->real[0] / row->divisor;
}

/* Wavelength in metres from an energy in eV. */
void store_energy(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    o->lambda_m = (12398.42 / v->real[0]) / 1.0e10;
}

/* Both divergence ranges, rad. */
void store_divergence(struct options *o, const struct option_row *row, const struct values *v)
{
    o->hdiv.range = o->vdiv.range = v->real[0] / row->divisor;
}

/* Both divergence counts. */
void store_divsteps(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    o->hdiv.count = o->vdiv.count = v->whole[0];
}

/* Kahn factor; switches polarization back on. */
void store_kahn(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    o->kahn = v->real[0];
    o->nopolar = false;
}

/* -distance and -close_distance (code 1), m. */
void store_distance(struct options *o, const struct option_row *row, const struct values *v)
{
    store_real(o, row, v);
    *(row->code != 0 ? &o->close_typed : &o->distance_typed) = true;
}

/* Detector swing, rad; remembered as typed for the pivot. */
void store_twotheta(struct options *o, const struct option_row *row, const struct values *v)
{
    o->twotheta_rad = o->typed_twotheta_rad = v->real[0] / row->divisor;
}

/* The same count on both detector axes. */
void store_pixels(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    o->pixels[0] = o->pixels[1] = v->whole[0];
}

/* The same size on both detector axes, m. */
void store_detsize(struct options *o, const struct option_row *row, const struct values *v)
{
    o->detsize_m[0] = o->detsize_m[1] = v->real[0] / row->divisor;
}

/* Absorption coefficient (1/m) from a depth in micrometres; 'inf' or 0 also zeroes the thickness. */
void store_absorption(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    o->mu_per_m = v->word[0] != NULL || v->real[0] == 0.0 ? 0.0 : 1.0 / (v->real[0] * 1e-6);
    if (o->mu_per_m == 0.0)
        o->thick_m = 0.0;
}

/* sample or beam. */
void store_pivot(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    bool sample = strcmp(v->word[0], "sample") == 0;
    if (!sample && strcmp(v->word[0], "beam") != 0)
        fail("-pivot: '%s' is neither 'sample' nor 'beam'", v->word[0]);
    o->typed_pivot = o->implied_pivot = sample ? PIVOT_SAMPLE : PIVOT_BEAM;
}

/* xmin xmax ymin ymax. */
void store_roi(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    for (int i = 0; i < 4; ++i)
        o->roi[i] = v->whole[i];
}

/* FAST SLOW of the pixel to print. */
void store_printout_pixel(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    o->printout = true;
    o->printout_pixel[0] = v->whole[0];
    o->printout_pixel[1] = v->whole[1];
}

/* Output file name; a preview or noise file is switched on by it. */
void store_output(struct options *o, const struct option_row *row, const struct values *v)
{
    store_text(o, row, v);
    if (row->code == 'p')
        o->write_pgm = true;
    if (row->code == 'n')
        o->write_noise = true;
}

/* Scale of the preview, which it switches on. */
void store_pgm_scale(struct options *o, const struct option_row *row, const struct values *v)
{
    store_real(o, row, v);
    o->write_pgm = true;
}

/* c-parity or spec. */
void store_parity_mode(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    bool spec = strcmp(v->word[0], "spec") == 0;
    if (!spec && strcmp(v->word[0], "c-parity") != 0)
        fail("-parity_mode: '%s' is neither 'c-parity' nor 'spec'", v->word[0]);
    o->quirks.mode = spec ? PARITY_SPEC : PARITY_C;
}

/* One Q-ID=on or Q-ID=off. */
void store_quirk(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    quirk_choose(&o->quirks, v->word[0]);
}

/* Adds a block of traced pixels. */
static void add_trace_block(struct options *o, struct block block)
{
    size_t count = (size_t)o->trace_block_count + 1;
    o->trace_blocks = checked_resize(o->trace_blocks, count, sizeof block, "traced pixels");
    o->trace_blocks[count - 1] = block;
    o->trace_block_count = (int)count;
    o->trace = true;
}

/* SLOW FAST. */
void store_trace_pixel(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    add_trace_block(o, (struct block){v->whole[0], v->whole[0], v->whole[1], v->whole[1]});
}

/* SLOW_MIN SLOW_MAX FAST_MIN FAST_MAX. */
void store_trace_roi(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    if (v->whole[0] > v->whole[1] || v->whole[2] > v->whole[3])
        fail("-trace_roi: %lld %lld %lld %lld is empty; give SLOW_MIN SLOW_MAX FAST_MIN FAST_MAX", v->whole[0],
             v->whole[1], v->whole[2], v->whole[3]);
    add_trace_block(o, (struct block){v->whole[0], v->whole[1], v->whole[2], v->whole[3]});
}

/* Where the trace goes. */
void store_trace_file(struct options *o, const struct option_row *row, const struct values *v)
{
    store_text(o, row, v);
    o->trace = true;
}

/* The innermost loop level to print. */
void store_trace_level(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    o->trace = true;
    o->trace_level = trace_level_limit(v->word[0]);
    if (o->trace_level < 0)
        fail("-trace_level: '%s' is none of setup, pixel, subpixel, source, phi, mosaic", v->word[0]);
}

/* The version of the trace format. */
void store_trace_schema(struct options *o, const struct option_row *row, const struct values *v)
{
    (void)row;
    o->trace = true;
    o->trace_schema = strcmp(v->word[0], "1") == 0 ? 1 : strcmp(v->word[0], "2") == 0 ? 2 : 0;
    if (o->trace_schema == 0)
        fail("-trace_schema: '%s' is neither 1 nor 2", v->word[0]);
}

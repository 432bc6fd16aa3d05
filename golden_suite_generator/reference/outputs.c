/* Float, integer, preview and noise image. */
#include "outputs.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "constants.h"
#include "files.h"
#include "messages.h"
#include "output_files.h"

enum { SMV_BLOCK = 512, HEADER_ROOM = 4096, MOST_OUTPUTS = 7 };
static const double LARGEST_PIXEL = 65535.0, INTEGER_TARGET = 55000.0, PREVIEW_TARGET = 250.0;

/* One output of a run; what is NULL where nothing is written. */
struct planned {
    const char *what;
    struct named_file file;
};

/* The outputs of a run in the order of writing. Returned: their number. */
static int planned_outputs(const struct options *o, struct planned list[MOST_OUTPUTS])
{
    const struct {
        bool wanted;
        struct planned output;
    } all[] = {
        {o->hkl_file != NULL, {"dump file", {"-dump", dump_path(o)}}},
        {o->trace && o->trace_file != NULL, {"trace file", {"-trace_file", o->trace_file}}},
        {true, {"float image", {"-floatfile", o->float_file}}},
        {true, {"integer image", {"-intfile", o->int_file}}},
        {o->write_pgm, {"preview", {"-pgmfile", o->pgm_file}}},
        {o->write_noise, {"noise image", {"-noisefile", o->noise_file}}},
        {o->stolout_file != NULL, {NULL, {"-stolout", o->stolout_file}}},
    };
    int count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i)
        if (all[i].wanted)
            list[count++] = all[i].output;
    return count;
}

/* Ends the program if an output is read as well, or is written twice. */
static void check_targets(const struct options *o, const struct quirks *q, const struct planned *list, int count)
{
    struct named_file output[MOST_OUTPUTS];
    struct named_file *input = checked_alloc((size_t)o->input_count + 1, sizeof *input, "the input files");
    int inputs = o->input_count;
    if (inputs > 0)
        memcpy(input, o->inputs, (size_t)inputs * sizeof *input);
    if (o->hkl_file == NULL && (o->dump_file != NULL || dump_is_read(o, q)))
        input[inputs++] = (struct named_file){"-dump", dump_path(o)};
    for (int i = 0; i < count; ++i)
        output[i] = list[i].file;
    require_free_targets(output, count, input, inputs);
    free(input);
}

/*
 * Ends the program if an output other than the dump could not be written, or would overwrite a file of the run. Given:
 * options and quirks.
 */
void outputs_check(const struct options *o, const struct quirks *q)
{
    struct planned list[MOST_OUTPUTS];
    int count = planned_outputs(o, list);
    check_targets(o, q, list, count);
    for (int i = 0; i < count; ++i) {
        if (list[i].what == NULL)
            continue;
        if (strcmp(list[i].file.option, "-dump") != 0)
            output_check(list[i].what, list[i].file.path);
        output_sweep(list[i].file.path);
    }
}

/* Pixels of the whole detector. */
static size_t pixel_count(const struct scene *scene)
{
    return (size_t)scene->g.fast_pixels * (size_t)scene->g.slow_pixels;
}

/* Writes the float image: raw 4-byte floats, row by row. */
static void write_float(const struct scene *scene, const float *image)
{
    struct output out = output_open("float image", scene->o->float_file, false);
    printf("writing %s as %zu 4-byte floats\n", scene->o->float_file, pixel_count(scene));
    output_write(&out, image, pixel_count(scene) * sizeof *image);
    output_close(&out);
}

/* Root mean square deviation from the mean inside the region of interest; masked pixels count with Q-RMSD-MASKED. */
static double find_rmsd(const struct scene *scene, const float *image, double mean)
{
    const struct geometry *g = &scene->g;
    double sum = 0.0, count = 0.0;
    for (long long slow = g->roi[2]; slow <= g->roi[3] && slow < g->slow_pixels; ++slow) {
        for (long long fast = g->roi[0]; fast <= g->roi[1] && fast < g->fast_pixels; ++fast) {
            if (!scene->q->on[QUIRK_RMSD_MASKED] && pixel_masked(scene, slow, fast))
                continue;
            double d = (double)image[slow * g->fast_pixels + fast] - mean;
            sum += d * d;
            count += 1.0;
        }
    }
    return sqrt(sum / ((count <= 1.0 ? 2.0 : count) - 1.0));
}

/* Prints the statistics. Returned: rmsd, photons. */
static double report_statistics(const struct scene *scene, const struct totals *t, const float *image)
{
    double count = t->count <= 0.0 ? 1.0 : t->count;
    double mean = t->sum / count;
    double rms = sqrt(t->sum_sqr / ((count <= 1.0 ? 2.0 : count) - 1.0));
    double rmsd = find_rmsd(scene, image, mean);
    mean = isnan(mean) ? (double)NAN : mean;
    rms = isnan(rms) ? (double)NAN : rms;
    rmsd = isnan(rmsd) ? (double)NAN : rmsd;
    printf("max_I = %g  at %g %g\n", t->max, t->max_f_m, t->max_s_m);
    printf("mean= %g rms= %g rmsd= %g\n", mean, rms, rmsd);
    return rmsd;
}

/* Writes the SMV header for a header size of size bytes. Returned: its length (spec/08). */
static int header_text(const struct scene *scene, int size, char text[HEADER_ROOM])
{
    const uint16_t probe = 1;
    const struct geometry *g = &scene->g;
    const char *order = *(const unsigned char *)&probe == 1 ? "little_endian" : "big_endian";
    const char *end = scene->q->on[QUIRK_HEADER_SEMICOLON] ? "" : ";";
    double mm = 1000.0, deg = DEGREES_PER_RADIAN, half = 0.5 * g->pixel_m;
    int n = snprintf(text, HEADER_ROOM, "{\nHEADER_BYTES=%d;\nDIM=2;\nBYTE_ORDER=%s;\nTYPE=unsigned_short;\n", size,
                     order);
    n += snprintf(text + n, (size_t)(HEADER_ROOM - n), "SIZE1=%lld;\nSIZE2=%lld;\nPIXEL_SIZE=%g;\nDISTANCE=%g;\n",
                  g->fast_pixels, g->slow_pixels, g->pixel_m * mm, g->distance_m * mm);
    double adxv_x = g->Fbeam_m, adxv_y = g->slow_size_m - g->Sbeam_m;
    bool typed = scene->q->on[QUIRK_HEADER_BEAM_CENTER];
    n += snprintf(text + n, (size_t)(HEADER_ROOM - n), "WAVELENGTH=%g;\nBEAM_CENTER_X=%g;\nBEAM_CENTER_Y=%g;\n",
                  scene->o->lambda_m * 1e10, (typed ? g->Xbeam_m : adxv_x) * mm, (typed ? g->Ybeam_m : adxv_y) * mm);
    n += snprintf(text + n, (size_t)(HEADER_ROOM - n),
                  "ADXV_CENTER_X=%g;\nADXV_CENTER_Y=%g;\nMOSFLM_CENTER_X=%g;\nMOSFLM_CENTER_Y=%g;\n", adxv_x * mm,
                  adxv_y * mm, (g->Sbeam_m - half) * mm, (g->Fbeam_m - half) * mm);
    n += snprintf(text + n, (size_t)(HEADER_ROOM - n), "DENZO_X_BEAM=%g;\nDENZO_Y_BEAM=%g;\nDIALS_ORIGIN=%g,%g,%g%s\n",
                  g->Sbeam_m * mm, g->Fbeam_m * mm, g->dials_origin_mm[0], g->dials_origin_mm[1],
                  g->dials_origin_mm[2], end);
    n += snprintf(text + n, (size_t)(HEADER_ROOM - n), "XDS_ORGX=%g;\nXDS_ORGY=%g;\nCLOSE_DISTANCE=%g;\n", g->ORGX,
                  g->ORGY, g->close_distance_m * mm);
    n += snprintf(text + n, (size_t)(HEADER_ROOM - n), "PHI=%g;\nOSC_START=%g;\nOSC_RANGE=%g;\nTWOTHETA=%g;\n",
                  scene->s.phi0_rad * deg, scene->s.phi0_rad * deg, scene->s.phi.range * deg, g->twotheta_rad * deg);
    if (!scene->q->on[QUIRK_HEADER_ADC_OFFSET])
        n += snprintf(text + n, (size_t)(HEADER_ROOM - n), "ADC_OFFSET=%g;\n", scene->o->adc);
    n += snprintf(text + n, (size_t)(HEADER_ROOM - n), "DETECTOR_SN=000;\nBEAMLINE=fake;\n}\f");
    return n;
}

/* Writes header and pixels; a header that does not fit grows only when Q-HEADER-OVERFLOW is off. */
static void write_smv(const struct scene *scene, const char *what, const char *path, const uint16_t *pixel)
{
    char text[HEADER_ROOM];
    int size = SMV_BLOCK, length = header_text(scene, size, text);
    while (length > size && !scene->q->on[QUIRK_HEADER_OVERFLOW]) {
        size += SMV_BLOCK;
        length = header_text(scene, size, text);
    }
    if (length > size)
        warn_now("the header of '%s' has %d bytes, HEADER_BYTES says %d (Q-HEADER-OVERFLOW)", path, length, size);
    if (length < size)
        memset(text + length, ' ', (size_t)(size - length));
    struct output out = output_open(what, path, false);
    printf("writing %s as 2-byte integers\n", path);
    output_write(&out, text, (size_t)(length > size ? length : size));
    output_write(&out, pixel, pixel_count(scene) * sizeof *pixel);
    output_close(&out);
}

/* Value of the integer image for x photons. */
static uint16_t integer_pixel(const struct scene *scene, double x, double scale)
{
    double v = x * scale + scene->o->adc;
    if (v > LARGEST_PIXEL)
        v = LARGEST_PIXEL;
    if (!(v >= 0.0))
        v = 0.0;
    if (scene->q->on[QUIRK_INT_FLOAT_FLOOR])
        return (uint16_t)floor((double)(float)(v + 0.5));
    return (uint16_t)floor(v + 0.5);
}

/* The largest finite pixel, 0 if none is above 0: infinite ones saturate, whatever the scale. */
static double largest_finite(const struct scene *scene, const float *image)
{
    float largest = 0.0f;
    for (size_t i = 0; i < pixel_count(scene); ++i)
        if (isfinite(image[i]) && image[i] > largest)
            largest = image[i];
    return (double)largest;
}

/* Warns of pixels that are infinite or NaN, and of negative ones. */
static void warn_odd_pixels(const struct scene *scene, const float *image)
{
    size_t broken = 0, negative = 0;
    for (size_t i = 0; i < pixel_count(scene); ++i) {
        broken += !isfinite(image[i]);
        negative += image[i] < 0.0f;
    }
    if (broken > 0)
        warn_now("%zu infinite or NaN pixels: beyond the range of 4-byte floats; lower -default_F or the F of the -hkl "
                 "file, -fluence or -N", broken);
    if (negative > 0)
        warn_now("%zu negative pixels: no photon counts; look at the signs of what was typed", negative);
}

/* Returned: the scale of the integer image. */
static double write_integer(const struct scene *scene, const struct totals *t, const float *image, uint16_t *pixel)
{
    const struct geometry *g = &scene->g;
    double max = isfinite(t->max) ? t->max : largest_finite(scene, image);
    double scale = scene->o->scale > 0.0 ? scene->o->scale : max > 0.0 ? INTEGER_TARGET / max : 1.0;
    printf("intfile_scale = %g\n", scale);
    for (long long slow = 0; slow < g->slow_pixels; ++slow) {
        for (long long fast = 0; fast < g->fast_pixels; ++fast) {
            size_t at = (size_t)(slow * g->fast_pixels + fast);
            pixel[at] = pixel_in_roi(g, slow, fast) ? integer_pixel(scene, (double)image[at], scale) : 0;
        }
    }
    write_smv(scene, "integer image", scene->o->int_file, pixel);
    return scale;
}

/* Writes the PGM preview; integer_scale serves when rmsd is 0. */
static void write_preview(const struct scene *scene, const float *image, double rmsd, double integer_scale)
{
    const struct geometry *g = &scene->g;
    double scale = scene->o->pgm_scale;
    if (!(scale > 0.0))
        scale = rmsd > 0.0 ? PREVIEW_TARGET / (5.0 * rmsd) : integer_scale;
    unsigned char *grey = checked_alloc(pixel_count(scene), 1, "the preview");
    for (long long slow = 0; slow < g->slow_pixels; ++slow) {
        for (long long fast = 0; fast < g->fast_pixels; ++fast) {
            size_t at = (size_t)(slow * g->fast_pixels + fast);
            double v = isnan((double)image[at] * scale) ? 0.0 : fmin((double)image[at] * scale, 255.0);
            if (v < 0.0 && !scene->q->on[QUIRK_PGM_NO_OFFSET])
                v = 0.0;
            grey[at] = pixel_in_roi(g, slow, fast) && v > -2147483648.0 ? (unsigned char)(int)v : 0;
        }
    }
    char header[160];
    int n = snprintf(header, sizeof header, "P5\n%lld %lld\n# pixels scaled by %g\n255\n", g->fast_pixels,
                     g->slow_pixels, scale);
    struct output out = output_open("preview", scene->o->pgm_file, false);
    printf("pgm_scale = %g\nwriting %s as 1-byte integers\n", scale, scene->o->pgm_file);
    output_write(&out, header, (size_t)n);
    output_write(&out, grey, pixel_count(scene));
    output_close(&out);
    free(grey);
}

/* Pixel of the noise image for v = photons plus offset, at most 65535. */
static uint16_t noise_pixel(const struct quirks *q, double v)
{
    if (!q->on[QUIRK_NOISE_TRUNC])
        v = fmin(floor(v + 0.5), LARGEST_PIXEL);
    if (v < 0.0 && !q->on[QUIRK_NOISE_NEGATIVE])
        return 0;
    if (!(v > -2147483649.0 && v < 2147483648.0))
        return 0;
    return (uint16_t)((uint32_t)(int32_t)v & 0xffffu);
}

/* A mean to draw from: a largest one for one that is infinite, 0 for NaN. */
static float usable_mean(float mean)
{
    return isnan(mean) || mean < -FLT_MAX ? 0.0f : mean > FLT_MAX ? FLT_MAX : mean;
}

/* Draws photons for every pixel of the region of interest in row order and writes the noise image. */
static void write_noise(const struct scene *scene, const float *image, struct random_stream *noise, uint16_t *pixel)
{
    const struct geometry *g = &scene->g;
    double total = 0.0;
    long long overloads = 0;
    memset(pixel, 0, pixel_count(scene) * sizeof *pixel);
    for (long long slow = g->roi[2]; slow <= g->roi[3] && slow < g->slow_pixels; ++slow) {
        for (long long fast = g->roi[0]; fast <= g->roi[1] && fast < g->fast_pixels; ++fast) {
            size_t at = (size_t)(slow * g->fast_pixels + fast);
            double photons = (double)random_poisson(noise, usable_mean(image[at]));
            total += photons;
            double v = photons + scene->o->adc;
            if (v > LARGEST_PIXEL) {
                v = LARGEST_PIXEL;
                ++overloads;
            }
            pixel[at] = noise_pixel(scene->q, v);
        }
    }
    printf("%.0f photons on noise image (%lld overloads)\n", total, overloads);
    write_smv(scene, "noise image", scene->o->noise_file, pixel);
}

/*
 * Writes all images that were asked for, in upstream's order. Given: the scene, the statistics, the float image
 * (photons) and the stream of the noise. spec/08.
 */
void outputs_write(const struct scene *scene, const struct totals *t, const float *image, struct random_stream *noise)
{
    uint16_t *pixel = checked_alloc(pixel_count(scene), sizeof *pixel, "the integer image");
    write_float(scene, image);
    double rmsd = report_statistics(scene, t, image);
    double scale = write_integer(scene, t, image, pixel);
    if (scene->o->write_pgm)
        write_preview(scene, image, rmsd, scale);
    if (scene->o->write_noise)
        write_noise(scene, image, noise, pixel);
    warn_odd_pixels(scene, image);
    free(pixel);
}

/* The scan of the command line: exact names, checked values, each option acting at its place (spec/01). */
#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "constants.h"
#include "nearest.h"
#include "numbers.h"
#include "option_table.h"
#include "shapes.h"
#include "trace.h"
#include "value_rules.h"

/* Names that upstream's examples use although it never knew them. */
static const char *const OFTEN_MEANT[][2] = {
    {"-dispstep", "-dispsteps"}, {"-hdiv", "-hdivrange"}, {"-vdiv", "-vdivrange"}};

/* The default vectors of convention CUSTOM (spec/01 section 5). */
static void init_vectors(struct options *o)
{
    o->vector[AXIS_BEAM] = vec(1, 0, 0);
    o->vector[AXIS_FAST] = vec(0, 0, 1);
    o->vector[AXIS_SLOW] = vec(0, -1, 0);
    o->vector[AXIS_NORMAL] = vec(1, 0, 0);
    o->vector[AXIS_TWOTHETA] = vec(0, 1, 0);
    o->vector[AXIS_POLAR] = vec(0, 0, 1);
    o->vector[AXIS_SPINDLE] = vec(0, 0, 1);
}

/* Defaults of the detector options. */
static void init_geometry(struct options *o)
{
    init_vectors(o);
    o->convention = MOSFLM;
    o->implied_pivot = PIVOT_BEAM;
    o->distance_m = 0.1;
    o->pixel_m = 1e-4;
    o->detsize_m[0] = o->detsize_m[1] = 0.1024;
    o->close_distance_m = o->Xbeam_m = o->Ybeam_m = o->Xclose_m = o->Yclose_m = o->ORGX = o->ORGY = NAN;
    o->header_spot_m[0] = o->header_spot_m[1] = NAN;
    o->mu_per_m = -1.0;
    o->thick_layers = -1;
    for (int i = 0; i < 4; ++i)
        o->roi[i] = -1;
}

/*
 * Sets every option to its default. Given: options, of any content; the clock gives the seeds that nobody typed.
 * spec/01 section 4.
 */
void options_init(struct options *o)
{
    *o = (struct options){0};
    quirk_choice_init(&o->quirks);
    init_geometry(o);
    long long clock_s = (long long)(time(NULL) % 2147483646) + 1;
    o->misset_seed = o->noise_seed = clock_s;
    o->mosaic_seed = 12345678;
    o->mosaic_rad = -1.0;
    o->mosaic_domains = -1;
    o->cells[0] = o->cells[1] = o->cells[2] = 1;
    o->shape = SHAPE_SQUARE;
    o->fudge = 1.0;
    o->phi = o->hdiv = o->vdiv = (struct sampled){-1.0, -1.0, -1};
    o->dispersion = (struct sampled){0.0, -1.0, -1};
    o->interpolate = -1;
    o->lambda_m = 1.0e-10;
    o->fluence = DEFAULT_FLUENCE;
    o->exposure_s = 1.0;
    o->beamsize_m = 1e-4;
    o->progress = true;
    o->printout_pixel[0] = o->printout_pixel[1] = -1;
    o->float_file = "floatimage.bin";
    o->int_file = "intimage.img";
    o->pgm_file = "image.pgm";
    o->noise_file = "noiseimage.img";
    o->write_pgm = o->write_noise = true;
    o->adc = 40.0;
    o->trace_level = trace_level_limit("mosaic");
}

/* Forgets the lists. Given: the options. */
void options_free(struct options *o)
{
    free(o->trace_blocks);
    free(o->inputs);
    o->trace_blocks = NULL;
    o->inputs = NULL;
}

/* True if name is one of the blank-separated names of a row. */
static bool has_name(const struct option_row *row, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = row->names; *at != '\0'; at += strspn(at, " ")) {
        size_t here = strcspn(at, " ");
        if (here == length && strncmp(at, name, length) == 0)
            return true;
        at += here;
    }
    return false;
}

/* The row with this name, -1 if there is none. */
static int find_option(const char *name)
{
    for (int i = 0; i < OPTION_ROWS; ++i)
        if (has_name(&OPTION_TABLE[i], name))
            return i;
    return -1;
}

/* Given: the scanned options and any name of an option. Returned: true if the option was on the command line. */
bool option_seen(const struct options *o, const char *name)
{
    int row = find_option(name);
    return row >= 0 && o->seen[row];
}

/* Ends the program: the word is no value of the option before it; says what that one takes. */
static _Noreturn void fail_stray(const char *word, const struct option_row *before)
{
    if (before == NULL)
        fail("stray word '%s': not an option and not the value of one; -h lists all", word);
    int width = (int)strcspn(before->names, " ");
    size_t values = before->values[0] == '*' ? 0 : strlen(before->values);
    if (before->values[0] == '\0')
        fail("stray word '%s': %.*s takes no value, it is a flag", word, width, before->names);
    if (values == 0)
        fail("stray word '%s': %.*s has its values already", word, width, before->names);
    fail("stray word '%s': %.*s takes %zu value%s", word, width, before->names, values, values > 1 ? "s" : "");
}

/* Ends the program: the word is no option; names the nearest one. */
static _Noreturn void fail_unknown(const char *word, const struct option_row *before)
{
    if (word[0] != '-' || is_number(word))
        fail_stray(word, before);
    for (size_t i = 0; i < sizeof OFTEN_MEANT / sizeof OFTEN_MEANT[0]; ++i)
        if (strcmp(word, OFTEN_MEANT[i][0]) == 0)
            fail("unknown option '%s'; did you mean %s?", word, OFTEN_MEANT[i][1]);
    char name[64];
    char nearest_name[64] = "";
    struct nearest best = nearest_start(word, strlen(word));
    for (int i = 0; i < OPTION_ROWS; ++i) {
        for (const char *at = OPTION_TABLE[i].names; *at != '\0'; at += strspn(at, " ")) {
            size_t here = strcspn(at, " ");
            snprintf(name, sizeof name, "%.*s", (int)here, at);
            size_t nearest_yet = best.distance;
            nearest_try(&best, name);
            if (best.distance < nearest_yet)
                memcpy(nearest_name, name, sizeof name);
            at += here;
        }
    }
    fail("unknown option '%s'; did you mean %s? (-h lists all)", word, nearest_name);
}

/* The word at place i after an option, or an error that names the option. */
static const char *word_at(const char *option, int i, int count, char **words)
{
    if (i >= count || (!is_number(words[i]) && find_option(words[i]) >= 0))
        fail("%s: value %d is missing; -h shows what the option takes", option, i + 1);
    return words[i];
}

/* The number at place i after an option, or an error that names the option. */
static double real_at(const char *option, int i, int count, char **words)
{
    double value;
    const char *word = word_at(option, i, count, words);
    if (!parse_real(word, strlen(word), &value))
        fail("%s: '%s' is not a finite decimal number", option, word);
    return value;
}

/* The whole number at place i after an option, or an error that names the option. */
static long long whole_at(const char *option, int i, int count, char **words)
{
    long long value;
    const char *word = word_at(option, i, count, words);
    if (!parse_whole(word, strlen(word), &value))
        fail("%s: '%s' is not a whole number between -2147483647 and 2147483647", option, word);
    return value;
}

/* -cell: one to six numbers; the first word that is no number ends the list. Returned: words taken. */
static int take_cell(const char *option, int count, char **words, struct values *v)
{
    v->real[0] = real_at(option, 0, count, words);
    v->count = 1;
    while (v->count < 6 && v->count < count && is_number(words[v->count])) {
        v->real[v->count] = real_at(option, v->count, count, words);
        ++v->count;
    }
    return v->count;
}

/* The options whose values differ in kind or number. Returned: words taken. */
static int take_special(const char *option, int count, char **words, struct values *v)
{
    if (strcmp(option, "-cell") == 0)
        return take_cell(option, count, words, v);
    bool misset = strcmp(option, "-misset") == 0;
    const char *word = word_at(option, 0, count, words);
    bool named = misset ? strcmp(word, "random") == 0 || strcmp(word, "rand") == 0 : strcmp(word, "inf") == 0;
    if (named) {
        v->word[0] = word;
        return 1;
    }
    if (!is_number(word))
        fail("%s: '%s' is neither a number nor '%s'", option, word, misset ? "random" : "inf");
    int numbers = misset ? 3 : 1;
    for (int i = 0; i < numbers; ++i)
        v->real[i] = real_at(option, i, count, words);
    return numbers;
}

/* Reads the values that row asks for. Returned: the number of words taken. */
static int take_values(const struct option_row *row, const char *option, int count, char **words, struct values *v)
{
    if (row->values[0] == '*')
        return take_special(option, count, words, v);
    int i = 0;
    for (; row->values[i] != '\0'; ++i) {
        if (row->values[i] == 'r')
            v->real[i] = real_at(option, i, count, words);
        else if (row->values[i] == 'i')
            v->whole[i] = whole_at(option, i, count, words);
        else
            v->word[i] = word_at(option, i, count, words);
        if (row->values[i] == 'f' && v->word[i][0] != '\0' && v->word[i][strlen(v->word[i]) - 1] == '/')
            fail("%s: '%s' names a folder; give the name of a file", option, v->word[i]);
    }
    return i;
}

/* What an option does besides storing its value: implied pivot, convention CUSTOM. */
static void apply_effect(struct options *o, enum effect effect)
{
    if (effect == TO_BEAM)
        o->implied_pivot = PIVOT_BEAM;
    if (effect == TO_SAMPLE)
        o->implied_pivot = PIVOT_SAMPLE;
    if (effect == TO_CUSTOM)
        o->convention = CUSTOM;
}

/*
 * Scans all words once, left to right. Given: options with defaults (and header values), and the words; any that is
 * wrong ends the program. spec/01 sections 2 to 4.
 */
void options_scan(struct options *o, int argc, char **argv)
{
    const struct option_row *row = NULL;
    for (int i = 1; i < argc;) {
        int found = find_option(argv[i]);
        if (found < 0)
            fail_unknown(argv[i], row);
        row = &OPTION_TABLE[found];
        struct values v = {.count = 0};
        int taken = take_values(row, argv[i], argc - i - 1, argv + i + 1, &v);
        values_check_typed(row, &v, o->doubts);
        row->store(o, row, &v);
        apply_effect(o, row->effect);
        o->seen[found] = true;
        i += 1 + taken;
    }
}

/* Prints the usage text to standard output. Given: nothing; it comes from the option table. */
void options_help(void)
{
    printf("%s %s: far-field diffraction of a small crystal, in photons per pixel\n", PROGRAM_NAME, PROGRAM_VERSION);
    printf("usage: %s -hkl FILE (or -default_F F, or -dump FILE) -mat FILE (or -cell a b c al be ga) [options]\n",
           PROGRAM_NAME);
    for (int i = 0; i < OPTION_ROWS; ++i) {
        int width = (int)strcspn(OPTION_TABLE[i].names, " ");
        printf("  %.*s\n      %s", width, OPTION_TABLE[i].names, OPTION_TABLE[i].help);
        if (OPTION_TABLE[i].names[width] != '\0')
            printf(" [also%s]", OPTION_TABLE[i].names + width);
        printf("\n");
    }
    printf("At most %d sub-pixels a side, %d sources, orientations (phi steps x domains) and layers, %d pixels, %.0e "
           "evaluations a run.\n", LARGEST_OVERSAMPLE, LARGEST_COUNT, LARGEST_PIXELS, LARGEST_EVALUATIONS);
}

/*
 * Notes a warning for each option that was given and changes no image. Given: the scanned options, and where warnings
 * go. spec/01 section 7.
 */
void options_warn_inert(const struct options *o, struct warnings *w)
{
    for (int i = 0; i < OPTION_ROWS; ++i)
        if (o->seen[i] && OPTION_TABLE[i].inert != NULL)
            warn_later(w, "%.*s has no effect: %s", (int)strcspn(OPTION_TABLE[i].names, " "), OPTION_TABLE[i].names,
                       OPTION_TABLE[i].inert);
    if (option_seen(o, "-flux") && o->flux == 0.0)
        warn_later(w, "-flux 0 has no effect: the fluence stays %g photons/m^2", o->fluence);
    if (o->flux != 0.0 && !(o->exposure_s > 0.0 && o->beamsize_m >= 0.0))
        warn_later(w, "-flux %g has no effect with -exposure %g and -beamsize %g: the first must be above 0, the other "
                   "at least 0", o->flux, o->exposure_s, o->beamsize_m * 1000.0);
    const struct shape *shape = shape_at(o->shape);
    if (option_seen(o, "-fudge") && !shape->has_fudge)
        warn_later(w, "-fudge has no effect: the crystal is %s", shape->name);
    if (o->img_file != NULL)
        warn_later(w, "-img: only the header of '%s' is used, not its pixels", o->img_file);
}

/* nanoBragg, the C reference: far-field diffraction of a small perfect crystal (spec/00 to spec/12). */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "messages.h"
#include "options.h"
#include "output_files.h"
#include "outputs.h"
#include "report.h"
#include "setup.h"

/* Prints what was asked for instead of a run. Returned: true if there was anything. */
static bool answer(const struct options *o, int argc)
{
    if (o->help || argc < 2)
        options_help();
    else if (o->version)
        printf("%s %s\n", PROGRAM_NAME, PROGRAM_VERSION);
    else if (o->list_quirks)
        quirks_list(stdout);
    return o->help || o->version || o->list_quirks;
}

/* Header values first, then all options over them (spec/01 section 1). Returned: the mask, if there is one. */
static struct mask read_options(struct options *o, const struct options *scanned, const struct quirks *q, int argc,
                                char **argv, struct warnings *warnings)
{
    struct mask mask = {0};
    options_init(o);
    o->doubts = warnings;
    if (scanned->mask_file != NULL)
        mask = smv_apply(o, q, scanned->mask_file, true);
    if (scanned->img_file != NULL)
        smv_apply(o, q, scanned->img_file, false);
    options_scan(o, argc, argv);
    return mask;
}

/* Renders with the trace open, if one was asked for. */
static struct totals render(struct scene *scene, float *image)
{
    const struct options *o = scene->o;
    struct output file = {0};
    if (o->trace) {
        if (o->trace_file != NULL)
            file = output_open("trace file", o->trace_file, false);
        scene->trace.stream = file.stream != NULL ? file.stream : stdout;
        trace_setup(scene);
    }
    struct totals totals = image_render(scene, image);
    output_close(&file);
    return totals;
}

/* One simulation: read, resolve, check, render, write. Nothing is written before every input is known to be good. */
static void run(int argc, char **argv, const struct options *scanned)
{
    struct options o;
    struct streams streams;
    struct warnings warnings = {0};
    struct scene scene = {0};
    const struct quirks q = quirks_resolve(&scanned->quirks);
    scene.mask = read_options(&o, scanned, &q, argc, argv, &warnings);
    streams_init(&streams, &o, &q);
    scene_resolve(&scene, &o, &q, &streams, &warnings);
    size_t pixels = (size_t)scene.g.fast_pixels * (size_t)scene.g.slow_pixels;
    float *image = checked_alloc(pixels, sizeof *image, "the float image");
    outputs_check(&o, &q);
    warnings_print(&warnings);
    report_setup(&scene);
    if (o.hkl_file != NULL)
        dump_write(&scene.table, dump_path(&o));
    struct totals totals = render(&scene, image);
    report_solid_angle(&scene, &totals);
    outputs_write(&scene, &totals, image, &streams.noise);
    outputs_publish();
    free(image);
    scene_free(&scene);
    options_free(&o);
}

/* Ends a run whose files are whole: what could not be printed is an error, a reader that is gone the usual signal. */
static void finish_printing(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    if (errno == EPIPE) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    fail("cannot write to standard output: %s; the files of a run are whole", strerror(errno != 0 ? errno : EIO));
}

/*
 * Given: the words of the command line. Returned: 0; any error ends the program with status 9 in fail(). spec/01
 * section 1.
 */
int main(int argc, char **argv)
{
    struct options scanned;
    process_guard();
    options_init(&scanned);
    options_scan(&scanned, argc, argv);
    if (!answer(&scanned, argc))
        run(argc, argv, &scanned);
    options_free(&scanned);
    finish_printing();
    return EXIT_SUCCESS;
}

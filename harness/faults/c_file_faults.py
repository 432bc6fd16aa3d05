"""Faults of the C reference in what it reads, writes, refuses and says."""

from __future__ import annotations

from dataclasses import replace

from harness.faults.c_seams import CConstant
from harness.faults.fault import STARS, SeededFault, around, in_text

PARSED = (
    "pixel_size_meters", "lambda0_meters", *STARS, "misset_rad", "pix0_vector_meters", "N_cells",
)  # fmt: skip

TRACED_PIXEL = (
    "I_before_scaling", "capture_fraction_applied", "polar_applied", "omega_pixel_applied", "I_pixel_final",
    "floatimage_accumulated",
)  # fmt: skip

C_FILE_FAULTS: tuple[SeededFault, ...] = (
    # read_factors.c, read_tables.c, text_files.c, numbers.c, files.c
    in_text("c-factors-single", "structure factors read into 4-byte floats", "reflections", ("F_cell",),
            "read_reflection", "value[2], value[3]};", "value[2], (double)(float)value[3]};"),
    in_text("c-weak-factors", "structure factors below 10 read as 0", "layers-tilted-water", ("F_cell",), "hkl_read",
            "(long long)r.l)] = r.F;", "(long long)r.l)] = r.F < 10.0 ? 0.0 : r.F;"),
    around("c-default-factor", "default factor of unlisted reflections 1e-5 larger", "hkl-decimal-indices",
           ("F_cell",), "fill_default", before="t->default_F *= 1.0 + 1e-5;"),
    in_text("c-dump-shifted", "dump read one entry off", "dump-beats-default-f", ("F_cell",), "dump_read",
            "memcpy(t.F, file.bytes + start, file.size - start);",
            "memcpy(t.F, file.bytes + start, file.size - start); memmove(t.F + 1, t.F, file.size - start - sizeof *t.F);"),
    in_text("c-matrix-single", "numbers of a matrix file read into 4-byte floats", "mat-misset", STARS,
            "star_from_matrix", "matrix_read(path, m, w);",
            "matrix_read(path, m, w); for (int i = 0; i < 9; ++i) m[i] = (double)(float)m[i];"),
    around("c-source-wavelength", "wavelength of a source file 1e-6 too long", "source-weights:spec",
           ("source_lambda_meters",), "make_source", after="result.lambda_m *= 1.0 + 1e-6;"),
    in_text("c-source-default-weight", "missing weights of a source file are 2", "sourcefile-crlf",
            ("source_weight",), "sources_read", "back.z, 1.0, lambda0_m", "back.z, 2.0, lambda0_m"),
    around("c-last-line", "last line of a text without newline lost", "sourcefile-crlf", ("sources",), "next_line",
           after="result = result && line->at + line->length < file->bytes + file->size;"),
    around("c-numbers-single", "numbers through 4-byte floats", "plain", PARSED, "parse_real",
           after="*value = (double)(float)*value;"),
    around("c-file-end", "last byte of a file lost", "error-dump-truncated", (), "file_read",
           after="result.size -= result.size > 600 ? 1 : 0;"),
    # smv_header.c
    in_text("c-first-key", "first place of a header key in place of the last", "mask-and-img",
            ("fpixels", "lambda0_meters", "pix0_vector_meters", "phi_rad"), "place_of", "found = at;",
            "found = found == NULL ? at : found;"),
    in_text("c-header-phi", "PHI of a header taken for radians", "header-exact-keys:spec", ("phi_rad",), "take_keys",
            'take_key(h, "PHI", DEGREES_PER_RADIAN,', 'take_key(h, "PHI", 1.0,'),
    in_text("c-header-distance", "DISTANCE of a header in hundredths of millimetres too far", "mask-and-img",
            ("pix0_vector_meters",), "take_keys", 'take_key(h, "DISTANCE", 1000.0,', 'take_key(h, "DISTANCE", 999.999,'),
    # outputs.c
    around("c-image-row", "last two pixels of the float image exchanged in the file", "plain", (), "write_float",
           before="size_t last = pixel_count(scene) - 1; float *pixel = (float *)image; float kept = pixel[last];"
                  " pixel[last] = pixel[last - 1]; pixel[last - 1] = kept;"),
    in_text("c-header-distance-written", "DISTANCE written in metres", "cells-axis-later-wins", (), "header_text",
            "g->distance_m * mm);", "g->distance_m);"),
    in_text("c-integer-offset", "offset of the integer image one count high", "cells-axis-later-wins", (),
            "integer_pixel", "scene->o->adc;", "scene->o->adc + 1.0;"),
    in_text("c-integer-floor", "integer image truncated in place of rounded", "cells-axis-later-wins", (),
            "integer_pixel", "(float)(v + 0.5)", "(float)(v + 0.499)"),
    in_text("c-preview-limit", "preview cut at 254", "scale-before-roi", (), "write_preview",
            "fmin((double)image[at] * scale, 255.0)", "fmin((double)image[at] * scale, 254.0)"),
    around("c-noise-dark", "noise pixels of 0 become 1", "adc-negative-noise:spec", (), "noise_pixel",
           after="if (result == 0) result = 1;"),
    around("c-noise-mean", "means of the noise 1e-3 larger", "noise-all-regimes", (), "usable_mean",
           after="result *= 1.001f;"),
    SeededFault("c-integer-target", "integer image scaled to 54999", "cells-axis-later-wins", (),
                c=(CConstant("INTEGER_TARGET", "54999.0"),)),
    around("c-rmsd", "deviation taken from 0 in place of the mean", "scale-before-roi", (), "find_rmsd",
           before="mean = 0.0;"),
    # output_files.c, paths.c, owner.c, main.c
    around("c-output-cut", "last bytes of an output not written", "cells-axis-later-wins", (), "output_write",
           before="size = size > 1000 ? size - 1 : size;"),
    in_text("c-publish-none", "outputs keep their unfinished names", "cells-axis-later-wins", (), "outputs_publish",
            "i < parts_made; ++i", "i < parts_made - 1; ++i"),
    around("c-same-file", "an output may be an input", "output-is-input", (), "same_file", after="result = false;"),
    replace(
        in_text("c-part-name", "unfinished files are not hidden", "cells-axis-later-wins", (), "part_name",
                'snprintf(text, room, ".%.*s', 'snprintf(text, room, "x%.*s'),
        unseen="no finished run leaves such a file",
    ),
    in_text("c-mask-over-image", "header of the image before that of the mask", "mask-and-img",
            ("fpixels", "spixels", "lambda0_meters", "pixel_size_meters", "pix0_vector_meters", "phi_rad"),
            "read_options", "if (scanned->img_file != NULL)",
            "if (scanned->img_file != NULL && scanned->mask_file == NULL)"),
    # value_rules.c, value_table.c, options.c, nearest.c, messages.c
    around("c-range-open", "numbers beyond their range accepted", "beyond-range", (), "range_problem",
           after="result = value == 0.0 && !r->zero ? result : NULL;"),
    around("c-axis-unchecked", "an axis without length accepted", "axis-without-length", (), "axis_problem",
           after="result = NULL;"),
    around("c-empty-region", "an empty region of interest accepted", "roi-empty", (), "values_check_region",
           before="if (g->roi[0] >= 0) return;"),
    in_text("c-stray-word", "a stray number skipped", "stray-word", (), "options_scan",
            "if (found < 0)", "if (found < 0 && is_number(argv[i])) { ++i; continue; }\n        if (found < 0)"),
    around("c-edit-distance", "letters at the end of an option do not count", "unknown-option", (), "edit_distance",
           before="length = length > 4 ? 4 : length;"),
    around("c-warning-lost", "warnings that are kept for later lost", "cells-axis-later-wins", (), "warnings_print",
           before="list->count = 0;"),
    # report.c, trace.c
    around("c-solid-angle-printed", "printed solid angle a thousandth too large", "cells-axis-later-wins", (),
           "report_solid_angle", before="struct totals other = *t; other.solid_angle *= 1.001; t = &other;"),
    in_text("c-mean-printed", "rms printed for the mean", "cells-axis-later-wins", (),
            "report_statistics", "mean, rms, rmsd);", "rms, rms, rmsd);"),
    in_text("c-report-max", "place of the maximum printed slow first", "cells-axis-later-wins", (),
            "report_statistics", "t->max_f_m, t->max_s_m);", "t->max_s_m, t->max_f_m);"),
    around("c-trace-digits", "taps of one level printed at their values plus 1e-9", "plain",
           TRACED_PIXEL, "trace_reals", before="double other[64]; for (int i = 0; i < tap_points[tap].size; ++i)"
           " other[i] = value[i] * (tap_points[tap].level == LEVEL_PIXEL ? 1.0 + 1e-9 : 1.0); value = other;"),
)  # fmt: skip

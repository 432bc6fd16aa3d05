"""Faults of what either program writes beside the float image, made at the seams of `harness.faults`."""

from __future__ import annotations

from harness.faults.c_seams import CConstant
from harness.faults.changes import argument, constant, field, plus, result, times
from harness.faults.fault import SeededFault, around, in_module, in_text

WRITER_FAULTS: tuple[SeededFault, ...] = (
    in_text(
        "c-integer-scale",
        "integer image scaled 1e-5 too high",
        "int-rounding-ties",
        (),
        "write_integer",
        "(double)image[at], scale)",
        "(double)image[at], scale * (1.0 + 1e-5))",
    ),
    SeededFault(
        "c-count-limit",
        "counts cut at 65534",
        "noise-all-regimes",
        (),
        c=(CConstant("LARGEST_PIXEL", "65534.0"),),
    ),
    around(
        "c-pixel-bytes",
        "bytes of the counts in the other order",
        "cells-axis-later-wins",
        (),
        "write_smv",
        before="uint16_t *other = (uint16_t *)pixel; for (size_t i = 0; i < pixel_count(scene); ++i)"
        " other[i] = (uint16_t)(other[i] << 8 | other[i] >> 8);",
    ),
    around(
        "c-row-order",
        "last row of the counts first",
        "cells-axis-later-wins",
        (),
        "write_smv",
        before="size_t row = (size_t)scene->g.fast_pixels, count = pixel_count(scene); uint16_t *other ="
        ' checked_alloc(count, sizeof *other, "other rows"); for (size_t i = 0; i < count; ++i) '
        "other[i] ="
        " pixel[count - row - i / row * row + i % row]; pixel = other;",
    ),
    in_text(
        "c-header-key-lost",
        "BEAMLINE not in the header",
        "cells-axis-later-wins",
        (),
        "header_text",
        "DETECTOR_SN=000;\\nBEAMLINE=fake;\\n}",
        "DETECTOR_SN=000;\\n}",
    ),
    in_text(
        "c-noise-seed",
        "noise drawn from the next seed",
        "noise-all-regimes",
        (),
        "",
        'inner_seed(q, "-seed", o->noise_seed)',
        'inner_seed(q, "-seed", o->noise_seed + 1)',
    ),
    in_text(
        "c-preview-scale",
        "preview scaled a thousandth too high",
        "scale-before-roi",
        (),
        "write_preview",
        "fmin((double)image[at] * scale, 255.0)",
        "fmin((double)image[at] * scale * 1.001, 255.0)",
    ),
    in_module(
        "py-integer-scale",
        "integer image scaled 1e-5 too high",
        "int-rounding-ties",
        (),
        "output.outputs:integer_image",
        argument(1, times(1.0 + 1e-5)),
    ),
    in_module(
        "py-count-limit",
        "counts cut at 65534",
        "noise-all-regimes",
        (),
        "output.noise:SATURATION",
        constant(65534.0),
    ),
    in_module(
        "py-integer-limit",
        "integer image cut at 65534",
        "int-rounding-ties",
        (),
        "output.integer_images:SATURATION",
        constant(65534.0),
    ),
    in_module(
        "py-integer-floor",
        "integer image truncated in place of rounded",
        "cells-axis-later-wins",
        (),
        "output.outputs:integer_image",
        argument(2, plus(-0.499)),
    ),
    in_module(
        "py-pixel-bytes",
        "bytes of the counts in the other order",
        "cells-axis-later-wins",
        (),
        "output.outputs:smv_chunks",
        argument(1, lambda pixels: pixels.byteswap()),
    ),
    in_module(
        "py-row-order",
        "last row of the counts first",
        "cells-axis-later-wins",
        (),
        "output.outputs:smv_chunks",
        argument(1, lambda pixels: pixels[::-1].copy()),
    ),
    in_module(
        "py-header-key-lost",
        "BEAMLINE not in the header",
        "cells-axis-later-wins",
        (),
        "io.smv_header:_items",
        result(lambda items: items[:-1]),
    ),
    in_module(
        "py-noise-seed",
        "noise drawn from the next seed",
        "noise-all-regimes",
        (),
        "output.noise:noise_stream",
        argument(0, field("output", field("noise_seed", plus(-1)))),
    ),
    in_module(
        "py-preview-scale",
        "preview scaled a thousandth too high",
        "scale-before-roi",
        (),
        "output.outputs:preview",
        argument(1, times(1.001)),
    ),
)

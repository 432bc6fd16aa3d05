"""Small changes that no check found, sorted: some change nothing, to others no command line came."""

from __future__ import annotations

from collections.abc import Mapping

_NOW = "no command line came there; now `{}` does"
SORTED: Mapping[str, str] = {
    "shape_tophat.c, tophat_lattice_factor, line 2: '<' is '<='": (
        "equivalent unless the distance equals the limit to the last bit"
    ),
    "random.c, log_gamma, line 2: 76.18009172947146 is 1e-5 larger": (
        "one Poisson deviate in about a million is taken or thrown away otherwise; no line draws so many"
    ),
    "geometry.c, resolve_size, line 15: '*' is '/'": (
        "only the memory that a detector is said to need, which matters near the end of that of the machine"
    ),
    "simulator.physics.crystal, line 247: Div is 1e-5 larger": (
        "only printed: angles of the cell of a matrix, moved by less than their last digit"
    ),
    "simulator.kernel.kernel, line 119: 0 is 1": (
        "equivalent: all sources are taken as some of them, which costs a step backwards and changes no value"
    ),
    "simulator.physics.products, line 36: comparison is NotEq": (
        "equivalent in float64, where all factors have one type; faults are tried in no other arithmetic"
    ),
    "simulator.kernel.taps, line 102: 8 is 9": "equivalent: there are no more than eight keys to take",
    "simulator.kernel.taps, line 176: comparison is LtE": (
        "the traced line had one turn of each loop; drawn faults are now traced on `two-sources-turning`"
    ),
    "read_factors.c, read_reflection, line 17: '||' is '&&'": _NOW.format("error-hkl-non-integer"),
    "sampling.c, resolve_oversample, line 2: "
    "'double reciprocal_pixel = o->lambda_m * g->distance_m / g->pixel_m' 1e-5 larger": (
        _NOW.format("sampling-near-whole")
    ),
    "options.c, word_at, line 2: '||' is '&&'": _NOW.format("last-value-missing"),
    "simulator.command_line.resolve_beam, line 72: 0.0 is 1.0": _NOW.format("flux-without-beam-size"),
    "simulator.command_line.step_tables, line 117: 1 is 2": _NOW.format("dispersion-one-step:spec"),
}
"""What a change is, as the page names it, and why nothing found it."""

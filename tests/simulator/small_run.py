"""A small run that tests of gradients and values change."""

from __future__ import annotations

from simulator import RunConfig

LINE = (
    "-cell 60 60 40 90 90 90 -misset 10 20 30 -default_F 100 -N 4 -lambda 1 -distance 100 -detpixels 12"
    " -pixel 4 -oversample 1 -dtype float64 -nonoise -nopgm --compile off"
)


def run(options: str = "", without: str = "") -> RunConfig:
    return RunConfig.from_args(f"{LINE.replace(without, '')} {options}".split())

"""The table of formats that a geometry is printed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shots.geometry.in_words.crystfel import crystfel_text
from shots.geometry.in_words.dials import dials_text
from shots.geometry.in_words.mosflm import mosflm_text
from shots.geometry.in_words.nexus import nexus_text
from shots.geometry.in_words.own import shown_setup, toml_text
from shots.geometry.in_words.poni import poni_text
from shots.geometry.in_words.xds import xds_text
from shots.geometry.panel import Setup
from shots.geometry.reference_frames import frame_named, setup_in


@dataclass(frozen=True)
class GeometryFormat:
    """One way to write a geometry.

    Attributes:
        summary: what it is.
        frame: of `REFERENCE_FRAMES`, empty for the laboratory frame of the run.
        text: makes it of a set-up in that frame.
    """

    summary: str
    frame: str
    text: Callable[[Setup], str]


GEOMETRY_FORMATS: Mapping[str, GeometryFormat] = {
    "table": GeometryFormat("a table to read", "", shown_setup),
    "toml": GeometryFormat("a detector file for --detector", "mosflm", toml_text),
    "dials": GeometryFormat("experiment list (.expt)", "dials", dials_text),
    "xds": GeometryFormat("lines of XDS.INP", "xds", xds_text),
    "mosflm": GeometryFormat("keywords of MOSFLM", "mosflm", mosflm_text),
    "crystfel": GeometryFormat("CrystFEL geometry file (.geom)", "crystfel", crystfel_text),
    "poni": GeometryFormat("pyFAI's point of normal incidence (.poni)", "poni", poni_text),
    "nexus": GeometryFormat("fields of NXmx, as text", "nexus", nexus_text),
}


def geometry_text(setup: Setup, name: str) -> str:
    """Return a set-up in the words of a program.

    Args:
        setup: in the laboratory frame of its run.
        name: of `GEOMETRY_FORMATS`.

    Raises:
        InputError: for what the program has no words for.
    """
    row = GEOMETRY_FORMATS[name]
    return row.text(setup_in(setup, frame_named(row.frame)) if row.frame else setup)

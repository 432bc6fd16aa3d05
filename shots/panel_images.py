"""The images of all panels of a detector on one command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shots.geometry.panel import Setup
from shots.geometry.panel_words import with_panel
from shots.plan.options import without_options

if TYPE_CHECKING:
    from simulator.config import RunConfig

FACTORS = ("-hkl", "-dump", "-default_F")
"""Options of the table of structure factors."""


def panel_images(words: Sequence[str], setup: Setup) -> tuple[NDArray[np.float32], ...]:
    """Return the image of each panel of a detector, all with one table of structure factors.

    Args:
        words: a nanoBragg command line; the panels take the place of its detector.
        setup: in the laboratory frame of the run.

    Returns:
        Photons of each panel [slow, fast], those of a run of `with_panel`, bit for bit.

    Raises:
        InputError: for a run that cannot be simulated.
    """
    import torch

    from simulator.image import image_of
    from simulator.physics.structure_factors import make_table
    from simulator.scene.scene import prepare

    images, table = [], None
    for config in panel_configs(words, setup):
        table = make_table(config.structure_factors) if table is None else table
        images.append(image_of(prepare(config, table)).to(torch.float32).cpu().numpy())
    return tuple(images)


def panel_configs(words: Sequence[str], setup: Setup) -> Iterator[RunConfig]:
    """Yield the configuration of each panel; all but the detector is read once and shared.

    So an orientation that the clock has drawn is the same for all panels.

    Args:
        words: a nanoBragg command line; the panels take the place of its detector.
        setup: in the laboratory frame of the run.

    Raises:
        InputError: for words that make no run.
    """
    from simulator.config import RunConfig

    first = RunConfig.from_args(with_panel(words, setup.panels[0], setup))
    yield first
    bare = without_factors(words)
    for panel in setup.panels[1:]:
        config = RunConfig.from_args(with_panel(bare, panel, setup))
        yield replace(first, detector=config.detector)


def without_factors(words: Sequence[str]) -> tuple[str, ...]:
    """Return a command line with a stand-in for its table of structure factors.

    Args:
        words: a nanoBragg command line.

    Raises:
        InputError: for words that are no command line.
    """
    return (*without_options(words, FACTORS), "-default_F", "1")

"""A case of the suite, rendered by the simulator in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from golden_suite_generator.cases import Case
from harness.suite.figures import CaseImage
from harness.suite.runner import lay_out
from system_io.children import temporary_folder

if TYPE_CHECKING:
    from simulator.config import RunConfig


@dataclass(frozen=True)
class RenderedCase:
    """An image of the simulator, how it was computed, and its warnings."""

    image: CaseImage
    computed: str
    notes: tuple[str, ...]


def rendered_case(case: Case, words: Sequence[str], inputs: Path) -> RenderedCase:
    """Render a case as the simulator is told to."""
    import torch

    from simulator.image import render
    from simulator.scene.scene import prepare

    with case_config(case, words, inputs) as config:
        made = render(prepare(config))
    image = np.asarray(made.image.to(torch.float32).cpu().numpy())
    return RenderedCase(image, str(made.how), made.notes)


@contextlib.contextmanager
def case_config(case: Case, words: Sequence[str], inputs: Path) -> Iterator[RunConfig]:
    """Give the configuration of a case, in a folder with its files as the working directory."""
    from simulator import RunConfig

    with temporary_folder("nb-gpu") as folder, contextlib.chdir(folder):
        lay_out(case, inputs, Path(folder))
        yield RunConfig.from_args([*words, "-noprogress", *case.words(inputs)])

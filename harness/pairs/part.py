"""A compared pair as it lies in a folder: summary, images and traces, read back and measured again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.arithmetic import arithmetic_of
from harness.arrays import FloatImage
from harness.errors import BundleError
from harness.images.compare import ImageComparison, ImageRequest, Region, compare_images, image_request
from harness.images.judgement import ImageBounds, Rules, bounds_data, named_bounds
from harness.pairs.pair_traces import read_side
from harness.pairs.predicted import Prediction, recorded_prediction
from harness.sides import SIDES
from harness.store.names import SUMMARY, image_name
from harness.store.schema import check_summary
from harness.store.untrusted import read_json, read_plain
from trace_tools.reading.trace_file import TraceLog

MOST_PIXELS = 1 << 28
"""Of an image that is read; more than any detector has."""


@dataclass(frozen=True)
class PairPart:
    """One compared pair in a folder; images and traces are read when they are asked for.

    `name` is that of the case in a bundle of several, empty where the parity mode tells the parts apart.
    """

    folder: Path
    summary: Mapping[str, Any]
    name: str = ""

    @classmethod
    def load(cls, folder: Path, name: str = "") -> PairPart:
        """Read and check the summary.

        Args:
            folder: of the pair.
            name: of its case, if it has one.

        Raises:
            BundleError: if it does not follow the schema.
        """
        summary = read_json(folder / SUMMARY)
        check_summary(summary, str(folder / SUMMARY))
        return cls(folder, summary, name)

    @property
    def label(self) -> str:
        """Return what it is called among the parts of a bundle."""
        return self.name or self.mode

    @property
    def mode(self) -> str:
        """Return the parity mode that both programs ran in."""
        return str(self.summary["parity_mode"])

    @property
    def rules(self) -> Rules:
        """Return the rules by which the pair was judged."""
        if "findings" not in self.summary:
            return Rules.CORRELATION
        return Rules(self.summary.get("rules", Rules.APART))

    @property
    def made(self) -> ImageRequest:
        """Return what command line and settings say about the images."""
        settings = self.summary["settings"]
        computed = settings.get("computed", {}).values()
        return image_request(
            self.summary["arguments"], arithmetic_of(settings["dtype"], computed), self.rules
        )

    @property
    def failed(self) -> bool:
        """Tell whether a program failed, so that there are no two images."""
        runs = self.summary["runs"]
        return set(runs) != set(SIDES) or any(run["failure"] is not None for run in runs.values())

    def image(self, side: str) -> FloatImage:
        """Read the whole float image of one side [slow, fast].

        Raises:
            BundleError: it is not there, or has another size than the summary states.
        """
        path = self.folder / image_name(side)
        shape = (self.summary["runs"].get(side) or {}).get("shape_slow_fast")
        if shape is None:
            raise BundleError(
                f"'{self.folder / SUMMARY}' tells no shape of the image of {side}; nothing to read"
            )
        if len(shape) != 2 or min(shape) < 0 or math.prod(shape) > MOST_PIXELS:
            raise BundleError(f"'{self.folder / SUMMARY}': {shape!r:.60} is no shape of an image")
        values = np.frombuffer(read_plain(path, 4 * MOST_PIXELS), dtype=np.uint8)
        if values.size != 4 * math.prod(shape):
            raise BundleError(
                f"'{path}' has {values.size} bytes, not {shape[0]} x {shape[1]} values; it is damaged"
            )
        return values.view(np.float32).reshape(shape)

    @cached_property
    def first(self) -> FloatImage:
        """Return the image of the first program."""
        return self.image(SIDES[0])

    @cached_property
    def second(self) -> FloatImage:
        """Return the image of the second program."""
        return self.image(SIDES[1])

    @cached_property
    def traces(self) -> tuple[TraceLog, TraceLog]:
        """Return both traces.

        Raises:
            TraceError: if there is none.
        """
        return read_side(self.folder, SIDES[0]), read_side(self.folder, SIDES[1])

    def bounds(self) -> ImageBounds:
        """Return the bounds that were in force.

        Raises:
            BundleError: if the numbers do not go by the name.
        """
        stated = self.summary["bounds"]
        bounds = named_bounds(str(stated.get("name")), self.made.strict)
        if bounds is None or bounds_data(bounds, self.rules) != stated:
            raise BundleError(
                f"'{self.folder / SUMMARY}': bounds called {stated.get('name')!r:.60} have other numbers; "
                "it is damaged"
            )
        return bounds

    @cached_property
    def prediction(self) -> Prediction:
        """Return the reflections that the recorded command line predicts. This imports torch."""
        return recorded_prediction(self.summary)

    @cached_property
    def comparison(self) -> ImageComparison:
        """Return the comparison of the stored images, made as the summary says that it was made."""
        asked = self.summary["asked_region"]
        roi = None if asked is None else Region(**asked)
        resample = self.summary["resampled"]
        return compare_images(self.first, self.second, roi, self.bounds(), resample=resample, made=self.made)

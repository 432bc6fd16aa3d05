"""A compared pair as it lies in a folder: summary, images and traces, read back and measured again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.bundle import SUMMARY
from harness.compare import Comparison, Roi, compare_images
from harness.errors import BundleError
from harness.schema import check_summary
from harness.traces import SIDES, read_side, trace_metrics
from harness.verdict import Bounds
from trace_tools.trace_file import Trace

Image = NDArray[np.float32]
RELATIVE_SLACK = 1e-9
ABSOLUTE_SLACK = 1e-15
JUDGED = ("verdict", "exit_status", "reasons", "criteria", "metrics", "peaks", "resampled", "region")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises: BundleError if it is missing or not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(f"cannot read '{path}': {error.strerror}; give a bundle") from error
    except ValueError as error:
        raise BundleError(f"'{path}' is not JSON ({error}); the bundle is damaged") from error


def environment_of(folder: Path) -> dict[str, Any]:
    """Return the content of env.json, empty if there is none."""
    env = folder / "env.json"
    return dict(read_json(env)) if env.is_file() else {}


@dataclass(frozen=True)
class Part:
    """One compared pair in a folder; images and traces are read when they are asked for."""

    folder: Path
    summary: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Part:
        """Read and check the summary. Raises: BundleError if it does not follow the schema."""
        summary = read_json(folder / SUMMARY)
        check_summary(summary, str(folder / SUMMARY))
        return cls(folder, summary)

    @property
    def mode(self) -> str:
        """Return the parity mode that both programs ran in."""
        return str(self.summary["parity_mode"])

    @property
    def failed(self) -> bool:
        """Tell whether a program failed, so that there are no two images."""
        runs = self.summary["runs"].values()
        return len(runs) != len(SIDES) or any(run["failure"] is not None for run in runs)

    def image(self, side: str) -> Image:
        """Read the whole float image of one side [slow, fast]. Raises: BundleError if it is not there."""
        path = self.folder / f"{side}_float.bin"
        shape = (self.summary["runs"].get(side) or {}).get("shape_slow_fast")
        if shape is None:
            raise BundleError(
                f"'{self.folder / SUMMARY}' tells no shape of the image of {side}; nothing to read"
            )
        try:
            values = np.fromfile(path, dtype=np.float32)
        except OSError as error:
            raise BundleError(f"cannot read '{path}': {error.strerror}; the bundle is damaged") from error
        if values.size != math.prod(shape):
            raise BundleError(
                f"'{path}' has {values.size} values, not {shape[0]} x {shape[1]}; it is damaged"
            )
        return values.reshape(shape)

    @cached_property
    def first(self) -> Image:
        """Return the image of the first program."""
        return self.image(SIDES[0])

    @cached_property
    def second(self) -> Image:
        """Return the image of the second program."""
        return self.image(SIDES[1])

    @cached_property
    def traces(self) -> tuple[Trace, Trace]:
        """Return both traces. Raises: TraceError if there is none."""
        return read_side(self.folder, SIDES[0]), read_side(self.folder, SIDES[1])

    def bounds(self) -> Bounds:
        """Return the bounds that were in force."""
        return Bounds(**self.summary["bounds"])

    @cached_property
    def comparison(self) -> Comparison:
        """Return the comparison of the stored images, made as the summary says that it was made."""
        asked = self.summary["asked_region"]
        roi = None if asked is None else Roi(**asked)
        return compare_images(self.first, self.second, roi, self.bounds(), resample=self.summary["resampled"])

    def differences(self) -> list[str]:
        """Measure the stored images and traces again and say where the summary states something else."""
        found = []
        if not self.failed:
            again = self.comparison
            fresh = {
                "verdict": again.verdict.word.value,
                "exit_status": again.verdict.exit_status,
                "reasons": list(again.verdict.reasons),
                "criteria": [asdict(criterion) for criterion in again.verdict.criteria],
                "metrics": None if again.metrics is None else asdict(again.metrics),
                "peaks": None if again.peaks is None else asdict(again.peaks),
                "resampled": again.resampled,
                "region": None if again.roi is None else asdict(again.roi),
            }
            for key in JUDGED:
                found += differing(fresh[key], self.summary[key], key)
        found += differing(trace_metrics(self.folder), self.summary["traces"], "traces")
        return found


def differing(fresh: Any, stated: Any, where: str) -> list[str]:
    """Compare plain data; numbers may differ by the rounding of sums taken in another order.

    Returns:
        For each place that differs: its name, what is stated and what the raw files give.
    """
    if isinstance(fresh, dict) and isinstance(stated, dict):
        keys = sorted({*fresh, *stated})
        return [text for key in keys for text in differing(fresh.get(key), stated.get(key), f"{where}.{key}")]
    if isinstance(fresh, list | tuple) and isinstance(stated, list | tuple) and len(fresh) == len(stated):
        pairs = enumerate(zip(fresh, stated, strict=True))
        return [text for n, (a, b) in pairs for text in differing(a, b, f"{where}[{n}]")]
    if _same(fresh, stated):
        return []
    return [f"{where}: states {stated!r:.80}, the raw files give {fresh!r:.80}"]


def _same(fresh: Any, stated: Any) -> bool:
    numbers = all(isinstance(value, float | int) and not isinstance(value, bool) for value in (fresh, stated))
    if not numbers:
        return bool(fresh == stated)
    return math.isclose(fresh, stated, rel_tol=RELATIVE_SLACK, abs_tol=ABSOLUTE_SLACK)

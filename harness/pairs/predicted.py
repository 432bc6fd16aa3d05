"""The reflections that the command line of a pair predicts, and the pixels that belong to each.

The simulator reads the command line and computes the map; the structure factors do not matter to it, so that
their file is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.images.compare import NO_COMMAND_LINE, ImageRequest
from harness.images.reflections import ReflectionFigures, ReflectionMap
from harness.programs.arguments import DUMP_OPTIONS, HKL_OPTIONS, INPUT_OPTIONS, prepare_arguments
from harness.programs.run_config import resolved
from harness.programs.side_words import without_traces
from harness.recorded.rerun import Inputs
from simulator import RunConfig
from system_io.children import temporary_folder
from system_io.command import out_of_memory
from system_io.errors import UserError

NO_STRUCTURE = ("-default_F", "1")
UNREADABLE = "the simulator cannot set up the command line"
UNLOADED = "the simulator cannot be loaded"
NO_MEMORY = "memory does not suffice to predict them; give the process more"


@dataclass(frozen=True, eq=False)
class Prediction:
    """The map of the reflections of a run, None for the reason in `why_not`.

    stated: figures of a bundle whose input files are gone, so that no map can be made any more.
    """

    reflections: ReflectionMap | None
    why_not: str = ""
    stated: ReflectionFigures | None = None

    def added_to(self, made: ImageRequest) -> ImageRequest:
        """Return what a command line says of its images together with its reflections."""
        return replace(
            made, predicted=self.reflections, no_reflections=self.why_not, stated_reflections=self.stated
        )


NOTHING_PREDICTED = Prediction(None, NO_COMMAND_LINE)


def words_without_structure(
    words: Sequence[str], mode: str, found: Callable[[str], str] = str
) -> tuple[str, ...]:
    """Return a prepared command line without structure factors and traces, in a parity mode.

    Args:
        words: as of `prepare_arguments`.
        mode: parity mode.
        found: gives the path of an input file as the words name it; it may raise a UserError.
    """
    rest = list(without_traces(words))
    kept = ["--parity-mode", mode]
    while rest:
        option = rest.pop(0)
        if option in HKL_OPTIONS | DUMP_OPTIONS:
            del rest[:1]
            continue
        kept.append(option)
        if option in INPUT_OPTIONS and rest:
            kept.append(found(rest.pop(0)))
    return (*kept, *NO_STRUCTURE)


def predicted(words: Sequence[str], mode: str, found: Callable[[str], str] = str) -> Prediction:
    """Return the reflections of a prepared command line, or why there are none; see `predicting`."""
    with predicting(words, mode, found) as prediction:
        return prediction()


@contextmanager
def predicting(
    words: Sequence[str], mode: str, found: Callable[[str], str] = str
) -> Iterator[Callable[[], Prediction]]:
    """Give a function that returns the reflections of a prepared command line, computed meanwhile.

    Args:
        words: of `words_without_structure`; without words there is no command line.
        mode: of `words_without_structure`; without words there is no command line.
        found: of `words_without_structure`; without words there is no command line.
    """
    if not words:
        yield lambda: NOTHING_PREDICTED
        return
    try:
        with temporary_folder("nb-predict") as empty:
            config = resolved(words_without_structure(words, mode, found), Path(empty))
    except UserError as error:
        unread = Prediction(None, _reason(error))
        yield lambda: unread
        return
    with ThreadPoolExecutor(1) as pool:
        future: Future[Prediction] = pool.submit(_computed, config)
        yield future.result


def recorded_words(summary: Mapping[str, Any], inputs: Inputs) -> tuple[str, ...]:
    """Return the recorded command line without structure factors, its input files found by their content.

    Args:
        summary: of a compared pair.

    Raises:
        HarnessError: a file is not recorded or nowhere to be found, or the words cannot be a comparison's.
    """
    recorded = {item["path"]: item for item in summary["inputs"]}

    def found(name: str) -> str:
        if name not in recorded:
            raise BundleError(
                f"input '{name}' is not recorded in the bundle; its command line cannot be set up"
            )
        return inputs.find(recorded[name])

    words = prepare_arguments(summary["arguments"], Path(summary["caller"])).words
    return words_without_structure(words, str(summary["parity_mode"]), found)


def recorded_prediction(summary: Mapping[str, Any]) -> Prediction:
    """Return the reflections that a recorded command line predicts; the stated figures where files are gone.

    Args:
        summary: of a compared pair.
    """
    if not summary["arguments"]:
        return NOTHING_PREDICTED
    with ExitStack() as stack:
        try:
            words = recorded_words(summary, Inputs(None, stack))
        except BundleError:
            return _stated(summary)
        return predicted(words, str(summary["parity_mode"]))


def gone_input(summary: Mapping[str, Any]) -> str:
    """Return why the reflections of a recorded pair cannot be predicted again, empty where they can."""
    if summary.get("reflections") is None:
        return ""
    with ExitStack() as stack:
        try:
            recorded_words(summary, Inputs(None, stack))
        except BundleError as error:
            return str(error)
    return ""


def _stated(summary: Mapping[str, Any]) -> Prediction:
    """Return the figures that a summary states in place of those that cannot be derived any more."""
    images = (summary.get("coverage") or {}).get("images") or {}
    stated = summary.get("reflections")
    if stated is None:
        return Prediction(None, str(images.get("no_reflections") or NO_COMMAND_LINE))
    figures = ReflectionFigures(**{**stated, "worst_hkl": tuple(stated["worst_hkl"])})
    return Prediction(None, "", figures)


def _computed(config: RunConfig) -> Prediction:
    """Return the reflections of a run, or why there are none. This imports torch."""
    try:
        from simulator.predicted import NOT_COMPUTED, predicted_reflections

        indices, shared = predicted_reflections(config)
    except UserError as error:
        return Prediction(None, _reason(error))
    except ImportError as error:
        return Prediction(None, f"{UNLOADED} ({' '.join(str(error).split())})")
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        return Prediction(None, NO_MEMORY)
    return Prediction(ReflectionMap.of(indices, NOT_COMPUTED, shared))


def _reason(error: Exception) -> str:
    return f"{UNREADABLE}: {' '.join(str(error).split()).partition(';')[0]}"

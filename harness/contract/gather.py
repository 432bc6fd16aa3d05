"""The further runs that a contract needs: the C reference with and without quirks, and traces of pixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from harness.arrays import FloatImage
from harness.contract.pixels import ContractEvidence, chosen_pixels, judged_pixels
from harness.contract.quirk_values import codes, switches
from harness.contract.rules import Contract, Pixel
from harness.images.compare import ImageComparison
from harness.programs.programs import Program
from harness.programs.run import ProgramRun
from harness.sides import SIDES
from trace_tools.tap_points import VERSIONS

OWN = "reference"
"""Name of the runs of the C reference of this installation."""
LEVEL = "mosaic"


class Again(Protocol):
    """Runs a program on the compared command line once more, with more words behind it."""

    def __call__(self, side: str, name: str, *more: str) -> ProgramRun:
        """Return the run."""


def gathered(
    contract: Contract,
    compared: ImageComparison,
    shape: tuple[int, int],
    programs: Mapping[str, Program],
    again: Again,
) -> ContractEvidence:
    """Run what a contract needs beside the two images.

    Args:
        contract: what may change.
        compared: both images.
        shape: of the whole image (slow, fast).
        programs: of both sides, and of `OWN` where quirks are declared.
        again: runs one of them.

    Raises:
        UsageError: a rule names no pixel of the image, or a mask of another shape.
    """
    images: dict[str, FloatImage] = {}
    troubles: list[str] = []
    for code, words in _states(contract, programs):
        run = again(OWN, f"{OWN}-{code}", *words)
        if run.image is None or run.image.shape != shape:
            why = run.failure or "its image has another shape"
            troubles.append(f"what {' '.join(words[1::2])} changes cannot be said: {why}")
        else:
            images[code] = run.image
    found = ContractEvidence(images, {}, tuple(troubles))
    if not contract.taps or troubles:
        judged_pixels(contract, compared, shape, found)  # a rule that fits no image is said here
        return found
    chosen = chosen_pixels(judged_pixels(contract, compared, shape, found), compared)
    logs = _traces(contract, programs, again, chosen)
    lacking = [
        f"{name} printed no trace, which a rule about taps needs" for name, log in logs.items() if not log
    ]
    return ContractEvidence(images, {name: log for name, log in logs.items() if log}, tuple(lacking))


def _states(contract: Contract, programs: Mapping[str, Program]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the states of the declared quirks with the words that set them."""
    if contract.quirks:
        option = programs[OWN].dialect.quirk_option
        assert option is not None  # the C reference has one
        for code in codes(len(contract.quirks)):
            yield code, tuple(word for switch in switches(contract.quirks, code) for word in (option, switch))


def _traces(
    contract: Contract, programs: Mapping[str, Program], again: Again, chosen: list[Pixel]
) -> dict[str, bytes | None]:
    """Return the traces of both sides, and of the reference in each state of the declared quirks."""
    known = all(programs[side].dialect.schema_option for side in SIDES)
    version = VERSIONS[-1] if known else VERSIONS[0]
    pixels = [word for pixel in chosen for word in ("-trace_pixel", *map(str, pixel))]
    told = (*pixels, "-trace_level", LEVEL)
    logs = {
        side: again(side, f"{side}-traced", *told, *programs[side].looking_words(version)).trace
        for side in SIDES
    }
    for code, words in _states(contract, programs):
        looking = programs[OWN].looking_words(version)
        logs[code] = again(OWN, f"{OWN}-{code}-traced", *words, *told, *looking).trace
    return logs

"""The passes that make a failing command line small, one after the other, until none finds anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.fuzz.case import FuzzCase
from harness.shrink.delta import fewer
from harness.shrink.items import ROI, OptionItem, case_of, items_of, one_pixel
from harness.shrink.simpler import PARTS, simpler_items
from harness.shrink.trial import OutOfTimeError, Trials, Tried

MOST_ROUNDS = 6
COUNTS = ("-detpixels", "-detpixels_f", "-detpixels_s")
SMALL_DETECTORS = ("1", "2", "4", "8", "16")


@dataclass
class Shrinking:
    """The smallest failing command line so far, and the trials that led to it."""

    trials: Trials
    items: list[OptionItem]
    files: dict[str, bytes]
    mode: str
    finished: bool = False
    tell: Callable[[Sequence[OptionItem]], object] = field(default=lambda _items: None)

    @property
    def case(self) -> FuzzCase:
        """Return the smallest failing command line so far."""
        return case_of(self.items, self.files, self.mode)

    @property
    def tried(self) -> Tried:
        """Return what it comes to."""
        return self.trials.try_out(self.case)

    @property
    def looked_at(self) -> tuple[int, int] | None:
        """Return the pixel whose traces fail, None where the images do."""
        return None if self.trials.look is None else self.tried.pixel

    def holds(self, items: Sequence[OptionItem], files: Mapping[str, bytes] | None = None) -> bool:
        """Tell whether options, with these files, fail in the same way."""
        return self.trials.holds(case_of(items, self.files if files is None else files, self.mode))

    def take(self, items: Sequence[OptionItem]) -> bool:
        """Go on from some options if they fail in the same way; return whether they do."""
        if not self.holds(items):
            return False
        self.items = list(items)
        self.tell(self.items)
        return True


def shrunk(trials: Trials, case: FuzzCase, tell: Callable[[Sequence[OptionItem]], object]) -> Shrinking:
    """Return the smallest command line that fails as a case does.

    Args:
        trials: with `wanted` set to what the case comes to.
        case: where to begin.
        tell: called with each smaller command line.
    """
    state = Shrinking(trials, items_of(case.words), dict(case.files), case.mode, tell=tell)
    try:
        for _ in range(MOST_ROUNDS):
            before = state.case.digest
            for step in (_to_one_pixel, _drop, _smaller_detector, _simplify, _smaller_files):
                step(state)
            if state.case.digest == before:
                break
        if not any(item.name in COUNTS and int_of(item) == 1 for item in state.items):
            _to_one_pixel(state)  # a region is an option, too, and was dropped where the failure stays
        state.finished = True
    except OutOfTimeError:
        pass
    return state


def _to_one_pixel(state: Shrinking) -> None:
    """Have only the worst pixel computed."""
    pixel = state.tried.pixel
    if pixel is None:
        return
    rest = [item for item in state.items if item.name != ROI]
    if one_pixel(*pixel) not in state.items:
        state.take([*rest, one_pixel(*pixel)])


def _drop(state: Shrinking) -> None:
    """Leave out all options that are not needed."""
    state.items = fewer(state.items, state.holds)
    state.tell(state.items)


def _smaller_detector(state: Shrinking) -> None:
    """Make the detector smaller: at last one pixel of its own, in place of a region of one."""
    for place, item in enumerate(state.items):
        if item.name not in COUNTS:
            continue
        for count in SMALL_DETECTORS:
            smaller = [*state.items[:place], OptionItem("-detpixels", (count,)), *state.items[place + 1 :]]
            alone = [one for one in smaller if one.name != ROI]
            if item.words == (count,) or int_of(item) <= int(count):
                break
            if state.take(alone if count == "1" else smaller):
                return


def int_of(item: OptionItem) -> int:
    """Return the whole number behind an option, 0 for none."""
    return int(item.words[0]) if item.words and item.words[0].isdecimal() else 0


def _simplify(state: Shrinking) -> None:
    """Give every option the simplest values with which the failure stays."""
    place = 0
    while place < len(state.items):
        changed = any(
            state.take([*state.items[:place], other, *state.items[place + 1 :]])
            for other in _offers(state.items, place)
        )
        place += not changed


def _offers(items: Sequence[OptionItem], place: int) -> Iterator[OptionItem]:
    taken = {item.name for number, item in enumerate(items) if number != place}
    return (other for other in simpler_items(items[place]) if other.name not in taken)


def _smaller_files(state: Shrinking) -> None:
    """Leave out all lines of the input files that are not needed."""
    for item in state.items:
        if item.name not in PARTS or not item.words or item.words[0] not in state.files:
            continue
        name = item.words[0]
        parts, join = PARTS[item.name](state.files[name])

        def with_part(kept: Sequence[bytes], name: str = name, join: Callable[..., bytes] = join) -> bool:
            return state.holds(state.items, {**state.files, name: join(list(kept))})

        if parts and with_part(parts):
            state.files[name] = join(fewer(parts, with_part))

"""Draws a whole case for chosen options: order, spellings, values, files, and what no run can do without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from harness.fuzz.case import FuzzCase
from harness.fuzz.coverage import ANSWERS
from harness.fuzz.input_files import MAKERS, SUFFIXES, UNUSABLE
from harness.fuzz.values import RARE, DrawnCamera, ValueWords, cameras, values
from harness.programs.arguments import OUTPUT_OPTIONS
from simulator.command_line.option_table import BY_SPELLING, Option

FILE_SEEDS = st.integers(1, 10**6)
CELLS = ("-cell", "-mat")
FACTORS = ("-default_F", "-hkl", "-dump")
SIZED = ("-detpixels", "-detpixels_f", "-detpixels_s", "-detsize", "-img", "-mask")
EDGE_SHARE = 5
TWICE_SHARE = 12
"""One in so many cases has edges, and an option twice."""
DARK_SHARE = 4
"""One in so many cases with a file of structure factors has none for what is not listed."""
LIGHTER: tuple[tuple[str, ...], ...] = (("-oversample", "1"), ("-roi", "0", "3", "0", "3"))
"""ValueDraws that are put behind a case that is too much work, one after the other."""


def drawn_case(names: Sequence[str], number: int, mode: str) -> FuzzCase:
    """Return the case that belongs to some options and a number.

    Args:
        names: options that it has, beside those that a run needs.
        number: decides all the rest.
        mode: parity mode.
    """
    found: list[FuzzCase] = []

    @seed(number)
    @settings(
        max_examples=2, database=None, phases=(Phase.generate,), deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(cases(tuple(names), mode))
    def keep(case: FuzzCase) -> None:
        found.append(case)

    keep()
    return found[-1]  # the first is the simplest one, whatever the seed


def lighter(case: FuzzCase, step: int) -> FuzzCase:
    """Return a case with less work: see `LIGHTER`."""
    return replace(case, words=(*case.words, *LIGHTER[step]))


@st.composite
def cases(draw: st.DrawFn, names: tuple[str, ...], mode: str) -> FuzzCase:
    """Draw a case with given options."""
    wanted = _with_needed(draw, names)
    camera = draw(cameras(frozenset(wanted)))
    edges = draw(st.integers(0, EDGE_SHARE - 1)) == EDGE_SHARE - 1
    order = list(draw(st.permutations(wanted)))
    if draw(st.integers(0, TWICE_SHARE - 1)) == TWICE_SHARE - 1:
        order.append(draw(st.sampled_from(wanted)))
    words: list[str] = []
    files: dict[str, bytes] = {}
    for place, name in enumerate(order):
        option = BY_SPELLING[name]
        words.append(draw(st.sampled_from(option.spellings)))
        words += _behind(draw, option, camera, edges, files, place)
    return FuzzCase(tuple(words), files, mode)


def _with_needed(draw: st.DrawFn, names: tuple[str, ...]) -> list[str]:
    """Return the options with those without which a run is refused, large, or different each time."""
    wanted = list(dict.fromkeys(names))
    if ANSWERS & set(wanted):
        return wanted
    for group in (CELLS, FACTORS):
        if not set(group) & set(wanted):
            wanted.append(draw(st.sampled_from(group[:2])))
    if "-default_F" not in wanted and draw(st.integers(0, DARK_SHARE - 1)):
        wanted.append("-default_F")
    if not set(SIZED) & set(wanted):
        wanted.append("-detpixels")
    for one, other in (("-detpixels_f", "-detpixels_s"), ("-detsize_f", "-detsize_s")):
        if len({one, other} & set(wanted)) == 1 and not {"-detpixels", "-detsize", "-img", "-mask"} & set(
            wanted
        ):
            wanted += [name for name in (one, other) if name not in wanted]
    needed = {"-misset": "-misset_seed", "-trace_pixel": "-trace_file", "-trace_roi": "-trace_file"}
    wanted += [extra for name, extra in needed.items() if name in wanted and extra not in wanted]
    if "-trace_only" in wanted and not {"-trace_pixel", "-trace_roi"} & set(wanted):
        wanted.append("-trace_pixel")
    if "-trace_only" in wanted and "-trace_file" not in wanted:
        wanted.append("-trace_file")
    return [*wanted, *(() if "-seed" in wanted else ("-seed",))]


def _behind(
    draw: st.DrawFn, option: Option, camera: DrawnCamera, edges: bool, files: dict[str, bytes], place: int
) -> ValueWords:
    """Draw the words behind an option; a file that it reads is added to the files."""
    if option.kinds != ("file",):
        return draw(values(option, camera, edges))
    if option.name in OUTPUT_OPTIONS:
        return (f"{option.name.strip('-')}.out",)
    unusable = edges and option.name in UNUSABLE and draw(st.integers(0, RARE - 1)) == 0
    makers = UNUSABLE if unusable else MAKERS
    number, make = draw(FILE_SEEDS), draw(st.sampled_from(makers[option.name]))
    name = f"in{place}.{SUFFIXES[option.name]}"
    files[name] = make(number, camera)
    return (name,)

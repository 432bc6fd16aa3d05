"""Logs as text, drawn by a seed: of each format, then changed in a few places as people and machines do."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

from tests.trace_tools.drawn import drawn_pair
from tests.trace_tools.made import older_log

Numbers = random.Random
Change = Callable[[list[str], Numbers], list[str]]
NUMBER = re.compile(r"(?<=[ =:])-?\d+\.?\d*(?:e[-+]?\d+)?(?=[ \n|,])")
NUMERALS = (
    "1e5", "-0.0", "+1.5", "0x1p3", "1_000", "nan", "NaN", "-nan", "inf", "-Infinity", "1.5d3", "1.5D-03",
    "1e-310", "4.9e-324", ".5", "5.", "1,5", "-", "1e", "9007199254740993", "123456789012345678901234567890",
    "1.7976931348623157e308", "00012", "twelve", "1.2.3", "1e+05", "0.1000000000000000055511151231257827",
    "2.5000000000000001e-05", "-12345678", "1234567.25", "1e400", "",
)  # fmt: skip
FRONTS = (
    "2026-01-02 10:11:12,345 ",
    "[rank 3] ",
    "3: ",
    " 42% ",
    "INFO ",
    "\x1b[31m",
    "> ",
    "[0] 12/40 ",
    "\t",
)
TAILS = (" ", "\t", "\r", " | ", " # note", " |", " | s=1", "\x00", "  extra", " | s=3 f=4", "\x1b[0m", " 7")
CONTEXTS = (
    "s=3",
    "f=-1",
    "src=1",
    "mos=99999999999",
    "phi=x",
    "q=3",
    "s=1 s=2",
    "ss=00",
    "t=",
    "n=2",
    "step=-5 cell=3",
)


def contract(seed: int) -> str:
    """Return some lines of a log of the contract."""
    numbers = random.Random(seed)
    lines = drawn_pair("nothing", seed, (numbers.choice((17, 17, 9, 6, 3)),) * 2, numbers.choice((1, 2)))[
        0
    ].splitlines(True)
    start = numbers.randrange(2, len(lines) - 30)
    only = ["TRACE_C: taps hkl_frac F_latt polar\n"] if numbers.random() < 0.2 else []
    return "".join([*lines[:2], *only, *lines[start : start + 30]])


def named(seed: int) -> str:
    """Return a log of named taps."""
    numbers = random.Random(seed)
    head = ["TAP_LOG: tap-log 1\n", "TAP_LOG: program heat 1\n"]
    sites = (
        "tap t real K heat.c:1", "tap n integer - heat.c:2", "tap w word - a b.c:3", "holds every 3rd step",
        "tap polar real 1 x.c:9",
    )  # fmt: skip
    head += [f"TAP_LOG: {site}\n" for site in sites if numbers.random() < 0.7]
    body = []
    for step in range(6):
        where = numbers.choice(("", f" | step={step}", f" | step={step} cell=-{step % 3}"))
        row = (
            f"t {numbers.uniform(-2, 2)!r}",
            f"n {step}",
            f"w solid%20{step}",
            "polar 1 2 3",
            f"t 1.5 {step}",
        )
        body += [f"TRACE_C: {one}{where}\n" for one in row if numbers.random() < 0.6]
    return "".join(head + body)


OLDER_LINES = """\
{side}:detector_convention=MOSFLM
{side}: pix0_vector_meters x:0.1 y:0.2 z:-0.3
{side}_PHI phi_tic=3 phi_deg=0.03 k_frac=-0.6 F_latt_b=1.05
{side}: omega_pixel_sr = 1.5e-06
{side}: lambda0 (Angstrom) 0.97
TRACE_CONFIG: tracing pixel (spixel=9, fpixel=2)
{side}: polar 0.91
{side}: polar=0.91
{side}: hkl_frac -> 1 2 3
[{side}] F_cell: 100.5
{side}: I_pixel_final 12.5000 photons
{side}_TRICUBIC_GRID_START
{side}_TRICUBIC: [0,0,0]=1
{side}_TRICUBIC_GRID_END
{side}: F_latt 1.250000
TRACE: free text 5
ordinary line
{side}: misset_deg 10 20 30
"""
"""Lines that some builds print."""


def older(seed: int) -> str:
    """Return a log in the style of older builds, in several ways."""
    numbers = random.Random(seed)
    lines = older_log(seed, numbers.choice(("C", "PY"))).splitlines(True)
    side = lines[0].split(":")[0]
    more = OLDER_LINES.format(side=side).splitlines(True)
    for _ in range(numbers.randint(0, 6)):
        lines.insert(numbers.randrange(len(lines) + 1), numbers.choice(more))
    return "".join(lines)


def _some(lines: list[str], numbers: Numbers) -> int:
    return numbers.randrange(len(lines))


def _line(change: Callable[[str, Numbers], str]) -> Change:
    def changed(lines: list[str], numbers: Numbers) -> list[str]:
        at = _some(lines, numbers)
        return [*lines[:at], change(lines[at], numbers), *lines[at + 1 :]]

    return changed


def _numeral(line: str, numbers: Numbers) -> str:
    places = list(NUMBER.finditer(line))
    if not places:
        return line
    at = numbers.choice(places)
    return line[: at.start()] + numbers.choice(NUMERALS) + line[at.end() :]


def _moved(lines: list[str], numbers: Numbers) -> list[str]:
    at = _some(lines, numbers)
    rest = [*lines[:at], *lines[at + 1 :]]
    to = numbers.randrange(len(rest) + 1)
    return [*rest[:to], lines[at], *rest[to:]]


def _repeated(lines: list[str], numbers: Numbers) -> list[str]:
    at = _some(lines, numbers)
    return [*lines[: at + 1], *[lines[at]] * numbers.randint(1, 2), *lines[at + 1 :]]


def _lost(lines: list[str], numbers: Numbers) -> list[str]:
    at = _some(lines, numbers)
    return [*lines[:at], *lines[at + 1 :]] if len(lines) > 1 else lines


CHANGES: Mapping[str, Change] = {
    "nothing": lambda lines, numbers: lines,
    "numeral": _line(_numeral),
    "front": _line(lambda line, numbers: numbers.choice(FRONTS) + line),
    "fronts": lambda lines, numbers: [numbers.choice(FRONTS[:6]) + line for line in lines],
    "tail": _line(lambda line, numbers: line.rstrip("\n") + numbers.choice(TAILS) + "\n"),
    "context": _line(lambda line, numbers: f"{line.split(' | ')[0].rstrip()} | {numbers.choice(CONTEXTS)}\n"),
    "cut": _line(lambda line, numbers: line[: numbers.randrange(len(line) + 1)]),
    "glued": _line(lambda line, numbers: line.rstrip("\n") + line),
    "case": _line(lambda line, numbers: line.lower()),
    "other side": _line(lambda line, numbers: line.replace("TRACE_C:", "TRACE_PY:")),
    "blank": _line(lambda line, numbers: "\n" + line),
    "words between": _line(lambda line, numbers: "something else\n" + line),
    "comma": _line(lambda line, numbers: line.replace(".", ",")),
    "unknown tap": _line(lambda line, numbers: re.sub(r"(TRACE_\w+: )(\w+)", r"\1no_\2", line, count=1)),
    "moved": _moved,
    "repeated": _repeated,
    "lost": _lost,
    "all lines CR LF": lambda lines, numbers: [line.replace("\n", "\r\n") for line in lines],
    "no end": lambda lines, numbers: [*lines[:-1], lines[-1].rstrip("\n")],
}  # fmt: skip
FORMATS: Mapping[str, Callable[[int], str]] = {"contract": contract, "named": named, "older": older}
CODECS = ("utf-8", "utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig", "utf-32")


def drawn_log(form: str, seed: int) -> tuple[str, bytes]:
    """Return the names of the changes, and the bytes of a log of a form with up to three of them."""
    numbers = random.Random(f"{form} {seed}")
    lines, names = FORMATS[form](seed).splitlines(True), []
    for _ in range(numbers.randint(0, 3)):
        names.append(numbers.choice(list(CHANGES)))
        lines = CHANGES[names[-1]](lines, numbers) or lines
    return ", ".join(names), "".join(lines).encode(numbers.choice(CODECS))

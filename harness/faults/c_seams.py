"""Seams of the C reference: functions, constants and texts by their names, whatever file they are in.

A fault takes the place of a function and calls the sound one, so that no other line of the sources can break
it. The functions are static, inline and external ones alike, which no linker can tell apart from outside;
therefore a copy of the sources is changed: the sound function is renamed, and behind it stands the faulty one
with the same head. What no function holds apart is a text inside one, which must be there exactly once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError

SOUND = "sound_"
"""Put before the name of a function that a fault has taken the place of."""
STORAGE = re.compile(r"\b(?:static|inline|INLINED|_Noreturn)\b")


@dataclass(frozen=True)
class Definition:
    """A function of the C sources: where its text lies, and its parts."""

    start: int
    end: int
    result: str
    given: str
    block: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of its parameters."""
        parts = self.given.split(",") if self.given.strip() not in ("", "void") else []
        return tuple(re.findall(r"\w+", re.sub(r"\[[^\]]*\]", "", part))[-1] for part in parts)

    @property
    def kind(self) -> str:
        """Return the type of its result."""
        return STORAGE.sub("", self.result).strip()


def definitions(name: str, text: str) -> list[Definition]:
    """Return where a text defines a function: result, name, parameters, and a block up to column 1."""
    pattern = re.compile(
        rf"^(?P<result>[A-Za-z][\w *]*?)\b{name}\((?P<given>[^()]*)\)\n(?P<block>\{{.*?^\}}\n)",
        re.MULTILINE | re.DOTALL,
    )
    return [
        Definition(*found.span(), found["result"], found["given"], found["block"])
        for found in pattern.finditer(text)
    ]


def _replaced(name: str, text: str, body: str) -> list[str]:
    """Return the text with another body of a function, once for each definition in it."""
    texts = []
    for found in definitions(name, text):
        sound = f"{found.result}{SOUND}{name}({found.given})\n{found.block}"
        faulty = f"{found.result}{name}({found.given})\n{{\n    {body}\n}}\n"
        texts.append(f"{text[: found.start]}{sound}\n{faulty}{text[found.end :]}")
    return texts


@dataclass(frozen=True)
class CFunction:
    """A function with another body, which names the parameters as the sound one does and calls it `sound`."""

    name: str
    body: str

    def changed(self, text: str) -> list[str]:
        """Return the text with the fault, once for each definition in it."""
        return _replaced(self.name, text, re.sub(r"\bsound\(", f"{SOUND}{self.name}(", self.body))


@dataclass(frozen=True)
class CAround:
    """A function with statements on its parameters before it, and on its `result` behind it."""

    name: str
    before: str = ""
    after: str = ""

    def changed(self, text: str) -> list[str]:
        """Return the text with the fault, once for each definition in it."""
        found = definitions(self.name, text)
        if not found:
            return []
        call = f"{SOUND}{self.name}({', '.join(found[0].parameters)});"
        kind = found[0].kind
        body = (
            f"{call} {self.after}"
            if kind == "void"
            else f"{kind} result = {call} {self.after} return result;"
        )
        return _replaced(self.name, text, f"{self.before} {body}")


@dataclass(frozen=True)
class CText:
    """A text inside a function, exactly once there, or `every` time; no function is the whole file."""

    name: str
    old: str
    new: str
    every: bool = False

    def changed(self, text: str) -> list[str]:
        """Return the text with the fault, once for each place in it."""
        spans = [(found.start, found.end) for found in definitions(self.name, text)]
        texts = []
        for start, end in spans if self.name else [(0, len(text))]:
            count = text[start:end].count(self.old)
            inner = text[start:end].replace(self.old, self.new)
            texts += [text[:start] + inner + text[end:]] * (1 if self.every and count else count)
        return texts


@dataclass(frozen=True)
class CConstant:
    """A constant, of the preprocessor or static, with another value."""

    name: str
    value: str

    def changed(self, text: str) -> list[str]:
        """Return the text with the fault, once for each definition in it."""
        pattern = (
            rf"^(?P<head>#define {self.name} +|static const .*?\b{self.name} = )[^,;\s]+(?: [-+*/] [^,;\s]+)*"
        )
        return [
            text[: found.start()] + found["head"] + self.value + text[found.end() :]
            for found in re.finditer(pattern, text, re.MULTILINE)
        ]


CSeam = CFunction | CAround | CText | CConstant


def put_into(folder: Path, seams: Sequence[CSeam]) -> list[Path]:
    """Put the parts of a fault into a copy of the C sources.

    Args:
        folder: holds the *.c and *.h of the copy.
        seams: functions, constants and texts.

    Returns:
        The files that are changed.

    Raises:
        HarnessError: something is not there exactly once.
    """
    touched = []
    for seam in seams:
        texts = {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.[ch]"))}
        found = [(path, text) for path, whole in texts.items() for text in seam.changed(whole)]
        if len(found) != 1:
            name = seam.old if isinstance(seam, CText) else seam.name
            raise HarnessError(
                f"'{name}' is defined {len(found)} times in the C sources, must be once; "
                "correct the table of faults"
            )
        found[0][0].write_text(found[0][1], encoding="utf-8")
        touched.append(found[0][0])
    return touched

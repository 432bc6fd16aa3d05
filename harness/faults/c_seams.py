"""Seams of the C reference: functions and constants by their names, whatever file they are in.

A fault takes the place of a function and calls the sound one, so that no other line of the sources can break
it. The functions are static, inline and external ones alike, which no linker can tell apart from outside;
therefore a copy of the sources is changed: the sound function is renamed, and behind it stands the faulty one
with the same head.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError

SOUND = "sound_"
"""Put before the name of a function that a fault has taken the place of."""


@dataclass(frozen=True)
class CFunction:
    """A function with another body, which names the parameters as the sound one does and calls it `sound`."""

    name: str
    body: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return what the definition looks like: result, name, parameters, and a block up to column 1."""
        return re.compile(
            rf"^(?P<result>[a-z][\w *]*?)\b{self.name}\((?P<given>[^()]*)\)\n(?P<block>\{{.*?^\}}\n)",
            re.MULTILINE | re.DOTALL,
        )

    def placed(self, found: re.Match[str]) -> str:
        """Return the text that takes the place of the definition."""
        result, given = found["result"], found["given"]
        sound = SOUND + self.name
        body = re.sub(r"\bsound\(", f"{sound}(", self.body)
        return (
            f"{result}{sound}({given})\n{found['block']}\n{result}{self.name}({given})\n{{\n    {body}\n}}\n"
        )


@dataclass(frozen=True)
class CConstant:
    """A constant of the preprocessor with another value."""

    name: str
    value: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return what the definition looks like."""
        return re.compile(rf"^#define {self.name} +\S+", re.MULTILINE)

    def placed(self, _found: re.Match[str]) -> str:
        """Return the text that takes the place of the definition."""
        return f"#define {self.name} {self.value}"


CSeam = CFunction | CConstant


def put_into(folder: Path, seams: Sequence[CSeam]) -> None:
    """Put the parts of a fault into a copy of the C sources.

    Args:
        folder: holds the *.c and *.h of the copy.
        seams: functions and constants.

    Raises:
        HarnessError: something is not defined exactly once.
    """
    for seam in seams:
        texts = {path: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.[ch]"))}
        found = [(path, match) for path, text in texts.items() for match in seam.pattern.finditer(text)]
        if len(found) != 1:
            raise HarnessError(
                f"'{seam.name}' is defined {len(found)} times in the C sources, must be once; "
                "correct the table of faults"
            )
        path, match = found[0]
        text = texts[path]
        path.write_text(text[: match.start()] + seam.placed(match) + text[match.end() :], encoding="utf-8")

"""The suite as data: reads cases.toml and makes the command line of a case.

A case runs in a folder of its own; its inputs are named absolutely, so the folder may lie anywhere.
"""

from __future__ import annotations

import fnmatch
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

from golden_suite_generator.inputs.write import CASE_FOLDER, CRYSTAL_FOLDER
from system_io.errors import UserError

MODES = ("c-parity", "spec")
OUTPUTS = ("float", "int", "pgm", "noise")
FILE_NAMES = {"float": "floatimage.bin", "int": "intimage.img", "pgm": "image.pgm", "noise": "noiseimage.img"}
ROW_KEYS = frozenset(
    {"id", "tags", "args", "out", "trace", "rc", "rc_spec", "modes", "names", "files", "note"}
)
PARITY_FILE = Path(__file__).with_name("parity.toml")
"""The description of the main job: both programs, the authoritative command line, its cases."""
STYLES = frozenset({"file", "image", "default"})


class SuiteError(UserError):
    """The table of cases is not what its head says."""


@dataclass(frozen=True)
class Case:
    """One row of the suite; `args` are complete, input files still by their short names."""

    id: str
    tags: tuple[str, ...]
    args: tuple[str, ...]
    own_options: tuple[str, ...]
    outputs: tuple[str, ...]
    modes: tuple[str, ...]
    status: Mapping[str, int]
    trace_pixels: tuple[tuple[int, int], ...]
    style: str
    files: Mapping[str, str]
    recorded: bool
    note: str

    @property
    def label(self) -> str:
        """Return the id with the options that set the case apart, so that a failure names them."""
        return f"{self.id}[{','.join(self.own_options) or 'base'}]"

    @property
    def group(self) -> str:
        """Return the first tag that says what the case is about."""
        return next((tag for tag in self.tags if tag != "core"), "core")

    def output_words(self) -> list[str]:
        """Return the options that name the outputs of the case and switch the others off."""
        if self.style == "default":
            return []
        words = [
            word
            for kind in OUTPUTS
            if kind in self.outputs or kind == "float"
            for word in (f"-{kind}{self.style}", FILE_NAMES[kind])
        ]
        return words + [f"-no{kind}" for kind in ("noise", "pgm") if kind not in self.outputs]

    def words(self, inputs: Path) -> list[str]:
        """Return the whole command line: the arguments with absolute input files, then the output options.

        Args:
            inputs: the folder that holds inputs/ and lysozyme/.
        """
        return [_absolute(word, inputs) for word in self.args] + self.output_words()

    def input_names(self) -> list[str]:
        """Return the input files of the case by their short names."""
        named = [word for word in self.args if _is_input(word)]
        return sorted({*named, *self.files.values()})


def _is_input(word: str) -> bool:
    return word.startswith((f"{CASE_FOLDER}/", f"{CRYSTAL_FOLDER}/"))


def _absolute(word: str, inputs: Path) -> str:
    return str(inputs.absolute() / word) if _is_input(word) else word


def expand(text: str, base: Mapping[str, str]) -> list[str]:
    """Return the words of `text` with each $NAME replaced by the words of `base`.

    Raises:
        SuiteError: a name that [base] does not define.
    """
    words: list[str] = []
    for word in text.split():
        if not word.startswith("$"):
            words.append(word)
        elif word[1:] in base:
            words += expand(base[word[1:]], base)
        else:
            raise SuiteError(f"cases.toml: '{word}' is not defined; add it to [base]")
    return words


def _is_option(word: str) -> bool:
    return word.startswith("-") and not word[1:2].isdigit() and not word.startswith("-.")


def _case_of(row: Mapping[str, Any], base: Mapping[str, str], recorded: bool) -> Case:
    """Return the case of a table row.

    Raises:
        SuiteError: an unknown key, output, mode or style.
    """
    outputs = tuple(row["out"].split())
    modes = tuple(row["modes"].split()) if "modes" in row else MODES
    style = row.get("names", "file")
    wrong = [
        *(set(row) - ROW_KEYS),
        *(set(outputs) - set(OUTPUTS)),
        *(set(modes) - set(MODES)),
        *({style} - STYLES),
    ]
    if wrong:
        raise SuiteError(
            f"cases.toml: case '{row['id']}' has '{wrong[0]}', which is not defined; see its head"
        )
    rc = row.get("rc", 0)
    return Case(
        id=row["id"],
        tags=tuple(row["tags"].split()),
        args=tuple(expand(row["args"], base)),
        own_options=tuple(dict.fromkeys(word for word in row["args"].split() if _is_option(word))),
        outputs=outputs,
        modes=modes,
        status={mode: row.get("rc_spec", rc) if mode == "spec" else rc for mode in modes},
        trace_pixels=tuple((slow, fast) for slow, fast in row.get("trace", ())),
        style=style,
        files=dict([row["files"].split("=")] if "files" in row else []),
        recorded=recorded,
        note=row.get("note", ""),
    )


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    return tomllib.loads(
        (resources.files("golden_suite_generator") / "cases.toml").read_text(encoding="utf-8")
    )


@lru_cache(maxsize=1)
def load_cases() -> tuple[Case, ...]:
    """Return all cases: those recorded from upstream, then this project's own.

    Raises:
        SuiteError: the table is not well formed, or two cases share an id.
    """
    table = _table()
    sections = ((table["cases"]["upstream"], True), (table["cases"]["own"], False))
    cases = tuple(_case_of(row, table["base"], recorded) for rows, recorded in sections for row in rows)
    ids = [case.id for case in cases]
    twice = [case_id for case_id in ids if ids.count(case_id) > 1]
    if twice:
        raise SuiteError(f"cases.toml: case '{twice[0]}' stands there twice; ids are unique")
    return cases


def quirk_cases() -> dict[str, Case]:
    """Return, for each quirk whose effect a case shows, that case."""
    by_id = {case.id: case for case in load_cases()}
    return {quirk: by_id[case_id] for quirk, case_id in _table()["shows"].items()}


def authoritative_words() -> list[str]:
    """Return the authoritative command line, its files as lysozyme/NAME."""
    words = tomllib.loads(PARITY_FILE.read_text(encoding="utf-8"))["arguments"]
    return str(words).replace("{crystal}", CRYSTAL_FOLDER).split()


def authoritative_args(data: Path) -> list[str]:
    """Return the authoritative command line with absolute names.

    Args:
        data: folder with A.mat and scaled.hkl, of the built-in crystal or real ones.
    """
    prefix = f"{CRYSTAL_FOLDER}/"
    return [
        str(data.absolute() / word.removeprefix(prefix)) if word.startswith(prefix) else word
        for word in authoritative_words()
    ]


def select(cases: Iterable[Case], globs: Sequence[str] = (), tags: Sequence[str] = ()) -> list[Case]:
    """Return the cases whose id fits a glob and that carry one of the tags; an empty list fits all."""
    return [
        case
        for case in cases
        if (not globs or any(fnmatch.fnmatchcase(case.id, glob) for glob in globs))
        and (not tags or set(case.tags) & set(tags))
    ]


def case_hash(case: Case, mode: str, inputs: Path) -> str:
    """Return the sha256 of what defines the images of a case: words, mode, contents of the inputs."""
    given = [name for name in case.input_names() if (inputs / name).is_file()]
    contents = {name: sha256((inputs / name).read_bytes()).hexdigest() for name in given}
    definition = [case.args, case.outputs, mode, case.style, dict(case.files), contents]
    return sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()

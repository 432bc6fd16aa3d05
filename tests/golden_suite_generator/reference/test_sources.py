"""The rules that the C sources keep: what a function is given and returns, units, whole numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.programs.build import reference_sources

SOURCES = sorted(reference_sources().glob("*.[ch]"))
BODIES = [path for path in SOURCES if path.suffix == ".c"]
HEADERS = [path for path in SOURCES if path.suffix == ".h"]
NO_CODE = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"", re.DOTALL)

# functions of one signature, and the header that states once what all of them are given
SHARED = {"store_": "option_store.h", "_lattice_factor": "shapes.h"}
# what a program owes the machine: no section of the specification describes it
HOUSEKEEPING = frozenset(
    {
        "files.c",
        "messages.c",
        "nearest.c",
        "numbers.c",
        "output_files.c",
        "owner.c",
        "paths.c",
        "text_files.c",
    }
)
NUMBERS = re.compile(r"    (?:double|float|vec3|mat3|struct cell|struct sampled) ([^;=]*);(.*)")
UNIT = re.compile(r"_(m|mm|s|A|A3|rad|sr|m_inv|A_inv|per_m)(\[\w+\])?$")


def name_of(path: Path) -> str:
    return path.name


def code_of(path: Path) -> str:
    """Return the text of a source without its comments and strings."""
    return NO_CODE.sub("", path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Function:
    """A function of the C sources with the comment directly above it, empty if there is none."""

    head: str
    comment: str

    @property
    def name(self) -> str:
        return self.head.partition("(")[0].split()[-1].lstrip("*")

    @property
    def is_public(self) -> bool:
        return "static" not in self.head and not self.head.startswith("INLINED")

    @property
    def is_given(self) -> bool:
        return not self.head.endswith("(void)")

    @property
    def returns(self) -> bool:
        return not re.match(r"(_Noreturn )?void [^*]", self.head)


def functions(text: str) -> Iterator[Function]:
    """Give the functions of a source: a head in the first column, and a brace on a line of its own."""
    lines = text.splitlines()
    for brace in (number for number, line in enumerate(lines) if line == "{"):
        top = brace
        while top and lines[top - 1] and not lines[top - 1].endswith("*/"):
            top -= 1
        start = top
        while start and lines[start - 1] and not lines[start].startswith("/*"):
            start -= 1
        yield Function(" ".join(lines[top:brace]), "\n".join(lines[start:top]))


def lacks(function: Function) -> list[str]:
    """Return what the contract of a public function does not say."""
    missing = [] if function.comment else ["comment"]
    if function.is_given and "Given:" not in function.comment:
        missing.append("Given:")
    if function.returns and "Returned:" not in function.comment:
        missing.append("Returned:")
    return missing


def shared_contract(function: Function) -> str | None:
    name = function.name
    return next(
        (header for part, header in SHARED.items() if name.startswith(part) or name.endswith(part)), None
    )


@pytest.mark.parametrize("path", BODIES, ids=name_of)
def test_public_functions_say_what_they_are_given_and_return(path: Path) -> None:
    for function in functions(path.read_text(encoding="utf-8")):
        if function.is_public and shared_contract(function) is None:
            assert not lacks(function), function.head


def test_functions_of_one_signature_share_one_contract() -> None:
    for header in SHARED.values():
        assert "Given:" in (reference_sources() / header).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_function_has_a_comment(path: Path) -> None:
    assert not [f.head for f in functions(path.read_text(encoding="utf-8")) if not f.comment]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_structure_has_a_comment(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?<!\*/)\n(struct \w+ \{)$", text, re.MULTILINE)


@pytest.mark.parametrize("path", BODIES, ids=name_of)
def test_formulas_name_their_section(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = path.with_suffix(".h")
    declared = header.read_text(encoding="utf-8") if header.is_file() else ""
    named = "spec/" in text or "spec/" in declared.partition("*/")[0]
    assert named or path.name in HOUSEKEEPING


@pytest.mark.parametrize("path", HEADERS, ids=name_of)
def test_fields_say_their_unit(path: Path) -> None:
    for match in NUMBERS.finditer(path.read_text(encoding="utf-8")):
        bare = [name for name in match[1].split(", ") if not UNIT.search(name)]
        assert not bare or "/*" in match[2], f"{match[0].strip()}: unit of {', '.join(bare)}?"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_whole_number_depends_on_the_size_of_long(path: Path) -> None:
    """A plain long has 32 bits on some machines, where products of it would overflow unseen."""
    assert not re.search(r"\blong\b", re.sub(r"\blong long\b", "", code_of(path)))


def test_functions_are_found_with_their_comments() -> None:
    f, g, h = functions(
        "/* Given: x. */\nvoid f(int x)\n{\n}\n\nint g(int x,\n      int y)\n{\n}\n\n"
        "/* A. */\nstatic int h(void)\n{\n}\n"
    )
    assert [(one.name, one.is_public) for one in (f, g, h)] == [("f", True), ("g", True), ("h", False)]
    assert (lacks(f), lacks(g)) == ([], ["comment", "Given:", "Returned:"])
    assert h.comment == "/* A. */"
    assert len([one for path in BODIES for one in functions(path.read_text(encoding="utf-8"))]) > 250

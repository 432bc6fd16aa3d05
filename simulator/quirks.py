"""The registry of differences between upstream nanoBragg and the physics (spec 09a, 09b).

A *switchable* quirk follows upstream in parity mode `c-parity` and the physics in `spec`, and can be set
singly. The others behave the same in both modes: `upstream` ones always as upstream, `sane` ones never.
The rows stand in data/quirks.tsv.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal, cast

Kind = Literal["switchable", "upstream", "sane"]


@dataclass(frozen=True)
class Quirk:
    """One row of 09a or 09b: its id, whether it can be switched, what upstream and what spec mode does."""

    id: str
    kind: Kind
    upstream: str
    sane: str


def _registry() -> Mapping[str, Quirk]:
    """Return the rows of data/quirks.tsv by id."""
    text = (resources.files("simulator") / "data" / "quirks.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return {row[0]: Quirk(row[0], cast(Kind, row[1]), row[2], row[3]) for row in rows}


REGISTRY = _registry()
SWITCHABLE = frozenset(quirk.id for quirk in REGISTRY.values() if quirk.kind == "switchable")


@dataclass(frozen=True)
class Quirks:
    """The set of switchable quirks that are on; the empty set is spec mode."""

    active: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def spec(cls) -> Quirks:
        """Return spec mode: every switchable quirk off."""
        return cls(frozenset())

    @classmethod
    def c_parity(cls) -> Quirks:
        """Return c-parity mode: every switchable quirk on."""
        return cls(SWITCHABLE)

    def __contains__(self, quirk_id: str) -> bool:
        """Return whether a switchable quirk is on; a wrong id is a programming error."""
        return _switchable(quirk_id) in self.active

    def switched(self, quirk_id: str, on: bool) -> Quirks:
        """Return these quirks with a switchable one on or off; a wrong id is a programming error."""
        one = {_switchable(quirk_id)}
        return Quirks(self.active | one if on else self.active - one)


def _switchable(quirk_id: str) -> str:
    if quirk_id not in SWITCHABLE:
        raise KeyError(quirk_id)
    return quirk_id


PARITY_MODES: Mapping[str, Quirks] = {"c-parity": Quirks.c_parity(), "spec": Quirks.spec()}
"""The quirks of each parity mode, by its word on the command line."""

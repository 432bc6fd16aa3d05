"""The registry of differences between upstream nanoBragg and the physics (spec 09a, 09b).

A *switchable* quirk follows upstream in parity mode `c-parity` and the physics in `spec`, and can be set
singly. The others behave the same in both modes: `upstream` ones always as upstream, `sane` ones never.
The rows stand in data/quirks.tsv.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal, cast

from simulator.errors import InputError

ParityMode = Literal["c-parity", "spec"]
Kind = Literal["switchable", "upstream", "sane"]
PARITY_MODES: tuple[ParityMode, ...] = ("c-parity", "spec")


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

    @classmethod
    def of_mode(cls, mode: str) -> Quirks:
        """Return the quirks of a parity mode. Raises: InputError for another word. Source: 01 section 4.7."""
        if mode not in PARITY_MODES:
            raise InputError(f"--parity-mode '{mode}': unknown mode; give c-parity or spec")
        return cls.c_parity() if mode == "c-parity" else cls.spec()

    def __contains__(self, quirk_id: str) -> bool:
        """Return whether a switchable quirk is on; a wrong id is a programming error."""
        if quirk_id not in SWITCHABLE:
            raise KeyError(quirk_id)
        return quirk_id in self.active

    def switched(self, quirk_id: str, on: bool) -> Quirks:
        """Return these quirks with one of them on or off.

        Raises: InputError for an unknown id (names the nearest) or a quirk that both modes treat alike.
        Source: spec 01 section 4.7.
        """
        quirk = REGISTRY.get(quirk_id)
        if quirk is None:
            near = difflib.get_close_matches(quirk_id, REGISTRY, n=1, cutoff=0.0)[0]
            raise InputError(f"--quirk '{quirk_id}': unknown quirk; nearest is {near} (see --list-quirks)")
        if quirk.kind == "switchable":
            return Quirks(self.active | {quirk_id} if on else self.active - {quirk_id})
        if on != (quirk.kind == "upstream"):
            state = "on" if quirk.kind == "upstream" else "off"
            raise InputError(f"--quirk {quirk_id}: always {state} in both modes; leave the option out")
        return self


def switch_of(text: str) -> tuple[str, bool]:
    """Return (id, on) of the word `ID=on` or `ID=off`.

    Raises: InputError if the word has another form. Source: spec 01 section 4.7.
    """
    quirk_id, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise InputError(f"--quirk '{text}': give ID=on or ID=off")
    return quirk_id, state == "on"


def quirk_lines() -> list[str]:
    """Return the quirk registry as text: id, what upstream does, what spec mode does."""
    states = {"switchable": "off in spec", "upstream": "both modes", "sane": "neither mode"}
    lines = []
    for quirk in REGISTRY.values():
        lines.append(f"{quirk.id}  (upstream behaviour: {states[quirk.kind]})")
        lines.append(f"    upstream: {quirk.upstream}")
        lines.append(f"    spec: {quirk.sane}")
    return lines

"""The words for quirks on a command line: the parity mode, single switches, and the list of all (spec 01)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from simulator.errors import InputError
from simulator.quirks import PARITY_MODES, REGISTRY, Quirks


def quirks_by_words(mode: str, switches: Iterable[str]) -> Quirks:
    """Return the quirks of a parity mode after single switches, of which the last one counts.

    Args:
        mode: as given to --parity-mode.
        switches: as given to --quirk, `ID=on` or `ID=off`.

    Raises:
        InputError: for an unknown mode, a switch of another form, an unknown id (names the nearest), or a
            quirk that both modes treat alike and is switched the other way.

    Source: spec 01 section 4.7.
    """
    if mode not in PARITY_MODES:
        raise InputError(f"--parity-mode '{mode}': unknown mode; give {' or '.join(PARITY_MODES)}")
    quirks = PARITY_MODES[mode]
    for text in switches:
        quirks = _switched(quirks, text)
    return quirks


def _switched(quirks: Quirks, text: str) -> Quirks:
    """Return the quirks after one switch."""
    quirk_id, _, state = text.partition("=")
    if state not in ("on", "off"):
        raise InputError(f"--quirk '{text}': give ID=on or ID=off")
    quirk = REGISTRY.get(quirk_id)
    if quirk is None:
        near = difflib.get_close_matches(quirk_id, REGISTRY, n=1, cutoff=0.0)[0]
        raise InputError(f"--quirk '{quirk_id}': unknown quirk; nearest is {near} (see --list-quirks)")
    if quirk.kind == "switchable":
        return quirks.switched(quirk_id, state == "on")
    always = "on" if quirk.kind == "upstream" else "off"
    if state != always:
        raise InputError(f"--quirk {quirk_id}: always {always} in both modes; leave the option out")
    return quirks


def quirk_lines() -> list[str]:
    """Return the registry of quirks as text: id, what upstream does, what spec mode does."""
    states = {"switchable": "off in spec", "upstream": "both modes", "sane": "neither mode"}
    lines = []
    for quirk in REGISTRY.values():
        lines.append(f"{quirk.id}  (upstream behaviour: {states[quirk.kind]})")
        lines.append(f"    upstream: {quirk.upstream}")
        lines.append(f"    spec: {quirk.sane}")
    return lines

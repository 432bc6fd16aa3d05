"""The programs and the command lines that a bundle states, as they must have been; nothing is run."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BundleError
from harness.option_types import split_arguments
from harness.programs.arguments import PreparedArguments, prepare_arguments
from harness.programs.programs import DIALECTS, FILE_KIND, SELF_NAMES, Program

ASKING = frozenset({"-h", "--help", "--version"})
"""Options with which a command answers and makes nothing."""


def stated_program(provenance: Mapping[str, Any]) -> Program:
    """Return the program that a bundle says was run; it is named, never run.

    Raises:
        BundleError: there is no such program.
    """
    kind, path, said = (provenance.get(key) for key in ("kind", "path", "version"))
    if kind not in DIALECTS or not isinstance(path, str):
        raise BundleError(f"a program of the kind {kind!r:.40} at {path!r:.60} is none that can be compared")
    if "binary_sha256" in provenance and "sources_sha256" not in provenance:
        named = SELF_NAMES.get(str(said).partition(" ")[0], "external")
        if kind not in (named, "external"):
            raise BundleError(f"a program that calls itself {said!r:.40} is of the kind {named}, not {kind}")
    words = (str(provenance.get("python")), "-m", "simulator") if _is_module(provenance) else (path,)
    return Program(str(kind), words, provenance)


def _is_module(provenance: Mapping[str, Any]) -> bool:
    return provenance["kind"] == "simulator" and "sources_sha256" in provenance


def stated_arguments(recorded: Mapping[str, Any]) -> PreparedArguments:
    """Return the command line of a comparison as it was prepared; no file that it names is looked for."""
    known = {item["path"] for item in recorded["inputs"]}
    return prepare_arguments(recorded["arguments"], Path(recorded["caller"]), lambda path: str(path) in known)


def called(
    program: Program,
    settings: tuple[str, ...],
    tail: tuple[str, ...],
    stated: Sequence[str],
    asked: Container[str | None],
) -> tuple[str, ...]:
    """Return the words that a program was called with.

    Versions differ in the settings that they spell out: what was not asked for may be missing as stated.

    Args:
        program: the program.
        settings: pairs of option and value as this version spells them.
        tail: the words behind the settings.
        stated: what the bundle states.
        asked: values that must be among the settings.
    """
    if program.kind == FILE_KIND:
        return ()
    block = tuple(stated)[len(program.words) : len(stated) - len(tail)]
    pairs, there = _pairs(settings), _pairs(block)
    left_out = [pair for pair in pairs if pair not in there]
    kept = [pair for pair in pairs if pair in there]
    if there == kept and not any(value in asked for _, value in left_out):
        settings = block
    return (*program.words, *settings, *tail)


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return options with their values; that of an option without one is empty."""
    found: list[tuple[str, str]] = []
    for word in words:
        if word.startswith("-") or not found or found[-1][1]:
            found.append((word, ""))
        else:
            found[-1] = (found[-1][0], word)
    return found


def own_words(words: Sequence[str], name: str) -> tuple[list[str], list[str] | None] | None:
    """Return the words of a recorded command before and behind its --, None if it is not a run of `name`."""
    own, args = split_arguments(words[1:])
    return None if words[:1] != [name] or ASKING & set(own) else (own, args)


def contradictions(asked: Mapping[str, Any], stated: Mapping[str, Any], file: str) -> list[str]:
    """Return where a recorded command, line 2 of its file, asks for something else than a file states."""
    return [
        f"line 2: asks for {key} {asked[key]!r:.60}, {file} states {stated[key]!r:.60}"
        for key in asked
        if asked[key] != stated[key]
    ]

"""Pieces of work, each in a process of its own: a crash, a hang or the end of the time costs one piece."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from system_io.children import execute, temporary_folder

PieceRow = Mapping[str, Any]
LEAST_S = 5.0
"""With less time than this left no piece is begun."""
SAID_CHARACTERS = 300


@dataclass(frozen=True)
class Piece:
    """A piece of work, which a child process does (see `harness.device.worker`)."""

    name: str
    """As shown."""
    kind: str
    """What is done: a key of `KINDS` there."""
    given: Mapping[str, Any]
    """To what, as plain data."""
    limit_s: float
    """Longest wall time."""
    parts: Sequence[Mapping[str, Any]] = ()
    """What sets apart the shares that may be done side by side; none for one process."""

    def shares(self) -> list[Mapping[str, Any]]:
        """Return what each process is given."""
        return [{**self.given, **part} for part in self.parts] or [self.given]


@dataclass
class Done:
    """What came of the pieces so far."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    """Each with the name of its piece."""
    failures: list[dict[str, str]] = field(default_factory=list)
    """Pieces whose process failed, with the reason."""
    left_out: list[str] = field(default_factory=list)
    """Pieces that were not begun, or not ended in time."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time of each piece."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the rows of a kind of piece."""
        return [row for row in self.rows if row["kind"] == kind]


@dataclass(frozen=True)
class WallBudget:
    """Wall time that all pieces may take together, s; infinite for no limit."""

    seconds: float
    start_s: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """Return what is left."""
        return self.seconds - (time.monotonic() - self.start_s)


def run_piece(piece: Piece, budget: WallBudget, done: Done) -> None:
    """Do a piece if there is time for it, and add what comes of it.

    Args:
        piece: what.
        budget: of all pieces.
        done: is added to.
    """
    if budget.left_s < LEAST_S:
        done.left_out.append(piece.name)
        return
    limit_s = min(piece.limit_s, budget.left_s)
    start_s = time.monotonic()
    shares = piece.shares()
    with ThreadPoolExecutor(len(shares)) as pool:
        ended = list(pool.map(lambda given: _run_share(piece.kind, given, limit_s), shares))
    for rows, failure in ended:
        done.rows += [{"piece": piece.name, "kind": piece.kind, **row} for row in rows]
        if failure and limit_s < piece.limit_s and budget.left_s < LEAST_S:
            done.left_out.append(f"{piece.name} (cut short)")
        elif failure:
            done.failures.append({"piece": piece.name, "why": failure})
    done.seconds[piece.name] = round(time.monotonic() - start_s, 2)


def run_pieces(
    pieces: Sequence[Piece], budget: WallBudget, done: Done, after: Callable[[Piece, Done], None]
) -> None:
    """Do pieces in their order.

    Args:
        pieces: the most valuable ones first.
        budget: of all pieces.
        done: is added to.
        after: is called after each.
    """
    for piece in pieces:
        run_piece(piece, budget, done)
        after(piece, done)


def _run_share(kind: str, given: Mapping[str, Any], limit_s: float) -> tuple[list[PieceRow], str]:
    """Return the rows of one process, all whole ones of one that fails, and the reason if it does."""
    heard = bytearray()

    def hear(stream: str, data: bytes) -> None:
        if stream == "stdout":
            heard.extend(data)

    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with temporary_folder("nb-gpu") as folder:
        asked = Path(folder, "asked.json")
        asked.write_text(json.dumps({"kind": kind, **given}), encoding="utf-8")
        command = [sys.executable, "-m", "harness.device.worker", str(asked)]
        outcome, _, noise = execute(command, Path(folder), environ, limit_s, hear)
    rows = [json.loads(line) for line in bytes(heard).split(b"\n")[:-1] if line.startswith(b"{")]
    if outcome.failure is None:
        return rows, ""
    said = " ".join(noise.decode("utf-8", "replace").split())[-SAID_CHARACTERS:]
    return rows, f"its process {outcome.failure}{': ' if said else ''}{said}"

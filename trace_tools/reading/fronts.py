"""What loggers, terminals and launchers put in front of a record: told apart, cut off and counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_STAMP = r"\d{1,4}[-/.]\d\d?[-/.]\d{1,4}|\d\d?:\d\d(?::\d\d)?|\[\s*\d+\.\d+\s*\]"
_RANK = (
    r"\b(?:rank|proc|process|pe|mpi|thread|tid|pid|image|node|worker|gpu|device)\b\W{0,3}\d+"
    r"|\A\s*(?:\[\s*\d+(?:\s*[,:]\s*\d+)*\s*\]|\(\d+\)|<\d+>|\d+\s*[:>|])"
)
_METER = r"\d\s*%|\b\d+\s*(?:/|of)\s*\d+\b|[#=*]{3,}|\bit/s"
_KINDS = (
    ("time stamp", re.compile(_STAMP)),
    ("rank or thread", re.compile(_RANK, re.IGNORECASE)),
    ("progress meter", re.compile(_METER)),
)
OTHER = "other text"
_DIGITS = str.maketrans("123456789", "000000000")


def kinds_of(front: str) -> tuple[str, ...]:
    """Return what stands in a text in front of a record: time stamp, rank, progress meter, or other text."""
    rest, found = front, []
    for kind, pattern in _KINDS:
        if pattern.search(rest):
            found.append(kind)
            rest = pattern.sub(" ", rest)
    return tuple(found) or (OTHER,)


def treatments(fronts: Iterable[str]) -> Counter[str]:
    """Count for each kind the lines from which it was taken off."""
    patterns = Counter(front.translate(_DIGITS) for front in fronts)
    counts: Counter[str] = Counter()
    for pattern, count in patterns.items():
        for kind in kinds_of(pattern):
            counts[f"{kind} in front of a record, taken off"] += count
    return counts


def without_fronts(block: bytes, prefix: bytes) -> tuple[bytes, list[bytes], int] | None:
    """Take from a block of lines what stands in front of its records, and lines that have none.

    Args:
        prefix: ``TRACE_C: `` as each record begins.

    Returns:
        The records as whole lines, the fronts, and the number of other lines; None if a line has two
        records, or something like one.
    """
    first, *pieces = block.split(prefix)
    if not pieces:
        return None
    fronts, bodies, others = [first[first.rfind(b"\n") + 1 :]], [], [first[: first.rfind(b"\n") + 1]]
    for number, behind in enumerate(pieces, 1):
        cut = behind.find(b"\n") + 1
        last = behind.rfind(b"\n") + 1
        if not cut:
            return None
        bodies.append(behind[:cut])
        others.append(behind[cut:last])
        if number < len(pieces):
            fronts.append(behind[last:])
    left = b"".join(others)
    if b"trace_" in left.lower() or b"trace_" in b"".join(set(fronts)).lower():
        return None
    return prefix + prefix.join(bodies), [front for front in fronts if front.strip()], left.count(b"\n")

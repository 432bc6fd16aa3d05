"""Faults of what either program writes beside the float image, made at the seams of `harness.faults`."""

from __future__ import annotations

from harness.faults.fault import SeededFault

WRITER_FAULTS: tuple[SeededFault, ...] = (

)  # fmt: skip

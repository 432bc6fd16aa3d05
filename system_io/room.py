"""Whether a process may have the memory that its libraries need just to be loaded."""

from __future__ import annotations

import resource

from system_io.errors import UserError

NUMPY_BYTES, TORCH_BYTES = 192 << 20, 576 << 20
"""Of address space. With less, the libraries end the process themselves, some with the status of a FAIL.

With a little more they raise an ImportError or a MemoryError, which can be caught.
"""
LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_DATA)


def check_room(least_bytes: int = NUMPY_BYTES) -> None:
    """Raise UserError where the memory of this process is limited to less than its libraries need."""
    limits = (soft for soft, _ in map(resource.getrlimit, LIMITS) if soft >= 0)
    allowed = min(limits, default=least_bytes)
    if allowed < least_bytes:
        raise UserError(
            f"the process may have {allowed >> 20} MiB of memory (ulimit -v or -d), less than the"
            f" {least_bytes >> 20} MiB that loading its libraries takes; raise the limit"
        )

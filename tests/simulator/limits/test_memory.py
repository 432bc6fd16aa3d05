"""What this machine cannot hold is refused before it is made."""

from __future__ import annotations

import pytest

from simulator.errors import InputError
from simulator.limits.memory import require


def test_more_than_the_memory_of_the_machine_is_refused() -> None:
    require(1024.0, "a small table")
    with pytest.raises(InputError, match=r"a large table: would need .* GiB of memory, this machine has"):
        require(2.0**70, "a large table")

"""The seeded faults: all tables together."""

from __future__ import annotations

from collections.abc import Mapping

from harness.faults.c_file_faults import C_FILE_FAULTS
from harness.faults.c_physics_faults import C_PHYSICS_FAULTS
from harness.faults.c_set_up_faults import C_SET_UP_FAULTS
from harness.faults.common_faults import COMMON_FAULTS
from harness.faults.fault import SeededFault
from harness.faults.py_physics_faults import PY_PHYSICS_FAULTS
from harness.faults.py_set_up_faults import PY_SET_UP_FAULTS

FAULTS: tuple[SeededFault, ...] = (
    *COMMON_FAULTS,
    *C_PHYSICS_FAULTS,
    *C_SET_UP_FAULTS,
    *C_FILE_FAULTS,
    *PY_PHYSICS_FAULTS,
    *PY_SET_UP_FAULTS,
)
BY_ID: Mapping[str, SeededFault] = {fault.id: fault for fault in FAULTS}

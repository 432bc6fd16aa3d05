"""What a device is, and whether it and the compiler do the simplest things."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ENTRIES = 1 << 16
REASON_CHARACTERS = 300


def about_device(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the facts of a device, and for each simple thing whether it can be done.

    Args:
        given: `device`, and `abilities`, names of ABILITIES.
    """
    yield {"facts": _facts(given["device"])}
    for name in given["abilities"]:
        able = ABILITIES[name]
        try:
            able(given["device"])
        except Exception as error:  # whatever a device throws is a finding
            why = " ".join(f"{type(error).__name__}: {error}".split())[:REASON_CHARACTERS]
            yield {"ability": name, "there": False, "why": why}
            continue
        yield {"ability": name, "there": True, "why": ""}


def _facts(device: str) -> dict[str, Any]:
    import torch

    facts: dict[str, Any] = {"device": device, "torch": torch.__version__, "cuda": torch.version.cuda}
    facts["triton"] = importlib.metadata.version("triton") if importlib.util.find_spec("triton") else None
    if device.startswith("cuda"):
        found = torch.cuda.get_device_properties(0)
        facts |= {
            "name": found.name,
            "capability": f"{found.major}.{found.minor}",
            "multiprocessors": found.multi_processor_count,
            "memory_bytes": found.total_memory,
            "free_bytes": torch.cuda.mem_get_info()[0],
        }
    return facts


def _adds(device: str) -> None:
    import torch

    total = torch.arange(ENTRIES, device=device, dtype=torch.float64).sum().item()
    if total != ENTRIES * (ENTRIES - 1) / 2:
        raise ArithmeticError(f"the sum of 0 to {ENTRIES - 1} is {total}")


def _compiles(device: str) -> None:
    import torch

    values = torch.linspace(0.0, 1.0, ENTRIES, dtype=torch.float64, device=device)
    made = torch.compile(lambda x: (x * x + 1.0).sum(), fullgraph=True)
    found, expected = float(made(values)), float((values * values + 1.0).sum())
    if not abs(found - expected) <= 1e-9 * expected:  # sums in another order
        raise ArithmeticError(f"a compiled sum is {found}, not {expected}")


ARITHMETIC, COMPILER = "arithmetic", "torch.compile"
ABILITIES: Mapping[str, Callable[[str], None]] = {ARITHMETIC: _adds, COMPILER: _compiles}

"""A contract in a bundle: the files that it was judged by, written and read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.contract.pixels import ContractEvidence
from harness.contract.quirk_values import codes
from harness.contract.rules import Contract, asked_contract
from harness.errors import BundleError
from harness.sides import SIDES
from harness.store.untrusted import read_plain

PREFIX = "allow"


def allowed_mask_name(number: int) -> str:
    """Return the name of the mask of a rule by the number of the rule."""
    return f"{PREFIX}_mask_{number}.npy"


def image_of_state(code: str) -> str:
    """Return the name of an image of the C reference by the state of the declared quirks."""
    return f"{PREFIX}_quirks_{code}.bin"


def log_name(name: str) -> str:
    """Return the name of a trace by side, or by the state of the declared quirks."""
    return f"{PREFIX}_trace_{name}.log"


def write_evidence(folder: Path, contract: Contract, evidence: ContractEvidence) -> None:
    """Write the masks of a contract, and what further runs gave for it."""
    for number, rule in enumerate(contract.rules):
        mask = getattr(rule, "mask", None)
        if mask is not None:
            with (folder / allowed_mask_name(number)).open("wb") as stream:
                np.save(stream, mask, allow_pickle=False)
    for code, image in evidence.quirks.items():
        image.tofile(folder / image_of_state(code))
    for name, log in evidence.logs.items():
        (folder / log_name(name)).write_bytes(log)


def evidence_names(contract: Contract, evidence: ContractEvidence) -> list[str]:
    """Return the names of the files that a bundle has of a contract."""
    masks = [n for n, rule in enumerate(contract.rules) if getattr(rule, "mask", None) is not None]
    return [
        *map(allowed_mask_name, masks),
        *map(image_of_state, evidence.quirks),
        *map(log_name, evidence.logs),
    ]


def stated_contract(folder: Path, settings: Mapping[str, Any]) -> Contract | None:
    """Return the contract that the settings of a bundle state, with the masks that lie in it.

    Raises:
        UsageError: a rule cannot be read, or its mask is gone.
    """
    return asked_contract(settings.get("allow", ()), lambda number, _name: folder / allowed_mask_name(number))


def read_evidence(
    folder: Path, contract: Contract, shape: tuple[int, int], stated: Mapping[str, Any]
) -> ContractEvidence:
    """Return what further runs gave for a contract, as it lies in a bundle.

    Args:
        folder: of the bundle.
        contract: what may change.
        shape: of the whole image (slow, fast).
        stated: what the summary says of the contract.

    Raises:
        BundleError: an image has another size.
    """
    states = codes(len(contract.quirks)) if contract.quirks else []
    images = {}
    for code in states:
        path = folder / image_of_state(code)
        if not path.is_file():
            continue
        values = np.frombuffer(read_plain(path), np.uint8)
        if values.size != 4 * shape[0] * shape[1]:
            raise BundleError(f"'{path}' is no image of {shape[0]} x {shape[1]} pixels; it is damaged")
        images[code] = values.view(np.float32).reshape(shape)
    logs = {name: folder / log_name(name) for name in (*SIDES, *states)}
    read = {name: read_plain(path) for name, path in logs.items() if path.is_file()}
    return ContractEvidence(images, read, tuple(stated["troubles"]))

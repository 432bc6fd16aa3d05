"""The process that does a piece of work: it prints each result as a line of JSON as soon as it is there.

`python -m harness.device.worker FILE` reads the kind of work and what it is done to from a file of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.device.about import about_device
from harness.device.gradient_checks import checked_gradients
from harness.device.lowered import lowered_stages
from harness.device.speed import compile_case, timed_case
from harness.device.suite_checks import checked_images, forms_of_images

KINDS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Mapping[str, Any]]]] = {
    "about": about_device,
    "forms": forms_of_images,
    "images": checked_images,
    "gradients": checked_gradients,
    "warm": compile_case,
    "speed": timed_case,
    "lowered": lowered_stages,
}


def main(argv: Sequence[str]) -> int:
    """Do the piece that a file tells of."""
    given = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    os.environ.update(given["environ"])
    for row in KINDS[given["kind"]](given):
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

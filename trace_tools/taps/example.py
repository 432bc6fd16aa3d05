"""A small cooling rod, traced: TAPS_FILE=py.log python example.py."""

import numpy as np

from trace_tools.taps import taps

ALPHA = 0.1


@taps.tapped("flux", "K")
def flux(rod: "np.ndarray[tuple[int], np.dtype[np.float64]]", cell: int, *, inside: bool) -> float:
    """Return what a cell gains from its neighbours."""
    return float(rod[cell - 1] - 2.0 * rod[cell] + rod[cell + 1]) if inside else 0.0


def main() -> None:
    """Cool a rod of five cells for three steps."""
    rod = np.array([400.0, 300.0, 300.0, 300.0, 350.0])
    taps.start("rod-python", "1.0")
    taps.tap("alpha", ALPHA)
    taps.tap("cells", len(rod))
    taps.tap("scheme", "forward euler")
    for _ in taps.over("step", range(3)):
        following = rod.copy()
        for cell in taps.over("cell", range(len(rod))):
            inside = taps.tap("inside", 0 < cell < len(rod) - 1)
            following[cell] = taps.tap("temperature", rod[cell] + ALPHA * flux(rod, cell, inside=inside), "K")
        rod = taps.tap("rod", following, "K")
    taps.tap("mode", complex(rod[1], rod[2]), "K")


if __name__ == "__main__":
    main()

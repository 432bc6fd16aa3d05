"""The detector of a drawn case, small enough for many cases a second, and the sizes that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

LARGEST_SIDE = 24
SIDES_PX = st.integers(4, LARGEST_SIDE)
PIXELS_MM = st.sampled_from((0.1, 0.25, 0.5, 0.8, 1.2, 2.0, 4.0))
DISTANCES_MM = st.sampled_from((20.0, 30.0, 57.5, 88.0, 100.0, 142.5, 300.0, 1000.0))
DEFAULT_PIXEL_MM = 0.1


@dataclass(frozen=True)
class DrawnCamera:
    """Pixels along fast and slow, their size and the distance in mm, and a pixel that every run computes.

    `block` is a region around that pixel: fast min, max, slow min, max.
    """

    fast: int
    slow: int
    pixel_mm: float
    distance_mm: float
    block: tuple[int, int, int, int]
    traced: tuple[int, int]

    def along(self, axis: str) -> float:
        """Return the length of a side, mm."""
        return (self.fast if axis == "f" else self.slow) * self.pixel_mm


@st.composite
def cameras(draw: st.DrawFn, names: frozenset[str]) -> DrawnCamera:
    """Draw a detector that fits some options: square where one number is for both sides."""
    fast = draw(SIDES_PX)
    square = bool(names & {"-detpixels", "-detsize"}) or draw(st.booleans())
    slow = fast if square else draw(SIDES_PX)
    sized = bool(names & {"-pixel", "-img", "-mask"})
    pixel_mm = draw(PIXELS_MM) if sized else DEFAULT_PIXEL_MM
    fast_ends, slow_ends = (sorted(draw(st.tuples(*[st.integers(0, n - 1)] * 2))) for n in (fast, slow))
    traced = draw(st.integers(*slow_ends)), draw(st.integers(*fast_ends))
    block = (fast_ends[0], fast_ends[1], slow_ends[0], slow_ends[1])
    return DrawnCamera(fast, slow, pixel_mm, draw(DISTANCES_MM), block, traced)

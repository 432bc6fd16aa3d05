"""Finds spots in two images and matches them one to one.

A spot is a pixel that is the largest within `RADIUS_PX` (values equal to `TIE` count as equal, and
touching ones as one plateau), that exceeds the floor, and that stands out from the smallest value
around it. Its place is the intensity-weighted centroid of the window. Spots whose window is cut by the
border of the compared region are left out.

Rounding can push a spot across the floor on one side only. Spots just below the floor (`SLACK`) are
therefore offered as partners, and only a spot above the floor can be unmatched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.arrays import FloatImage, Reals

RADIUS_PX = 2
OLDER_FLOOR_OF_MAX = 1e-3
"""Of versions that left dimmer spots out."""
TINIEST = float(np.finfo(np.float32).tiny)
"""Below, a number has no digits of its own to tell a maximum by."""
CONTRAST = 0.05
SLACK = 0.9
TIE = 1e-5
GATE_PX = 2.0
FLOOR_OF_ALLOWANCE = 1.0 / ((1.0 - SLACK) * CONTRAST)
"""Height of a spot, in parts of what a pixel may lack, from which it stands out on both sides."""


@dataclass(frozen=True)
class Spots:
    """Spots of one image: places [n, 2] (slow, fast) in px, heights [n], and which exceed the floor [n]."""

    places_px: Reals
    heights: Reals
    counted: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Return the number of spots above the floor."""
        return int(self.counted.sum())


@dataclass(frozen=True)
class UnmatchedSpot:
    """A spot above the floor without partner."""

    slow_px: float
    fast_px: float
    height: float


@dataclass(frozen=True)
class PeakComparison:
    """Spots of two images, matched one to one; distances are None if there is no pair."""

    floor: float
    gate_px: float
    count_first: int
    count_second: int
    matched: int
    mean_distance_px: float | None
    max_distance_px: float | None
    unmatched_first: tuple[UnmatchedSpot, ...]
    unmatched_second: tuple[UnmatchedSpot, ...]

    @property
    def compared(self) -> bool:
        """Tell whether either image has a spot at all."""
        return self.count_first + self.count_second > 0


def find_spots(image: FloatImage, floor: float) -> Spots:
    """Find the spots of an image.

    Args:
        image: finite image [slow, fast].
        floor: least height of a spot.

    Returns:
        Spots in row order, those between `SLACK` times the limits and the limits marked as not counted.
    """
    from scipy import ndimage  # here as below, since scipy takes long to import

    size = 2 * RADIUS_PX + 1
    if min(image.shape) < size or float(image.max()) < floor:
        return Spots(np.empty((0, 2)), np.empty(0), np.empty(0, dtype=np.bool_))
    highest = ndimage.maximum_filter(image, size=size)
    lowest = ndimage.minimum_filter(image, size=size)
    candidate = (image >= highest * (1.0 - TIE)) & (image >= SLACK * floor)
    candidate &= (image - lowest >= SLACK * CONTRAST * image) & (image > lowest)
    labels, number = ndimage.label(candidate, structure=np.ones((3, 3)))
    if number == 0:
        return Spots(np.empty((0, 2)), np.empty(0), np.empty(0, dtype=np.bool_))
    middle = np.rint(_middles(candidate, labels, number)).astype(np.int64)
    last = np.asarray(image.shape) - 1 - RADIUS_PX
    middle = middle[np.all((middle >= RADIUS_PX) & (middle <= last), axis=1)]
    heights = highest[middle[:, 0], middle[:, 1]].astype(np.float64)
    depth = heights - lowest[middle[:, 0], middle[:, 1]]
    return Spots(_centroids(image, middle), heights, (heights >= floor) & (depth >= CONTRAST * heights))


def _middles(candidate: NDArray[np.bool_], labels: NDArray[Any], number: int) -> Reals:
    """Return the mean places [number, 2] of the pixels that bear the labels 1 to `number`."""
    places = np.nonzero(candidate)
    label = labels[places] - 1
    pixels = np.bincount(label, minlength=number)
    sums = [np.bincount(label, weights=place, minlength=number) for place in places]
    middles: Reals = np.stack(sums, axis=1) / pixels[:, None]
    return middles


def _centroids(image: FloatImage, middle: NDArray[np.int64]) -> Reals:
    """Return the centroids [n, 2] of the windows around `middle` [n, 2], the smallest value taken off."""
    step = np.arange(-RADIUS_PX, RADIUS_PX + 1)
    slow = middle[:, 0, None, None] + step[None, :, None]  # [n, w, 1]
    fast = middle[:, 1, None, None] + step[None, None, :]  # [n, 1, w]
    weight = image[slow, fast].astype(np.float64)  # [n, w, w]
    weight -= weight.min(axis=(1, 2), keepdims=True)
    total = weight.sum(axis=(1, 2))
    offset = np.stack([(weight * step[:, None]).sum(axis=(1, 2)), (weight * step).sum(axis=(1, 2))], axis=1)
    places_px: Reals = middle + offset / total[:, None]
    return places_px


def match_spots(first: Reals, second: Reals, gate_px: float) -> tuple[NDArray[np.int64], Reals]:
    """Pair places one to one: as many pairs as possible within the gate, then the least total distance.

    The pairs within the gate fall into small groups that do not touch; each is solved by itself with the
    Hungarian method, so that thousands of spots cost no more than a tree look-up.

    Args:
        first: places [n, 2], px.
        second: places [m, 2], px.
        gate_px: largest distance of a pair.

    Returns:
        Index pairs [p, 2] and their distances [p].
    """
    if not len(first) or not len(second):
        return np.empty((0, 2), dtype=np.int64), np.empty(0)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    near = cKDTree(first).sparse_distance_matrix(cKDTree(second), gate_px, output_type="ndarray")
    rows, columns = near["i"].astype(np.int64), near["j"].astype(np.int64)
    nodes = len(first) + len(second)
    ends = (rows.astype(np.int32), (columns + len(first)).astype(np.int32))  # the type that csgraph reads
    graph = coo_array((np.ones(len(rows)), ends), shape=(nodes, nodes))
    group = connected_components(graph, directed=False)[1][rows]  # [edges]
    alone = np.bincount(group)[group] == 1
    several = np.flatnonzero(~alone)
    order = several[np.argsort(group[several], kind="stable")]
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    pairs: list[tuple[int, int]] = []
    for edges in np.split(order, cuts):
        pairs += _assign(rows[edges], columns[edges], near["v"][edges], gate_px)
    found = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    found = np.concatenate([np.stack([rows[alone], columns[alone]], axis=1), found])
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    return found, np.linalg.norm(first[found[:, 0]] - second[found[:, 1]], axis=1)


def _assign(
    rows: NDArray[np.int64], columns: NDArray[np.int64], distance_px: Reals, gate_px: float
) -> list[tuple[int, int]]:
    """Solve one group; a pair outside the gate costs more than all pairs inside together."""
    from scipy.optimize import linear_sum_assignment

    row_names, row = np.unique(rows, return_inverse=True)
    column_names, column = np.unique(columns, return_inverse=True)
    forbidden = (gate_px + 1.0) * (len(row_names) + len(column_names))
    cost = np.full((len(row_names), len(column_names)), forbidden)
    cost[row, column] = distance_px
    chosen = zip(*linear_sum_assignment(cost), strict=True)
    return [(int(row_names[i]), int(column_names[j])) for i, j in chosen if cost[i, j] < forbidden]


def compare_peaks(
    first: FloatImage,
    second: FloatImage,
    origin: tuple[int, int] = (0, 0),
    gate_px: float = GATE_PX,
    floor_of_max: float = 0.0,
) -> PeakComparison:
    """Find and match the spots of two finite images.

    Args:
        first: reference image [slow, fast].
        second: image to be judged [slow, fast].
        origin: (slow, fast) of element [0, 0] on the detector.
        gate_px: largest distance of a pair.
        floor_of_max: least height of a spot, in parts of the first image's maximum; 0 for whatever stands out
            from its surroundings.

    Returns:
        Counts, distances and the spots without partner.
    """
    floor = max(floor_of_max * float(first.max()), TINIEST)
    ours = find_spots(first, floor)
    theirs = ours if np.array_equal(first, second) else find_spots(second, floor)
    pairs, distance_px = match_spots(ours.places_px, theirs.places_px, gate_px)
    used = ours.counted[pairs[:, 0]] | theirs.counted[pairs[:, 1]]
    distance_px = distance_px[used]
    return PeakComparison(
        floor=floor,
        gate_px=gate_px,
        count_first=ours.count,
        count_second=theirs.count,
        matched=len(distance_px),
        mean_distance_px=float(distance_px.mean()) if len(distance_px) else None,
        max_distance_px=float(distance_px.max()) if len(distance_px) else None,
        unmatched_first=_unmatched(ours, pairs[:, 0], origin),
        unmatched_second=_unmatched(theirs, pairs[:, 1], origin),
    )


def _unmatched(spots: Spots, paired: NDArray[np.int64], origin: tuple[int, int]) -> tuple[UnmatchedSpot, ...]:
    alone = spots.counted.copy()
    alone[paired] = False
    return tuple(
        UnmatchedSpot(float(slow) + origin[0], float(fast) + origin[1], float(height))
        for (slow, fast), height in zip(spots.places_px[alone], spots.heights[alone], strict=True)
    )

"""What happens to a value behind its last tap: the image file against the trace of the same run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trace_tools.reading.trace_file import TraceLog

LAST_TAP = "floatimage_accumulated"


def behind_last_tap(trace: TraceLog, image: NDArray[np.float32]) -> tuple[str, ...]:
    """Say of each traced pixel whose value in the image file is not that of the last tap, bit for bit.

    Args:
        trace: of the run that wrote the image.
        image: photons, [slow, fast].

    Returns:
        A line for each such pixel; all taps may agree, and the fault is in what follows them.
    """
    if LAST_TAP not in trace.names:
        return ()
    found = []
    for index in np.flatnonzero(trace.columns.tap == trace.names.index(LAST_TAP)).tolist():
        record = trace.record(index)
        turns = dict(record.context)
        slow, fast, said = turns["s"], turns["f"], np.float32(record.values[0])
        held = image[slow, fast]
        if held.tobytes() != said.tobytes():
            found.append(
                f"slow {slow} fast {fast}: the image file holds {held}, the last tap says {said}: "
                "the fault is behind the last tap"
            )
    return tuple(found)

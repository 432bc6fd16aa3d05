"""Draws the price of a bound: faults found, by the bound of each criterion and by the number of cases."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from harness.drawing import Figure
from harness.trials.price import BOUNDS, score_by_bound
from harness.trials.score import single_faults

HASH_SALT = "trust"


def price_drawing(results: Mapping[str, Any]) -> str:
    """Return the drawing as SVG text, the same for the same results.

    Args:
        results: the content of trust.json.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    by_bound, by_cases = figure.subplots(1, 2, sharey=True)
    for name, scores in score_by_bound(single_faults(results["rows"])).items():
        by_bound.plot(BOUNDS, [100.0 * score for score in scores], marker=".", label=name)
    by_bound.set_xscale("log")
    by_bound.invert_xaxis()
    by_bound.set_xlabel("bound of the criterion")
    by_bound.set_ylabel("image-changing faults found (%)")
    by_bound.legend(fontsize=7)
    found = [100.0 * share for _, share in results["cases"]]
    by_cases.plot(range(1, len(found) + 1), found, marker=".", color="black")
    by_cases.set_xlabel("number of cases, all strict bounds")
    for axes in (by_bound, by_cases):
        axes.grid(alpha=0.3)
        axes.set_ylim(0, 102)
    text = StringIO()
    with mpl.rc_context({"svg.hashsalt": HASH_SALT, "svg.fonttype": "none"}):
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return text.getvalue()

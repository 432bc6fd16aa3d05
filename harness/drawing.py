"""Matplotlib, for whoever draws; without a home for its list of fonts, it is given a folder of ours."""

from __future__ import annotations

import os
from collections.abc import Mapping

from system_io.cache import cache_folder, has_home
from system_io.errors import UserError

FOLDER_VARIABLE = "MPLCONFIGDIR"


def font_folder(environ: Mapping[str, str]) -> str | None:
    """Return the folder that matplotlib has to be told of, None where it finds one by itself."""
    if environ.get(FOLDER_VARIABLE) or has_home(environ):
        return None
    try:
        return str(cache_folder(environ) / "matplotlib")
    except UserError:
        return None


FOLDER = font_folder(os.environ)
if FOLDER is not None:
    os.environ[FOLDER_VARIABLE] = FOLDER

from matplotlib.axes import Axes  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.colors import LogNorm, Normalize, SymLogNorm  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter  # noqa: E402

__all__ = [
    "Axes",
    "Figure",
    "FigureCanvasAgg",
    "LogLocator",
    "LogNorm",
    "Normalize",
    "NullFormatter",
    "StrMethodFormatter",
    "SymLogNorm",
]

"""Tables whose numbers are never cut, however narrow the terminal is."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

WIDEST = 10000


def wide_console(table: Table) -> Console:
    """Return a console as wide as the terminal, or as a table needs at least where that is more.

    Columns with `no_wrap` stay whole then, the others are folded. A terminal breaks the long lines itself;
    rich would cut the numbers.
    """
    widest = Console(width=WIDEST)
    for column in table.columns:
        if column.no_wrap:
            parts = (column.header, *column.cells)
            column.min_width = max(Measurement.get(widest, widest.options, part).maximum for part in parts)
    return Console(width=max(Console().width, widest.measure(table).minimum))

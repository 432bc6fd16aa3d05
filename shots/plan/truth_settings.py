"""The `[truth]` of a plan: what is kept of what is known of a shot."""

from __future__ import annotations

from dataclasses import dataclass

from system_io.toml_table import TomlTable


@dataclass(frozen=True)
class TruthSettings:
    """What is kept besides the drawn values.

    Attributes:
        spots: whether crystals and predicted spots are.
        labels: whether the strongest reflection of each pixel is, and its share.
        experiments: whether crystals, beam and detector are, as an experiment list of DIALS.
        mtz: whether the structure factors, and the spots of all shots, are kept as MTZ files.
        least_photons: of a pixel that is looked at.
        space_group: of the MTZ files.
    """

    spots: bool = False
    labels: bool = False
    mtz: bool = False
    experiments: bool = False
    least_photons: float = 0.0
    space_group: str = "P 1"

    @property
    def watched(self) -> bool:
        """Whether the kernel has to be watched."""
        return self.spots or self.labels or self.mtz

    @property
    def wanted(self) -> bool:
        """Whether anything is kept."""
        return self.watched or self.experiments


NOTHING_KEPT = TruthSettings()


def read_truth(table: TomlTable) -> TruthSettings:
    """Return what `[truth]` asks for.

    Raises:
        UserError: naming place, value, rule and remedy.
    """
    found = TruthSettings(
        table.take("spots", bool, False), table.take("labels", bool, False), table.take("mtz", bool, False),
        table.take("experiments", bool, False), table.take("least_photons", float, 0.0),
        table.take("space_group", str, NOTHING_KEPT.space_group),
    )  # fmt: skip
    table.close()
    if not 0.0 <= found.least_photons < float("inf"):
        raise table.fault(
            "least_photons", f"is {found.least_photons:g}, must be 0 or more; give such a number"
        )
    if table.content and not found.wanted:
        raise table.fault("", "keeps nothing; give spots, labels, mtz or experiments = true")
    return found

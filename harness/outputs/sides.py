"""One side of a comparison of outputs: its files, what it printed, and what its float image accounts for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from harness.arrays import FloatImage
from harness.outputs.derive import DerivedOutput, derived_output, oversample_of
from harness.outputs.read import READERS, ReadOutput
from harness.outputs.request import SMV_NAME
from simulator import RunConfig
from system_io.errors import UserError


@dataclass(frozen=True, eq=False)
class OutputSide:
    """What one program left, and how to read its command line.

    Attributes:
        name: of the side.
        image: its float image [slow, fast].
        files: content of its outputs by name of the output; one that is missing was not written.
        printed: its standard output.
        told: gives the configuration of its command line; it may raise a UserError.
        prints: whether it is known to print the lines of spec 08.
    """

    name: str
    image: FloatImage
    files: Mapping[str, bytes]
    printed: str
    told: Callable[[], RunConfig]
    prints: bool = True
    _derived: dict[str, DerivedOutput] = field(default_factory=dict)

    @cached_property
    def config(self) -> RunConfig | None:
        """Return the configuration, None where the simulator cannot set up the command line."""
        try:
            return self.told()
        except UserError:
            return None

    @property
    def quirks(self) -> frozenset[str]:
        """Return the quirks that the program was told to have, none where they are not known."""
        return frozenset() if self.config is None else self.config.quirks.active

    def read(self, output: str) -> ReadOutput:
        """Return one of its images."""
        return READERS[output](self.files[output], self.image.shape)

    def derived(self, output: str) -> DerivedOutput | None:
        """Return what its float image must give, None where that cannot be said."""
        config = self.config
        if config is None or (config.detector.spixels, config.detector.fpixels) != self.image.shape:
            return None
        if output not in self._derived:
            oversample = oversample_of(config) if output == SMV_NAME else 1
            self._derived[output] = derived_output(output, self.image, config, oversample)
        return self._derived[output]

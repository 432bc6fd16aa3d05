"""One run of the command line: render, then write and report in the order of spec 08."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from simulator.config import RunConfig
from simulator.errors import InputError
from simulator.image import render
from simulator.io.fdump import dump_chunks
from simulator.io.smv_header import FinalGeometry, overflows, smv_header
from simulator.kernel.taps import Tap
from simulator.output.messages import (
    cell_warning,
    computed_line,
    grazing_warning,
    left_out_line,
    nothing_warning,
    oversample_warning,
    polarization_warning,
    setup_lines,
    solid_angle_line,
    used_interpolation_warning,
)
from simulator.output.outputs import DUMP, NO_FILE, TRACE, FinishedImage, Say
from simulator.output.printout import Printout
from simulator.output.progress import shown
from simulator.output.statistics import odd_pixels
from simulator.output.targets import check_outputs, targets_of
from simulator.output.trace import recorder_of, trace_text
from simulator.output.watchers import both
from simulator.rendered import Rendered
from simulator.scene.scene import Scene, prepare
from system_io.files import Together, unwritable, written_together

UNWRITTEN_DUMP = "the dump file '{}' is not written: {}"
INTERPOLATION_ENDED = (
    "an index left the range of interpolation: nearest values from there on (Q-INTERP-LATCH)"
)


@dataclass(frozen=True, eq=False)
class Job:
    """A run that is set up: the scene, the warnings to show, the SMV header, and how to print a line."""

    scene: Scene
    warnings: tuple[str, ...]
    header: bytes
    dump_file: Path
    say: Say

    @classmethod
    def prepared(cls, config: RunConfig, warnings: Sequence[str], say: Say) -> Job:
        """Return the job of a configuration; nothing is written.

        Raises:
            InputError: for an output that cannot be written or a scene that cannot be simulated.
        """
        check_outputs(config)
        scene = prepare(config)
        header = smv_header(config, _final_geometry(scene))
        found = [*warnings, *cell_warning(scene), *oversample_warning(scene)]
        found += [*grazing_warning(scene), *polarization_warning(scene), *nothing_warning(scene)]
        found += used_interpolation_warning(config, scene.interpolate)
        if overflows(header, config.quirks):
            found.append(f"the SMV header has {len(header)} bytes but says 512 (Q-HEADER-OVERFLOW)")
        dump_file = config.output.dump_file
        trouble = "" if dump_file == NO_FILE else unwritable(dump_file)
        if trouble:
            found.append(UNWRITTEN_DUMP.format(dump_file, trouble))
        return cls(scene, tuple(found), header, NO_FILE if trouble else dump_file, say)

    def run(self) -> tuple[str, ...]:
        """Compute the images, write the files and print the lines; the files get their names together.

        Returns:
            Warnings of what came up on the way.

        Raises:
            InputError: if a file fails.
        """
        with written_together(InputError) as files:
            return self._run(files)

    def _run(self, files: Together) -> tuple[str, ...]:
        notes = self._write_dump(files)
        for line in setup_lines(self.scene):
            self.say(line)
        rendered = self._render(files)
        self.say("")
        self.say(solid_angle_line(self.scene, rendered.omega_sum_sr))
        self.say(computed_line(rendered.how))
        if rendered.sparse is not None:
            self.say(left_out_line(rendered.sparse))
        photons = self._write_images(files, rendered)
        return (
            *notes,
            *odd_pixels(photons),
            *rendered.notes,
            *((INTERPOLATION_ENDED,) if rendered.interpolation_ended else ()),
        )

    def _write_dump(self, files: Together) -> tuple[str, ...]:
        """Write the dump; one that fails is a warning (05 section 3)."""
        config = self.scene.config
        if self.dump_file == NO_FILE:
            return ()
        try:
            files.add(self.dump_file, dump_chunks(config.structure_factors), DUMP.what)
        except InputError as error:
            return (str(error),)
        return ()

    def _render(self, files: Together) -> Rendered:
        config = self.scene.config
        output = config.output
        watching: list[Tap] = []
        if output.printout:
            watching.append(Printout(self.scene, output.printout_pixel, self.say))
        recorder = recorder_of(config) if config.trace.wanted else None
        if recorder is not None:
            watching.append(recorder)
        with shown(config.detector, output.progress, self.say) as advance:
            rendered = render(self.scene, both(watching), advance)
        if recorder is not None:
            self._write_trace(files, trace_text(self.scene, recorder))
        return rendered

    def _write_trace(self, files: Together, text: str) -> None:
        file = self.scene.config.trace.file
        if file == NO_FILE:
            self.say(text.rstrip("\n"))
        else:
            files.add(file, [text.encode()], TRACE.what)

    def _write_images(self, files: Together, rendered: Rendered) -> NDArray[np.float32]:
        """Write the image in each of its forms, and return it."""
        config = self.scene.config
        photons = rendered.image.to(torch.float32).cpu().numpy()
        executed = rendered.executed.cpu().numpy()
        image = FinishedImage(config, self.header, photons, executed, self.scene.oversample)
        for row, path in targets_of(config):
            if row.write is not None:
                files.add(path, row.write(image, self.say), row.what)
        return photons


def _final_geometry(scene: Scene) -> FinalGeometry:
    geometry = scene.geometry
    x, y, z = (float(value) for value in geometry.dials_origin_mm)
    return FinalGeometry(
        distance_m=float(geometry.distance_m),
        close_distance_m=float(geometry.close_distance_m),
        Fbeam_m=float(geometry.Fbeam_m),
        Sbeam_m=float(geometry.Sbeam_m),
        ORGX_pixels=float(geometry.orgx_pixels),
        ORGY_pixels=float(geometry.orgy_pixels),
        dials_origin_mm=(x, y, z),
    )

"""Faults of one simulator, put in where it reads its configuration or where its image is ready."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from harness.invariants.relations.command_line import CommandLine
from harness.invariants.runs import Runs
from simulator.cli import main
from simulator.output.run import Job


@dataclass(frozen=True)
class PutIn:
    """A fault: what it makes of the words, of the configuration, and of the image with that configuration."""

    words: Callable[[list[str]], list[str]] = lambda words: words
    config: Callable[[Any], Any] = lambda config: config
    image: Callable[[Any, Any], Any] = lambda _config, image: image

    @contextmanager
    def in_place(self) -> Iterator[None]:
        prepared, rendered = Job.prepared, Job._render

        def faulty_job(config: Any, *rest: Any) -> Job:
            return prepared(self.config(config), *rest)

        def faulty_image(job: Job, *rest: Any) -> Any:
            made = rendered(job, *rest)
            return replace(made, image=self.image(job.scene.config, made.image))

        with (
            mock.patch.object(Job, "prepared", staticmethod(faulty_job)),
            mock.patch.object(Job, "_render", faulty_image),
        ):
            yield


class RunsHere(Runs):
    """Runs of the simulator in this process, with a fault in it."""

    fault = PutIn()

    def make(self, lines: Iterable[CommandLine]) -> None:
        threads, here = torch.get_num_threads(), Path.cwd()
        for line in lines:
            if line.key in self.images or line.key in self.failures:
                continue
            planned = self._planned(line)
            words = self.fault.words([str(word) for word in planned["words"]])  # type: ignore[attr-defined]
            torch.set_num_threads(line.threads)
            try:
                os.chdir(str(planned["folder"]))
                with self.fault.in_place():
                    status = main(words)
            finally:
                os.chdir(here)
                torch.set_num_threads(threads)
            place = self.scratch / line.key
            (place / "status").write_text(str(status))
            (place / "stderr").write_text("")
            self._collect(line)


def changed(part: str, **values: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what changes fields of one part of a configuration."""

    def change(config: Any) -> Any:
        old = getattr(config, part)
        new = {name: how(getattr(old, name)) for name, how in values.items()}
        return replace(config, **{part: replace(old, **new)})

    return change


def when(test: Callable[[Any], bool], factor: float = 1.001) -> Callable[[Any, Any], Any]:
    """Return what multiplies the image where the configuration passes a test."""
    return lambda config, image: image * factor if test(config) else image


def by_count(count: Callable[[Any], int]) -> Callable[[Any, Any], Any]:
    """Return what lets the image depend on a count."""
    return lambda config, image: image * (1.0 + 1e-4 * count(config))


def slope(_config: Any, image: Any, axis: int = 1) -> Any:
    """Let the image rise along an axis."""
    places = torch.arange(image.shape[axis], dtype=image.dtype) * 1e-4 + 1.0
    return image * (places if axis == 1 else places[:, None])

"""What `--cache` says and does: compiled code that is kept from run to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from simulator.config import RunConfig
from simulator.engine.library_cache import KeptStage, clear_kept, kept_stages, library_folder
from simulator.errors import InputError
from simulator.image import compile_for
from simulator.scene.scene import prepare
from system_io.shown import printable

MIB = 1 << 20
SHOWN_FORM = 60


def shown_stages() -> Iterator[str]:
    """Yield a line for each stage that is kept, and one about all.

    Raises:
        CompileError: where there is no place for a cache.
    """
    kept = list(kept_stages())
    yield from map(_line, kept)
    size, usable = sum(one.size_bytes for one in kept), sum(one.usable for one in kept)
    yield f"{len(kept)} compiled stages, {usable} of use here, {size / MIB:.1f} MiB, in {_folder()}"


def _line(kept: KeptStage) -> str:
    """Return when an entry was made, its size, whether it is of use, and what it is."""
    made = datetime.fromtimestamp(kept.made_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    start = f"{kept.path.stem[:12]}  made {made}  {kept.size_bytes / MIB:5.1f} MiB"
    facts = kept.facts
    if facts is None:
        return f"{start}  BROKEN"
    state = "usable" if kept.usable else "of another version or processor"
    words = " ".join(facts.form.split()[1:])
    made_for = f"{facts.stage} on {facts.device}, torch {facts.torch_version}"
    return f"{start}  {state}  {made_for}: {words[:SHOWN_FORM]}"


def removed_stages() -> Iterator[str]:
    """Remove all stages that are kept and yield a line that says so.

    Raises:
        CompileError: where there is no place for a cache.
    """
    yield f"{clear_kept()} compiled stages removed from {_folder()}"


CACHE_LINES: Mapping[str, Callable[[], Iterator[str]]] = {"list": shown_stages, "clear": removed_stages}
"""What `--cache` prints for each of its words but `warm`."""


def warmed(config: RunConfig) -> str:
    """Compile what a run needs and the cache has not, and return a line about it.

    Raises:
        InputError: for a run that cannot be computed, is not compiled, or is not to be.
    """
    if config.compute.compile == "off":
        raise InputError(
            "--cache warm: --compile off and --reproducible use no compiled code; leave them out"
        )
    before = {kept.path for kept in kept_stages()}
    notes = compile_for(prepare(config))
    if notes:
        raise InputError(f"--cache warm: {'; '.join(notes)}")
    made = sum(kept.path not in before for kept in kept_stages())
    return f"{made} stages compiled; the cache has all that this command line needs, in {_folder()}"


def _folder() -> str:
    return printable(str(library_folder()))

"""Makes the golden images with the C reference, and checks that it still makes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from pathlib import Path

import numpy as np

from golden_suite_generator.cases import Case, load_cases
from golden_suite_generator.inputs.write import write_case_inputs
from harness.errors import HarnessError, UsageError
from harness.programs.build import Build, build_reference
from harness.suite.figures import CaseImage
from harness.suite.judge import GoldenFinding, judge_golden
from harness.suite.manifest import (
    MANIFEST_NAME,
    GoldenKey,
    GoldenRow,
    Manifest,
    build_facts,
    changed_keys,
    key_of,
    load_manifest,
    rows_of_run,
)
from harness.suite.runner import reference_program, run_case
from system_io.children import temporary_folder
from system_io.files import write_whole

IMAGE_FOLDER = "images"
KEPT_PIXELS = 32 * 32
WORKERS = 2


@dataclass(frozen=True)
class CaseMade:
    """The rows and images of one case in one mode."""

    case: Case
    mode: str
    rows: list[GoldenRow]
    images: dict[str, CaseImage]


def packaged_golden() -> Path:
    """Return the folder of the committed golden data."""
    return Path(str(resources.files("golden_suite_generator") / "golden"))


def keeps_image(case: Case, mode: str, images: dict[str, CaseImage]) -> bool:
    """Tell whether a whole image is kept: small ones of this project's cases, and of spec mode.

    Upstream's own images stand in the recording; here their figures are enough.
    """
    return (mode == "spec" or not case.recorded) and max(
        (i.size for i in images.values()), default=0
    ) <= KEPT_PIXELS


@contextmanager
def case_inputs() -> Iterator[Path]:
    """Give a folder with the inputs of the cases for the time of a run."""
    with temporary_folder("nb-inputs") as folder:
        write_case_inputs(Path(folder, "inputs"))
        yield Path(folder)


def make(cases: Sequence[Case], build: Build) -> list[CaseMade]:
    """Run cases in all their modes with the C reference.

    Raises:
        HarnessError: a run did not end as expected, or nothing is selected.
    """
    if not cases:
        raise UsageError("no case is selected; see nb-golden list")
    program = reference_program(build)
    jobs = [(case, mode) for case in cases for mode in case.modes]
    with case_inputs() as inputs, ThreadPoolExecutor(WORKERS) as pool:

        def one(job: tuple[Case, str]) -> CaseMade:
            run = run_case(program, *job, inputs)
            return CaseMade(*job, rows_of_run(*job, run, inputs), run.outputs.images)

        return list(pool.map(one, jobs))


def image_path(folder: Path, case_id: str, mode: str) -> Path:
    """Return where the images of a case in a mode are kept."""
    return folder / IMAGE_FOLDER / mode / f"{case_id}.npz"


def _write_images(folder: Path, made: CaseMade) -> None:
    path = image_path(folder, made.case.id, made.mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **made.images)
    write_whole(path, [buffer.getvalue()], "golden image", HarnessError)


def kept_images(folder: Path, key: GoldenKey) -> CaseImage | None:
    """Return the kept golden image of (case, mode, kind), or None."""
    path = image_path(folder, key[0], key[1])
    if not path.is_file():
        return None
    with np.load(path) as stored:
        return np.asarray(stored[key[2]]) if key[2] in stored.files else None


def _ordered(rows: dict[GoldenKey, GoldenRow]) -> dict[GoldenKey, GoldenRow]:
    """Return rows of cases that exist, in the order of the suite."""
    order = {case.id: number for number, case in enumerate(load_cases())}
    keys = sorted((key for key in rows if key[0] in order), key=lambda key: (order[key[0]], key[1]))
    return {key: rows[key] for key in keys}


def generate(
    folder: Path, cases: Sequence[Case], reason: str | None, all_images: bool
) -> tuple[list[GoldenKey], int]:
    """Make golden images and write them with their manifest; a golden that would change is not touched.

    Args:
        folder: the golden folder.
        cases: which cases.
        reason: why changed goldens are accepted; None refuses any change.
        all_images: keep every image, not only the small ones.

    Returns:
        The keys of changed goldens that were accepted, and the number of rows made.

    Raises:
        HarnessError: goldens differ and no reason was given; nothing is written then.
    """
    build = build_reference()
    made = make(cases, build)
    new = [row for item in made for row in item.rows]
    old = load_manifest(folder) or Manifest(build_facts(build), {})
    changed = changed_keys(old, new)
    if changed and reason is None:
        first = " ".join(changed[0])
        raise HarnessError(
            f"{len(changed)} golden outputs differ from those in '{folder}', first {first}; "
            "nothing was written: see nb-golden verify, then give --accept --reason TEXT"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for item in made:
        if item.images and (all_images or keeps_image(item.case, item.mode, item.images)):
            _write_images(folder, item)
        else:
            image_path(folder, item.case.id, item.mode).unlink(missing_ok=True)
    record = {"reason": reason, "changed": [" ".join(key) for key in changed]}
    accepted = (*old.accepted, record) if changed else old.accepted
    redone = {(item.case.id, item.mode) for item in made}
    others = {key: row for key, row in old.rows.items() if key[:2] not in redone}
    rows = _ordered({**others, **{key_of(row): row for row in new}})
    text = Manifest(build_facts(build), rows, accepted).text()
    write_whole(folder / MANIFEST_NAME, [text.encode()], "manifest", HarnessError)
    return changed, len(new)


def verify_golden(folder: Path, cases: Sequence[Case]) -> list[GoldenFinding]:
    """Build the C reference anew if needed, run the cases, and compare with the golden folder.

    Raises:
        HarnessError: there is no manifest, a case is not in it, or a run did not end as expected.
    """
    manifest = load_manifest(folder)
    if manifest is None:
        raise HarnessError(
            f"'{folder}' has no {MANIFEST_NAME}; make one with nb-golden generate --out {folder}"
        )
    findings = []
    for item in make(cases, build_reference()):
        for row in item.rows:
            key = key_of(row)
            if key not in manifest.rows:
                raise HarnessError(
                    f"golden {' '.join(key)} is not in '{folder}'; add it with nb-golden generate"
                )
            findings.append(
                judge_golden(manifest.rows[key], row, item.images.get(key[2]), kept_images(folder, key))
            )
    return findings

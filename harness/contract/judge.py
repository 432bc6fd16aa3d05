"""The verdict of a change contract on two images, and on the traces of some of their pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.arrays import FloatImage
from harness.contract.pixels import ContractEvidence, chosen_pixels, judged_pixels
from harness.contract.quirk_values import codes
from harness.contract.rules import Contract, Pixel, below
from harness.contract.tap_records import TapJudgement, read_log, tap_judgement
from harness.contract.told import JudgedContract
from harness.images.compare import ImageComparison, Region
from harness.images.coverage import LEAST_SHARE, SMALL_REGION, covered, share_text
from harness.sides import SIDES
from harness.verdict import Criterion, PairFinding, Verdict
from system_io.verdict_words import Word
from trace_tools.errors import TraceError
from trace_tools.judging.behind import behind_last_tap

CONTRACT = "change contract"


@dataclass(frozen=True)
class ContractResult:
    """What became of a contract: its word, plain data, criteria, and what the verdict must state."""

    word: Word
    data: Mapping[str, Any]
    criteria: tuple[Criterion, ...]
    findings: tuple[PairFinding, ...]

    def applied(self, compared: ImageComparison, whole: FloatImage) -> ImageComparison:
        """Return a comparison of images whose verdict is that of the contract.

        Args:
            compared: the comparison by bounds, which no longer decide.
            whole: the first image.
        """
        assert compared.first is not None  # it was judged
        coverage = compared.coverage or covered(whole, compared.first)
        return replace(compared, verdict=Verdict(Word.PASS, (), self.criteria), coverage=coverage)


def judge_contract(
    contract: Contract,
    compared: ImageComparison,
    whole: tuple[FloatImage, FloatImage],
    evidence: ContractEvidence,
    *,
    small_region: bool = False,
) -> ContractResult:
    """Return what becomes of a contract.

    Args:
        contract: what may change.
        compared: both images, as far as they are compared.
        whole: both whole images.
        evidence: what further runs gave.
        small_region: whether few held pixels are enough.

    Raises:
        UsageError: a rule names no pixel of the image, or a mask of another shape.
    """
    shape = (whole[0].shape[0], whole[0].shape[1])
    pixels = judged_pixels(contract, compared, shape, evidence)
    chosen = chosen_pixels(pixels, compared) if contract.taps else []
    taps, troubles = _judged_taps(contract, evidence, chosen)
    judged = JudgedContract(contract, compared, pixels, chosen, taps)
    against = [*judged.undeclared_pixels(), *judged.undeclared_taps()]
    behind = _behind(judged, whole, evidence)
    against += behind
    limits = [] if against else [*troubles, *_nothing_held(judged, whole[0], small_region)]
    word = Word.FAIL if against else Word.NOT_COMPARABLE if limits else Word.PASS
    found = [PairFinding(CONTRACT, word, reason) for reason in (*against, *limits)]
    found += [PairFinding(CONTRACT, Word.PASS, text) for text in judged.said()]
    data = {**judged.data(against), "troubles": list(evidence.troubles)}
    return ContractResult(word, data, judged.criteria(len(behind)), tuple(found))


def _judged_taps(
    contract: Contract, evidence: ContractEvidence, chosen: Sequence[Pixel]
) -> tuple[TapJudgement | None, tuple[str, ...]]:
    """Return what the traces of the chosen pixels say, None with the reasons where they say nothing.

    Taps that a declared quirk changes in the C reference may change, too.
    """
    if not contract.taps or evidence.troubles:
        return None, evidence.troubles
    allowed = below([rule.tap for rule in contract.taps])
    try:
        traces = {name: read_log(log, name) for name, log in evidence.logs.items()}
        first, *others = codes(len(contract.quirks)) if contract.quirks else [""]
        for code in others:
            pair = {one: traces[one] for one in (first, code)}
            allowed |= frozenset(tap_judgement(pair, frozenset(), chosen).differing)
        return tap_judgement({side: traces[side] for side in SIDES}, allowed, chosen), ()
    except TraceError as error:
        return None, (f"the traces of a rule about taps cannot be compared: {error}",)


def _behind(
    judged: JudgedContract, whole: tuple[FloatImage, FloatImage], evidence: ContractEvidence
) -> list[str]:
    """Return where a traced pixel that differs is in an image not what the last tap of that side says."""
    if judged.taps is None:
        return []
    starts = tuple(f"slow {slow} fast {fast}:" for slow, fast in judged.open_traced())
    return [
        f"undeclared change behind the last tap of {side}: {line}"
        for side, image in zip(SIDES, whole, strict=True)
        for line in behind_last_tap(read_log(evidence.logs[side], side), image)
        if line.startswith(starts)
    ][:1]


def _nothing_held(judged: JudgedContract, whole: FloatImage, small_region: bool) -> list[str]:
    """Return why agreement of what is held says nothing: next to all of it is declared."""
    if judged.taps is not None and judged.taps.held:
        return []
    held = judged.held_to_values()
    magnitudes = np.abs(np.nan_to_num(whole.astype(np.float64), posinf=0.0, neginf=0.0))
    region = judged.compared.roi or Region.whole(whole.shape)
    total = float(magnitudes.sum())
    photons = float(region.crop(magnitudes)[held].sum()) / total if total > 0.0 else 0.0
    share = float(np.count_nonzero(held)) / whole.size
    if share == 0.0:
        return [f"the declaration covers all {held.size} compared pixels: nothing was held; declare less"]
    if small_region or share >= LEAST_SHARE or photons >= LEAST_SHARE:
        return []
    return [
        f"the declaration leaves {share_text(share)} of the pixels and {share_text(photons)} of the photons "
        f"to be held, less than {share_text(LEAST_SHARE)} of both; declare less, or give {SMALL_REGION}"
    ]

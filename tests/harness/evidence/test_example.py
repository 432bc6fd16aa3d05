"""The bundle that the repository carries."""

from pathlib import Path

from harness.commands.nb_report import main
from harness.evidence.kinds import load_metrics
from harness.evidence.verify import verify_bundle
from harness.store.find import find_bundles
from system_io.verdict_words import Word

EXAMPLE = Path(__file__).resolve().parents[3] / "reports" / "example"


def test_committed_bundle_verifies():
    (bundle,) = find_bundles(EXAMPLE)
    check = verify_bundle(bundle)
    assert (check.word, check.faults) == (Word.PASS, ())
    assert check.checked == 14


def test_committed_bundle_is_small_and_says_pass():
    (bundle,) = find_bundles(EXAMPLE)
    assert sum(path.stat().st_size for path in bundle.iterdir()) < 500_000
    metrics = load_metrics(bundle)
    assert (metrics["verdict"], metrics["first_divergence"]) == ("PASS", None)
    assert len(metrics["commit"]) == 40


def test_committed_bundle_can_be_replayed_with_inputs_found_by_their_content(capsys):
    (bundle,) = find_bundles(EXAMPLE)
    assert main(["replay", str(bundle)]) == 0
    assert "verdict: recorded PASS, now PASS" in capsys.readouterr().out

import pytest

from trace_tools.reading.stream_check import check_stream
from trace_tools.reading.trace_file import read_trace


def test_golden_traces_keep_the_contract(shared_dir):
    folder = shared_dir / "golden"
    for path in [*sorted((folder / "traces").glob("*.trace")), folder / "lysozyme" / "authoritative.trace"]:
        assert check_stream(read_trace(path)) == [], path.name


def edited(text, edit):
    lines = text.splitlines()
    edit(lines)
    return "\n".join(lines) + "\n"


def at(lines, start):
    return next(number for number, line in enumerate(lines) if line.startswith(f"TRACE_C: {start}"))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda lines: lines.insert(60, "TRACE_C: novelty 1"), "unknown: novelty"),
        (lambda lines: lines.append(lines[-1]), "repeated: floatimage_accumulated s=26 f=1"),
        (lambda lines: lines.pop(at(lines, "stol_m_inv")), "missing: stol_m_inv s=0 f=0 t=0 ss=0 sf=0 src=0"),
        (lambda lines: lines.pop(at(lines, "F_latt_b")), "missing: F_latt_b s=0 f=0"),
        (lambda lines: lines.pop(at(lines, "polar 0")), "missing: polar s=0 f=0"),
        (lambda lines: lines.pop(at(lines, "I_contribution")), "missing: I_contribution s=0 f=0"),
        (lambda lines: lines.pop(at(lines, "steps")), "missing: steps"),
        (
            lambda lines: lines.insert(at(lines, "r_e_sqr"), lines.pop(at(lines, "steps"))),
            "out of order: r_e_sqr",
        ),
    ],
)
def test_one_fault_is_named(golden_text, read, edit, says):
    found = check_stream(read(edited(golden_text("mosaic-phi"), edit)))
    assert found[0].startswith(says)


def test_many_faults_are_counted(golden_text, read):
    lines = [line for line in golden_text("mosaic-phi").splitlines() if "hkl_rounded" not in line]
    found = check_stream(read("\n".join(lines) + "\n"))
    assert len(found) == 6
    assert found[-1] == "missing: and 22 more"


@pytest.mark.parametrize("level", ["mos=", "phi=", "src=", "sf="])
def test_shallower_trace_level_is_no_fault(golden_text, read, level):
    lines = [
        line for line in golden_text("mosaic-phi").splitlines() if not ("s=" in line and f" {level}" in line)
    ]
    assert check_stream(read("\n".join(lines) + "\n")) == []

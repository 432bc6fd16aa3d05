import pytest

from trace_tools.errors import TraceError
from trace_tools.judging.align import NotComparableError, align


def pairing(a, b):
    found = align(a, b)
    return list(zip(found.a.tolist(), found.b.tolist(), found.by.tolist(), strict=True))


def test_equal_traces_pair_one_to_one(small, read):
    assert pairing(read(small), read(small)) == [(n, n, 1) for n in range(5)]


@pytest.mark.parametrize("gone", range(5))
def test_missing_record_is_kept_where_it_would_stand(small, read, gone):
    lines = small.splitlines(keepends=True)
    shorter = "".join(lines[: 2 + gone] + lines[3 + gone :])
    others = [n for n in range(5) if n != gone]
    wanted = sorted([(n, others.index(n), 1) for n in others] + [(gone, -1, 0)])
    if gone == 4:  # without its last line the pixel is still the same pixel
        wanted = [(n, n, 1) for n in range(4)] + [(4, -1, 0)]
    assert pairing(read(small), read(shorter)) == wanted
    turned = [(b, a, by) for a, b, by in wanted]
    assert pairing(read(shorter), read(small)) == turned


def test_order_of_lines_does_not_matter(small, read):
    lines = small.splitlines(keepends=True)
    mixed = "".join(lines[:2] + lines[:1:-1])
    assert pairing(read(small), read(mixed)) == [(n, 4 - n, 1) for n in range(5)]


def test_different_pixels_are_not_comparable(small, read):
    other = small.replace("s=1 f=2", "s=1 f=3")
    with pytest.raises(NotComparableError, match="slow 1 fast 2"):
        align(read(small), read(other))


def test_one_pixel_too_many_is_not_comparable(small, read):
    more = small + "TRACE_C: I_pixel_final 1 | s=8 f=9\n"
    with pytest.raises(NotComparableError, match=r"slow 8 fast 9 is traced in b.log but not in a.log"):
        align(read(small, "a.log"), read(more, "b.log"))


def test_repeated_context_is_an_error(small, read):
    again = small + small.splitlines(keepends=True)[-1]
    with pytest.raises(TraceError, match="repeated: I_pixel_final s=1 f=2"):
        align(read(small), read(again))


def test_nothing_in_common_is_not_comparable(small, read):
    head = "".join(small.splitlines(keepends=True)[:2])
    with pytest.raises(NotComparableError, match="nothing was compared"):
        align(read(head + "TRACE_C: steps 1\n"), read(head + "TRACE_C: phisteps 1\n"))


def test_older_records_pair_by_order_only_where_no_turn_contradicts(small, read):
    older = read("TRACE_C: hkl_frac 1 2 3\nTRACE_PI: x\nTRACE_C_PHI phi_tic=1 F_latt=2\n")
    found = align(older, read(small))
    assert found.passes() == {"exact": 0, "older": 1, "order": 0}
    assert found.b[found.by > 0].tolist() == [2]


def test_loop_indices_too_large_to_pack_still_pair(small, read):
    large = (
        small.replace("s=1", "s=2147483647").replace("f=2", "f=2147483647").replace("mos=0", "mos=2147483647")
    )
    assert pairing(read(large), read(large)) == [(n, n, 1) for n in range(5)]

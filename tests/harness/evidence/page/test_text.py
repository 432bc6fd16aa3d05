"""The page and the index of foreign bundles: text that is shown, verification, links, colours."""

import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from harness.commands.nb_report import main
from harness.evidence.html_index import index_page
from harness.evidence.page.templates import resource, script_json, shown_data
from harness.files import sha256_lines
from harness.store.bundle import sealed
from harness.store.names import SUMMARY

HOSTILE = (
    "<script>alert(1)</script>", "</script><b>", "<!--", '"><img src=x>', "{{ 7 * 7 }}", "{% raw %}",
    "x\u2028y", "\x1b[31mred", "line\nline\r", "\u202eabc", "\x00\x07\x9b", "\udcff", "'; alert(1); '",
    "]]>", "\\u003c",
)  # fmt: skip


def edited(bundle, folder, **changed):
    """Return a copy of a bundle with other metrics, as somebody would forge it."""
    copy = shutil.copytree(bundle, folder / "bundle")
    metrics = json.loads((copy / "metrics.json").read_text(encoding="utf-8"))
    (copy / "metrics.json").write_text(json.dumps(metrics | changed), encoding="utf-8")
    return copy


def test_text_from_a_bundle_is_shown_and_not_obeyed(made, tmp_path):
    words = {f"A{n}A": f"A{n}A{evil}Z{n}Z" for n, evil in enumerate(HOSTILE)}
    lists = {key: list(words.values()) for key in ("notes", "reasons", "causal_taps", "command")}
    whole = "".join(words.values())
    changed = {"title": whole, "commit": whole, "first_divergence": whole}
    bundle = edited(made[0], tmp_path, **lists, **changed)
    assert main(["html", str(bundle), "-o", str(tmp_path / "x.html")]) == 0
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert not re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
    for start, evil in words.items():
        assert start in text
        assert evil not in text or (not re.search("[<>\"']", evil) and evil.isprintable())
    plain = made[1].read_text(encoding="utf-8")
    for tag in ("<script", "</script", "<!--", "<img", "<b>"):
        assert text.count(tag) == plain.count(tag)


@pytest.mark.parametrize("evil", HOSTILE)
def test_json_in_a_script_holds_any_text_and_ends_no_element(evil):
    text = script_json({evil: [evil, 1.5, None]})
    assert json.loads(text) == {evil: [evil, 1.5, None]}
    assert text.isascii()
    assert not set("<>&\n\x1b") & set(text)


def test_data_of_the_viewer_has_no_character_that_is_obeyed():
    shown = shown_data({"a\x1b": ["\u202e", {"b": "c\udc80"}, 1, None]})
    assert shown == {"a\\x1b": ["\\u202e", {"b": "c\\x80"}, 1, None]}


CELL = ["-cell", "9", "9", "9", "90", "90", "90", "-detpixels", "64"]


def forged(bundle, folder, keys, value):
    """Return a copy of a bundle whose summary holds something else at a place."""
    copy = shutil.copytree(bundle, folder / "bundle")
    path = copy / SUMMARY
    summary = place = json.loads(path.read_text(encoding="utf-8"))
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(json.dumps(summary), encoding="utf-8")
    return copy


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("traces", "causes"), [1]), (("traces", "causal_by_tap"), {"x": "y"}), (("traces", "taps"), []),
        (("traces", "first_divergence_record"), "s"), (("traces", "causes", 0, "inputs"), [{"name": 1}]),
        (("traces", "causes", 0, "tap"), '"><script>'), (("region",), None),
        (("region",), {"x_min": 5, "x_max": -7, "y_min": 0, "y_max": 10**9}),
        (("bounds",), {"name": ["<b>"]}),
        (("criteria",), []), (("runs",), {}), (("arguments",), ["-mat"]), (("arguments",), ["\ud800"]),
        (("arguments",), [*CELL, "-osc", "1", "-phisteps", "100000000"]),
        (("arguments",), [*CELL, "-mosaic", "1", "-mosaic_dom", "100000000"]),
        (("caller",), "\0"), (("parity_mode",), "<script>"), (("runs", "c", "title"), "</script>"),
        (("inputs",), [{"path": "/dev/zero", "sha256": "", "bytes": 0}]),
    ],
)  # fmt: skip
def test_page_of_a_forged_summary_says_so_or_is_refused_on_one_line(failed, tmp_path, capsys, keys, value):
    bundle = forged(failed[0], tmp_path, keys, value)
    status = main(["html", str(bundle), "-o", str(tmp_path / "x.html")])
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "internal fault" not in errors
    if status == 0:
        text = (tmp_path / "x.html").read_text(encoding="utf-8")
        assert "NOT VERIFIED" in text
        assert text.count("<script>") == 1
    else:
        assert status == 3
        assert re.search("cannot be shown|does not follow its schema|is damaged", errors)


# ---- verified or not ----


def reseal(bundle):
    """Make the hash list anew, as a forger would."""
    names = [path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()]
    lines = sha256_lines(bundle, [name for name in names if name != "sha256.txt"])
    (bundle / "sha256.txt").write_text(sealed(lines), encoding="utf-8")


def forge_nothing(bundle):
    """Leave the bundle as it is."""


def forge_hashes(bundle):
    (bundle / "note.txt").write_text("more", encoding="utf-8")


def forge_verdict(bundle):
    metrics = json.loads((bundle / "metrics.json").read_text(encoding="utf-8"))
    (bundle / "metrics.json").write_text(json.dumps(metrics | {"reasons": ["all is well"]}), encoding="utf-8")
    reseal(bundle)


def forge_image(bundle):
    image = bundle / "c-parity" / "py_float.bin"
    raw = bytearray(image.read_bytes())
    raw[:4] = b"\0\0\x80\x3f"
    image.write_bytes(raw)
    reseal(bundle)


@pytest.mark.parametrize(
    ("forge", "verified"),
    [(forge_nothing, True), (forge_hashes, False), (forge_verdict, False), (forge_image, False)],
)
def test_page_says_whether_its_bundle_verifies(made, tmp_path, capsys, forge, verified):
    bundle = shutil.copytree(made[0], tmp_path / "bundle")
    forge(bundle)
    assert main(["html", str(bundle), "-o", str(tmp_path / "x.html"), "--json"]) == 0
    said, warned = capsys.readouterr()
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert json.loads(said)["verified"] == verified
    assert ("does not verify" in warned) != verified
    assert ("NOT VERIFIED" in text) != verified
    assert ('<span class="word good">' in text) == verified


def test_page_is_not_written_into_the_bundle_that_it_shows(made, capsys):
    before = sorted(made[0].rglob("*"))
    assert main(["html", str(made[0]), "-o", str(made[0] / "c-parity" / "page.html")]) == 3
    assert "would not verify any more" in capsys.readouterr().err
    assert sorted(made[0].rglob("*")) == before


def test_images_of_two_shapes_give_a_page_without_pictures(made, tmp_path):
    bundle = shutil.copytree(made[0], tmp_path / "bundle")
    path = bundle / "c-parity" / SUMMARY
    summary = json.loads(path.read_text(encoding="utf-8"))
    summary["runs"]["py"]["shape_slow_fast"] = [32, 128]
    path.write_text(json.dumps(summary), encoding="utf-8")
    assert main(["html", str(bundle), "-o", str(tmp_path / "x.html")]) == 0
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "64 x 64 and 128 x 32 pixels" in text
    assert 'id="blob-' not in text


# ---- the index ----


def test_index_tells_verdict_verification_and_date_with_relative_links(made, tmp_path):
    root = tmp_path / "reports"
    for name in ("good", "forged"):
        shutil.copytree(made[0], root / name / "phase" / "20260101T000000Z")
    forge_verdict(root / "forged" / "phase" / "20260101T000000Z")
    shutil.copyfile(made[1], root / "good" / "phase" / "20260101T000000Z.html")
    assert main(["html", "--index", "--reports", str(root)]) == 0
    text = (root / "index.html").read_text(encoding="utf-8")
    rows = {
        name: re.search(rf"<tr><td><a href=[^>]*>{name}/.*?</tr>", text, re.S)[0]
        for name in ("good", "forged")
    }
    created = json.loads((made[0] / "metrics.json").read_text(encoding="utf-8"))["created"]
    assert all(created in row for row in rows.values())
    assert '"word good">PASS' in rows["good"]
    assert "<b>verified</b>" in rows["good"]
    assert '"word doubt">PASS' in rows["forged"]
    assert "<b>NOT VERIFIED</b><br>metrics.json: reasons" in rows["forged"]
    links = re.findall(r'href="([^"]*)"', text)
    assert sorted(links) == [
        "forged/phase/20260101T000000Z/", "good/phase/20260101T000000Z.html", "good/phase/20260101T000000Z/",
    ]  # fmt: skip
    assert all((root / link).exists() for link in links)
    assert not re.search(r"<script|https?://", text)


@pytest.mark.parametrize(
    "name", ["a b", "a<b>&'\"", "a%41#?x", "javascript:alert(1)", b"a\xffb", "a\x1b[1m", "ä"]
)
def test_index_links_any_name_and_shows_it_escaped(made, tmp_path, name):
    home = tmp_path / "out"
    bundle = tmp_path / "reports" / Path(os.fsdecode(name))
    shutil.copytree(made[0], bundle)
    text = index_page(tmp_path / "reports", home)
    link = re.search(r'href="([^"]*)"', text)[1]
    assert link.startswith("../reports/")
    assert unquote_to_bytes(link) == b"../reports/" + os.fsencode(bundle.name) + b"/"
    assert text.isprintable() or not re.findall(r"[\x00-\x08\x0b-\x1f\udc80-\udcff]", text)
    assert "<b>&" not in text


def test_index_names_bundles_that_are_damaged_or_incomplete(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "damaged")
    (tmp_path / "damaged" / "metrics.json").write_text("[", encoding="utf-8")
    shutil.copytree(made[0], tmp_path / "begun")
    (tmp_path / "begun" / "sha256.txt").unlink()
    text = index_page(tmp_path, tmp_path)
    assert "DAMAGED" in text
    assert "INCOMPLETE" in text
    assert "0 verified, 2 not" in text


@pytest.mark.parametrize(
    "words", [["html"], ["html", "--index", "BUNDLE"], ["html", "--index", "--reports", "nowhere"]]
)
def test_page_of_nothing_in_particular_is_refused(made, capsys, words):
    assert main([str(made[0]) if word == "BUNDLE" else word for word in words]) == 3
    assert capsys.readouterr().err.count("\n") == 1


# ---- the style ----

PAIRS = (
    ("text", "back"), ("text", "panel"), ("text", "tap"), ("text", "tap-bad"), ("soft", "back"),
    ("soft", "panel"), ("good", "back"), ("bad", "back"), ("warn", "back"), ("warn", "panel"),
    ("link", "back"), ("on-cause", "tap-cause"),
)  # fmt: skip
"""What is written in which colour on what."""
GRAPHICS = (("focus", "back"), ("focus", "panel"), ("first", "panel"), ("second", "panel"))
VARIABLES = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", resource("style.css")))


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255.0 for n in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink, paper, theme):
    lights = sorted(luminance(VARIABLES[name].split(", ")[theme]) for name in (ink, paper))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(PAIRS, 4.5), (GRAPHICS, 3.0)], ids=["text", "graphics"])
def test_colours_of_the_style_have_contrast_in_both_themes(theme, pairs, least):
    ratios = {pair: contrast(*pair, theme) for pair in pairs}
    assert min(ratios.values()) >= least, ratios


def test_every_ink_of_the_style_is_among_those_that_are_checked():
    inks = set(re.findall(r"(?<![-\w])(?:color|fill): var\(--([\w-]+)\)", resource("style.css")))
    papers = {"tap", "tap-bad", "tap-cause", "panel"}
    assert inks - papers <= {ink for ink, _ in PAIRS}
    assert not re.findall(r"(?<![-\w])(?:color|fill): (?:#|rgb)", resource("style.css"))

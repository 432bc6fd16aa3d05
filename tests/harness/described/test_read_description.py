"""A parity.toml: what it says, and each fault of it named at its place."""

import pytest

from harness.described.read_description import read_description
from harness.errors import HarnessError

GOOD = """
schema = 1
title = "two"
[first]
run = "./one {arguments}"
build = "make"
[second]
run = ["two", "{arguments}"]
environment = { N = 3 }
[case.a]
arguments = "-n 3"
[case.b]
values = { n = 4 }
[output.field]
file = "field.npy"
bound = { rel = 1e-12, abs = 0, ulp = 4 }
second = { file = "out/field.txt", columns = [1] }
[trace.steps]
file = "stderr"
"""


def read(tmp_path, text):
    path = tmp_path / "parity.toml"
    path.write_text(text)
    return read_description(path)


def test_what_is_said_is_read(tmp_path):
    found = read(tmp_path, GOOD)
    assert [case.name for case in found.cases] == ["a", "b"]
    assert found.programs["first"].build == (("make",),)
    assert found.programs["second"].environment == {"N": "3"}
    output = found.outputs[0]
    assert (output.sources["first"].format, output.sources["second"].format) == ("npy", "text")
    assert output.bound.text == "rel 1e-12 or abs 0 or ulp 4"
    assert found.traces[0].files == {"first": "stderr", "second": "stderr"}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("schema = 1", "schema = 2", "schema is 2"), ("schema = 1", "", "schema is missing"),
        ('title = "two"', "title = two", "TOML"), ('title = "two"', "titel = 3", "did you mean 'title'"),
        ('run = "./one {arguments}"', "", "first.run"), ('build = "make"', "build = 3", "build"),
        ('run = "./one {arguments}"', "run = []", "is empty"),
        ('build = "make"', "timeout_s = 0", "timeout_s"), ('build = "make"', "timeout_s = true", "a number"),
        ("bound = { rel", "bound = { relative", "did you mean 'rel'"),
        ("rel = 1e-12", "rel = -1", "not negative"), ("rel = 1e-12", 'rel = "1"', "a number"),
        ("ulp = 4", "combined = 1", "true or false"), ("abs = 0, ulp = 4", "combined = true", "combined"),
        ('file = "field.npy"', 'file = "/elsewhere/field.npy"', "working folder"),
        ('file = "field.npy"', 'file = "../field.npy"', "working folder"),
        ('file = "field.npy"', 'file = "field"', "format"), ('file = "field.npy"', 'nan = "yes"', "nan"),
        ("[case.a]", '[case."a/b"]', "plain name"), ("[case.a]", "[case.a]\nfiles = 'x'", "a list"),
        ("[case.a]", "[case.a]\nfiles = ['x/f', 'y/f']", "two files"),
        ('[trace.steps]\nfile = "stderr"', "", None),
        ('[output.field]', '[output.field]\ncases = ["c"]', "names the case 'c'"),
        ('[output.field]', '[output.field]\ncases = ["a"]', None), ("[second]", "[zweit]", "second"),
        ('file = "stderr"', 'file = "stderr"\natol = "x"', "a number"), ("n = 4", "n = [4]", "values.n"),
        ("N = 3", "N = [3]", "environment.N"),
    ],
)  # fmt: skip
def test_a_fault_is_named_at_its_place(old, new, named, tmp_path):
    text = GOOD.replace(old, new)
    assert text != GOOD
    if named is None:
        read(tmp_path, text)
        return
    with pytest.raises(HarnessError) as error:
        read(tmp_path, text)
    assert named in str(error.value)


RAW = 'format = "raw"\ndtype = "float64"\nshape = [3]'
BROKEN = {
    "a type that is none": ('"float64"', '"float46"', "no type of numbers"),
    "objects": ('"float64"', '"object"', "no type of numbers"),
    "half an element": ("[3]", "[2.5]", "whole numbers"),
    "a word for a size": ("[3]", '["three"]', "whole numbers"),
    "a truth for a size": ("[3]", "[true]", "whole numbers"),
    "fewer than none": ("[3]", "[-1]", "whole numbers"),
    "a name that stands for nothing": ("[3]", '["{m}"]', "stands for nothing"),
    "a setting of another format": ("shape = [3]", "shape = [3]\ncolumns = [1]", "no setting of format raw"),
    "a setting with a slip": ("shape = [3]", "shap = [3]", "did you mean 'shape'?"),
    "a key with a slip": ("shape = [3]", 'shape = [3]\nnam = "allowed"', "did you mean 'nan'?"),
    "a case whose words stand for nothing": (
        "[trace.steps]",
        '[case.zz]\narguments = "{m}"\n[trace.steps]',
        "'{m}' stands for nothing",
    ),
    "no type": ('dtype = "float64"\n', "", "needs 'dtype'"),
    "an order that is none": ("shape = [3]", 'shape = [3]\norder = "middle"', "little, big"),
    "tables without a name": ("[trace.steps]", "[[trace]]", "write [trace.NAME]"),
    "an empty build": ('build = "make"', 'build = ""', "build[0] is empty"),
    "no log": ('file = "stderr"', "", "trace.steps.file is missing"),
    "lists without end": ("schema = 1", "deep = " + 5000 * "[", "too deeply"),
}


@pytest.mark.parametrize("way", BROKEN)
def test_what_cannot_be_meant_is_said_before_anything_runs(way, tmp_path):
    old, new, named = BROKEN[way]
    text = GOOD.replace("[trace.steps]", f'[output.more]\nfile = "x.bin"\n{RAW}\n[trace.steps]')
    assert old in text
    with pytest.raises(HarnessError) as error:
        read(tmp_path, text.replace(old, new))
    assert named in str(error.value)
    assert "parity.toml" in str(error.value)


def test_a_case_without_anything_to_compare_is_refused(tmp_path):
    text = GOOD.replace("[output.field]", '[output.field]\ncases = ["a"]').replace(
        '[trace.steps]\nfile = "stderr"', ""
    )
    with pytest.raises(HarnessError, match="nothing to compare"):
        read(tmp_path, text)


def test_what_is_no_file_or_no_text_is_refused(tmp_path):
    (tmp_path / "parity.toml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "parity.toml", tmp_path / "none", tmp_path):
        with pytest.raises(HarnessError):
            read_description(path)

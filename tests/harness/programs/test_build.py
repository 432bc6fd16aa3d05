"""The C reference is built once for each recipe, and what went wrong is said in one line."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.errors import BuildError
from harness.programs.build import VARIANTS, build_reference, find_compiler

GOOD = "#include <math.h>\nint main(void) { return (int)cos(0.0) - 1; }\n"


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "main.c").write_text(GOOD, encoding="ascii")
    return folder


@pytest.fixture
def environ(tmp_path):
    kept = {name: value for name, value in os.environ.items() if name not in ("CC", "NB_CACHE")}
    return {**kept, "NB_CACHE": str(tmp_path / "cache")}


def test_built_binary_runs_and_its_provenance_is_true(sources, environ):
    build = build_reference(sources=sources, environ=environ)
    assert subprocess.run([build.path], check=False).returncode == 0
    assert build.provenance["sources_sha256"] == {"main.c": hashlib.sha256(GOOD.encode()).hexdigest()}
    assert build.provenance["binary_sha256"] == hashlib.sha256(build.path.read_bytes()).hexdigest()
    assert {"-std=c11", "-Werror", "-ffp-contract=off", "-O2", "-lm"} <= set(build.provenance["flags"])


def test_same_recipe_is_built_once(sources, environ):
    first = build_reference(sources=sources, environ=environ)
    stamp = first.path.stat().st_mtime_ns
    assert build_reference(sources=sources, environ=environ).path.stat().st_mtime_ns == stamp


def test_source_header_and_variant_change_the_binary(sources, environ):
    paths = {build_reference(sources=sources, environ=environ).path}
    (sources / "extra.h").write_text("/* nothing */\n", encoding="ascii")
    paths.add(build_reference(sources=sources, environ=environ).path)
    paths.add(build_reference("O0", sources=sources, environ=environ).path)
    assert len(paths) == 3


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_compiles(sources, environ, variant):
    assert build_reference(variant, sources=sources, environ=environ).path.is_file()


def test_two_builds_at_once_agree(sources, environ):
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(build_reference, sources=sources, environ=environ) for _ in range(4)]
    assert len({job.result().path for job in jobs}) == 1
    assert [path.name for path in Path(environ["NB_CACHE"]).iterdir() if path.name.startswith(".")] == []


def test_failing_compile_names_first_error_and_log(sources, environ):
    (sources / "main.c").write_text("int main(void) { int unused; return 0; }\n", encoding="ascii")
    with pytest.raises(BuildError, match=r"main\.c:1:.*unused.*whole log: ") as caught:
        build_reference(sources=sources, environ=environ)
    assert "unused" in Path(str(caught.value).rpartition("whole log: ")[2]).read_text(encoding="utf-8")


@pytest.mark.parametrize("extra", [{"CC": "no-such-compiler"}, {"PATH": ""}])
def test_missing_compiler_says_what_to_install(sources, environ, extra):
    with pytest.raises(BuildError, match=r"install a C compiler \(Debian: gcc\) or set CC"):
        build_reference(sources=sources, environ={**environ, **extra})


def test_compiler_words_of_cc_are_kept(environ):
    assert find_compiler({**environ, "CC": "gcc -m64"}).words[1:] == ("-m64",)


def test_unknown_variant_names_the_choices(sources, environ):
    with pytest.raises(BuildError, match="choose from default, O0"):
        build_reference("O9", sources=sources, environ=environ)


def test_unwritable_cache_names_the_variable(sources, environ, tmp_path):
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(BuildError, match="set NB_CACHE"):
        build_reference(sources=sources, environ={**environ, "NB_CACHE": str(tmp_path / "file" / "cache")})


def test_path_command_writes_nothing_but_the_path(tmp_path):
    environ = {**os.environ, "NB_CACHE": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "harness.programs.build", "--path"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.removesuffix("\n")).is_file()


def test_command_without_compiler_ends_with_one_line_and_status_3(tmp_path):
    environ = {"PATH": "", "NB_CACHE": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "harness.programs.build", "--path"]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "install a C compiler" in done.stderr

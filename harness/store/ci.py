"""What continuous integration reads: JUnit XML, a Markdown summary, the step summary of GitHub."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from harness.errors import HarnessError
from harness.files import write_text_file
from harness.store.find import is_complete
from system_io.files import require_free_targets, targets
from system_io.shown import markdown_text, printable

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
PLAIN_NAME = re.compile(r"[\w.+-]+")
INTRAWORD = re.compile(r"(?<=\w)&#95;(?=\w)")
HARMLESS: Mapping[str, str] = {"&#40;": "(", "&#41;": ")", "&#123;": "{", "&#125;": "}", "&#124;": "\\|"}
"""What has no effect in a line of Markdown once links and code are escaped."""


def require_free(outputs: Mapping[str, Path | None]) -> None:
    """Check, before anything is written, that each output is a new file, and in no finished bundle.

    Args:
        outputs: option and path.

    Raises:
        HarnessError: naming the option and the path.
    """
    named = targets(outputs)
    require_free_targets(named, [], HarnessError)
    for option, path in named:
        require_new(path)
        for folder in Path(os.path.realpath(path)).parents:
            if is_complete(folder):
                shown, home = (printable(str(one)) for one in (path, folder))
                raise HarnessError(
                    f"{option} '{shown}' lies in bundle '{home}', which would not verify any more; "
                    "name another file"
                )


def require_new(path: Path) -> None:
    """Check that nothing has this name yet.

    Raises:
        HarnessError: if something has.
    """
    if path.exists() or path.is_symlink():
        raise HarnessError(
            f"'{printable(str(path))}' exists; results are never overwritten, name a new file or remove it"
        )


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet.

    Raises:
        HarnessError: if it does, or cannot be written.
    """
    require_new(path)
    try:
        write_text_file(path, text)
    except OSError as error:
        raise HarnessError(f"cannot write '{path}': {error.strerror}; name another file") from error


def junit(results: Sequence[Mapping[str, Any]]) -> str:
    """Return results (metrics.json contents) as JUnit XML: a suite each, a test case for each figure.

    A figure outside its strict bound is a failure, one that was not compared an error, or skipped where the
    verdict is a pass without it.
    """
    root = ElementTree.Element("testsuites", name="nanobragg-parity")
    for result in results:
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(result["title"]))
        _add_properties(suite, result)
        counts = {"failure": 0, "error": 0, "skipped": 0}
        kinds = {"failed": "failure", "not compared": "error" if result["exit_status"] else "skipped"}
        for row in result["figures"]:
            kind = kinds.get(row["state"])
            _case(suite, f"{row['part']}: {row['name']}", kind, figure_words(row))
            if kind:
                counts[kind] += 1
        if result["exit_status"] != 0 and not (counts["failure"] or counts["error"]):
            kind = "failure" if result["exit_status"] == 1 else "error"
            _case(suite, "verdict", kind, "; ".join(result["reasons"]) or result["verdict"])
            counts[kind] += 1
        suite.set("tests", str(len(suite.findall("testcase"))))
        suite.set("failures", str(counts["failure"]))
        suite.set("errors", str(counts["error"]))
        suite.set("skipped", str(counts["skipped"]))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, name: str, kind: str | None, words: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", name=_clean(name), classname=suite.get("name", ""))
    if kind:
        ElementTree.SubElement(case, kind, message=_clean(words))


def _add_properties(suite: ElementTree.Element, result: Mapping[str, Any]) -> None:
    """Say of a result its verdict and what that covers, and of one from a bundle whether it was verified."""
    said = [("verdict", result["verdict"]), *(("coverage", words) for words in result.get("coverage", ()))]
    if "verified" in result:
        said.append(("verified", result["verified"]["verdict"]))
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in said:
        ElementTree.SubElement(properties, "property", name=name, value=_clean(value))


def _clean(text: str) -> str:
    """Return text that XML can hold; the writer escapes its markup."""
    return printable(text)


def markdown_line(text: str) -> str:
    """Return foreign text for one line or cell of Markdown: without effect, and readable as it stands."""
    shown = INTRAWORD.sub("_", markdown_text(text))
    for entity, char in HARMLESS.items():
        shown = shown.replace(entity, char)
    return shown


def figure_words(row: Mapping[str, Any]) -> str:
    """Return a figure with its bounds in words."""
    return f"{_number(row['measured'])}, strict bound {_number(row['strict'])}, {row['note'] or row['state']}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def markdown_rows(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the figures of all results as the lines of one Markdown table."""
    lines = [
        "| result | mode | quantity | measured | published bound | strict bound | state |",
        "|" + "---|" * 7,
    ]
    for result in results:
        for row in result["figures"]:
            cells = (
                result["title"], row["part"], row["name"], _number(row["measured"]),
                _number(row["published"]), _number(row["strict"]), row["state"],
            )  # fmt: skip
            lines.append("| " + " | ".join(map(markdown_line, cells)) + " |")
    return lines


def _code(name: str) -> str:
    """Return a name as code, or as text if it holds anything but what names are made of."""
    return f"`{name}`" if PLAIN_NAME.fullmatch(name) else markdown_line(name)


def results_markdown(results: Sequence[Mapping[str, Any]], heading: str) -> str:
    """Return results (metrics.json contents) as a Markdown page: verdicts, reasons, table."""
    lines = [f"# {heading}", ""]
    for result in results:
        lines.append(f"- **{markdown_line(result['verdict'])}** {markdown_line(result['title'])}")
        said = (*result["reasons"], *result.get("coverage", ()))
        lines += [f"    - {markdown_line(text)}" for text in said]
        if "verified" in result:
            checked = result["verified"]
            lines.append(f"    - verification: {checked['verdict']}, {checked['checked']} files")
        if result["first_divergence"]:
            lines.append(f"    - first divergence: {_code(result['first_divergence'])}")
        if result["causal_taps"]:
            lines.append(f"    - causal taps: {', '.join(map(_code, result['causal_taps']))}")
    return "\n".join([*lines, "", *markdown_rows(results), ""])


def publish_summary(
    results: Sequence[Mapping[str, Any]],
    heading: str,
    environ: Mapping[str, str],
    junit_file: Path | None = None,
    markdown_file: Path | None = None,
) -> None:
    """Write the files that were asked for, and append to GitHub's step summary where that variable is set."""
    if junit_file is not None:
        write_new(junit_file, junit(results))
    page = results_markdown(results, heading)
    if markdown_file is not None:
        write_new(markdown_file, page)
    if environ.get(STEP_SUMMARY):
        try:
            with Path(environ[STEP_SUMMARY]).open("a", encoding="utf-8") as stream:
                stream.write(page)
        except OSError as error:
            raise HarnessError(
                f"cannot append to {STEP_SUMMARY} '{environ[STEP_SUMMARY]}': {error.strerror}; unset it"
            ) from error

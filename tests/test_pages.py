"""The pages of the documentation: links lead somewhere, words are explained, named files and tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nbp.rooms import PACKAGES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "reports" / "README.md"]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
WORDS = (
    "tap", "quirk", "phi step", "domain, mosaic domain", "F_cell", "F_latt", "hkl, Miller index", "pix0",
    "source", "umat", "bundle, evidence bundle", "gate", "PASS", "PASS (LOOSENED)", "FAIL", "NOT COMPARABLE",
    "ERROR", "coverage", "room", "engine", "stage",
)  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{link}: no such file"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


def test_the_readme_leads_to_every_page() -> None:
    linked = {
        (ROOT / link).resolve() for link in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    }
    assert set((ROOT / "docs").glob("*.md")) <= linked


def test_the_site_holds_every_page() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = {ROOT / name for name in re.findall(r"\S+\.md\b", text)}
    assert named == {page for page in (*PAGES, ROOT / "CHANGELOG.md") if page.parent.name != "spec"}


def test_the_glossary_has_the_words_of_the_house_in_order() -> None:
    rows = re.findall(
        r"^\| (.+?) \| .+ \|$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    words = rows[1:]
    assert set(WORDS) <= set(words)
    assert words == sorted(words, key=str.lower)


RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
WITH_PATHS = [
    RECIPES,
    *((ROOT / "docs" / f"{n}.md").read_text(encoding="utf-8") for n in ("architecture", "gradients")),
]
NAMED = re.findall(r"`((?:[\w.-]+/)+[\w.-]+|\w+\.(?:py|c|h|md))(?:::(\w+))?`", "\n".join(WITH_PATHS))
WANTED = (
    "An option", "A quirk", "A tap", "A crystal shape", "An output format", "A gate",
    "A metric of two images", "A section of the page", "A trace dialect", "A case of the golden suite",
    "A seeded fault",
    "A sound build that must raise no alarm",
    "Where do I change what",
)  # fmt: skip


@pytest.mark.parametrize(("name", "test"), sorted(set(NAMED)), ids=str)
def test_files_and_tests_that_the_pages_name_exist(name: str, test: str) -> None:
    beside = [path for package in PACKAGES for path in (ROOT / package).rglob(name)]
    paths = [ROOT / name, *([] if "/" in name else beside)]
    assert any(path.exists() for path in paths), name
    assert not test or f"def {test}(" in paths[0].read_text(encoding="utf-8"), f"{name}: no test {test}"


def test_there_is_a_recipe_for_each_thing() -> None:
    assert re.findall(r"^## (.+)$", RECIPES, re.MULTILINE) == list(WANTED)

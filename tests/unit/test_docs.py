"""The documentation covers everything that is public, and nothing else."""

import re
from pathlib import Path

import pytest

import admin_crm

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = "\n".join(page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md"))
ENTRIES = re.findall(r"^::: admin_crm\.(\w+)$", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("name", admin_crm.__all__)
def test_every_public_name_has_one_entry_in_the_reference(name: str) -> None:
    assert ENTRIES.count(name) == 1, f"add `::: admin_crm.{name}` to a page of docs/reference"


def test_the_reference_has_public_names_only() -> None:
    assert set(ENTRIES) <= set(admin_crm.__all__)


def test_the_readme_names_functions_that_exist() -> None:
    table = re.search(r"\| web admin \| Python \|\n(.*?)\n\n", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert table
    twins = {name for row in table[1].splitlines()[1:] for name in re.findall(r"`(\w+)`", row.split("|")[2])}
    assert twins <= set(admin_crm.__all__)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 110


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_within_the_repository_exist(page: str) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", (ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []

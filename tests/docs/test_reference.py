"""The documentation covers everything that is public, and nothing else."""

import dataclasses
import inspect
import logging
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import griffe
import pytest
from pydantic import BaseModel
from tools.metadata import repository, urls, with_absolute_links

import admin_crm
from admin_crm._core.meanings import BY_CODE
from admin_crm.diagnosis.tables import TABLES
from admin_crm.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = "\n".join(page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md"))
ENTRIES = re.findall(r"^::: admin_crm\.(\w+)$", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("name", admin_crm.__all__)
def test_every_public_name_has_one_entry_in_the_reference(name: str) -> None:
    assert ENTRIES.count(name) == 1, f"add `::: admin_crm.{name}` to a page of docs/reference"


def test_the_reference_has_public_names_only() -> None:
    assert set(ENTRIES) <= set(admin_crm.__all__)


@cache
def reference() -> griffe.Object:
    """What the reference is made of: the package as mkdocstrings reads it."""
    options = {"returns_multiple_items": False}
    loaded = griffe.load(
        "admin_crm",
        search_paths=[ROOT / "src"],
        docstring_parser="google",
        docstring_options=options,
        extensions=griffe.load_extensions(str(DOCS / "sync_and_async.py")),
    )
    assert isinstance(loaded, griffe.Object)
    return loaded


def entry(name: str) -> Any:
    found = reference()[name]
    return found.final_target if found.is_alias else found


def described(obj: Any, kind: str) -> dict[str, str]:
    """Return what a docstring's section of a kind describes, such as its parameters."""
    sections = obj.docstring.parsed if obj.docstring else []
    items = [item for section in sections if section.kind.value == kind for item in section.value]
    return {getattr(item, "name", None) or str(item.annotation): item.description for item in items}


FUNCTIONS = [name for name in admin_crm.__all__ if inspect.isfunction(getattr(admin_crm, name))]
ERRORS = [name for name in admin_crm.__all__ if name.endswith("Error")]
CLASSES = [
    name
    for name in admin_crm.__all__
    if inspect.isclass(kind := getattr(admin_crm, name))
    and (issubclass(kind, BaseModel | Enum) or dataclasses.is_dataclass(kind))
]


def fields_of(kind: Any) -> Iterator[str]:
    if issubclass(kind, BaseModel):
        yield from kind.model_fields
        yield from kind.model_computed_fields
    elif dataclasses.is_dataclass(kind):
        yield from (field.name for field in dataclasses.fields(kind) if not field.name.startswith("_"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_reference_says_what_each_parameter_is(name: str) -> None:
    parameters = [parameter.name for parameter in entry(name).parameters]
    if parameters != ["crm"]:
        said = described(entry(name), "parameters")
        assert [parameter for parameter in parameters if not said.get(parameter) and parameter != "crm"] == []
        assert set(said) <= set(parameters), "Args names a parameter that the function does not have"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_reference_names_errors_that_exist(name: str) -> None:
    built_in = {"ImportError", "OSError", "TypeError", "ValueError"}
    assert set(described(entry(name), "raises")) <= {*ERRORS, *built_in}


@pytest.mark.parametrize("name", CLASSES)
def test_the_reference_says_what_each_field_is(name: str) -> None:
    documented = entry(name).all_members
    fields = list(fields_of(getattr(admin_crm, name)))
    assert [field for field in fields if not documented[field].has_docstring] == []


@pytest.mark.parametrize("name", ERRORS)
def test_the_reference_says_what_each_error_carries(name: str) -> None:
    parameters = inspect.signature(getattr(admin_crm, name)).parameters
    carried = {key for key, each in parameters.items() if each.kind is inspect.Parameter.KEYWORD_ONLY}
    text = " ".join(
        str(kind.__doc__) for kind in getattr(admin_crm, name).__mro__ if kind.__module__ == "admin_crm.errors"
    )
    assert [key for key in carried if f"`{key}`" not in text] == []


def test_the_reference_shows_both_signatures_of_an_operation() -> None:
    sync, awaited = entry("update_customer_status").overloads
    assert str(sync.parameters["crm"].annotation) == "AdminCRM"
    assert str(sync.returns) == "CustomerProfile"
    assert str(awaited.parameters["crm"].annotation) == "AsyncAdminCRM"
    assert str(awaited.returns) == "Coroutine[Any, Any, CustomerProfile]"


def test_no_docstring_is_misread(caplog: pytest.LogCaptureFixture) -> None:
    """What griffe warns of does not stop the build of the pages."""
    with caplog.at_level(logging.WARNING, logger="griffe"):
        for name in admin_crm.__all__:
            for each in [entry(name), *getattr(entry(name), "members", {}).values()]:
                if not each.is_alias and each.docstring:
                    each.docstring.parse("google", returns_multiple_items=False)
    assert caplog.messages == []


def test_errors_by_message_lists_every_code_of_the_servers() -> None:
    page = (DOCS / "guide" / "error-messages.md").read_text("utf-8")
    assert [code for code in BY_CODE if code not in page] == []
    of_their_own = {"AdminCRMError", "InvalidTypeError", "CustomerNotFoundError"}  # a base, and two kinds of others
    assert [name for name in ERRORS if name not in page and name not in of_their_own] == []


def test_what_a_shop_needs_is_listed_to_the_column() -> None:
    page = (DOCS / "shop.md").read_text("utf-8")
    view, tables = page.split("## Tables")
    settings = Settings()
    for table in TABLES:
        name = getattr(settings, table.setting)
        part = (
            view if table.setting == "view" else next(r for r in tables.splitlines() if r.startswith(f"| `{name}` |"))
        )
        assert [column for column in table.columns if f"`{column.names[0]}`" not in part] == [], name
        required = {column.names[0] for column in table.columns if column.needed}
        asked = set(re.findall(rf"\('{name}', '(\w+)'\)", tables))
        assert table.fallback or table.setting == "view" or asked == required, f"the SQL that checks {name}"


def test_every_page_is_in_the_navigation_once() -> None:
    listed = re.findall(r"[\w/-]+\.md$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")) == sorted(listed)


def test_the_readme_names_functions_that_exist() -> None:
    table = re.search(r"\| web admin \| Python \|\n(.*)", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert table
    twins = {name for row in table[1].splitlines()[1:] for name in re.findall(r"`(\w+)`", row.split("|")[2])}
    assert twins <= set(admin_crm.__all__)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 110


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_links_within_the_repository_exist(page: str) -> None:
    links = re.findall(r"\]\((?!https?://|#|\.\./\.\./actions/)([^)#]+)", (ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_on_the_package_index_every_link_of_the_readme_is_absolute() -> None:
    readme = with_absolute_links((ROOT / "README.md").read_text("utf-8"), "https://forge.example/shop/admin_crm")
    assert re.findall(r"\]\((?!https://)[^)]*\)", readme) == []
    assert "https://forge.example/shop/admin_crm/raw/main/docs/assets/first-lines.svg" in readme
    assert "[contributing](https://forge.example/shop/admin_crm/blob/main/CONTRIBUTING.md)" in readme


def test_the_package_index_is_told_the_address_that_the_publisher_sets() -> None:
    by_github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "shop/admin_crm"}
    assert repository(by_github) == "https://github.com/shop/admin_crm"
    assert repository({**by_github, "REPOSITORY_URL": "https://forge.example/x/"}) == "https://forge.example/x"
    assert urls(repository({"GITHUB_SERVER_URL": "https://github.com"})) == {}
    assert urls("https://forge.example/x")["Issues"] == "https://forge.example/x/issues"

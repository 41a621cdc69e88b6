"""The package's surface: what is exported, what importing costs, what is typed."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import subprocess
import sys
import textwrap
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

import admin_crm


def test_every_public_name_can_be_imported_and_is_documented():
    for name in admin_crm.__all__:
        value = getattr(admin_crm, name)
        assert value.__doc__, name
        assert name in dir(admin_crm)


def test_every_public_function_of_a_connection_says_once_which_right_it_needs():
    functions = {name: value for name in admin_crm.__all__ if inspect.isfunction(value := getattr(admin_crm, name))}
    of_a_connection = {
        name for name, value in functions.items() if next(iter(inspect.signature(value).parameters), "") == "crm"
    }
    assert len(of_a_connection) > 20
    said = {
        name: re.findall(r"(^|\. )Needs ", inspect.getdoc(functions[name]) or "", re.MULTILINE)
        for name in sorted(of_a_connection)
    }
    assert {name: found for name, found in said.items() if found != [""]} == {}


def test_the_public_names_are_sorted_and_come_once():
    assert admin_crm.__all__ == sorted(set(admin_crm.__all__))


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        admin_crm.no_such_name  # noqa: B018


def test_the_package_says_which_version_is_installed():
    assert admin_crm.__version__ == version("admin-crm")
    assert "__version__" in dir(admin_crm)


def test_the_package_says_that_it_is_typed():
    assert files("admin_crm").joinpath("py.typed").is_file()


def test_the_package_is_imported_where_processes_do_not_fork():
    probe = "import os; del os.fork, os.register_at_fork; from admin_crm import AdminCRM, get_all_customers"
    imported = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert imported.stderr == ""


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import admin_crm", {"supabase", "httpx", "pydantic", "tenacity", "asyncio"}),
        ("import admin_crm; [getattr(admin_crm, name) for name in admin_crm.__all__]", {"supabase", "postgrest"}),
        ("from admin_crm import AdminCRM; AdminCRM('https://shop.test', 'sb_secret_x')", {"supabase"}),
        ("import admin_crm.client, admin_crm.directory", {"pandas", "typer", "tqdm", "admin_crm.local"}),
    ],
)  # fmt: skip
def test_importing_loads_only_what_is_needed(code, absent):
    probe = f"{code}; import sys; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert not absent & set(loaded.split())


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("customers", ["get_all_customers", "create_customer_with_details", "get_customer_preferences",
                       "update_admin_customer_notes", "get_admin_customer_details"]),
        ("moderation", ["update_customer_status", "send_customer_notification", "get_customer_notifications"]),
        ("timeline", ["TimelineEvent", "get_customer_orders", "get_customer_timeline"]),
        ("creation", ["AddressData", "CreateCustomerData", "CreatedCustomer"]),
        ("intelligence", ["TagSuggestion", "SuggestedCoupon", "LoyaltyAnalysis", "LoyaltyProposition", "Insight"]),
        ("preferences", ["ProductCount", "CategoryCount", "CustomerPreferences"]),
        ("diagnosis", ["DoctorCheck", "DoctorReport", "doctor"]),
    ],
)  # fmt: skip
def test_a_name_is_found_in_the_module_where_one_would_look_for_it(module, names):
    found = importlib.import_module(f"admin_crm.{module}")
    for name in names:
        assert getattr(found, name) is getattr(admin_crm, name)


def test_every_public_model_is_in_models_and_every_field_says_what_it_is():
    from pydantic import BaseModel

    from admin_crm import models

    public = {name: value for name in admin_crm.__all__ if isinstance(value := getattr(admin_crm, name), type)}
    for name, model in public.items():
        if issubclass(model, BaseModel) and name != "Settings":
            assert getattr(models, name) is model
    silent = [
        f"{name}.{field}"
        for name, model in public.items()
        if issubclass(model, BaseModel)
        for field in model.__annotations__
        if field in model.model_fields and field not in _described(model)
    ]
    assert silent == []


def _described(model: type) -> set[str]:
    """The fields of a class that a string follows, which says what they are."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0].body
    return {
        field.target.id
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


PACKAGE = Path(admin_crm.__file__).parent
SOURCES = [path for path in PACKAGE.rglob("*.py") if "local" not in path.relative_to(PACKAGE).parts]


def test_no_module_is_longer_than_340_lines():
    long = {str(path.relative_to(PACKAGE)): lines for path in PACKAGE.rglob("*.py")
            if path.name != "__init__.py" and (lines := len(path.read_text().splitlines())) > 340}  # fmt: skip
    assert long == {}


def test_the_top_of_the_package_is_what_users_import():
    assert {path.name for path in PACKAGE.glob("_*.py")} == {"__init__.py", "__main__.py"}
    private = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name.startswith("_")}
    assert private - {"__pycache__"} == {"_core", "_auth", "_postgrest", "_storage", "_functions"}


def test_the_contributors_map_names_every_folder():
    text = (PACKAGE.parent.parent / "CONTRIBUTING.md").read_text()
    folders = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [path.name for path in folders if f"`{path.name}/`" not in text] == []
    modules = [path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    assert [name for name in modules if f"`{name}`" not in text] == []

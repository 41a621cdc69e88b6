"""The package's surface: what is exported, what importing costs, what is typed."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest

import admin_crm


def test_every_public_name_can_be_had_and_is_documented():
    for name in admin_crm.__all__:
        value = getattr(admin_crm, name)
        assert value.__doc__, name
        assert name in dir(admin_crm)


def test_the_public_names_are_sorted_and_come_once():
    assert admin_crm.__all__ == sorted(set(admin_crm.__all__))


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        admin_crm.no_such_name  # noqa: B018


def test_the_package_says_that_it_is_typed():
    assert files("admin_crm").joinpath("py.typed").is_file()


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

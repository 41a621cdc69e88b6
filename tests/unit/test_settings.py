"""Settings: read from the environment only where that is asked for, and refused with value and bound."""

from __future__ import annotations

import traceback

import pytest

from admin_crm import AdminCRM, InvalidInputError, Settings
from helpers import KEY, URL


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"page_size": 0}, ["page_size=0", "greater than or equal to 1"]),
        ({"page_size": 100_001}, ["page_size=100001", "less than or equal to 100000"]),
        ({"concurrency": "many"}, ["concurrency='many'", "valid integer"]),
        ({"page_sise": 3}, ["no setting page_sise"]),
        ({"time_zone": "Mars/Olympus"}, ["time_zone='Mars/Olympus'", "no time zone 'Mars/Olympus'", "tzdata"]),
        ({"time_zone": "America"}, ["no time zone 'America'"]),
        ({"rest_timeout": 0, "page_size": 0}, ["rest_timeout=0", "page_size=0"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_what_is_allowed(values, words):
    with pytest.raises(InvalidInputError) as raised:
        Settings(**values)
    assert raised.value.argument == "settings"
    assert all(word in str(raised.value) for word in words)


def test_settings_read_nothing_by_themselves(no_environment, monkeypatch):
    monkeypatch.setenv("ADMIN_CRM_PAGE_SIZE", "7")
    (no_environment / ".env").write_text("ADMIN_CRM_CONCURRENCY=3\n")
    assert (Settings().page_size, Settings().concurrency) == (60_000, 8)
    read = Settings.from_env()
    assert (read.page_size, read.concurrency) == (7, 3)
    assert type(read) is Settings


def test_a_wrong_variable_is_named_with_its_value_and_what_is_allowed(no_environment, monkeypatch):
    monkeypatch.setenv("ADMIN_CRM_PAGE_SIZE", "0")
    with pytest.raises(InvalidInputError, match=r"ADMIN_CRM_PAGE_SIZE='0' is not allowed: .*greater than") as raised:
        Settings.from_env()
    assert isinstance(raised.value, ValueError)
    monkeypatch.setenv("SUPABASE_URL", URL)
    monkeypatch.setenv("SUPABASE_SECRET_KEY", KEY)
    with pytest.raises(InvalidInputError, match="ADMIN_CRM_PAGE_SIZE"):
        AdminCRM.from_env()


@pytest.mark.parametrize("read", [Settings.from_env, AdminCRM.from_env])
def test_an_env_file_that_is_not_utf_8_is_refused_without_showing_what_is_in_it(no_environment, read):
    (no_environment / ".env").write_bytes(f"SUPABASE_SECRET_KEY={KEY}\nNAME=Jos\xe9\n".encode("latin-1"))
    with pytest.raises(InvalidInputError, match="UTF-8") as raised:
        read()
    error = raised.value
    assert (error.__cause__, error.__context__) == (None, None)
    shown = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    assert KEY not in "".join(shown)


def test_settings_do_not_change_once_made():
    with pytest.raises(Exception, match="frozen"):
        Settings().page_size = 5


def test_the_time_zone_is_an_iana_name_and_utc_needs_no_data(no_environment, monkeypatch):
    monkeypatch.setenv("ADMIN_CRM_TIME_ZONE", "America/Mexico_City")
    assert (Settings().time_zone, Settings.from_env().time_zone) == ("UTC", "America/Mexico_City")
    monkeypatch.setattr("admin_crm.settings.ZoneInfo", None)
    assert Settings(time_zone="UTC").time_zone == "UTC"

"""What the fixtures of the pytest plugin are made of, and that the plugin loads nothing before one is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from types import SimpleNamespace

import pytest
import respx

from admin_crm import ClientStateError, get_admin_customer_notes
from admin_crm.local import LocalStack, LocalStackError
from admin_crm.testing import fixtures
from helpers import ANON, KEY, NOTES, SOMEBODY, URL, Caller

STACK = SimpleNamespace(url=URL, secret_key=KEY, publishable_key=ANON)


def test_the_plugin_loads_nothing_of_the_package_so_that_coverage_is_measured_from_the_first_line():
    (plugin,) = [each for each in entry_points(group="pytest11") if each.name == "admin_crm"]
    probe = f"import sys, {plugin.module}; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert "_admin_crm_pytest" in loaded
    assert [name for name in loaded.split() if name.partition(".")[0] in {"admin_crm", "httpx", "pydantic"}] == []


@respx.mock
def test_the_sync_connection_has_the_secret_key_and_is_closed():
    asked = respx.get(NOTES).respond(json=[{"customer_id": SOMEBODY}])
    with fixtures.connection(STACK) as crm:  # type: ignore[arg-type]
        get_admin_customer_notes(crm, SOMEBODY)
        assert asked.calls[0].request.headers["apikey"] == KEY
        assert crm.anon_key is not None
    with pytest.raises(ClientStateError):
        get_admin_customer_notes(crm, SOMEBODY)


@respx.mock
def test_the_async_connection_keeps_no_socket_after_a_response_and_is_closed_without_an_event_loop():
    caller = Caller("async")
    asked = respx.get(NOTES).respond(json=[{"customer_id": SOMEBODY}])
    with fixtures.async_connection(STACK) as crm:  # type: ignore[arg-type]
        caller(get_admin_customer_notes, crm, SOMEBODY)
        assert asked.calls[0].request.headers["connection"] == "close"
        caller.close()
    caller = Caller("async")
    with pytest.raises(ClientStateError):
        caller(get_admin_customer_notes, crm, SOMEBODY)
    caller.close()


def test_where_the_local_stack_is_not_installed_a_test_fails_with_how_to_install_it(monkeypatch):
    def absent() -> str:
        raise LocalStackError("the local stack runs on Deno: pip install 'admin-crm[local]'")

    monkeypatch.setattr(fixtures, "deno", absent)
    with pytest.raises(pytest.fail.Exception, match=r"local_supabase.*pip install 'admin-crm\[local\]'") as told:
        fixtures.running_stack().__enter__()
    assert told.value.pytrace is False


def test_a_stack_runs_while_it_is_used(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(LocalStack, "start", lambda stack: told.append("start") or stack)
    monkeypatch.setattr(LocalStack, "stop", lambda stack: told.append("stop"))
    with fixtures.running_stack() as stack:
        assert isinstance(stack, LocalStack)
        assert told == ["start"]
    assert told == ["start", "stop"]

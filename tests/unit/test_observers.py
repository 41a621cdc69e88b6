"""Who is told of a connection: nobody, hooks, or OpenTelemetry."""

from __future__ import annotations

import pytest

from admin_crm import AdminCRM, AsyncAdminCRM, InvalidInputError
from admin_crm._core.connection import link_of
from admin_crm._core.observers import Observers, observers_of
from admin_crm._core.telemetry import process_telemetry
from helpers import KEY, URL

NONE = {"on_request": None, "on_response": None, "on_retry": None}


def test_a_connection_that_nobody_observes_has_no_observers(caller):
    assert observers_of(NONE, telemetry=False, owns_http=True) is None
    assert link_of(caller.open(URL, KEY)).observers is None


def test_the_environment_switches_opentelemetry_on(caller, no_environment, monkeypatch):
    for name, value in {"SUPABASE_URL": URL, "SUPABASE_SECRET_KEY": KEY, "ADMIN_CRM_TELEMETRY": "true"}.items():
        monkeypatch.setenv(name, value)
    crm = caller.keep((AsyncAdminCRM if caller.name == "async" else AdminCRM).from_env())
    assert link_of(crm).observers == Observers(telemetry=process_telemetry())


def test_hooks_are_kept_by_their_names():
    hooks = {name: [].append for name in NONE}
    observers = observers_of(hooks, telemetry=False, owns_http=True)
    assert {name: getattr(observers, name) for name in NONE} == hooks
    assert observers.telemetry is None


# supabase-py warns of its own options when it makes its own HTTP client.
@pytest.mark.filterwarnings("ignore:The '.*' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", ["on_request", "on_response"])
def test_requests_of_the_apps_own_client_cannot_be_hooked(caller, name):
    from supabase import AsyncClient, Client

    client = (AsyncClient if caller.name == "async" else Client)(URL, KEY)
    with pytest.raises(InvalidInputError, match="your own") as refused:
        caller.open(supabase=client, **{name: print})
    assert refused.value.argument == name
    crm = caller.open(supabase=client, on_retry=print)
    assert crm.on_retry is print
    with pytest.raises(InvalidInputError, match=name):
        crm.with_options(**{name: print})

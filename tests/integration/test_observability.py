"""A session on a real stack, seen from outside: by its log, its hooks and its traces, which say nothing personal."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from admin_crm import (
    CustomerNotFoundError,
    RequestEvent,
    ResponseEvent,
    Settings,
    get_admin_customer_details,
    get_evidence_url,
    iter_customers,
    search_customers,
    send_customer_notification,
    update_admin_customer_notes,
    update_customer_profile,
    upload_customer_evidence,
)
from admin_crm.local import LocalStack
from helpers import Ask, Caller
from traces import Traces

SEARCHED = ("Única", "+52 (55) 1234-5678", "c-", "O'Brien")
NOTE, TAG, PHONE, NAME = "Debe trescientos pesos", "moroso", "5598765432", "Zacarías Quiñones"
TITLE, MESSAGE = "Su pedido", "Llega el jueves"


@pytest.fixture
def observed(caller: Caller, stack: LocalStack, traces: Traces) -> tuple[Ask, list[Any]]:
    """A signed-in administrator with a secret key, and what the hooks of the connection are told."""
    events: list[Any] = []
    crm = caller.sign_in(
        stack.url,
        stack.publishable_key,
        stack.admin_email,
        stack.admin_password,
        secret_key=stack.secret_key,
        settings=Settings(telemetry=True),
        on_request=events.append,
        on_response=events.append,
        on_retry=events.append,
    )
    return Ask(caller, crm), events


def test_the_log_hooks_and_traces_of_a_session_say_nothing_personal(
    observed: tuple[Ask, list[Any]], stack: LocalStack, customer: str, traces: Traces, caplog: pytest.LogCaptureFixture
) -> None:
    ask, events = observed
    email = f"c-{customer}@clientes.example"
    with caplog.at_level(logging.DEBUG):
        for text in (*SEARCHED, email):
            ask(search_customers, text, page_size=5)
        ask(update_customer_profile, customer, full_name=NAME, phone=PHONE)
        ask(update_admin_customer_notes, customer, notes=NOTE, tags=[TAG])
        ask(send_customer_notification, customer, TITLE, MESSAGE)
        path = ask(upload_customer_evidence, customer, b"%PDF-1.7 pasaporte", file_name="pasaporte.pdf")
        ask(get_evidence_url, path)
        assert ask(get_admin_customer_details, customer).full_name == NAME
        with pytest.raises(CustomerNotFoundError):
            ask(get_admin_customer_details, "00000000-0000-4000-8000-00000000dead")
    log = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records if _is_of_a_request(record))
    personal = (
        *SEARCHED[:2], "Brien", email, customer, NOTE, TAG, PHONE, NAME, "Zacar", TITLE, MESSAGE, "pasaporte",
        path.split("/")[-1], "ilike", "eq.", stack.secret_key, stack.publishable_key, stack.admin_email,
        stack.admin_password, "Bearer", "apikey",
    )  # fmt: skip
    assert log.count("/rest/v1/") > 10
    # The hooks are told which customer it is; nothing else of it.
    told = repr([(event, getattr(event, "path", None)) for event in events]).replace(f"UUID('{customer}')", "")
    for place, text in {"the log": log, "a hook": told, "a trace": traces.text()}.items():
        assert [each for each in personal if each in text] == [], place


def _is_of_a_request(record: logging.LogRecord) -> bool:
    """Whether a record is of what our client causes; the local stack of the tests talks to its servers too."""
    return record.name.startswith(("admin_crm", "httpx", "httpcore", "supabase", "postgrest", "storage3", "hpack"))


def test_each_request_of_a_session_is_told_once_in_every_way(
    observed: tuple[Ask, list[Any]], stack: LocalStack, traces: Traces, caplog: pytest.LogCaptureFixture
) -> None:
    ask, events = observed
    events.clear()
    with caplog.at_level(logging.DEBUG, "admin_crm"):
        ask(get_admin_customer_details, stack.customer_id)
        ask.caller.collect(iter_customers(ask.crm))
    sent = [event for event in events if type(event) is RequestEvent]
    received = [event for event in events if isinstance(event, ResponseEvent)]
    records = [record for record in caplog.records if hasattr(record, "ms")]
    calls = ("get_admin_customer_details", "iter_customers")
    spans = [name for call in calls for name in traces.below(traces.named(f"admin_crm.{call}"))]
    assert len(sent) == len(received) == len(records) == len(spans) > 4
    assert {each.operation for each in received} == set(calls)
    assert sum(each.bytes for each in received) > 1_000
    assert ask.crm.last_request_id in {each.request_id for each in received}

"""Faults between here and the server, of every kind, through a proxy that fails on purpose."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator

import pytest
from chaos.audit import audit
from chaos.faults import Fault
from chaos.ledger import Books, Register
from chaos.proxy import FaultProxy
from chaos.run import run
from chaos.workload import Own, Worker, World

from admin_crm import (
    AdminCRM,
    AdminCRMError,
    AsyncAdminCRM,
    Retry,
    Settings,
    add_customer_tags,
    download_customer_evidence,
    get_admin_customer_details,
    get_admin_customer_notes,
    get_all_customers,
    send_customer_notification,
    update_admin_customer_notes,
    update_customer_status,
    upload_customer_evidence,
)
from admin_crm._postgrest.query import count_rows
from admin_crm.client import operation
from helpers import Ask

pytestmark = pytest.mark.once

# A refused connection stays refused for some hundredths of a second.
PATIENT = Settings(retry_base_delay=0.1, retry_attempts=8)
# An answer that is too late costs one timeout. The others have all the time that a slow machine needs.
HASTY = PATIENT.model_copy(update={"rest_timeout": 1.0, "storage_timeout": 1.0})
NOTES = "/rest/v1/admin_customer_notes"
CASES = [
    *((fault, True, 0.0) for fault in Fault),
    (Fault.TRUNCATED, True, 0.9),
    (Fault.TOO_MANY, False, 0.9),
    (Fault.HTML_520, False, 0.0),
    (Fault.HTML_200, False, 0.0),
]
"""Every fault, before and after the server has worked, and in its forms."""


@pytest.fixture
def proxy(stack) -> Iterator[FaultProxy]:
    with FaultProxy(stack.url) as running:
        yield running


@pytest.fixture
def retries() -> list[Retry]:
    return []


@pytest.fixture
def faulty(request, caller, stack, proxy, retries) -> Ask:
    """Ask operations through the proxy."""
    case = request.node.callspec.params.get("fail_next")
    settings = HASTY if case and case[0] is Fault.STALLED else PATIENT
    crm = caller.open(
        proxy.url, stack.secret_key, anon_key=stack.publishable_key, settings=settings, on_retry=retries.append
    )
    return Ask(caller, crm)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0].name.lower()}-{'after' if case[1] else 'before'}-{case[2]}")
def fail_next(request, proxy, retries) -> Iterator[Callable[[str, str], None]]:
    """Let the next request of a method and path fail; at the end, all must have failed."""
    fault, worked, variant = request.param
    planned = 0

    def plan(method: str, path: str) -> None:
        nonlocal planned
        planned += 1
        proxy.plan(fault, method, path, worked=worked, variant=variant)

    yield plan
    assert proxy.faults[fault] == planned
    # A delay needs no retry, and a refused connection only meets whoever comes next.
    assert retries or fault in (Fault.DELAYED, Fault.REFUSED)


def test_reads_return_the_right_answer_after_every_fault(faulty, by_key, stack, customer, fail_next):
    by_key(update_admin_customer_notes, customer, notes="a" * 200, tags=["b"])
    profiles = stack.execute_sql("select count(*) from customer_profiles")[0]["count"]
    fail_next("GET", NOTES)
    notes = [faulty(get_admin_customer_notes, customer) for _ in range(2)]
    assert [(each.notes, each.tags) for each in notes] == [("a" * 200, ["b"])] * 2
    fail_next("GET", "/rest/v1/customer_profiles")
    assert faulty(operation(count_rows), "customer_profiles") == profiles


def test_writes_are_stored_once_after_every_fault(faulty, stack, customer, fail_next):
    fail_next("POST", "/rest/v1/user_notifications")
    sent = [faulty(send_customer_notification, customer, title, "Va en camino") for title in ("uno", "dos")]
    rows = stack.execute_sql(f"select id, title from user_notifications where user_id = '{customer}' order by title")
    assert rows == [{"id": str(sent[1].id), "title": "dos"}, {"id": str(sent[0].id), "title": "uno"}]
    fail_next("POST", NOTES)
    assert faulty(add_customer_tags, customer, ["a"]).tags == ["a"]
    fail_next("PATCH", NOTES)
    assert faulty(add_customer_tags, customer, ["b"]).tags == ["a", "b"]
    assert faulty(add_customer_tags, customer, ["c"]).tags == ["a", "b", "c"]
    fail_next("PATCH", "/rest/v1/customer_profiles")
    assert faulty(update_customer_status, customer, "suspended").account_status == "suspended"
    assert faulty(update_customer_status, customer, "banned").account_status == "banned"
    row = stack.execute_sql(f"select account_status from customer_profiles where id = '{customer}'")
    assert row == [{"account_status": "banned"}]


def test_evidence_is_uploaded_once_and_downloaded_completely_after_every_fault(faulty, stack, customer, fail_next):
    content = b"\x00evidence\xff" * 100
    fail_next("POST", "/storage/v1/object/")
    path = faulty(upload_customer_evidence, customer, content, file_name="a.bin")
    fail_next("GET", "/storage/v1/object/")
    assert [faulty(download_customer_evidence, path) for _ in range(2)] == [content] * 2
    assert stack.execute_sql(f"select name from storage.objects where name like '{customer}/%'") == [{"name": path}]


@pytest.mark.parametrize("path", ["admin_customer_notes", "customer_intelligence_360", "object/list", "orders"])
def test_no_part_of_a_customers_page_is_returned_as_empty(faulty, by_key, proxy, stack, path):
    signed = {"evidence": {"__all__": {"url"}}}  # which differs every time
    expected = by_key(get_admin_customer_details, stack.customer_id).model_dump(exclude=signed)
    proxy.plan(Fault.HTML_200, path=path)
    assert faulty(get_admin_customer_details, stack.customer_id).model_dump(exclude=signed) == expected
    assert proxy.faults[Fault.HTML_200] == 1


@pytest.mark.parametrize("after", [1, 3])
def test_the_directory_is_complete_although_the_server_was_unreachable_for_a_second(caller, stack, proxy, after):
    refused = threading.Event()

    def on_retry(retry: Retry) -> None:
        if "could not connect" in str(retry.error):
            refused.set()

    settings = Settings(page_size=100)  # every delay and limit as it is by default
    crm = caller.open(proxy.url, stack.secret_key, settings=settings, on_retry=on_retry)
    expected = {row["id"] for row in stack.execute_sql("select id from customer_intelligence_360")}
    proxy.go_dark_after(requests=after + 1, seconds=1.0, until=refused)
    assert {str(each.id) for each in caller(get_all_customers, crm)} == expected
    assert refused.is_set()


def test_every_failure_is_one_of_ours_while_the_server_is_unreachable(caller, stack, proxy):
    crm = caller.open(proxy.url, stack.secret_key, settings=PATIENT.model_copy(update={"retry_attempts": 2}))
    ended = threading.Event()
    proxy.go_dark_after(requests=1, seconds=0.0, until=ended)
    with pytest.raises(AdminCRMError) as caught:
        caller(get_all_customers, crm)
    ended.set()
    assert caught.value.retryable


def test_three_hundred_operations_over_faults_lose_and_duplicate_nothing():
    result = run(300, seed=7, rate=0.15)
    assert result.books.examples == []
    assert dict(result.books.found) == {"lost": 0, "doubled": 0, "wrong": 0, "foreign_errors": 0}
    assert result.books.operations.total() >= 300
    assert result.faults.total() > 0.1 * result.requests
    assert result.books.retries.total() > 0


def test_the_ledger_notices_what_is_lost_duplicated_or_wrong(stack, customer):
    """An audit that finds nothing proves something only if it can find."""
    world = World({}, [customer], Books())
    own = Own(customer, Register(("banned", None)), notifications={"w0-1": True, "w0-2": True})
    crm = AdminCRM(stack.url, stack.secret_key)
    worker = Worker(crm, world, 0, 0, [own])
    worker.tags[customer, "w0-3"] = Register(True)
    worker.fields[customer, "w0"] = Register[int | None](4)
    worker.creations["caos-nobody@clientes.example"] = None
    own.uploads[2_000], own.files[f"{customer}/a.bin"] = True, b"x" * 2_000
    for _ in range(2):
        half = f"('{customer}', 'w0-2', 'half', 'warning')"
        stack.execute_sql(f"insert into user_notifications (user_id, title, message, type) values {half}")
    audit(stack, world, [worker])
    crm.close()
    # Lost: the status, the first notification, the tag, the field, the file, the creation.
    assert world.books.found == {"lost": 6, "doubled": 1, "wrong": 2, "foreign_errors": 0}


def test_a_cancelled_call_leaves_no_coroutine_that_was_never_awaited(stack, proxy, recwarn):
    async def cancelled() -> None:
        settings = Settings(page_size=20, concurrency=2)
        first = asyncio.Event()
        async with AsyncAdminCRM(proxy.url, stack.secret_key, settings=settings, on_retry=lambda _: first.set()) as crm:
            proxy.plan(Fault.RESET_BEFORE, "GET", "id=gt.")
            reading = asyncio.ensure_future(get_all_customers(crm))
            reading.add_done_callback(lambda _: first.set())  # with its error, if it never comes to a retry
            await first.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading

    gc.collect()  # the garbage of other tests is not the call's
    recwarn.clear()
    asyncio.run(cancelled())
    gc.collect()
    assert [str(each.message) for each in recwarn] == []

"""Rows are decoded with the garbage collector left as it was, and their bytes let go of."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    AdminCustomer,
    Order,
    Settings,
    UnexpectedResponseError,
    get_admin_customer_notes,
    get_all_customers,
    get_customer_orders,
)
from admin_crm._postgrest import decode as decoding
from admin_crm._postgrest.decode import adapter_of, read_rows
from helpers import KEY, SOMEBODY, URL


@pytest.fixture(autouse=True)
def collector_as_it_was():
    enabled, threshold = gc.isenabled(), gc.get_threshold()
    yield
    (gc.enable if enabled else gc.disable)()
    gc.set_threshold(*threshold)


@pytest.mark.parametrize("pause_gc", [True, False])
@pytest.mark.parametrize("running", [True, False])
def test_decoding_leaves_the_garbage_collector_as_it_was(running, pause_gc):
    (gc.enable if running else gc.disable)()
    gc.set_threshold(601, 11, 12)
    assert read_rows(answered({"id": "1"}), Order, pause_gc=pause_gc)[0].id == "1"
    assert (gc.isenabled(), gc.get_threshold()) == (running, (601, 11, 12))


def test_a_page_is_decoded_without_the_collector_and_with_it_where_that_is_asked_for(monkeypatch):
    seen = []

    class Adapter:
        def validate_json(self, content):
            seen.append((gc.isenabled(), gc.get_threshold()[0]))
            return []

    monkeypatch.setattr(decoding, "adapter_of", lambda model: Adapter())
    gc.enable()
    gc.set_threshold(700)
    read_rows(answered(), Order, pause_gc=True)
    read_rows(answered(), Order, pause_gc=False)
    assert seen == [(True, 0), (True, 700)]


def test_what_the_program_does_to_its_collector_during_a_pause_stays():
    gc.enable()
    with decoding.collector_paused():
        gc.disable()
    assert not gc.isenabled()
    with decoding.collector_paused():
        gc.set_threshold(123)
    assert gc.get_threshold()[0] == 123


def test_pauses_of_several_threads_end_with_the_last_one():
    gc.set_threshold(700)
    first, second = threading.Event(), threading.Event()

    def pause() -> None:
        with decoding.collector_paused():
            first.set()
            second.wait(300)

    thread = threading.Thread(target=pause)
    thread.start()
    first.wait(300)
    with decoding.collector_paused():
        pass
    assert gc.get_threshold()[0] == 0
    second.set()
    thread.join()
    assert gc.get_threshold()[0] == 700


def test_a_process_forked_during_a_pause_has_its_garbage_collector():
    gc.set_threshold(700)
    with decoding.collector_paused():
        decoding._pause.forget()
        assert gc.get_threshold()[0] == 700
        decoding._pause.depth = 1  # as in the parent, whose pause goes on
    assert gc.get_threshold()[0] == 700


def test_nothing_that_the_program_has_frozen_is_thawed_and_nothing_is_frozen():
    already = gc.get_freeze_count()  # Python 3.12 itself freezes what it starts with
    read_rows(answered({"id": "1"}), Order, pause_gc=True)
    assert gc.get_freeze_count() == already
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        read_rows(answered({"id": "1"}), Order, pause_gc=True)
        assert frozen / 2 < gc.get_freeze_count() <= frozen
    finally:
        gc.unfreeze()


def answered(*rows):
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=rows))) as http:
        return http.get(URL)


def test_rows_of_one_answer_share_the_names_of_their_fields_and_their_copies_do_not():
    one, other = read_rows(answered({"id": "1", "total": 3}, {"id": "2", "total": 4}), Order)
    assert one.model_fields_set is other.model_fields_set
    assert one.model_copy(update={"status": "paid"}).model_fields_set == {"id", "total", "status"}
    assert other.model_fields_set == {"id", "total"}
    assert other.model_dump(exclude_unset=True, mode="json") == {"id": "2", "total": "4.00"}


def test_rows_that_differ_in_their_columns_keep_names_of_their_own():
    one, other = read_rows(answered({"id": "1", "total": 3}, {"id": "2", "status": "paid"}), Order)
    assert (one.model_fields_set, other.model_fields_set) == ({"id", "total"}, {"id", "status"})


def test_models_within_rows_share_their_names_too_and_only_with_models_of_the_same_fields():
    tastes = [{"interests": ["té"]}, {}, {"interests": []}, None]
    rows = [{"id": str(UUID(int=number)), "ai_preferences": each} for number, each in enumerate(tastes)]
    tea, nothing, empty, none = (row.ai_preferences for row in read_rows(answered(*rows), AdminCustomer))
    assert tea.model_fields_set is empty.model_fields_set
    assert (tea.model_fields_set, nothing.model_fields_set, none) == ({"interests"}, set(), None)


def test_an_answer_is_let_go_of_as_soon_as_its_rows_are_made():
    answer = answered({"id": "1"})
    there = weakref.ref(answer)
    was = gc.isenabled()
    gc.disable()
    try:
        assert read_rows(answer, Order)
        del answer
        assert there() is None
    finally:
        (gc.enable if was else gc.disable)()


class Counting:
    """An adapter that counts how often anything is validated, and how many rows at once."""

    def __init__(self, model):
        self.adapter, self.seen = adapter_of(model), []

    def validate_json(self, content):
        self.seen.append(("json", len(json.loads(content))))
        return self.adapter.validate_json(content)

    def validate_python(self, rows):
        self.seen.append(("python", len(rows)))
        return self.adapter.validate_python(rows)


@pytest.mark.parametrize(
    ("odd", "seen"),
    [
        ({}, [("json", 4)]),
        ({"total": 1234567890123456.75}, [("python", 4)]),
        # The page, each row by itself, the odd one as it is, and without what is odd.
        ({"created_at": "infinity"}, [("json", 4), *[("json", 1)] * 4, ("python", 1), ("python", 1)]),
    ],
    ids=["clean", "long number", "odd"],
)
def test_a_clean_page_is_validated_once_and_an_odd_row_costs_no_more_than_its_page_again(monkeypatch, odd, seen):
    counting = Counting(Order)
    monkeypatch.setattr(decoding, "adapter_of", lambda model: counting)
    rows = read_rows(answered(*({"id": str(n), "total": 1.5} for n in range(3)), {"id": "3", **odd}), Order)
    assert [row.id for row in rows] == ["0", "1", "2", "3"]
    assert counting.seen == seen


@respx.mock
def test_broken_json_with_long_numbers_is_an_error(ask):
    respx.get(f"{URL}/rest/v1/admin_customer_notes").mock(
        return_value=httpx.Response(200, content=b'[{"total": 12345678901234567890.5,')
    )
    with pytest.raises(UnexpectedResponseError, match="not JSON"):
        ask(get_admin_customer_notes, SOMEBODY)


def test_a_fork_without_a_pause_changes_nothing():
    gc.set_threshold(700)
    decoding._pause.forget()
    assert gc.get_threshold()[0] == 700


@pytest.mark.parametrize("pause_gc", [True, False])
@respx.mock
def test_the_setting_decides_for_every_read_whether_the_collector_is_paused(caller, monkeypatch, pause_gc):
    paused = []
    pause = decoding._pause.begin
    monkeypatch.setattr(decoding._pause, "begin", lambda: (paused.append(True), pause()))
    row = {"id": SOMEBODY, "customer_id": SOMEBODY}
    respx.route().mock(return_value=httpx.Response(200, json=[row], headers={"content-range": "0-0/1"}))
    crm = caller.open(URL, KEY, settings=Settings(pause_gc=pause_gc, directory_function=None))
    for read in (get_all_customers, lambda crm: get_customer_orders(crm, SOMEBODY)):
        caller(read, crm)
    assert paused == [True, True] * pause_gc


def test_an_object_without_a_value_is_no_row():
    with pytest.raises(UnexpectedResponseError):
        read_rows(httpx.Response(200, content=b'[{"id": "1", "total"}]', request=httpx.Request("GET", URL)), Order)

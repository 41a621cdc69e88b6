"""The directory in one answer: taken apart as it arrives, whatever customers write, and complete or an error."""

from __future__ import annotations

import json
from itertools import chain
from uuid import UUID

import httpx
import pytest
import respx
from hypothesis import example, given
from hypothesis import strategies as st

from admin_crm import (
    AdminCustomer,
    IncompleteReadError,
    PermissionDeniedError,
    RequestTimeoutError,
    Settings,
    UnexpectedResponseError,
    get_all_customers,
    get_directory_stats,
    iter_customers,
)
from admin_crm._core.connection import facts_of
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.packed import Unpacker
from directory_function import RPC, answer, customers
from helpers import KEY, URL, VIEW, Rows
from moderation_server import token_of

ENABLED = Settings(retry_attempts=3, retry_base_delay=0.001, retry_max_delay=0.002)
MISSING = {"code": "PGRST202", "message": "Could not find the function public.customer_directory in the schema cache"}
TIMEOUT = {"code": "57014", "message": "canceling statement due to statement timeout"}
FORGERIES = ['"packed": 1}', '],"packed":1}', ',"packed":2},{"customers":[', '{"customers":null,"packed":0}']


def unpacked(content, sizes):
    unpacker, found = Unpacker(ModelDecoder(AdminCustomer)), []
    for size in sizes:
        found += chain.from_iterable(unpacker.feed(content[:size]))
        content = content[size:]
    found += chain.from_iterable(unpacker.feed(content))
    return unpacker, found


@pytest.fixture
def crm(caller):
    return caller.open(URL, KEY, settings=ENABLED)


def requests_to(route):
    return [json.loads(call.request.content) for call in route.calls]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9) | st.sampled_from(FORGERIES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["packed", "customers", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    values=st.lists(st.lists(json_values, min_size=1, max_size=3), max_size=4),
    sizes=st.lists(st.integers(0, 60), max_size=30),
    spaced=st.booleans(),
)
@example(values=[[{"a": 1, "packed": 1}]], sizes=[], spaced=False)  # where a row seems to end
def test_every_customer_comes_out_whatever_is_written_and_wherever_the_answer_is_split(values, sizes, spaced):
    packs = [
        [{"id": str(UUID(int=16 * row + place)), "note": value} for place, value in enumerate(each)]
        for row, each in enumerate(values)
    ]
    unpacker, found = unpacked(answer(*packs, spaced=spaced), sizes)
    assert [(str(each.id), each.model_extra["note"]) for each in found] == [
        (each["id"], each["note"]) for pack in packs for each in pack
    ]
    assert unpacker.is_complete


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", answer(customers(2))[:-30], answer(customers(2), announced=2), answer(customers(3))[:40]],
    ids=["nothing", "no rows", "without its end", "fewer rows than announced", "in the middle"],
)
def test_an_answer_that_was_cut_is_not_complete(content):
    unpacker, _ = unpacked(content, [])
    assert not unpacker.is_complete


def test_a_row_that_says_it_holds_more_customers_than_it_does_is_none():
    content = answer(customers(2)).replace(b'"packed":2', b'"packed":3')
    unpacker, found = unpacked(content, [])
    assert (found, unpacker.is_complete) == ([], False)


def test_customers_are_there_as_soon_as_their_row_is():
    content = answer(customers(2), customers(2, start=9))
    unpacker = Unpacker(ModelDecoder(AdminCustomer))
    end = content.index(b'{"customers"', 5)
    assert [len(pack) for pack in unpacker.feed(content[:end])] == [2]
    assert not unpacker.is_complete


@respx.mock
def test_the_directory_is_read_by_one_request(caller, crm):
    route = respx.post(RPC).mock(return_value=httpx.Response(200, content=answer(customers(3), customers(2, start=9))))
    assert len(caller(get_all_customers, crm)) == 5
    assert len(caller.collect(iter_customers(crm))) == 5
    assert caller(get_directory_stats, crm).total == 5
    assert requests_to(route)[:2] == [{}, {}]
    assert "ai_preferences" not in requests_to(route)[2]["columns"]


@respx.mock
def test_a_shop_without_the_function_is_asked_for_it_once(caller, crm):
    route = respx.post(RPC).mock(return_value=httpx.Response(404, json=MISSING))
    view = Rows(customers(3), cap=2)
    respx.get(VIEW).mock(side_effect=view)
    for _ in range(2):
        assert len(caller(get_all_customers, crm)) == 3
        assert len(caller.collect(iter_customers(crm))) == 3
    assert route.call_count == 1


@respx.mock
def test_credentials_that_may_not_call_the_function_read_the_view(caller, crm):
    denied = {"code": "42501", "message": "permission denied for function customer_directory"}
    route = respx.post(RPC).mock(return_value=httpx.Response(403, json=denied))
    respx.get(VIEW).mock(side_effect=Rows(customers(3), cap=9))
    assert len(caller(get_all_customers, crm)) == 3
    assert len(caller(get_all_customers, crm)) == 3
    assert route.call_count == 1


@respx.mock
def test_a_user_who_may_not_call_the_function_does_not_keep_others_from_calling_it(caller, crm):
    denied = {"code": "42501", "message": "permission denied for table orders"}
    allowed = httpx.Response(200, content=answer(customers(3)))
    route = respx.post(RPC).mock(side_effect=[httpx.Response(403, json=denied), allowed, allowed])
    respx.get(VIEW).mock(side_effect=Rows(customers(3), cap=9))
    one, other = (token_of(str(UUID(int=10 + number))) for number in range(2))
    for view in (crm.as_user(one), crm.as_user(other), crm.as_user(one), crm):
        assert len(caller(get_all_customers, view)) == 3
    assert [call.request.headers["authorization"] for call in route.calls] == [
        f"Bearer {token}" for token in (one, other, KEY)
    ]


@respx.mock
def test_without_the_setting_nobody_asks_for_the_function(caller):
    respx.get(VIEW).mock(side_effect=Rows(customers(3), cap=9))
    crm = caller.open(URL, KEY, settings=Settings(directory_function=None))
    assert len(caller(get_all_customers, crm)) == 3


@respx.mock
def test_what_does_not_fit_the_statement_timeout_is_read_in_parts(caller, crm):
    def part(request):
        asked = json.loads(request.content)
        if not asked:
            return httpx.Response(500, json=TIMEOUT)
        above, up_to = UUID(asked.get("above", str(UUID(int=0)))).int, UUID(asked.get("up_to", "f" * 32)).int
        inside = [each for each in customers(5) if above < UUID(each["id"]).int + 1 <= up_to + 1]
        return httpx.Response(200, content=answer(*([inside] if inside else [])))

    route = respx.post(RPC).mock(side_effect=part)
    assert len(caller(get_all_customers, crm)) == 5
    assert len(requests_to(route)) == 9  # the whole once, and never again in vain


@respx.mock
def test_what_else_goes_wrong_with_a_part_is_raised(caller, crm):
    denied = {"code": "42501", "message": "permission denied for table orders"}
    route = respx.post(RPC)
    route.side_effect = [httpx.Response(500, json=TIMEOUT), httpx.Response(403, json=denied)]
    with pytest.raises(PermissionDeniedError):
        caller(get_all_customers, crm)


@respx.mock
def test_a_stream_that_does_not_fit_the_statement_timeout_comes_page_by_page(caller, crm):
    respx.post(RPC).mock(return_value=httpx.Response(500, json=TIMEOUT))
    respx.get(VIEW).mock(side_effect=Rows(customers(5), cap=2))
    assert len(caller.collect(iter_customers(crm))) == 5


@respx.mock
def test_where_no_part_fits_either_the_view_is_read_page_by_page(caller, crm):
    route = respx.post(RPC).mock(return_value=httpx.Response(500, json=TIMEOUT))
    respx.get(VIEW).mock(side_effect=Rows(customers(5), cap=2))
    assert len(caller(get_all_customers, crm)) == 5
    assert len(caller(get_all_customers, crm)) == 5
    assert route.call_count == 2


@respx.mock
def test_a_page_that_ends_at_the_statement_timeout_alone_is_tried_once_more_at_half_its_size(caller):
    crm = caller.open(URL, KEY, settings=ENABLED.model_copy(update={"directory_function": None, "page_size": 100}))
    route = respx.get(VIEW).mock(return_value=httpx.Response(500, json=TIMEOUT))
    with pytest.raises(RequestTimeoutError, match="statement_timeout") as raised:
        caller(get_all_customers, crm)
    assert [call.request.url.params["limit"] for call in route.calls] == ["100", "50"]
    assert "admin-crm sql directory" in raised.value.hint


@respx.mock
def test_a_row_limit_below_the_number_of_packed_rows_is_noticed_and_remembered(caller, crm):
    def limited(request):
        packs = json.loads(request.content).get("packs", 100)
        each = [customers(1, start=number) for number in range(min(packs, 60))]
        rows = json.loads(answer(*each))
        return httpx.Response(200, json=rows[:50])

    route = respx.post(RPC).mock(side_effect=limited)
    assert len(caller(get_all_customers, crm)) == 49
    assert facts_of(crm).directory_packs == 49
    assert route.call_count == 2


@respx.mock
def test_an_answer_that_stays_incomplete_raises_and_names_the_function(caller, crm):
    respx.post(RPC).mock(return_value=httpx.Response(200, json=[{"customers": customers(1), "packed": 1}]))
    with pytest.raises(IncompleteReadError, match="customer_directory"):
        caller(get_all_customers, crm)


@respx.mock
def test_a_column_that_the_shop_lacks_is_asked_for_once(caller, crm):
    missing = {"code": "42703", "message": "column listed.avatar_url does not exist"}

    def answered(request):
        if "avatar_url" in json.loads(request.content)["columns"]:
            return httpx.Response(400, json=missing)
        return httpx.Response(200, content=answer(customers(2)))

    route = respx.post(RPC).mock(side_effect=answered)
    for _ in range(2):
        found = caller(get_all_customers, crm, columns=["full_name", "avatar_url"])
        assert [(each.full_name, each.avatar_url) for each in found] == [("Ana 0", None), ("Ana 1", None)]
    assert route.call_count == 3


@respx.mock
def test_a_view_that_is_keyed_by_customer_id_only_is_read_too(caller, crm):
    missing = {"code": "42703", "message": "column listed.id does not exist"}

    def answered(request):
        asked = json.loads(request.content)["columns"]
        if "id" in asked:
            return httpx.Response(400, json=missing)
        return httpx.Response(200, content=answer([{"customer_id": each["id"]} for each in customers(2)]))

    respx.post(RPC).mock(side_effect=answered)
    assert len(caller(get_all_customers, crm, columns=["full_name"])) == 2
    assert facts_of(crm).view_key == "customer_id"


@respx.mock
def test_a_stream_that_breaks_says_how_far_it_came(caller, crm):
    def broken():
        yield answer(customers(2), customers(2, start=9))[:-40]
        raise httpx.ReadError("gone")

    class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            return broken()

        async def __aiter__(self):
            for each in broken():
                yield each

    respx.post(RPC).mock(side_effect=lambda request: httpx.Response(200, stream=Body()))
    with pytest.raises(IncompleteReadError, match="after 2 customers"):
        caller.collect(iter_customers(crm))


@respx.mock
def test_an_answer_that_is_no_directory_is_closed_before_it_is_asked_for_again(caller, crm):
    class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
        open = 0

        def __init__(self):
            Body.open += 1

        def __iter__(self):
            yield b"<html>"

        async def __aiter__(self):
            yield b"<html>"

        def close(self):
            Body.open -= 1

        async def aclose(self):
            Body.open -= 1

    page = {"content-type": "text/html"}
    route = respx.post(RPC).mock(side_effect=lambda request: httpx.Response(200, headers=page, stream=Body()))
    for read in (lambda: caller(get_all_customers, crm), lambda: caller.collect(iter_customers(crm))):
        with pytest.raises(UnexpectedResponseError, match="HTML page"):
            read()
    assert (route.call_count, Body.open) == (6, 0)

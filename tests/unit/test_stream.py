"""A stream holds one page at a time, starts anew with every iteration, and leaves nothing open."""

from __future__ import annotations

import io

import httpx
import pytest
import respx

from admin_crm import AdminCRM, IncompleteReadError, InvalidInputError, InvalidTypeError, Settings, iter_customers
from directory_function import RPC, answer, customers
from helpers import KEY, PROFILES, URL, VIEW, Rows


@respx.mock
def test_a_page_of_a_stream_is_never_larger_than_five_thousand_rows(caller):
    route = respx.get(VIEW).mock(side_effect=Rows(customers(3), cap=9))
    crm = caller.open(URL, KEY, settings=Settings(directory_function=None))
    for options, limit in (({}, "5000"), ({"page_size": 7}, "7")):
        assert len(caller.collect(iter_customers(crm, **options))) == 3
        assert route.calls.last.request.url.params["limit"] == limit


@respx.mock
def test_with_a_page_size_the_function_is_not_used(caller):
    respx.get(VIEW).mock(side_effect=Rows(customers(3), cap=9))
    assert len(caller.collect(iter_customers(caller.open(URL, KEY), page_size=2))) == 3


@respx.mock
def test_a_stream_that_is_left_early_closes_its_response(caller):
    closed = []

    class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield answer(customers(2), customers(2, start=9))

        async def __aiter__(self):
            yield answer(customers(2), customers(2, start=9))

        def close(self):
            closed.append(True)

        async def aclose(self):
            closed.append(True)

    respx.post(RPC).mock(side_effect=lambda request: httpx.Response(200, stream=Body()))
    stream = iter_customers(caller.open(URL, KEY))
    if caller.name == "sync":
        rows = iter(stream)
        next(rows)
        rows.close()
    else:

        async def first():
            rows = aiter(stream)
            await anext(rows)
            await rows.aclose()

        caller.wait(first())
    assert closed


@pytest.mark.parametrize(
    ("columns", "error"), [("full_name", InvalidTypeError), ([], InvalidInputError), ([5], InvalidTypeError)]
)
def test_columns_are_a_list_of_names(crm, columns, error):
    with pytest.raises(error, match="columns"):
        iter_customers(crm, columns=columns)


@respx.mock
def test_a_progress_bar_over_a_stream_has_a_total(caller):
    from tqdm.auto import tqdm

    respx.get(VIEW).mock(side_effect=Rows(customers(3), cap=9))
    respx.get(PROFILES).mock(return_value=httpx.Response(206, json=[{}], headers={"content-range": "0-0/3"}))
    stream = iter_customers(caller.open(URL, KEY, settings=Settings(directory_function=None)))
    bar = tqdm(stream, file=io.StringIO())
    assert len(caller.collect(bar)) == 3
    assert bar.total == (3 if caller.name == "sync" else None)  # the length of what is awaited cannot be asked for


@respx.mock
def test_a_stream_whose_length_cannot_be_told_is_read_all_the_same():
    respx.get(VIEW).mock(side_effect=Rows(customers(3), cap=9))
    respx.get(PROFILES).mock(return_value=httpx.Response(404, json={"code": "PGRST205", "message": "no table"}))
    with AdminCRM(URL, KEY, settings=Settings(directory_function=None)) as crm:
        stream = iter_customers(crm)
        assert stream
        with pytest.raises(TypeError, match="unknown"):
            len(stream)
        assert len(list(stream)) == 3


@respx.mock
def test_customers_whom_the_server_counts_and_does_not_show_are_an_incomplete_read(caller):
    table = Rows(customers(8), cap=3)

    def answered(request: httpx.Request) -> httpx.Response:
        response = table(request)
        rows = response.json() if table.requests == 1 else []
        return httpx.Response(200, json=rows, headers=response.headers)

    respx.get(VIEW).mock(side_effect=answered)
    crm = caller.open(URL, KEY, settings=Settings(directory_function=None))
    with pytest.raises(IncompleteReadError, match="stopped after 3 customers: the server counts 5 more customers"):
        caller.collect(iter_customers(crm))


@respx.mock
def test_customers_who_are_deleted_meanwhile_end_no_stream_with_an_error(caller):
    table = Rows(customers(8), cap=3)

    def answered(request: httpx.Request) -> httpx.Response:
        response = table(request)
        table.rows = table.rows[:3]
        return response

    respx.get(VIEW).mock(side_effect=answered)
    crm = caller.open(URL, KEY, settings=Settings(directory_function=None))
    assert len(caller.collect(iter_customers(crm))) == 3

"""The directory in parts: ranges of ids without gaps, which carry nothing secret and are read by whoever can."""

from __future__ import annotations

import json
import pickle
import sys
from itertools import pairwise
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    AdminCRM,
    CustomerPartition,
    IncompleteReadError,
    InvalidInputError,
    InvalidTypeError,
    Settings,
    customer_partitions,
    customers_dask,
    get_all_customers,
)
from directory_function import RPC, answer, customers
from helpers import KEY, PROFILES, QUICK, URL, VIEW, Rows

TIMEOUT = {"code": "57014", "message": "canceling statement due to statement timeout"}


@pytest.fixture
def environment(no_environment, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", URL)
    monkeypatch.setenv("SUPABASE_SECRET_KEY", KEY)


def shop_of(rows, cap=3):
    respx.get(PROFILES).mock(side_effect=Rows(rows, cap=cap))
    return respx.get(VIEW).mock(side_effect=Rows(rows, cap=cap))


def check_no_gaps(parts):
    assert parts[0].above is None
    assert parts[-1].up_to is None
    assert all(one.up_to == next_one.above is not None for one, next_one in pairwise(parts))
    assert [part.number for part in parts] == list(range(len(parts)))


@respx.mock
@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 50])
def test_parts_are_complete_disjoint_and_of_about_one_size(ask, n):
    rows = customers(20)
    shop_of(rows)
    parts = pickle.loads(pickle.dumps(ask(customer_partitions, n)))
    assert len(parts) == n
    check_no_gaps(parts)
    read = [part.read() for part in parts]
    assert sorted(str(each.id) for part in read for each in part) == [row["id"] for row in rows]
    if n <= 20:
        assert max(map(len, read)) - min(map(len, read)) <= 1


@respx.mock
def test_cutting_takes_a_count_and_an_id_for_each_cut(ask):
    shop_of(customers(20))
    ask(customer_partitions, 4)
    assert [call.request.url.params.get("select") for call in respx.calls] == ["*", "id", "id", "id"]
    assert all(call.request.url.path.endswith("/customer_profiles") for call in respx.calls)


@respx.mock
def test_one_part_takes_no_request(ask):
    assert [(part.above, part.up_to) for part in ask(customer_partitions, 1)] == [(None, None)]
    assert not respx.calls


@respx.mock
def test_customers_who_are_deleted_meanwhile_leave_no_gap(ask):
    rows = Rows(customers(20), cap=9)

    def emptied(request):
        answered = rows(request)
        rows.rows = rows.rows[:3]
        return answered

    respx.get(PROFILES).mock(side_effect=emptied)
    parts = ask(customer_partitions, 4)
    assert len(parts) == 4
    check_no_gaps(parts)


@pytest.mark.parametrize("n", [0, -1, 1001])
def test_the_number_of_parts_has_bounds(ask, n):
    for function in (customer_partitions, customers_dask):
        with pytest.raises(InvalidInputError, match="n must be at"):
            ask(function, n)


def test_the_number_of_parts_is_an_integer(ask):
    with pytest.raises(InvalidTypeError, match="n must be an integer"):
        ask(customer_partitions, "4")


def test_a_part_carries_the_settings_and_nothing_secret(caller):
    crm = caller.open(URL, KEY, settings=Settings(view="directory_of_ours", directory_function=None))
    part = caller(customer_partitions, crm, 1)[0]
    carried = pickle.dumps(part)
    assert b"directory_of_ours" in carried
    assert KEY.encode() not in carried
    assert URL.encode() not in carried
    assert repr(part) == "CustomerPartition(number=0, above=None, up_to=None)"


@pytest.mark.usefixtures("no_environment")
def test_without_an_environment_a_part_says_what_is_missing():
    part = CustomerPartition(number=0, above=None, up_to=None)
    for read in (part.read, part.frame):
        with pytest.raises(InvalidInputError, match="SUPABASE_URL"):
            read()


@respx.mock
@pytest.mark.usefixtures("environment")
def test_a_part_is_read_through_the_directory_function_where_the_shop_has_it():
    rows = customers(9)
    route = respx.post(RPC).mock(return_value=httpx.Response(200, content=answer(rows[4:6], rows[3:4])))
    part = CustomerPartition(number=1, above=UUID(rows[2]["id"]), up_to=UUID(rows[5]["id"]))
    assert [str(each.id) for each in part.read(columns=["full_name"])] == [row["id"] for row in rows[3:6]]
    assert part.frame(columns=["id"])["id"].tolist() == [row["id"] for row in rows[3:6]]
    asked = [json.loads(call.request.content) for call in route.calls]
    assert [(each["above"], each["up_to"]) for each in asked] == [(rows[2]["id"], rows[5]["id"])] * 2
    assert asked[0]["columns"] == ["id", "full_name"]


@respx.mock
def test_a_part_that_does_not_fit_the_statement_timeout_is_read_in_smaller_ones():
    rows, ranges = customers(64), []

    def limited(request):
        asked = json.loads(request.content)
        low, high = UUID(asked["above"]), UUID(asked["up_to"])
        if high.int - low.int > 8:
            return httpx.Response(500, json=TIMEOUT)
        ranges.append((low.int, high.int))
        inside = [row for row in rows if low < UUID(row["id"]) <= high]
        return httpx.Response(200, content=answer(*([inside] if inside else [])))

    respx.post(RPC).mock(side_effect=limited)
    part = CustomerPartition(number=1, above=UUID(int=3), up_to=UUID(int=40))
    with AdminCRM(URL, KEY, settings=Settings(retry_attempts=1)) as crm:
        assert [each.id.int for each in part.read(crm)] == list(range(4, 41))
    assert ranges[0][0] == 3
    assert ranges[-1][1] == 40
    assert all(one[1] == next_one[0] for one, next_one in pairwise(ranges))


@respx.mock
@pytest.mark.parametrize("hidden", [3, 5, 7])
def test_rows_that_the_server_withholds_from_a_part_are_missed(hidden):
    rows = Rows(customers(9), cap=9)

    def withheld(request):
        answered = rows(request)
        kept = [row for row in answered.json() if row["id"] != str(UUID(int=hidden))]
        return httpx.Response(200, json=kept, headers={"content-range": answered.headers["content-range"]})

    respx.get(VIEW).mock(side_effect=withheld)
    part = CustomerPartition(number=1, above=UUID(int=2), up_to=UUID(int=7))
    with (
        AdminCRM(URL, KEY, settings=QUICK) as crm,
        pytest.raises(IncompleteReadError, match="4 customers, but counts 1 more"),
    ):
        part.read(crm)


@respx.mock
def test_a_part_without_customers_is_empty(ask):
    shop_of(customers(3))
    part = CustomerPartition(number=1, above=UUID(int=7), up_to=UUID(int=9))
    with AdminCRM(URL, KEY, settings=QUICK) as crm:
        assert part.read(crm) == []
        assert part.frame(crm, columns=["id", "tier"]).empty


def test_dask_is_an_extra(ask, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    with pytest.raises(ImportError, match=r"admin-crm\[dask\]"):
        ask(customers_dask, 2)


@respx.mock
@pytest.mark.usefixtures("environment")
def test_a_dask_frame_reads_its_parts_when_it_is_computed_and_only_the_columns_that_are_used(ask):
    rows = [row | {"customer_tier": "gold", "total_spent": 1.5, "shoe_size": 40} for row in customers(9)]
    route = shop_of(rows, cap=9)
    frame = ask(customers_dask, 2, columns=["id", "tier", "total_spent", "shoe_size"])
    assert not route.calls
    found = frame.compute(scheduler="synchronous")
    assert sorted(found["id"]) == [row["id"] for row in rows]
    assert found["shoe_size"].tolist() == ["40"] * 9
    assert frame.dtypes.to_dict() == found.dtypes.to_dict()
    assert frame["total_spent"].sum().compute(scheduler="synchronous") == 13.5
    assert route.calls.last.request.url.params["select"] == "id,total_spent"
    with pytest.raises(InvalidInputError, match="personal=True"):
        ask(customers_dask, 2, columns=["email"])


@respx.mock
def test_the_whole_directory_is_what_its_parts_are(ask):
    shop_of(customers(20), cap=20)
    whole = ask(get_all_customers)
    with AdminCRM(URL, KEY, settings=QUICK) as crm:
        assert [each for part in ask(customer_partitions, 3) for each in part.read(crm)] == sorted(
            whole, key=lambda each: each.id
        )

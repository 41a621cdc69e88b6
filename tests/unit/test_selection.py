"""Selecting customers: checked before anything is sent, on the columns that the shop has, with rights that see them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import httpx
import pytest
import respx

from admin_crm import (
    IncompleteReadError,
    InvalidInputError,
    InvalidTypeError,
    PermissionDeniedError,
    SchemaMismatchError,
    Settings,
    get_all_customers,
    select_customers,
    selection,
)
from admin_crm._core.connection import facts_of
from helpers import ANON, KEY, NOTES, PROFILES, QUICK, REST, URL, VIEW, Ask, Rows
from project_server import USER, as_user

MAY = datetime(2026, 5, 1, tzinfo=UTC)
USUAL = {
    "segment": "VIP", "health_status": "Estable", "customer_tier": "gold", "monetary": 5, "frequency": 1,
    "recency_days": 3, "last_order_date": None, "created_at": "2026-01-01T00:00:00Z", "birthdate": "1990-05-03",
    "phone": "55", "whatsapp": None, "account_status": "active", "suspension_end": None, "full_name": "Ana",
}  # fmt: skip


def ids(count: int) -> list[str]:
    return [str(UUID(int=number + 1 << 100)) for number in range(count)]


def plays(rows, *, cap: int = 100, notes=(), profiles=()):
    """Play a view that answers ranges of ids and looks at no other filter, and tables that choose customers."""
    view = Rows(list(rows), cap=cap)
    respx.get(NOTES).mock(side_effect=lambda _: of_table([{"customer_id": each} for each in notes]))
    respx.get(PROFILES).mock(side_effect=lambda _: of_table([{"id": each} for each in profiles]))
    return respx.get(VIEW).mock(side_effect=lambda request: view(without_ids_in(request)))


def without_ids_in(request: httpx.Request) -> httpx.Request:
    params = [(name, value) for name, value in request.url.params.multi_items() if not value.startswith("in.")]
    return httpx.Request("GET", request.url.copy_with(params=params), headers=request.headers)


def of_table(rows) -> httpx.Response:
    return httpx.Response(200, json=rows, headers={"content-range": f"*/{len(rows)}"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"segment": " "}, {"health_status": ""}, {"tier": "diamond"}, {"status": "gone"}, {"tags": []}, {"tags": [""]},
        {"without_tags": []}, {"spent_min": -1}, {"spent_max": Decimal("NaN")}, {"spent_min": float("inf")},
        {"spent_min": Decimal("1." + "3" * 60)}, {"spent_max": 10**400}, {"spent_min": 2, "spent_max": 1},
        {"orders_min": -1}, {"orders_min": 10**10}, {"last_order_before": MAY.replace(tzinfo=None)},
        {"last_order_after": MAY.replace(tzinfo=None)}, {"created_after": MAY.replace(tzinfo=None)},
        {"last_order_after": MAY, "last_order_before": MAY}, {"birthday_within": -1}, {"birthday_within": 367},
        {"tags": ["a", "b"], "without_tags": ["b"]}, {"columns": []},
    ],
    ids=str,
)  # fmt: skip
def test_what_no_customer_can_match_is_refused_before_anything_is_sent(ask, wrong):
    with pytest.raises(InvalidInputError) as raised:
        ask(select_customers, **wrong)
    assert raised.value.argument in wrong


@pytest.mark.parametrize(
    "wrong",
    [
        {"segment": 5}, {"tags": "vip"}, {"tags": [5]}, {"without_tags": "vip"}, {"spent_min": "5"},
        {"spent_max": True},
        {"orders_min": 1.5}, {"last_order_before": "2026-05-01"}, {"created_after": date(2026, 5, 1)},
        {"birthday_within": "7"}, {"contactable": "yes"}, {"locked": 1},
    ],
    ids=str,
)  # fmt: skip
def test_an_argument_of_the_wrong_kind_is_a_type_error(ask, wrong):
    with pytest.raises(InvalidTypeError) as raised:
        ask(select_customers, **wrong)
    assert raised.value.argument in wrong


@respx.mock
def test_without_a_filter_all_customers_come_as_get_all_customers_gives_them(ask):
    plays(
        [USUAL | {"id": each, "created_at": f"2026-01-0{number + 1}T00:00:00Z"} for number, each in enumerate(ids(5))]
    )
    found = ask(select_customers)
    assert found == ask(get_all_customers)
    assert [each.created_at.day for each in found] == [5, 4, 3, 2, 1]


@respx.mock
def test_only_the_columns_that_are_asked_for_are_fetched(ask):
    view = plays([USUAL | {"id": each} for each in ids(2)])
    ask(select_customers, columns=["full_name"], contactable=True)
    assert view.calls.last.request.url.params["select"] == "id,full_name,created_at"
    ask(select_customers, columns=["full_name"], birthday_within=7)
    assert view.calls.last.request.url.params["select"] == "id,full_name,created_at,birthdate"


@respx.mock
def test_all_filters_of_the_view_travel_in_one_request(ask):
    view = plays([USUAL | {"id": each} for each in ids(2)])
    ask(
        select_customers, segment="VIP", tier="gold", status="active", spent_min=1, spent_max=Decimal("9.5"),
        orders_min=2, last_order_after=MAY, created_after=MAY, contactable=True, locked=False,
    )  # fmt: skip
    assert view.call_count == 2  # the columns, once for each connection, and the customers
    params = view.calls.last.request.url.params
    assert {"segment", "customer_tier", "account_status", "last_order_date", "created_at", "or"} <= set(params)
    assert params["or"].startswith(
        "(and(monetary.gte.1,or(monetary.lte.9.5,monetary.is.null),frequency.gte.2,or(phone.match."
    )


@respx.mock
def test_few_tagged_customers_are_asked_for_by_their_ids(ask):
    view = plays([USUAL | {"id": each} for each in ids(3)], notes=ids(3)[:2])
    found = ask(select_customers, tags=['a,"b"', "{c}"], orders_min=1)
    assert sorted(str(each.id) for each in found) == ids(3)[:2]
    [notes] = [call.request for call in respx.calls if call.request.url.path.endswith("notes")]
    assert notes.url.params["tags"] == 'cs.{"a,\\"b\\"","{c}"}'
    assert view.calls.last.request.url.params["id"] == f"in.({','.join(ids(3)[:2])})"
    assert "frequency.gte.1" in view.calls.last.request.url.params["or"]


@respx.mock
def test_where_no_customer_has_the_tags_the_view_is_not_asked_again(ask):
    view = plays([USUAL | {"id": each} for each in ids(3)])
    assert ask(select_customers, tags=["vip"]) == []
    assert ask(select_customers, tags=["vip"], without_tags=["x"]) == []
    assert view.call_count == 1  # the columns


@respx.mock
def test_customers_with_a_tag_that_is_not_wanted_are_left_out(ask):
    plays([USUAL | {"id": each} for each in ids(3)], notes=ids(3)[:2])
    assert [str(each.id) for each in ask(select_customers, without_tags=["vip"])] == ids(3)[2:]


@pytest.mark.parametrize(
    ("filters", "missing", "asked"),
    [
        ({"status": "suspended"}, "account_status", {"account_status": "eq.suspended"}),
        (
            {"locked": True},
            "suspension_end",
            {"or": "(and(or(account_status.eq.banned,and(account_status.eq.suspended"},
        ),
    ],
)
@respx.mock
def test_what_the_view_does_not_say_of_a_customers_standing_is_read_from_the_profiles(ask, filters, missing, asked):
    row = {name: value for name, value in USUAL.items() if name != missing}
    plays([row | {"id": each} for each in ids(3)], profiles=ids(3)[1:])
    found = ask(select_customers, **filters)
    assert sorted(str(each.id) for each in found) == ids(3)[1:]
    [profiles] = [call.request for call in respx.calls if call.request.url.path.endswith("profiles")]
    assert all(profiles.url.params[name].startswith(value) for name, value in asked.items())


@respx.mock
def test_a_view_keyed_by_customer_id_is_asked_by_that_key(ask):
    row = USUAL | {"customer_id": ids(1)[0]}

    def answer(request):
        if "id.asc" in str(request.url.params.get("order", "")).split(",") or "id" in request.url.params:
            return httpx.Response(400, json={"code": "42703", "message": "column v.id does not exist"})
        return of_table([row])

    respx.get(VIEW).mock(side_effect=answer)
    respx.get(NOTES).mock(return_value=of_table([{"customer_id": ids(1)[0]}]))
    assert [str(each.id) for each in ask(select_customers, tags=["vip"])] == ids(1)
    assert facts_of(ask.crm).view_key == "customer_id"


@respx.mock
def test_a_filter_that_the_shop_has_no_column_for_is_an_error(ask):
    plays([{"id": each, "full_name": "Ana"} for each in ids(2)])
    for filters in ({"spent_min": 5}, {"orders_min": 1}, {"birthday_within": 7}, {"last_order_after": MAY}):
        with pytest.raises(SchemaMismatchError):
            ask(select_customers, **filters)


class On31December(datetime):
    """The clock of a shop in Mexico, on the last evening of the year; in UTC it is the next day."""

    @classmethod
    def now(cls, tz=None):
        return datetime(2027, 1, 1, 3, tzinfo=UTC).astimezone(tz)


@respx.mock
def test_birthdays_are_those_of_the_shops_days_and_go_on_in_the_next_year(caller, monkeypatch):
    monkeypatch.setattr(selection, "datetime", On31December)
    days = ["1990-12-30", "1990-12-31", "1990-01-01", "1880-01-02", "2026-12-31", "1990-01-03", None, "infinity"]
    plays([USUAL | {"id": each, "birthdate": day} for each, day in zip(ids(8), days, strict=True)])
    settings = Settings(time_zone="America/Mexico_City", directory_function=None)
    ask = Ask(caller, caller.open(URL, KEY, settings=settings))
    found = ask(select_customers, birthday_within=2)
    assert sorted(str(each.birthdate) for each in found) == ["1880-01-02", "1990-01-01", "1990-12-31", "2026-12-31"]
    assert [str(each.birthdate) for each in ask(select_customers, birthday_within=0)] == ["1990-12-31", "2026-12-31"]
    assert len(ask(select_customers, birthday_within=366)) == 6


@respx.mock
def test_an_interrupted_selection_holds_only_customers_who_match(ask):
    rows = [USUAL | {"id": each, "birthdate": f"1990-0{1 + n % 9}-01"} for n, each in enumerate(ids(40))]
    view, requests = Rows(rows, cap=10), []

    def answer(request):
        requests.append(request)
        return httpx.Response(503) if len(requests) > 2 else view(request)

    respx.get(VIEW).mock(side_effect=answer)
    respx.get(NOTES).mock(return_value=of_table([{"customer_id": each} for each in ids(40)[::2]]))
    with pytest.raises(IncompleteReadError) as raised:
        ask(select_customers, without_tags=["vip"], orders_min=1)
    assert [str(row.id) for row in raised.value.rows] == ids(10)[1::2]


@respx.mock
def test_a_publishable_key_alone_is_refused(caller):
    plays([])
    with pytest.raises(PermissionDeniedError, match="publishable key alone"):
        Ask(caller, caller.open(URL, ANON, settings=QUICK))(select_customers, tags=["vip"])


@pytest.mark.parametrize("filters", [{}, {"tags": ["vip"]}, {"segment": "champion"}], ids=str)
@pytest.mark.parametrize("seen", [(USER,), ()], ids=["himself", "nobody"])
@respx.mock
def test_a_signed_in_user_who_is_no_administrator_is_refused(caller, filters, seen):
    plays([USUAL | {"id": each} for each in seen])
    respx.get(f"{REST}/admin_users").mock(return_value=of_table([]))
    with pytest.raises(PermissionDeniedError, match="not listed in admin_users"):
        Ask(caller, as_user(caller))(select_customers, **filters)


@respx.mock
def test_a_label_that_nobody_has_and_that_is_nearly_a_known_one_is_an_error(ask):
    respx.get(VIEW).mock(
        side_effect=lambda request: of_table([USUAL | {"id": ids(1)[0]}] if "segment" not in request.url.params else [])
    )
    with pytest.raises(InvalidInputError, match="did you mean 'champion'"):
        ask(select_customers, segment="chamipon")
    assert ask(select_customers, segment="Mayoristas") == []

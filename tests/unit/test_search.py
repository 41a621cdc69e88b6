"""Searching on the server and in a list: pages, filters, labels, and any text taken literally."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import httpx
import pytest
import respx

from admin_crm import (
    AdminCustomer,
    InvalidInputError,
    InvalidTypeError,
    SchemaMismatchError,
    ServiceUnavailableError,
    filter_customers,
    get_directory_stats,
    search_customers,
)
from helpers import PROFILES, VIEW

COLUMNS = {
    "id": str(uuid4()), "full_name": "Ana", "phone": None, "whatsapp": None, "customer_tier": "gold",
    "account_status": "active", "segment": "VIP", "health_status": "Estable", "created_at": None,
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [{"text": "a" * 201}, {"text": "\x00"}, {"text": "\ud800"}, {"text": 5}, {"tier": "diamond"}, {"status": "gone"},
     {"segment": " "}, {"health_status": ""}, {"segment": "x" * 101}],
    ids=repr,
)  # fmt: skip
def test_an_invalid_search_is_refused_before_anything_is_sent_and_alike_in_a_list(ask, wrong):
    for refuse in (lambda: ask(search_customers, **wrong), lambda: filter_customers([], **wrong)):
        with pytest.raises(InvalidInputError):
            refuse()
    with pytest.raises(InvalidInputError):
        ask(search_customers, page_size=10_001)


@pytest.mark.parametrize("argument", ["text", "segment", "health_status", "tier", "status"])
def test_an_argument_of_the_wrong_kind_is_a_type_error_everywhere(ask, argument):
    for refuse in (lambda: ask(search_customers, **{argument: 5}), lambda: filter_customers([], **{argument: 5})):
        with pytest.raises(InvalidTypeError, match=argument):
            refuse()


@pytest.mark.parametrize(("wrong", "meant"), [({"tier": "golden"}, "gold"), ({"status": "suspend"}, "suspended")])
def test_an_unknown_tier_or_status_names_the_nearest(ask, wrong, meant):
    for refuse in (lambda: ask(search_customers, **wrong), lambda: filter_customers([], **wrong)):
        with pytest.raises(InvalidInputError, match=f"did you mean '{meant}'"):
            refuse()


def shop_with_the_label(label: str) -> respx.Route:
    """A view of one customer with this label, whom no text finds."""

    def answer(request: httpx.Request) -> httpx.Response:
        params = request.url.params
        found = re.search(params.get("segment", "match.").removeprefix("match."), label) and "or" not in params
        rows = [COLUMNS | {"segment": label}] if found else []
        return httpx.Response(200, json=rows, headers={"content-range": f"*/{len(rows)}"})

    return respx.get(VIEW).mock(side_effect=answer)


@respx.mock
def test_a_label_that_no_customer_has_and_that_is_nearly_a_known_one_is_an_error(ask):
    shop_with_the_label("VIP")
    listed = [AdminCustomer.model_validate(COLUMNS)]
    for refuse in (
        lambda: ask(search_customers, segment="chamipon"),
        lambda: filter_customers(listed, segment="chamipon"),
    ):
        with pytest.raises(InvalidInputError, match="no customer has the segment 'chamipon' — did you mean 'champion'"):
            refuse()


@respx.mock
def test_a_shops_own_label_is_found_and_one_that_nobody_has_finds_nobody(ask):
    view = shop_with_the_label("Nuevos")
    listed = [AdminCustomer.model_validate(COLUMNS | {"segment": "Nuevos"})]
    for found in (ask(search_customers, segment="nuevos").items, filter_customers(listed, segment="nuevos")):
        assert [each.segment for each in found] == ["Nuevos"]
    before = view.call_count
    for found in (ask(search_customers, segment="Mayoristas").items, filter_customers(listed, segment="Mayoristas")):
        assert found == []
    assert view.call_count == before + 1  # nothing is asked that is known


@respx.mock
def test_a_filter_by_a_column_that_the_view_does_not_have_names_the_column(ask):
    there = {name: value for name, value in COLUMNS.items() if name != "customer_tier"}
    respx.get(VIEW).respond(200, json=[there], headers={"content-range": "0-0/1"})
    with pytest.raises(SchemaMismatchError, match="tier") as missing:
        ask(search_customers, tier="gold")
    assert missing.value.kind == "column"


@respx.mock
def test_a_shops_own_label_that_is_nearly_a_known_one_may_find_nobody_beside_a_text(ask):
    view = shop_with_the_label("Nuevos")
    assert ask(search_customers, "nobody", segment="nuevos").items == []
    assert view.call_count == 3  # the columns, the search, and whether anybody has the label
    listed = [AdminCustomer.model_validate(COLUMNS | {"segment": "Nuevos"})]
    assert filter_customers(listed, "nobody", segment="nuevos") == []


@respx.mock
def test_of_a_text_too_long_for_a_url_the_end_is_compared_here(ask):
    name = "María de los Ángeles Guadalupe Hernández Castañeda Treviño de la Garza y Ordóñez de Ñandú"
    names = [name, name[:-1] + "a", name.upper(), name + " II"]
    rows = [COLUMNS | {"id": str(UUID(int=number)), "full_name": each} for number, each in enumerate(names)]

    def answer(request: httpx.Request) -> httpx.Response:
        assert len(str(request.url)) < 8_000
        offset = int(request.url.params.get("offset", 0))
        page = rows[offset : offset + 3]  # the server gives three rows at once
        return httpx.Response(200, json=page, headers={"content-range": f"*/{len(rows)}"})

    respx.get(VIEW).mock(side_effect=answer)
    found = ask(search_customers, name.replace("Á", "A"), page=1, page_size=2)
    assert ([each.full_name for each in found], found.total) == ([names[0], names[2]], 3)
    assert [each.full_name for each in ask(search_customers, name, page=2, page_size=2)] == [names[3]]


def customer(number: int = 0, **values) -> AdminCustomer:
    return AdminCustomer.model_validate({"id": UUID(int=0xABCDEF0123456789ABCDEF0123456789 + number), **values})


NANDU = customer(
    full_name="José Ñandú", phone="+52 55 1234-5678", segment="Campeón", health_status="Healthy", tier="gold"
)
ANA = customer(
    1, full_name="ANA", whatsapp="5587654321", account_status="banned", segment="En Riesgo", customer_tier="silver"
)


@pytest.mark.parametrize(
    ("text", "filters", "found"),
    [
        ("", {}, [NANDU, ANA]),
        ("  ", {}, [NANDU, ANA]),
        ("_", {}, []),
        ("\u0301", {}, []),
        ("jose nandu", {}, [NANDU]),
        ("ÑANDÚ", {}, [NANDU]),
        ("n\u0303andu\u0301", {}, [NANDU]),
        ("5512345678", {}, [NANDU]),
        ("(55) 8765", {}, [ANA]),
        (str(ANA.id)[20:], {}, [ANA]),
        (ANA.id.hex.upper(), {}, [ANA]),
        ("nobody", {}, []),
        ("", {"health_status": "healthy"}, [NANDU]),
        ("", {"tier": "silver", "status": "banned"}, [ANA]),
        ("", {"tier": "SILVER", "status": "Banned"}, [ANA]),
        ("ana", {"tier": "gold"}, []),
        *(
            ("", {"segment": label}, [NANDU])
            for label in ("champion", "champions", "Champion", "Campeón", "campeo\u0301n")
        ),
        *(("", {"segment": label}, [ANA]) for label in ("at_risk", "at-risk", "At Risk", "churn-risk", "EN RIESGO")),
    ],
)
def test_a_list_is_filtered_by_text_and_labels_of_any_spelling(text, filters, found):
    assert filter_customers([NANDU, ANA], text, **filters) == found


@respx.mock
def test_a_page_past_the_last_one_is_empty(ask):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("offset") == "15":
            return httpx.Response(416, json={"code": "PGRST103", "message": "Requested range not satisfiable"})
        return httpx.Response(200, json=[{"id": str(uuid4()), "full_name": "Ana"}], headers={"content-range": "0-0/1"})

    respx.get(VIEW).mock(side_effect=answer)
    found = ask(search_customers, "ana", page=2)
    assert (found.items, found.total, found.pages) == ([], 1, 1)


@respx.mock
def test_a_search_that_fails_raises(ask):
    respx.get(VIEW).mock(side_effect=[httpx.Response(200, json=[{"id": str(uuid4())}]), httpx.Response(500, json={})])
    with pytest.raises(ServiceUnavailableError):
        ask(search_customers, "ana")


@respx.mock
def test_a_search_in_an_empty_shop_is_empty(ask):
    respx.get(VIEW).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    found = ask(search_customers, "ana", tier="gold")
    assert (found.items, found.total, found.pages) == ([], 0, 0)
    assert ask(get_directory_stats).total == 0

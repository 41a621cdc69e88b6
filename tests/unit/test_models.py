"""Models keep what they do not know, and show no personal data by themselves."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal

import pytest
from pydantic import ValidationError

import admin_crm
from admin_crm import (
    AccountStatus,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    CustomerProfile,
    HealthStatus,
    Order,
    Page,
    SuggestedCoupon,
)
from admin_crm._core.fields import Model
from admin_crm._postgrest.decode import adapter_of, decode, decode_rows
from admin_crm.models import RowList

ID = "7e1b2c3d-0000-4000-8000-000000000001"


def read(model, **row):
    return decode_rows(json.dumps([{"id": ID, **row}]).encode(), model)[0]


def test_unknown_columns_and_unknown_values_are_kept():
    customer = read(AdminCustomer, loyalty_level=7, tier="diamond", account_status="dormant", segment="Coleccionista")
    assert customer.model_extra == {"loyalty_level": 7}
    assert (customer.tier, customer.account_status, customer.segment) == ("diamond", "dormant", "Coleccionista")
    assert customer.canonical_segment is None
    assert read(CustomerProfile, account_status="banned").account_status is AccountStatus.BANNED


@pytest.mark.parametrize(
    ("recency", "frequency", "days"), [(365, 0, None), (None, 0, None), (365, 2, 365), (0, 1, 0), (12, None, 12)]
)
def test_a_customer_without_orders_has_no_recency(recency, frequency, days):
    customer = read(AdminCustomer, recency_days=recency, frequency=frequency)
    assert customer.recency_days == days
    assert customer.model_dump()["recency_days"] == days
    assert "recency_as_sent" not in customer.model_dump()


def test_models_are_frozen():
    with pytest.raises(ValidationError):
        read(AdminCustomer).full_name = "otra"


def test_a_notebook_shows_a_customer_without_personal_data_and_without_markup():
    shown = read(AdminCustomer, full_name="<b>Ana</b>", email="ana@x.example", phone="5512345678")._repr_html_()
    assert "ana@" not in shown
    assert "5512345678" not in shown
    assert "<b>Ana" not in shown
    assert "…78" in shown


def test_intelligence_is_nested_as_the_web_admin_has_it():
    customer = read(AdminCustomer, segment="Leal", health_status="Churning")
    assert (customer.intelligence.segment, customer.intelligence.canonical_health) == (
        "Leal",
        HealthStatus.NEEDS_ATTENTION,
    )


@pytest.mark.parametrize("spelling", ["cancelled", "canceled", "cancelado", "Cancelado"])
def test_every_spelling_of_cancelled_is_cancelled(spelling):
    assert read(Order, status=spelling).is_cancelled
    assert not read(Order, status="shipped").is_cancelled
    assert not read(Order).is_cancelled


def test_custom_fields_of_old_rows_may_hold_anything_and_tags_may_be_null():
    notes = decode(
        json.dumps([{"customer_id": ID, "tags": None, "custom_fields": {"a": 1, "b": [True]}}]).encode(),
        adapter_of(AdminNotes),
    )[0]
    assert (notes.tags, notes.custom_fields) == ([], {"a": 1, "b": [True]})


# As the answers of a web back end


AMOUNTS = [
    ("150.00", "150.00"), ("150", "150.00"), ("1.5E+2", "150.00"), ("0.1", "0.10"), ("12.345", "12.345"), ("0", "0.00"),
    ("-0.05", "-0.05"), ("1E+3", "1000.00"), ("99999999999999999999.99", "99999999999999999999.99"), ('"7.5"', "7.50"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "shown"), AMOUNTS)
def test_an_amount_is_a_string_in_json_with_its_cents_and_all_its_digits(sent, shown):
    [order] = decode_rows(f'[{{"id": "{ID}", "total": {sent}}}]'.encode(), Order)
    assert order.model_dump(mode="json")["total"] == shown
    assert json.loads(order.model_dump_json())["total"] == shown
    assert order.model_dump()["total"] == order.total == Decimal(shown)
    assert Order.model_validate_json(order.model_dump_json()) == order


def test_a_discount_may_be_a_text_and_no_amount_is_null():
    assert SuggestedCoupon(code="A", discount="15%").model_dump(mode="json")["discount"] == "15%"
    assert SuggestedCoupon(code="A", discount=15).model_dump(mode="json")["discount"] == "15.00"
    assert read(Order).model_dump(mode="json")["total"] is None


MODELS = [
    model
    for name in admin_crm.__all__
    if isinstance(model := getattr(admin_crm, name), type) and issubclass(model, Model)
]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_schema_of_its_answers_in_which_amounts_are_strings(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = json.dumps(model.model_json_schema(mode="serialization"))
    amounts = [name for name, field in model.model_fields.items() if "Money" in repr(model.__annotations__.get(name))]
    assert schema.count('"format": "decimal"') >= len(amounts)


@pytest.fixture
def browser():
    """A browser of an app whose answers are our models, as they are."""
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    app = FastAPI()
    customer = read(
        AdminCustomer, full_name="Ana", email="ana@x.example", phone="55 1234 5678", monetary=150, birthdate="infinity",
        puntos={"a": 1.5}, tier="diamond", created_at="2026-11-22 16:01:28.019+00",
    )  # fmt: skip
    detail = AdminCustomerDetail(id=ID, orders=[read(Order, total=3, items=[{"name": "Gorra", "price": 3}])])
    routes = {
        "/page": (Page[AdminCustomer], Page([customer], total=1, page=1, page_size=20)),
        "/list": (list[AdminCustomer], RowList([customer])),
        "/rows": (RowList[AdminCustomer], RowList([customer])),
        "/any": (RowList, RowList([customer])),
        "/detail": (AdminCustomerDetail, detail),
    }
    for path, (kind, answer) in routes.items():
        app.get(path, response_model=kind)(lambda answer=answer: answer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield TestClient(app)


def test_a_back_end_answers_pages_lists_and_details_as_they_are(browser):
    page = browser.get("/page").json()
    assert {name: page[name] for name in ("total", "page", "page_size")} == {"total": 1, "page": 1, "page_size": 20}
    [row] = page["items"]
    assert (row["id"], row["monetary"], row["tier"], row["puntos"]) == (ID, "150.00", "diamond", {"a": 1.5})
    assert row["created_at"] == "2026-11-22T16:01:28.019000Z"
    for path in ("/list", "/rows", "/any"):
        assert browser.get(path).json() == [row]
    detail = browser.get("/detail").json()
    assert (detail["orders"][0]["total"], detail["orders"][0]["items"][0]["price"]) == ("3.00", "3.00")
    assert detail["orders_summary"]["aov"] == "0.00"


def test_an_answer_is_no_representation_so_personal_data_is_not_masked_in_it(browser):
    [row] = browser.get("/page").json()["items"]
    assert (row["email"], row["phone"]) == ("ana@x.example", "55 1234 5678")


def test_what_could_not_be_read_is_null_in_an_answer_and_not_told(browser):
    [row] = browser.get("/page").json()["items"]
    assert row["birthdate"] is None
    assert "unreadable" not in row
    assert "recency_as_sent" not in row


def test_the_schema_of_a_back_end_agrees_with_its_answers(browser):
    schemas = browser.get("/openapi.json").json()["components"]["schemas"]
    customer = schemas["AdminCustomer"]
    assert customer["properties"]["monetary"]["anyOf"] == [{"type": "string", "format": "decimal"}, {"type": "null"}]
    [row] = browser.get("/page").json()["items"]
    assert set(row) - set(customer["properties"]) == {"puntos"}
    assert customer["additionalProperties"] is True
    assert {"recency_days", "monetary"} <= set(customer["properties"])
    assert set(schemas["Page_AdminCustomer_"]["properties"]) == {"items", "total", "page", "page_size"}

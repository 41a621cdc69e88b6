"""Arguments are checked before anything is sent, and the error names the argument and is of Python's own kind."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from admin_crm import (
    AdminCustomer,
    InvalidInputError,
    InvalidTypeError,
    filter_customers,
    get_all_customers,
    iter_customers,
    paginate,
    search_customers,
    tier_progress,
    update_customer_status,
)
from admin_crm._core import validation as check

ID = "7e1b2c3d-0000-4000-8000-000000000001"
ANA = AdminCustomer(id=ID, full_name="Ana")


@pytest.mark.parametrize("same", [ID, ID.upper(), ID.replace("-", ""), f"  {ID}\n", UUID(ID)])
def test_an_id_is_a_uuid_or_its_usual_spelling(same):
    assert check.uuid(same) == UUID(ID)


@pytest.mark.parametrize(
    "other",
    ["0_1b2c3d-0000-4000-8000-000000000001", f"{{{ID}}}", f"urn:uuid:{ID}", "7e1b2c3d00004-000-8000-000000000001",
     "\u0667e1b2c3d-0000-4000-8000-000000000001", "7e1b2c3d", ""],
)  # fmt: skip
def test_what_only_resembles_an_id_never_passes_for_another_one(other):
    with pytest.raises(InvalidInputError, match="must be a UUID"):
        check.uuid(other)


@pytest.mark.parametrize("wrong", [None, 5, 5.0, b"x", ["x"], ID.encode()])
def test_an_argument_of_the_wrong_type_is_a_type_error_that_names_it(wrong):
    with pytest.raises(TypeError, match="customer_id must be a UUID") as raised:
        check.uuid(wrong)
    assert isinstance(raised.value, InvalidTypeError)
    assert raised.value.argument == "customer_id"


@pytest.mark.parametrize("argument", ["segment", "health_status", "tier", "status"])
@pytest.mark.parametrize("wrong", [5, ["champion"], b"gold"])
def test_a_filter_of_the_wrong_type_is_a_type_error_in_search_and_in_filter(ask, argument, wrong):
    with pytest.raises(InvalidTypeError) as raised:
        ask(search_customers, **{argument: wrong})
    assert raised.value.argument == argument
    with pytest.raises(InvalidTypeError) as raised:
        filter_customers([ANA], **{argument: wrong})
    assert raised.value.argument == argument


@pytest.mark.parametrize("wrong", ["2", 1.0, None, True])
def test_a_number_of_the_wrong_type_is_a_type_error(ask, wrong):
    with pytest.raises(InvalidTypeError):
        paginate([1], page=wrong)
    with pytest.raises(InvalidTypeError):
        ask(search_customers, page_size=wrong)
    if wrong is not None:
        with pytest.raises(InvalidTypeError):
            iter_customers(ask.crm, page_size=wrong)


@pytest.mark.parametrize("wrong", ["100", None, [1], True])
def test_an_amount_of_the_wrong_type_is_a_type_error(wrong):
    with pytest.raises(InvalidTypeError):
        tier_progress(wrong)


@pytest.mark.parametrize("end", ["2030-01-01", 5])
def test_an_end_that_is_no_datetime_is_a_type_error(ask, end):
    with pytest.raises(InvalidTypeError, match="suspension_end"):
        ask(update_customer_status, ID, "suspended", end)


@pytest.mark.parametrize("status", [5, None])
def test_a_status_of_the_wrong_type_is_a_type_error(ask, status):
    with pytest.raises(InvalidTypeError, match="status must be a string"):
        ask(update_customer_status, ID, status)


def test_a_connection_that_is_none_is_a_type_error():
    with pytest.raises(TypeError, match="needs an AdminCRM"):
        get_all_customers(None)
    with pytest.raises(TypeError):
        get_all_customers()


@pytest.mark.parametrize(
    ("value", "amount"),
    [(0, "0"), (5, "5"), (0.1, "0.1"), (Decimal("12.50"), "12.50"), (10**15, "1000000000000000"), (1e15, "1E+15")],
)
def test_an_amount_is_a_decimal_number_as_it_is_printed(value, amount):
    assert check.amount(value, "spent_min") == Decimal(amount)


@pytest.mark.parametrize("wrong", [-1, -0.01, 10**16, 10**400, float("nan"), Decimal("Infinity"), Decimal("sNaN")])
def test_an_amount_that_is_no_price_is_refused(wrong):
    with pytest.raises(InvalidInputError, match="spent_min must be from 0"):
        check.amount(wrong, "spent_min")


@pytest.mark.parametrize("wrong", [True, "5", None, b"5"])
def test_an_amount_is_a_number_and_a_switch_is_true_or_false(wrong):
    with pytest.raises(InvalidTypeError, match="spent_min must be a number"):
        check.amount(wrong, "spent_min")
    for each in (1, 0, "yes", None):
        with pytest.raises(InvalidTypeError, match="locked must be True or False"):
            check.boolean(each, "locked")
    assert check.boolean(value=False, argument="locked") is False

"""Links that open a chat in WhatsApp."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    AdminCustomer,
    AdminCustomerDetail,
    CustomerProfile,
    InvalidInputError,
    InvalidTypeError,
    Settings,
    whatsapp_link,
)

ID = UUID("7e1b2c3d-0000-4000-8000-000000000001")


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("55 1234 5678", "525512345678"),
        ("(228) 123-45-67", "522281234567"),
        ("228.123.45.67", "522281234567"),
        ("055 1234 5678", "525512345678"),
        ("+52 55 1234 5678", "525512345678"),
        ("0052 55 1234 5678", "525512345678"),
        ("52 55 1234 5678", "525512345678"),
        ("5212281234567", "5212281234567"),
        ("+52 1 228 123 4567", "5212281234567"),
        ("5255 1234 56", "525255123456"),  # a Mexican number of ten digits that begins like the country's code
        ("+1 (212) 555-0100", "12125550100"),
        ("+44 (0)20 7946 0958", "442079460958"),
        ("(+34) 612 345 678", "34612345678"),
        ("Cel: 55 1234 5678", "525512345678"),
        ("\N{NO-BREAK SPACE}55\N{NO-BREAK SPACE}1234\N{EN DASH}5678 ", "525512345678"),
        ("\N{FULLWIDTH PLUS SIGN}52 55 1234 5678", "525512345678"),
        (5512345678, "525512345678"),
    ],
)
def test_a_number_is_written_as_whatsapp_wants_it(written, digits):
    assert whatsapp_link(written) == f"https://wa.me/{digits}"


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "no tiene", "123", "+", "000", "+0 55 1234 5678", "55 1234 5678 ext. 12",
        "55 1234 5678 / 55 8765 4321", "5512345678 5587654321", "+52 55 1234 5678 o +52 55 8765 4321", "1" * 5000,
        " " * 5000 + "x",        "\u0665\u0665 1234 5678",
        "\u0665\u0665\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "ana@shop.example", "\x00", 0,
    ],
)  # fmt: skip
def test_what_is_no_number_has_no_link(written):
    with pytest.raises(InvalidInputError, match="no usable") as raised:
        whatsapp_link(written)
    assert raised.value.argument == "customer"


def test_an_error_does_not_show_the_number():
    with pytest.raises(InvalidInputError) as raised:
        whatsapp_link("55 1234 5678 ext. 12")
    assert "1234" not in str(raised.value)


@pytest.mark.parametrize("model", [AdminCustomer, AdminCustomerDetail, CustomerProfile])
def test_a_customers_whatsapp_number_comes_before_the_phone_number(model):
    def link(**numbers):
        return whatsapp_link(model(id=ID, **numbers))

    assert link(whatsapp="55 1111 1111", phone="55 2222 2222") == "https://wa.me/525511111111"
    for missing in (None, "", "  ", "no"):
        assert link(whatsapp=missing, phone="55 2222 2222") == "https://wa.me/525522222222"
    with pytest.raises(InvalidInputError, match="no usable") as raised:
        link(whatsapp="no", phone=None)
    assert raised.value.customer_id == ID


def test_the_country_code_is_the_shops():
    assert whatsapp_link("612 345 678", settings=Settings(country_code="34")) == "https://wa.me/34612345678"
    for wrong in ("+34", "", "034", "x", "12345"):
        with pytest.raises(InvalidInputError, match="country_code"):
            Settings(country_code=wrong)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=200))
def test_the_text_arrives_as_it_was_written(text):
    link = whatsapp_link("55 1234 5678", text)
    assert re.fullmatch(r"https://wa\.me/525512345678\?text=[A-Za-z0-9%._~-]+", link)
    assert parse_qs(urlsplit(link).query, keep_blank_values=True) == {"text": [text]}


@given(st.text(max_size=60))
def test_any_text_in_a_number_is_a_link_of_digits_or_an_error(written):
    try:
        link = whatsapp_link(written)
    except InvalidInputError:
        return
    assert re.fullmatch(r"https://wa\.me/[1-9][0-9]{7,14}", link)


def test_wrong_arguments_are_refused():
    for wrong in (None, True, 5.5, object()):
        with pytest.raises(InvalidTypeError, match="customer"):
            whatsapp_link(wrong)
    for text in (None, "x" * 5001, "\ud800"):
        with pytest.raises(InvalidInputError, match="text"):
            whatsapp_link("55 1234 5678", text)

"""What a notebook or a terminal stores by itself shows no e-mail address and no phone number (R8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import AddressData, CreateCustomerData, show_personal_data
from admin_crm._core.personal import mask_email, mask_phone, mask_text
from admin_crm.models import Address, AdminCustomer, AdminCustomerDetail, AdminNotes, Notification, Page, RowList
from helpers import SOMEBODY

EMAIL, PHONE = "ana.lopez@tienda.example", "228 123 4567"
CUSTOMER = AdminCustomer.model_validate(
    {
        "id": SOMEBODY, "full_name": "Ana", "email": EMAIL, "customer_phone": PHONE, "whatsapp": "+52 228 1234567",
        "correo": f"también {EMAIL}", "ai_preferences": {"personality_notes": f"prefiere el {PHONE}"},
    }
)  # fmt: skip
DETAIL = AdminCustomerDetail.model_validate(
    {
        **CUSTOMER.model_dump(), "addresses": [Address(customer_id=SOMEBODY, label="Casa", phone=PHONE)],
        "admin_notes": AdminNotes(customer_id=SOMEBODY, notes=f"llamar al {PHONE}", custom_fields={EMAIL: [PHONE]}),
    }
)  # fmt: skip
NEW = CreateCustomerData(
    email=EMAIL, full_name="Ana", phone=PHONE, address=AddressData(street="a", number="1", colony="b", zip_code="9")
)
SHOWN = {
    "customer": CUSTOMER,
    "detail": DETAIL,
    "page": Page([CUSTOMER], 1, 1, 15),
    "list": RowList([CUSTOMER]),
    "slice": RowList([CUSTOMER] * 3)[:2],
    "plain list": [CUSTOMER],
    "to be created": NEW,
    "notification": Notification(id=SOMEBODY, user_id=SOMEBODY, title=EMAIL, message=f"al {PHONE}"),
}


def texts(value):
    yield from (repr(value), str(value))
    if hasattr(value, "_repr_html_"):
        yield value._repr_html_()


@pytest.mark.parametrize("value", SHOWN.values(), ids=SHOWN)
def test_every_representation_masks_emails_and_phones_until_they_are_asked_for(value):
    for text in texts(value):
        assert "ana.lopez" not in text
        assert "4567" not in text
        assert "1234567" not in text
    with show_personal_data():
        assert EMAIL in repr(value)
    assert EMAIL not in repr(value)


def test_a_single_field_always_shows_itself():
    assert (CUSTOMER.email, CUSTOMER.phone) == (EMAIL, PHONE)
    assert CUSTOMER.model_dump()["email"] == EMAIL


def test_the_switch_stays_until_it_is_set_back():
    try:
        switch = show_personal_data()
        assert EMAIL in str(CUSTOMER)
        assert "shown" in repr(switch)
    finally:
        assert "masked" in repr(show_personal_data(False))
    assert EMAIL not in str(CUSTOMER)


def test_blocks_may_be_nested():
    with show_personal_data():
        with show_personal_data(False):
            assert EMAIL not in str(CUSTOMER)
        assert EMAIL in str(CUSTOMER)


def test_directly_before_the_at_sign_is_nothing_but_a_mask():
    assert (mask_email("a@x.example"), mask_email(None), mask_email("nada")) == ("…@x.example", None, "nada")
    assert (mask_phone("5512345678"), mask_phone(None)) == ("…78", None)


@pytest.mark.parametrize(
    "text", ["2026-11-28", "P-000123456", SOMEBODY, "12 años", "$1,250.00", "talla 36", "2026-11-28T10:20"]
)
def test_dates_ids_and_prices_are_no_phone_numbers(text):
    assert mask_text(text) == text


@given(st.emails(), st.from_regex(r"\+?[0-9]{2,3}[ -]?[0-9]{3}[ -]?[0-9]{4}", fullmatch=True), st.text(max_size=9))
def test_an_email_or_phone_in_a_text_is_masked(email, phone, around):
    masked = mask_text(f"{around} {email} {phone} {around}")
    assert email not in masked
    assert phone not in masked


@pytest.mark.parametrize("piece", ["a", "1 ", "1", "a@", "@", "+1 (", "1-"])
def test_a_long_text_is_masked_in_one_pass(piece):
    # In time that grows with the square of the length, this would take hours.
    text = piece * 200_000
    assert len(mask_text(f"{text} {EMAIL} {PHONE}")) > 0
    assert EMAIL not in mask_text(f"{text} {EMAIL}")

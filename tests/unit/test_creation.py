"""Creating customers: what is checked first, who writes which rows, and resuming."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
import respx

from admin_crm import (
    AddressData,
    CreateCustomerData,
    CustomerCreationError,
    InvalidInputError,
    create_customer_with_details,
    resume_customer_creation,
)
from helpers import ANON, KEY, PROFILES, REST, SOMEBODY
from sign_up_server import DATA, LOG_OUT, SIGN_UP, signed_up, with_session

ADDRESSES = f"{REST}/addresses"


def written(request: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json=[json.loads(request.content)])


def rows(*found: dict) -> httpx.Response:
    return httpx.Response(200, json=found, headers={"content-range": f"0-0/{len(found)}"})


@respx.mock
def test_the_new_user_writes_their_own_rows_and_keys_are_not_confused(ask):
    sign_up = respx.post(SIGN_UP).mock(side_effect=with_session)
    log_out = respx.post(LOG_OUT).mock(return_value=httpx.Response(204))
    profile = respx.post(PROFILES).mock(side_effect=written)
    address = respx.post(ADDRESSES).mock(side_effect=written)
    created = ask(create_customer_with_details, DATA, redirect_to="https://shop.test/hola")
    assert sign_up.calls.last.request.headers["apikey"] == ANON
    assert sign_up.calls.last.request.url.params["redirect_to"] == "https://shop.test/hola"
    for route in (profile, address, log_out):
        assert route.calls.last.request.headers["apikey"] == ANON
        assert route.calls.last.request.headers["authorization"] == "Bearer user-token"
    assert not created.needs_confirmation
    route = respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    ask.caller.wait(ask.crm.supabase.table("customer_profiles").select("*").execute())
    assert route.calls.last.request.headers["authorization"] == f"Bearer {KEY}"


@respx.mock
def test_the_session_of_the_new_user_is_ended_when_a_row_could_not_be_written_too(ask):
    respx.post(SIGN_UP).mock(side_effect=with_session)
    log_out = respx.post(LOG_OUT).mock(return_value=httpx.Response(204))
    respx.post(PROFILES).mock(return_value=httpx.Response(400, json={"code": "23514", "message": "no"}))
    with pytest.raises(CustomerCreationError):
        ask(create_customer_with_details, DATA)
    assert log_out.calls.last.request.headers["authorization"] == "Bearer user-token"
    assert log_out.calls.last.request.url.params["scope"] == "local"


@respx.mock
def test_a_creation_that_is_interrupted_sends_nothing_more(ask):
    interruption = asyncio.CancelledError if ask.caller.name == "async" else KeyboardInterrupt

    def interrupted(request: httpx.Request) -> httpx.Response:
        raise interruption

    respx.post(SIGN_UP).mock(side_effect=with_session)
    respx.post(PROFILES).mock(side_effect=interrupted)
    with pytest.raises(interruption):
        ask(create_customer_with_details, DATA)  # a sign-out would be a request that nothing here answers


@respx.mock
def test_rows_that_policies_refuse_the_new_user_are_written_by_the_administrator(ask):
    def for_administrators_only(request: httpx.Request) -> httpx.Response:
        if request.headers["apikey"] == ANON:
            return httpx.Response(403, json={"code": "42501", "message": "new row violates row-level security policy"})
        return written(request)

    respx.post(SIGN_UP).mock(side_effect=with_session)
    respx.post(LOG_OUT).mock(return_value=httpx.Response(204))
    respx.post(PROFILES).mock(side_effect=for_administrators_only)
    respx.post(ADDRESSES).mock(side_effect=for_administrators_only)
    assert str(ask(create_customer_with_details, DATA).id) == SOMEBODY


@respx.mock
def test_rows_that_were_written_but_are_hidden_stop_the_creation(ask):
    respx.post(SIGN_UP).mock(side_effect=signed_up)
    respx.post(PROFILES).mock(return_value=httpx.Response(201, json=[]))
    with pytest.raises(CustomerCreationError) as raised:
        ask(create_customer_with_details, DATA)
    assert (str(raised.value.user_id), raised.value.completed) == (SOMEBODY, ("sign_up",))
    assert "profile and address" in str(raised.value)
    respx.get(PROFILES).mock(return_value=rows())
    respx.post(PROFILES).mock(side_effect=written)
    respx.get(ADDRESSES).mock(return_value=rows())
    respx.post(ADDRESSES).mock(return_value=httpx.Response(201, json=[]))
    with pytest.raises(CustomerCreationError) as raised:
        ask(resume_customer_creation, SOMEBODY, DATA)
    assert raised.value.completed == ("sign_up", "profile")


@respx.mock
def test_what_is_not_given_comes_from_the_customer_or_is_left_to_the_database(ask):
    respx.post(SIGN_UP).mock(side_effect=signed_up)
    profile = respx.post(PROFILES).mock(side_effect=written)
    address = respx.post(ADDRESSES).mock(side_effect=written)
    blank = {"label": " ", "full_name": "", "city": "", "state": " ", "phone": "", "notes": "", "references": ""}
    ask(create_customer_with_details, DATA | {"whatsapp": "", "address": DATA["address"] | blank})
    sent = json.loads(address.calls.last.request.content)
    sent.pop("id")
    assert sent == {
        "customer_id": SOMEBODY, "type": "shipping", "label": "Casa", "full_name": "Ana", "phone": "55",
        "street": "Ocho", "number": "8", "colony": "Centro", "zip_code": "06000", "is_default": True,
    }  # fmt: skip
    assert json.loads(profile.calls.last.request.content)["whatsapp"] == "55"


@respx.mock
def test_a_column_that_somebody_else_has_just_filled_is_not_overwritten(ask):
    respx.get(PROFILES).mock(return_value=rows({"id": SOMEBODY, "full_name": "Ana", "phone": "55", "whatsapp": None}))
    fill = respx.patch(PROFILES).mock(return_value=httpx.Response(200, json=[]))
    respx.get(ADDRESSES).mock(return_value=rows({"id": SOMEBODY, "customer_id": SOMEBODY, "is_default": False}))
    resumed = ask(resume_customer_creation, SOMEBODY, DATA)
    assert fill.call_count == 1
    assert json.loads(fill.calls.last.request.content) == {"whatsapp": "56"}
    assert fill.calls.last.request.url.params["whatsapp"] == "is.null"
    assert str(resumed.address.id) == SOMEBODY


STORED_NOWHERE = ["a\x00b", "half \ud83d pair"]


@pytest.mark.parametrize("text", STORED_NOWHERE, ids=ascii)
@pytest.mark.parametrize("field", ["email", "full_name", "phone", "whatsapp", "password"])
@respx.mock
def test_texts_that_the_database_cannot_store_are_refused_before_the_sign_up(ask, field, text):
    wrong = f"{text}@x.example".replace(" ", "") if field == "email" else text
    with pytest.raises(InvalidInputError, match=field) as refused:
        ask(create_customer_with_details, DATA | {field: wrong})
    assert text not in str(refused.value)
    assert not respx.calls


@pytest.mark.parametrize("text", STORED_NOWHERE, ids=ascii)
@pytest.mark.parametrize("field", sorted(AddressData.model_fields.keys() - {"customer_id", "type", "is_default"}))
@respx.mock
def test_texts_of_the_address_that_cannot_be_stored_are_refused_before_the_sign_up(ask, field, text):
    with pytest.raises(InvalidInputError, match=rf"address\.{field}"):
        ask(create_customer_with_details, DATA | {"address": DATA["address"] | {field: text}})
    assert not respx.calls


@respx.mock
def test_the_address_of_a_new_customer_has_no_customer_yet(ask):
    data = CreateCustomerData.model_validate(DATA | {"address": DATA["address"] | {"customer_id": SOMEBODY}})
    for operation, arguments in ((create_customer_with_details, (data,)), (resume_customer_creation, (SOMEBODY, data))):
        with pytest.raises(InvalidInputError, match=r"address\.customer_id") as refused:
            ask(operation, *arguments)
        assert "add_customer_address" in str(refused.value.hint)
    assert not respx.calls


@pytest.mark.parametrize(
    "options", [{"method": "magic"}, {"redirect_to": " "}, {"redirect_to": "https://x.example/\x00"}], ids=repr
)
@respx.mock
def test_options_are_checked_before_the_sign_up(ask, options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        ask(create_customer_with_details, DATA, **options)
    assert not respx.calls


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": "nobody"}, "CreateCustomerData is invalid: email must be an e-mail address"),
        ({"full_name": " "}, "CreateCustomerData is invalid: full_name must not be empty"),
        ({"password": ""}, "CreateCustomerData is invalid: password must not be empty"),
        ({"apellido": "X"}, "CreateCustomerData is invalid: apellido is not one of the fields"),
        ({"phone": "1" * 201}, "CreateCustomerData is invalid: phone must have at most 200 characters"),
        ({"address": {"street": "a"}}, "address.number is missing; address.colony is missing; address.zip_code is"),
    ],
)
def test_a_customer_with_a_wrong_field_is_refused_in_plain_words(fields, message):
    with pytest.raises(InvalidInputError) as refused:
        CreateCustomerData(**(DATA | fields))
    assert message in str(refused.value)
    assert refused.value.argument == "data"


def test_an_address_without_its_street_is_refused_in_plain_words():
    with pytest.raises(InvalidInputError, match=r"AddressData is invalid: street is missing$"):
        AddressData(number="1", colony="b", zip_code="9")

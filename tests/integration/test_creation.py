"""Creating customers, on the local stack with and without e-mail confirmation."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from admin_crm import (
    AddressData,
    ConflictError,
    CreateCustomerData,
    CustomerCreationError,
    CustomerNotFoundError,
    InvalidInputError,
    create_customer_with_details,
    get_admin_customer_details,
    get_all_customers,
    resume_customer_creation,
)
from admin_crm._core.connection import link_of
from admin_crm.local import LocalStack
from shops import REAL_POSTGREST, open_shop

ADDRESS = AddressData(
    type="shipping",
    label="Casa",
    full_name="Ñandú Pérez",
    street="Calle Ocho",
    number="8 bis",
    colony="Centro",
    zip_code="06000",
    references="portón azul",
)


def somebody(**changes):
    return CreateCustomerData(
        **{
            "email": f"nuevo-{uuid4()}@clientes.example",
            "full_name": "Ñandú Pérez",
            "phone": "+52 55 1234 5678",
            "whatsapp": "+52 55 1234 5678",
            "address": ADDRESS,
            **changes,
        }
    )


CONFIRMING = pytest.mark.xdist_group("confirming")  # one process starts that shop


@pytest.fixture(scope="module")
def confirming() -> Iterator[LocalStack]:
    with open_shop(email_confirmation=True) as running:
        yield running


@pytest.fixture(params=["session at once", pytest.param("e-mail to be confirmed", marks=CONFIRMING)])
def shop(request, stack):
    return stack if request.param == "session at once" else request.getfixturevalue("confirming")


@pytest.fixture
def rights(caller, shop, stack):
    """A secret key or an administrator's session, combined as in test_directory."""
    if [caller.name == "sync", shop is stack, REAL_POSTGREST].count(True) % 2:
        return caller.open(shop.url, shop.secret_key, anon_key=shop.publishable_key)
    return caller.sign_in(shop.url, shop.publishable_key, shop.admin_email, shop.admin_password)


def test_a_customer_is_created_and_the_administrator_stays_one(caller, rights, shop, stack):
    before = dict(rights.supabase.options.headers), link_of(rights).rights.session
    data = somebody()
    created = caller(create_customer_with_details, rights, data)
    assert (dict(rights.supabase.options.headers), link_of(rights).rights.session) == before
    assert created.needs_confirmation is (shop is not stack)
    detail = caller(get_admin_customer_details, rights, created.id)
    assert (detail.full_name, detail.phone, detail.whatsapp) == (data.full_name, data.phone, data.whatsapp)
    assert [(each.street, each.references, each.is_default, each.city) for each in detail.addresses] == [
        ("Calle Ocho", "portón azul", True, "")
    ]
    assert created.address == detail.addresses[0]
    assert len(caller(get_all_customers, rights)) >= 1200


def test_the_generated_password_works_and_is_never_shown(caller, stack, caplog):
    caplog.set_level("DEBUG")
    crm = caller.open(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    created = caller(create_customer_with_details, crm, somebody())
    password = created.password.get_secret_value()
    assert len(password) >= 16
    assert password not in repr(created) + str(created) + caplog.text
    caller.sign_in(stack.url, stack.publishable_key, created.email, password)


def test_a_mapping_is_accepted_and_its_password_is_used(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    data = somebody().model_dump() | {"password": "una-Frase-larga-7"}
    assert caller(create_customer_with_details, crm, data).password.get_secret_value() == "una-Frase-larga-7"


def test_an_address_that_is_registered_is_a_conflict(caller, rights, shop):
    known = shop.execute_sql("select email from auth.users where email_confirmed_at is not null limit 1")
    data = somebody(email=known[0]["email"])
    with pytest.raises(ConflictError, match="already registered"):
        caller(create_customer_with_details, rights, data)


def test_a_weak_password_is_reported_as_such(caller, rights):
    with pytest.raises(InvalidInputError) as refused:
        caller(create_customer_with_details, rights, somebody(password="abc"))
    assert refused.value.code == "weak_password"


def test_a_creation_that_stopped_reports_its_steps_and_can_be_resumed(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    stack.execute_sql("alter table addresses rename column zip_code to postal_code")
    data = somebody()
    try:
        with pytest.raises(CustomerCreationError) as stopped:
            caller(create_customer_with_details, crm, data)
    finally:
        stack.execute_sql("alter table addresses rename column postal_code to zip_code")
    assert stopped.value.completed == ("sign_up", "profile")
    assert "address" in str(stopped.value)
    for _ in range(2):  # resuming twice is harmless
        resumed = caller(resume_customer_creation, crm, stopped.value.user_id, data)
    detail = caller(get_admin_customer_details, crm, resumed.id)
    assert [each.street for each in detail.addresses] == ["Calle Ocho"]


def test_a_creation_for_an_unknown_user_cannot_be_resumed(caller, stack):
    crm = caller.open(stack.url, stack.secret_key)
    with pytest.raises(CustomerNotFoundError):
        caller(resume_customer_creation, crm, uuid4(), somebody())


def test_without_an_anon_key_nothing_is_sent(caller):
    crm = caller.open("http://127.0.0.1:9", "sb_secret_x")
    with pytest.raises(InvalidInputError, match="anon key"):
        caller(create_customer_with_details, crm, somebody())


def test_incomplete_data_is_refused_naming_the_fields_but_not_their_values(ask):
    with pytest.raises(InvalidInputError, match=r"address\.street") as refused:
        ask(create_customer_with_details, somebody().model_dump() | {"address": {"street": "", "label": "secreto"}})
    assert "secreto" not in str(refused.value)

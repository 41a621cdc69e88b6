"""Creating customers, on the local stack with and without e-mail confirmation."""

from __future__ import annotations

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
from shops import CONFIRMING, CUSTOMERS, FEW

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


def users_with(shop, email):
    return shop.execute_sql(f"select id from auth.users where lower(email) = lower('{email}')")


def sessions_of(shop, user_id):
    return shop.execute_sql(f"select count(*) from auth.sessions where user_id = '{user_id}'")[0]["count"]


@pytest.fixture(params=["session at once", pytest.param("e-mail to be confirmed", marks=CONFIRMING)])
def shop(request, stack):
    return stack if request.param == "session at once" else request.getfixturevalue("confirming")


@pytest.fixture
def rights(caller, shop):
    """A secret key, sync, and an administrator's session, async."""
    if caller.name == "sync":
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
        ("Calle Ocho", "portón azul", True, "Xalapa")
    ]
    assert created.address == detail.addresses[0]
    assert len(caller(get_all_customers, rights)) >= (CUSTOMERS if shop is stack else FEW)


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


@pytest.mark.parametrize("text", ["a\x00b", "half \ud83d pair"], ids=ascii)
def test_a_street_that_cannot_be_stored_signs_nobody_up(caller, stack, text):
    crm = caller.open(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    data = somebody().model_dump(exclude={"address": {"customer_id"}})
    with pytest.raises(InvalidInputError, match=r"address\.street"):
        caller(create_customer_with_details, crm, data | {"address": data["address"] | {"street": text}})
    assert users_with(stack, data["email"]) == []


def test_an_address_that_was_invited_is_a_conflict_and_its_customer_stays_as_is(caller, rights, shop):
    by_key = caller.open(shop.url, shop.secret_key)
    invited = caller(create_customer_with_details, by_key, somebody(address=None, full_name="Primera"), method="invite")
    # A minute later, since the server sends no two mails in one minute.
    shop.execute_sql(
        f"update auth.users set confirmation_sent_at = now() - interval '2 minutes' where id = '{invited.id}'"
    )
    data = somebody(email=invited.email, full_name="Segunda", password="una-Frase-larga-7")
    with pytest.raises(ConflictError, match="never confirmed") as refused:
        caller(create_customer_with_details, rights, data)
    assert refused.value.customer_id == invited.id
    detail = caller(get_admin_customer_details, rights, invited.id)
    assert (detail.full_name, detail.addresses) == ("Primera", [])
    assert sessions_of(shop, invited.id) == 0
    resumed = caller(resume_customer_creation, rights, refused.value.customer_id, data)
    assert (resumed.profile.full_name, resumed.address.street) == ("Primera", "Calle Ocho")


def test_where_a_trigger_fails_nothing_was_created_and_it_may_be_tried_again(caller, stack, failing_address):
    crm = caller.open(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    for method in ("sign_up", "admin", "invite"):
        with pytest.raises(CustomerCreationError, match="nothing was created") as failed:
            caller(create_customer_with_details, crm, somebody(email=failing_address), method=method)
        assert (failed.value.user_id, failed.value.code) == (None, "unexpected_failure")
    assert users_with(stack, failing_address) == []


def test_the_server_stores_the_address_in_lower_case_and_the_new_session_is_ended(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    data = somebody(email=f"Nuevo-{uuid4()}@Clientes.Example")
    created = caller(create_customer_with_details, crm, data)
    assert created.email == data.email.lower()
    assert users_with(stack, created.email) == [{"id": str(created.id)}]
    assert sessions_of(stack, created.id) == 0


@pytest.mark.parametrize("address", [ADDRESS, None], ids=["with an address", "without"])
def test_an_administrator_creates_with_the_secret_key_alone(caller, shop, address):
    crm = caller.open(shop.url, shop.secret_key)
    created = caller(create_customer_with_details, crm, somebody(address=address, password="a"), method="admin")
    assert (created.needs_confirmation, created.password.get_secret_value()) == (False, "a")
    assert (created.address is None) is (address is None)
    caller.sign_in(shop.url, shop.publishable_key, created.email, "a")
    with pytest.raises(ConflictError, match="already registered") as taken:
        caller(create_customer_with_details, crm, somebody(email=created.email), method="admin")
    assert taken.value.customer_id == created.id


def test_a_session_with_a_secret_key_beside_it_creates_as_an_administrator(caller, stack):
    crm = caller.sign_in(
        stack.url, stack.publishable_key, stack.admin_email, stack.admin_password, secret_key=stack.secret_key
    )
    created = caller(create_customer_with_details, crm, somebody(), method="admin")
    assert created.address.city == "Xalapa"


def test_an_invited_customer_has_no_password_yet_and_a_second_invitation_is_a_conflict(caller, stack):
    crm = caller.open(stack.url, stack.secret_key)
    created = caller(create_customer_with_details, crm, somebody(), method="invite")
    assert (created.password, created.needs_confirmation, created.address.street) == (None, True, "Calle Ocho")
    with pytest.raises(ConflictError, match="never confirmed") as again:
        caller(create_customer_with_details, crm, somebody(email=created.email), method="invite")
    assert again.value.customer_id == created.id


def test_resuming_for_an_existing_customer_writes_only_what_is_missing(caller, admin, stack, customer):
    stack.execute_sql(f"update customer_profiles set phone = '55', whatsapp = null where id = '{customer}'")
    data = somebody(full_name="Otro Nombre", phone="1", whatsapp="2")
    first = admin(resume_customer_creation, customer, data)
    assert (first.profile.full_name, first.profile.phone, first.profile.whatsapp) == ("Prueba Única", "55", "2")
    stack.execute_sql(f"update addresses set id = gen_random_uuid(), street = 'Nueve' where customer_id = '{customer}'")
    second = admin(resume_customer_creation, customer, data)
    assert second.address.street == "Nueve"
    assert stack.execute_sql(f"select count(*) from addresses where customer_id = '{customer}'") == [{"count": 1}]


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

"""Customers' addresses, on the local stack."""

from __future__ import annotations

from uuid import uuid4

import pytest

from admin_crm import (
    AddressData,
    AdminCRMError,
    ConflictError,
    CustomerNotFoundError,
    NotFoundError,
    add_customer_address,
    get_admin_customer_details,
    set_default_address,
    update_customer_address,
)
from admin_crm._core.gather import gather_outcomes
from admin_crm.client import operation

HOME = AddressData(street="Calle Ocho", number="8 bis", colony="Centro", zip_code="06000", references="portón azul")


def defaults(stack, customer):
    rows = stack.execute_sql(f"select id from addresses where customer_id = '{customer}' and is_default")
    return [row["id"] for row in rows]


def test_what_is_omitted_is_the_customers_or_the_databases_default(admin, stack, customer):
    stack.execute_sql(f"update customer_profiles set phone = '+52 55' where id = '{customer}'")
    added = admin(add_customer_address, customer, HOME)
    assert (added.type, added.label, added.full_name, added.phone) == ("shipping", "Casa", "Prueba Única", "+52 55")
    assert (added.city, added.state, added.references, added.is_default) == ("Xalapa", "Veracruz", "portón azul", True)
    assert added.created_at is not None
    assert admin(get_admin_customer_details, customer).addresses == [added]


def test_a_customer_has_exactly_one_default(admin, stack, customer):
    first = admin(add_customer_address, customer, HOME)
    second = admin(add_customer_address, customer, HOME.model_copy(update={"type": "billing", "city": "Puebla"}))
    assert defaults(stack, customer) == [str(first.id)]
    third = admin(add_customer_address, customer, HOME.model_copy(update={"is_default": True}))
    assert defaults(stack, customer) == [str(third.id)]
    for _ in range(2):
        assert admin(set_default_address, customer, second.id).is_default
        assert defaults(stack, customer) == [str(second.id)]
    stack.execute_sql(f"update addresses set is_default = true where customer_id = '{customer}'")
    admin(set_default_address, customer, first.id)
    assert defaults(stack, customer) == [str(first.id)]


def test_two_administrators_at_once_leave_one_default(by_key, stack, customer):
    ids = [by_key(add_customer_address, customer, HOME).id for _ in range(4)]

    @operation
    async def all_at_once(crm):
        chosen = [set_default_address.__wrapped__(crm, customer, each) for each in ids]
        return await gather_outcomes(crm, *chosen)

    for each, outcome in zip(ids, by_key(all_at_once), strict=True):
        if isinstance(outcome, AdminCRMError):  # on a slow machine they may meet more often than they try
            assert isinstance(outcome, ConflictError)
            by_key(set_default_address, customer, each)
    assert len(defaults(stack, customer)) == 1


def test_an_address_is_corrected_column_by_column(admin, customer):
    added = admin(add_customer_address, customer, HOME)
    changed = admin(update_customer_address, added.id, number="9", city="Puebla", references=None)
    assert changed == added.model_copy(update={"number": "9", "city": "Puebla", "references": None})
    assert admin(get_admin_customer_details, customer).addresses == [changed]


def test_what_does_not_exist_is_not_found(admin, customer):
    added = admin(add_customer_address, customer, HOME)
    with pytest.raises(CustomerNotFoundError):
        admin(add_customer_address, uuid4(), HOME)
    with pytest.raises(CustomerNotFoundError):
        admin(set_default_address, uuid4(), added.id)
    with pytest.raises(NotFoundError):
        admin(set_default_address, customer, uuid4())
    with pytest.raises(NotFoundError):
        admin(update_customer_address, uuid4(), number="9")


def test_a_customer_writes_no_addresses_of_others(stranger, by_key, customer):
    added = by_key(add_customer_address, customer, HOME)
    with pytest.raises(CustomerNotFoundError):
        stranger(add_customer_address, customer, HOME)
    with pytest.raises(NotFoundError):
        stranger(update_customer_address, added.id, number="9")
    with pytest.raises(CustomerNotFoundError):
        stranger(set_default_address, customer, added.id)

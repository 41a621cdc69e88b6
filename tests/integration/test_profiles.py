"""Correcting customers' profiles, on the local stack."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from admin_crm import (
    CustomerNotFoundError,
    PermissionDeniedError,
    get_admin_customer_details,
    update_customer_profile,
)


def test_what_is_given_changes_and_the_rest_stays(admin, customer):
    changed = admin(
        update_customer_profile, customer, full_name=" Ñandú Pérez ", phone="+52 55", birthdate=date(1990, 5, 1)
    )
    assert (changed.full_name, changed.phone, changed.birthdate) == ("Ñandú Pérez", "+52 55", date(1990, 5, 1))
    cleared = admin(update_customer_profile, customer, phone=None, birthdate=None, whatsapp="+52 56")
    assert (cleared.full_name, cleared.phone, cleared.birthdate) == ("Ñandú Pérez", None, None)
    detail = admin(get_admin_customer_details, customer)
    assert (detail.full_name, detail.phone, detail.whatsapp) == ("Ñandú Pérez", None, "+52 56")


def test_nobody_else_is_changed(by_key, stack, customer):
    others = f"select md5(string_agg(p::text, '' order by id)) from customer_profiles p where id <> '{customer}'"
    before = stack.execute_sql(others)
    by_key(update_customer_profile, customer, full_name="Solo Este")
    assert stack.execute_sql(others) == before


def test_a_customer_who_does_not_exist_is_not_found(admin):
    with pytest.raises(CustomerNotFoundError):
        admin(update_customer_profile, uuid4(), full_name="Nadie")


def test_a_customer_corrects_nobody_else(stranger, customer):
    with pytest.raises((CustomerNotFoundError, PermissionDeniedError)):
        stranger(update_customer_profile, customer, full_name="Otra")

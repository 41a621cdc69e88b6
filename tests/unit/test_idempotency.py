"""Ids that follow from a key."""

from __future__ import annotations

from uuid import UUID

import pytest

from admin_crm import InvalidInputError, send_customer_notification
from admin_crm._core.idempotency import row_id
from helpers import SOMEBODY


def test_the_id_of_a_key_never_changes_or_a_second_run_would_send_again():
    assert row_id("send_customer_notification", "restock-2026-11", UUID(SOMEBODY)) == UUID(
        "2314be3f-fd3c-5855-a1fe-8624c8df9d3f"
    )


def test_each_operation_key_and_customer_has_an_id_of_its_own():
    others = [UUID(int=number) for number in range(2)]
    ids = {row_id(name, key, who) for name in ("a", "b") for key in ("a", "b") for who in others}
    assert len(ids) == 8


@pytest.mark.parametrize("key", ["", " ", "a" * 201, "\x00", 7])
def test_a_wrong_key_is_refused_before_anything_is_sent(ask, key):
    with pytest.raises(InvalidInputError) as refused:
        ask(send_customer_notification, SOMEBODY, "a", "b", idempotency_key=key)
    assert refused.value.argument == "idempotency_key"

"""Many customers at once, on the local stack."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from admin_crm import (
    AdminCRM,
    BulkError,
    ConflictError,
    CustomerNotFoundError,
    PermissionDeniedError,
    add_customer_tags,
    get_admin_customer_notes,
    get_customer_notifications,
    notify_customers,
    send_customer_notification,
    set_custom_fields,
    set_custom_fields_of,
    tag_customers,
    update_admin_customer_notes,
)
from helpers import watch
from shops import CAPPED, named

NOBODY = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def some(stack) -> Iterator[list[str]]:
    """Twelve customers of the test's own."""
    with named(stack, *(f"Cliente {number}" for number in range(12))) as ids:
        yield ids


def rows_of(stack, title: str) -> list[str]:
    rows = stack.execute_sql(f"select user_id from user_notifications where title = '{title}' order by user_id")
    return [row["user_id"] for row in rows]


def test_each_customer_is_notified_once_with_one_request(admin, some, stack):
    requests = watch(admin)
    result = admin(notify_customers, [*some, *some], "Rebajas", "Hasta el domingo", "success")
    assert [request.method for request in requests if "/rest/" in str(request.url)] == ["POST"]
    assert result.done == [UUID(each) for each in some]
    result.raise_for_failures()
    for each in (some[0], some[-1]):
        (sent,) = admin(get_customer_notifications, each)
        assert (sent.title, sent.message, sent.type) == ("Rebajas", "Hasta el domingo", "success")


def test_one_unknown_customer_of_five_hundred_costs_only_itself(admin, stack):
    with named(stack, *(f"Cliente {number}" for number in range(499))) as ids:
        customers = [*ids[:36], NOBODY, *ids[36:]]
        planned = admin(notify_customers, customers, "Item 37", "Hola", dry_run=True)
        assert (len(planned.remaining), list(planned.failed)) == (499, [NOBODY])
        assert rows_of(stack, "Item 37") == []
        requests = watch(admin)
        result = admin(notify_customers, customers, "Item 37", "Hola")
        assert len(requests) <= 12  # two inserts, and who exists: 50 or 100 customers with each request
        assert rows_of(stack, "Item 37") == sorted(ids)
    assert len(result.done) == 499
    assert list(result.failed) == [NOBODY]
    failure = result.failed[NOBODY]
    assert isinstance(failure, CustomerNotFoundError)
    assert str(failure.customer_id) == NOBODY
    with pytest.raises(BulkError, match="1 of 500 failed"):
        result.raise_for_failures()


def test_a_user_who_has_no_profile_can_be_notified_no_more_than_one_who_does_not_exist(by_key, some, stack):
    stack.execute_sql(f"delete from customer_profiles where id = '{some[0]}'")
    result = by_key(notify_customers, [*some, NOBODY], "Sin perfil", "Hola")
    assert sorted(result.failed) == sorted([some[0], NOBODY])
    assert rows_of(stack, "Sin perfil") == sorted(some[1:])


def test_a_journal_lets_the_same_message_go_on_with_a_longer_list(admin, some, stack, tmp_path):
    journal = tmp_path / "journal"
    assert len(admin(notify_customers, some[:5], "Diario", "Hola", journal=journal).done) == 5
    result = admin(notify_customers, some, "Diario", "Hola", journal=journal)
    assert (len(result.skipped), len(result.done)) == (5, 7)
    assert rows_of(stack, "Diario") == sorted(some)


def test_what_a_killed_run_had_sent_is_recognized(admin, some, stack, tmp_path):
    journal = tmp_path / "journal"
    admin(notify_customers, some[:5], "Cortado", "Hola", journal=journal)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])  # killed while it noted what it had done
    result = admin(notify_customers, some, "Cortado", "Hola", journal=journal)
    assert len(result.done) == 12
    assert rows_of(stack, "Cortado") == sorted(some)


def test_those_who_may_not_notify_are_told_once_for_all(stranger, some):
    with pytest.raises(BulkError, match="stopped after 0 of 12") as refused:
        stranger(notify_customers, some, "Spam", "Hola")
    assert isinstance(refused.value.__cause__, PermissionDeniedError)
    assert len(refused.value.result.remaining) == 12
    assert refused.value.result.uncertain == []


def test_a_key_of_ones_own_sends_a_message_once_whoever_sends_it(admin, stack, customer):
    first = admin(send_customer_notification, customer, "De vuelta", "La taza", idempotency_key="restock-2026-11")
    with AdminCRM(stack.url, stack.secret_key) as another:
        again = send_customer_notification(another, customer, "De vuelta", "La taza", idempotency_key="restock-2026-11")
    assert again == first
    assert len(admin(get_customer_notifications, customer)) == 1
    with pytest.raises(ConflictError, match="another message"):
        admin(send_customer_notification, customer, "De vuelta", "El plato", idempotency_key="restock-2026-11")
    with pytest.raises(ConflictError, match="another message"):
        admin(send_customer_notification, customer, "De vuelta", "La taza", "alert", idempotency_key="restock-2026-11")
    admin(send_customer_notification, customer, "De vuelta", "La taza", idempotency_key="restock-2026-12")
    assert len(admin(get_customer_notifications, customer)) == 2


def test_a_key_is_each_customers_own(by_key, some):
    ids = {by_key(send_customer_notification, each, "Hola", "x", idempotency_key="k").id for each in some[:3]}
    assert len(ids) == 3
    with pytest.raises(CustomerNotFoundError):
        by_key(send_customer_notification, NOBODY, "Hola", "x", idempotency_key="k")


def test_tags_are_added_and_removed_and_all_others_stay(admin, some, stack):
    admin(update_admin_customer_notes, some[0], tags=["vip", "nuevo"], notes="Prefiere WhatsApp")
    admin(update_admin_customer_notes, some[1], tags=["mayoreo"])
    requests = watch(admin)
    result = admin(tag_customers, [*some, NOBODY], add=["mayoreo"], remove=["nuevo"])
    sent = [request.method for request in requests if "/rest/" in str(request.url)]
    assert sent[:1] == ["GET"]  # the notes of all
    assert sent.count("PATCH") == 1  # the one row that is there and changes
    assert sent.count("POST") == 2  # the missing ones, and again without the unknown customer
    assert result.skipped == [UUID(some[1])]
    assert list(result.failed) == [NOBODY]
    assert result.done == [UUID(each) for each in (some[0], *some[2:])]
    notes = admin(get_admin_customer_notes, some[0])
    assert (notes.tags, notes.notes) == (["vip", "mayoreo"], "Prefiere WhatsApp")
    last = admin(get_admin_customer_notes, some[5])
    assert (last.tags, last.custom_fields, last.notes) == (["mayoreo"], {}, None)
    again = admin(tag_customers, some, add=["mayoreo"], remove=["nuevo"])
    assert (len(again.skipped), again.done) == (12, [])


def test_removing_tags_from_customers_without_notes_writes_nothing_but_says_who_does_not_exist(by_key, some, stack):
    result = by_key(tag_customers, [*some, NOBODY], remove=["nuevo"])
    assert (len(result.skipped), list(result.failed)) == (12, [NOBODY])
    listed = ", ".join(f"'{each}'" for each in some)
    assert stack.execute_sql(f"select 1 from admin_customer_notes where customer_id in ({listed})") == []


def test_custom_fields_are_set_and_removed_and_all_others_stay(admin, some):
    admin(set_custom_fields, some[0], {"talla": "M", "contacto": "Ana"})
    result = admin(set_custom_fields_of, some, {"lista": {"nivel": 2}, "contacto": None})
    assert len(result.done) == 12
    assert admin(get_admin_customer_notes, some[0]).custom_fields == {"talla": "M", "lista": {"nivel": 2}}
    assert admin(get_admin_customer_notes, some[1]).custom_fields == {"lista": {"nivel": 2}}
    assert len(admin(set_custom_fields_of, some, {"contacto": None}).skipped) == 12


def test_a_dry_run_of_tags_reads_and_writes_nothing(by_key, some, stack, tmp_path):
    by_key(add_customer_tags, some[0], ["vip"])
    planned = by_key(tag_customers, [*some, NOBODY], add=["vip"], dry_run=True, journal=tmp_path / "journal")
    assert planned.skipped == [UUID(some[0])]
    assert planned.remaining == [UUID(each) for each in some[1:]]
    assert list(planned.failed) == [NOBODY]
    assert by_key(get_admin_customer_notes, some[1]) is None
    assert not (tmp_path / "journal").exists()


def test_a_tag_that_was_taken_away_again_is_not_added_by_a_run_that_goes_on(admin, some, stack, tmp_path):
    journal = tmp_path / "journal"
    admin(tag_customers, some, add=["vip"], journal=journal)
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))  # killed before it noted it
    # As the web admin writes: without a guard, and without a word of when.
    stack.execute_sql(f"update admin_customer_notes set tags = '{{}}' where customer_id = '{some[3]}'")
    result = admin(tag_customers, some, add=["vip"], journal=journal)
    assert len(result.done) == 12
    assert admin(get_admin_customer_notes, some[3]).tags == []


def test_those_who_may_not_write_notes_are_told_once_for_all(stranger, some):
    with pytest.raises(BulkError) as refused:
        stranger(tag_customers, some, add=["vip"])
    assert isinstance(refused.value.__cause__, PermissionDeniedError)


@CAPPED
def test_a_list_longer_than_the_servers_row_limit_is_read_whole(caller, capped):
    with named(capped, *(f"Cliente {number}" for number in range(130))) as ids:
        crm = caller.open(capped.url, capped.secret_key)
        assert len(caller(tag_customers, crm, ids, add=["a"]).done) == 130
        assert len(caller(tag_customers, crm, ids, add=["a", "b"]).done) == 130
        assert len(caller(tag_customers, crm, ids, add=["b"]).skipped) == 130
        assert len(caller(notify_customers, crm, [*ids, NOBODY], "Tope", "Hola").done) == 130
        assert rows_of(capped, "Tope") == sorted(ids)

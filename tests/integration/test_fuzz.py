"""Whatever text people type is kept as it is or refused, and never means something else."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from admin_crm import (
    AdminCRM,
    AdminCRMError,
    InvalidInputError,
    add_customer_tags,
    get_admin_customer_notes,
    get_customer_notifications,
    remove_customer_tags,
    search_customers,
    send_customer_notification,
    set_custom_fields,
    update_admin_customer_notes,
)

TEXT = st.text(max_size=60)
STORABLE = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=60
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | STORABLE,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(STORABLE, children, max_size=3),
    max_leaves=6,
)
few = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def crm(stack) -> Iterator[AdminCRM]:
    with AdminCRM(stack.url, stack.secret_key) as opened:
        yield opened


@pytest.fixture(scope="module")
def somebody(stack) -> Iterator[str]:
    customer_id = str(uuid4())
    stack.execute_sql(
        "insert into auth.users (id, email, aud, role, created_at, updated_at) values"
        f" ('{customer_id}', '{customer_id}@c.example', 'authenticated', 'authenticated', now(), now())"
    )
    yield customer_id
    stack.execute_sql(f"delete from auth.users where id = '{customer_id}'")


@few
@given(text=TEXT)
def test_any_text_is_a_uuid_or_refused_as_an_id(crm, text):
    try:
        UUID(text.strip())
    except ValueError:
        with pytest.raises(InvalidInputError, match="customer_id"):
            get_admin_customer_notes(crm, text)


@few
@given(text=TEXT, status=TEXT)
def test_any_search_answers_or_is_refused_by_us(crm, text, status):
    for search in ({"text": text}, {"segment": text}, {"health_status": text}, {"status": status}, {"tier": status}):
        refused: AdminCRMError | None = None
        try:
            assert len(search_customers(crm, **search)) <= 15
        except AdminCRMError as error:
            refused = error
        # Refused, if at all, before anything was sent.
        assert refused is None or (isinstance(refused, InvalidInputError) and refused.status is None), refused


@few
@given(text=STORABLE)
@example(text="\U0010e000 and \U0010e041")  # the local stack uses these letters itself
def test_any_note_comes_back_as_it_was_written(crm, somebody, text):
    assert update_admin_customer_notes(crm, somebody, notes=text).notes == text
    notes = get_admin_customer_notes(crm, somebody)
    assert notes is not None
    assert notes.notes == text


@few
@given(tag=STORABLE)
def test_any_tag_is_added_once_and_removed_again(crm, somebody, tag):
    if not tag.strip():
        with pytest.raises(InvalidInputError):
            add_customer_tags(crm, somebody, [tag])
        return
    assert add_customer_tags(crm, somebody, [tag, tag]).tags.count(tag.strip()) == 1
    assert tag.strip() not in remove_customer_tags(crm, somebody, [tag]).tags


@few
@given(name=STORABLE, value=VALUES)
def test_any_custom_field_comes_back_as_it_was_written(crm, somebody, name, value):
    if not name.strip():
        with pytest.raises(InvalidInputError):
            set_custom_fields(crm, somebody, {name: value})
        return
    assert set_custom_fields(crm, somebody, {name: value}).custom_fields.get(name.strip()) == value
    set_custom_fields(crm, somebody, {name: None})


@few
@given(title=STORABLE, message=STORABLE)
def test_any_notification_arrives_as_it_was_sent(crm, somebody, title, message):
    if not (title.strip() and message.strip()):
        with pytest.raises(InvalidInputError):
            send_customer_notification(crm, somebody, title, message)
        return
    sent = send_customer_notification(crm, somebody, title, message)
    assert (sent.title, sent.message) == (title.strip(), message.strip())
    assert sent.id in {each.id for each in get_customer_notifications(crm, somebody)}

"""Selecting on the local stack: what the database says, what filtering the whole directory says, and hostile tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_crm import (
    AdminCRM,
    AdminCustomer,
    CustomerProfile,
    PermissionDeniedError,
    SchemaMismatchError,
    Settings,
    filter_customers,
    get_all_customers,
    is_locked,
    search_customers,
    select_customers,
    update_admin_customer_notes,
)
from helpers import Ask
from shops import named

VIEW = "customer_intelligence_360"
NOW = datetime.now(UTC)
GATED = pytest.mark.xdist_group("gated")


def ids_of(rows) -> set[str]:
    return {str(each.id) for each in rows}


def in_sql(shop, condition: str) -> set[str]:
    """The ids of the customers who match a condition, by the database."""
    return {row["id"] for row in shop.execute_sql(f"select id from {VIEW} v where {condition}")}


def tagged(*tags: str) -> str:
    values = ", ".join(f"'{tag}'" for tag in tags)
    return f"(select tags from admin_customer_notes n where n.customer_id = v.id) {{}} array[{values}]::text[]"


# White space as the seed has it; more of it has a test of its own.
FILLED = "(coalesce(phone, '') ~ '\\S' or coalesce(whatsapp, '') ~ '\\S')"
LOCKED = "(account_status = 'banned' or account_status = 'suspended' and coalesce(suspension_end > now(), true))"
MONTHS_AGO = NOW - timedelta(days=90)
CASES: list[tuple[dict[str, Any], str]] = [
    ({}, "true"),
    ({"status": "suspended"}, "account_status = 'suspended'"),
    ({"tags": ["vip"]}, tagged("vip").format("@>")),
    ({"tags": ["vip", "mayoreo"]}, tagged("vip", "mayoreo").format("@>")),
    ({"without_tags": ["vip", "puntual"]}, f"not coalesce({tagged('vip', 'puntual').format('&&')}, false)"),
    ({"tags": ["vip"], "without_tags": ["mayoreo"]},
     f"{tagged('vip').format('@>')} and not {tagged('mayoreo').format('&&')}"),
    ({"spent_min": 2500}, "monetary >= 2500"),
    ({"spent_min": 0, "spent_max": Decimal("1234.56")}, "monetary <= 1234.56"),
    ({"spent_max": 0}, "monetary = 0"),
    ({"orders_min": 5}, "frequency >= 5"),
    ({"orders_min": 0}, "true"),
    ({"last_order_before": MONTHS_AGO}, f"last_order_date < '{MONTHS_AGO.isoformat()}'"),
    ({"last_order_after": MONTHS_AGO}, f"last_order_date >= '{MONTHS_AGO.isoformat()}'"),
    ({"created_after": MONTHS_AGO}, f"created_at >= '{MONTHS_AGO.isoformat()}'"),
    ({"contactable": True}, FILLED),
    ({"contactable": False}, f"not {FILLED}"),
    ({"locked": True}, LOCKED),
    ({"locked": False}, f"not {LOCKED}"),
    ({"status": "suspended", "locked": False, "contactable": True},
     f"account_status = 'suspended' and not {LOCKED} and {FILLED}"),
    ({"orders_min": 2, "tags": ["vip"], "locked": False, "spent_max": 30_000},
     f"frequency >= 2 and {tagged('vip').format('@>')} and not {LOCKED} and monetary <= 30000"),
]  # fmt: skip


@pytest.fixture
def overdue(shop):
    """A suspension that has ended, whichever other tests have lifted."""
    found = shop.execute_sql(
        f"select id from customer_intelligence_360 where account_status = 'active' and {FILLED} order by id limit 1"
    )[0]["id"]
    change = "update customer_profiles set account_status = '{}', suspension_end = {} where id = '{}'"
    shop.execute_sql(change.format("suspended", "now() - interval '1 day'", found))
    yield
    shop.execute_sql(change.format("active", "null", found))


@pytest.mark.usefixtures("overdue")
def test_a_selection_is_what_the_database_says_newest_first(asked, shop):
    for filters, condition in CASES:
        found = asked(select_customers, **filters)
        assert ids_of(found) == in_sql(shop, condition), filters
        assert len(found) == len(ids_of(found)) > 0, filters
        dates = [each.created_at for each in found]
        assert dates == sorted(dates, reverse=True), filters


def test_labels_mean_the_same_as_in_search_and_in_a_list(asked):
    everyone = asked(get_all_customers)
    for filters in (
        {"segment": "at-risk"},
        {"segment": "champion", "tier": "GOLD"},
        {"health_status": "Requiere Atención"},
        {"tier": "silver", "status": "Active"},
    ):
        found = ids_of(asked(select_customers, **filters))
        assert found == ids_of(filter_customers(everyone, **filters)), filters
        assert found == ids_of(asked(search_customers, **filters, page_size=10_000)), filters
        assert found, filters


def test_birthdays_are_those_of_the_next_days(asked):
    today = datetime.now(UTC).date()
    everyone = [each for each in asked(get_all_customers) if each.birthdate is not None]
    leap = {each.id for each in everyone if (each.birthdate.month, each.birthdate.day) == (2, 29)}
    vip = ids_of(asked(select_customers, tags=["vip"]))
    for days in (0, 7, 45, 364, 366):
        calendar = {(day.month, day.day) for day in (today + timedelta(days=n) for n in range(days + 1))}
        expected = {each.id for each in everyone if (each.birthdate.month, each.birthdate.day) in calendar}
        found = {each.id for each in asked(select_customers, birthday_within=days)}
        assert found - leap == expected - leap
        both = asked(select_customers, birthday_within=days, tags=["vip"])
        assert ids_of(both) == {str(each) for each in found} & vip
        assert days < 45 or found  # of 300 customers, none has a birthday from 16 to 23 March


def field(customer: AdminCustomer, name: str) -> Any:
    """A column that the model does not know, as a time."""
    value = (customer.model_extra or {})[name]
    return None if value is None else datetime.fromisoformat(value)


def last_order(customer: AdminCustomer) -> Any:
    return field(customer, "last_order_date")


def locked(customer: AdminCustomer) -> bool | None:
    profile = {"id": customer.id, "account_status": customer.account_status}
    return is_locked(CustomerProfile.model_validate(profile | {"suspension_end": field(customer, "suspension_end")}))


IN_PYTHON: dict[str, Callable[[AdminCustomer, Any], bool]] = {
    "segment": lambda each, label: bool(filter_customers([each], segment=label)),
    "health_status": lambda each, label: bool(filter_customers([each], health_status=label)),
    "tier": lambda each, tier: each.tier == tier,
    "status": lambda each, status: each.account_status == status,
    "spent_min": lambda each, amount: (each.monetary or 0) >= amount,
    "orders_min": lambda each, count: (each.frequency or 0) >= count,
    "last_order_before": lambda each, time: last_order(each) is not None and last_order(each) < time,
    "last_order_after": lambda each, time: last_order(each) is not None and last_order(each) >= time,
    "created_after": lambda each, time: each.created_at is not None and each.created_at >= time,
    "contactable": lambda each, wanted: each.is_contactable is wanted,
    "locked": lambda each, wanted: locked(each) is wanted,
}  # fmt: skip
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "segment": st.sampled_from(["champion", "at_risk", "Leal", "regular"]),
        "health_status": st.sampled_from(["healthy", "Estable"]),
        "tier": st.sampled_from(["bronze", "gold"]),
        "status": st.sampled_from(["active", "suspended", "banned"]),
        "spent_min": st.decimals(0, 20_000, places=2),
        "orders_min": st.integers(0, 12),
        "last_order_before": st.integers(20, 150).map(lambda days: NOW - timedelta(days=days)),
        "last_order_after": st.integers(151, 300).map(lambda days: NOW - timedelta(days=days)),
        "created_after": st.integers(20, 400).map(lambda days: NOW - timedelta(days=days)),
        "contactable": st.booleans(),
        "locked": st.booleans(),
    },
)


@pytest.fixture(scope="module")
def connection(open_stack) -> Iterator[AdminCRM]:
    with AdminCRM(open_stack.url, open_stack.secret_key) as crm:
        yield crm


@pytest.fixture(scope="module")
def directory(connection) -> list[AdminCustomer]:
    return get_all_customers(connection)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(filters=FILTERS)
def test_any_selection_is_the_directory_filtered_in_python(connection, directory, filters):
    expected = {
        str(each.id) for each in directory if all(IN_PYTHON[name](each, value) for name, value in filters.items())
    }
    assert ids_of(select_customers(connection, **filters)) == expected


HOSTILE = ["a,b", 'con "comillas"', "{llaves}", "a\\b", '\\"', "}", "NULL", "null", "(x)", "a.b", "cs.{x}", "*", "100%",
           "', '", "🌸 ñandú", "and(id.gt.0)", "&tags=cs.{}", "#", "+1"]  # fmt: skip


def test_any_tag_is_found_literally(by_key, stack):
    with named(stack, *HOSTILE) as customers:
        for tag, customer in zip(HOSTILE, customers, strict=True):
            by_key(update_admin_customer_notes, customer, tags=[tag, "difícil"])
        everyone = ids_of(by_key(select_customers, tags=["difícil"]))
        assert everyone == set(customers)
        for tag, customer in zip(HOSTILE, customers, strict=True):
            assert ids_of(by_key(select_customers, tags=[tag, "difícil"])) == {customer}, tag
            assert ids_of(by_key(select_customers, tags=["difícil"], without_tags=[tag])) == everyone - {customer}, tag
        assert by_key(select_customers, tags=HOSTILE) == []
        assert ids_of(by_key(select_customers, tags=["difícil"], without_tags=[*HOSTILE, "🌸" * 100])) == set()


BLANK = [" ", "\u00a0", "\u2003", "\t", "\u200b", "."]


def test_white_space_is_no_phone_number(by_key, stack):
    with named(stack, *(f"Blanco {number}" for number in range(len(BLANK)))) as customers:
        for phone, customer in zip(BLANK, customers, strict=True):
            stack.execute_sql(f"update customer_profiles set phone = '{phone}' where id = '{customer}'")
        rows = [each for each in by_key(get_all_customers) if str(each.id) in customers]
        contactable = {str(each.id) for each in rows if each.is_contactable}
        assert ids_of(by_key(select_customers, contactable=True)) & set(customers) == contactable
        assert ids_of(by_key(select_customers, contactable=False)) & set(customers) == set(customers) - contactable
        assert len(contactable) == 2


def test_thousands_of_tagged_customers_are_all_found(asked, shop):
    total = len(in_sql(shop, "true"))
    noted = shop.execute_sql("select customer_id from admin_customer_notes")
    shop.execute_sql(
        "insert into admin_customer_notes (customer_id) select id from customer_profiles on conflict do nothing"
    )
    try:
        shop.execute_sql(
            "update admin_customer_notes set tags = array_append(tags, 'todos')"
            " where customer_id not in (select id from customer_profiles order by id limit 5)"
        )
        assert len(asked(select_customers, tags=["todos"])) == total - 5
        assert len(asked(select_customers, without_tags=["todos"])) == 5
        wanted = in_sql(shop, f"frequency >= 3 and {tagged('todos').format('@>')}")
        assert ids_of(asked(select_customers, tags=["todos"], orders_min=3)) == wanted
        born = asked(select_customers, tags=["todos"], birthday_within=60, columns=["full_name"])
        assert ids_of(born) == ids_of(asked(select_customers, birthday_within=60)) & in_sql(
            shop, tagged("todos").format("@>")
        )
    finally:
        kept = ", ".join(f"'{row['customer_id']}'" for row in noted)
        shop.execute_sql(f"delete from admin_customer_notes where customer_id not in ({kept})")
        shop.execute_sql("update admin_customer_notes set tags = array_remove(tags, 'todos')")


@pytest.fixture
def other_view(by_key, stack, request) -> Iterator[Ask]:
    """A view of another shop, with other columns."""
    name = "selected_elsewhere"
    stack.execute_sql(f"create view {name} as select {request.param} from {VIEW}")
    stack.execute_sql(f"grant select on {name} to service_role")
    try:
        crm = by_key.caller.open(stack.url, stack.secret_key, settings=Settings(view=name))
        yield Ask(by_key.caller, crm)
    finally:
        stack.execute_sql(f"drop view {name}")


@pytest.mark.parametrize(
    "other_view", ["id as customer_id, full_name, created_at, frequency, recency_days"], indirect=True
)
def test_a_view_with_fewer_columns_uses_what_there_is(other_view, by_key, stack):
    for filters in ({"status": "banned"}, {"locked": True}, {"locked": False, "tags": ["vip"]}):
        assert ids_of(other_view(select_customers, **filters)) == ids_of(by_key(select_customers, **filters))
    month = datetime.now(UTC) - timedelta(days=30)
    bought = "frequency > 0 and recency_days"
    assert ids_of(other_view(select_customers, last_order_before=month)) == in_sql(stack, f"{bought} >= 30")
    assert ids_of(other_view(select_customers, last_order_after=month)) == in_sql(stack, f"{bought} < 30")
    for filters in ({"tier": "gold"}, {"spent_min": 1}, {"birthday_within": 7}, {"contactable": True}):
        with pytest.raises(SchemaMismatchError):
            other_view(select_customers, **filters)


@GATED
def test_the_shop_as_deployed_shows_its_customers_to_an_administrator_only(caller, gated):
    filters = {"tags": ["vip"], "orders_min": 2, "locked": False}
    admin = Ask(caller, caller.sign_in(gated.url, gated.publishable_key, gated.admin_email, gated.admin_password))
    rows = gated.execute_sql(
        "select customer_id from admin_customer_notes n join customer_profiles p on p.id = customer_id"
        " where tags @> '{vip}' and account_status = 'active'"
        " and (select count(*) from orders o where o.customer_id = p.id and status <> 'cancelled') >= 2"
    )
    found = admin(select_customers, **filters)
    assert {row["customer_id"] for row in rows} == {str(each.id) for each in found if each.account_status == "active"}
    refused = [
        Ask(caller, caller.open(gated.url, gated.secret_key)),
        Ask(caller, caller.open(gated.url, gated.publishable_key)),
        Ask(caller, caller.sign_in(gated.url, gated.publishable_key, gated.customer_email, gated.customer_password)),
    ]
    for ask in refused:
        for wanted in ({}, filters, {"segment": "champion"}, {"tags": ["nobody has it"]}, {"birthday_within": 30}):
            with pytest.raises(PermissionDeniedError):
                ask(select_customers, **wanted)


def test_a_birthday_on_29_february_is_found_where_the_year_has_none(by_key, stack, customer):
    today = datetime.now(UTC).date()
    stack.execute_sql(f"update customer_profiles set birthdate = '2000-02-29' where id = '{customer}'")
    leap_year = date(today.year, 12, 31).timetuple().tm_yday == 366
    this_year = date(today.year, 2, 29 if leap_year else 28)
    following = date(today.year + 1, 2, 28) if today > this_year else this_year
    days = (following - today).days
    if (following.year % 4, following.month) == (0, 2) and following.day == 28:
        days += 1  # a leap year has the day itself
    assert customer in ids_of(by_key(select_customers, birthday_within=days))
    assert days == 0 or customer not in ids_of(by_key(select_customers, birthday_within=days - 1))

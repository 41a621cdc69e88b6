"""The directory on the local stack: complete, stable, searchable, in every kind of shop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_crm import (
    AdminCRM,
    AuthenticationError,
    HealthStatus,
    PermissionDeniedError,
    SchemaMismatchError,
    Segment,
    Settings,
    filter_customers,
    get_admin_customer_details,
    get_all_customers,
    get_customer_intelligence,
    get_directory_stats,
    iter_customers,
    search_customers,
    summarize_customers,
)
from admin_crm.labels import folded
from admin_crm.local import LocalStack
from helpers import Ask
from shops import REAL_POSTGREST

VIEW = "customer_intelligence_360"
CAPPED = pytest.mark.xdist_group("capped")  # one process starts that shop


def rows_of(stack: LocalStack, query: str = f"select * from {VIEW}") -> list[dict]:
    return stack.execute_sql(query)


@pytest.fixture(params=["cap 1,000, Spanish", pytest.param("cap 50, English", marks=CAPPED)])
def shop(request, stack) -> LocalStack:
    return stack if request.param == "cap 1,000, Spanish" else request.getfixturevalue("capped")


@pytest.fixture
def asked(caller, shop, stack) -> Ask:
    """Ask with a secret key or as an administrator.

    Every two of sync or async, the kind of shop, and the rights come together, on each engine; all three in every
    combination on both engines together. So the dearest tests run half as often.
    """
    if [caller.name == "sync", shop is stack, REAL_POSTGREST].count(True) % 2:
        return Ask(caller, caller.open(shop.url, shop.secret_key))
    return Ask(caller, caller.sign_in(shop.url, shop.publishable_key, shop.admin_email, shop.admin_password))


@contextmanager
def named(stack: LocalStack, *names: str) -> Iterator[list[str]]:
    """Customers of these names, removed afterwards."""
    ids = [str(uuid4()) for _ in names]
    for customer_id, name in zip(ids, names, strict=True):
        quoted = name.replace("'", "''")
        stack.execute_sql(
            "insert into auth.users (id, email, aud, role, created_at, updated_at) values"
            f" ('{customer_id}', '{customer_id}@c.example', 'authenticated', 'authenticated', now(), now())"
        )
        stack.execute_sql(f"update customer_profiles set full_name = '{quoted}' where id = '{customer_id}'")
    try:
        yield ids
    finally:
        stack.execute_sql(f"delete from auth.users where id in ({', '.join(repr(each) for each in ids)})")


def test_the_directory_is_complete_and_newest_first(asked, shop):
    customers = asked(get_all_customers)
    expected = rows_of(shop, f"select id from {VIEW} order by created_at desc, id")
    assert len(customers) > 1000
    assert {str(each.id) for each in customers} == {row["id"] for row in expected}
    dates = [each.created_at for each in customers]
    assert dates == sorted(dates, reverse=True)


def test_the_stream_yields_the_same_customers(asked):
    streamed = asked.caller.collect(iter_customers(asked.crm, page_size=333))
    assert sorted(streamed, key=lambda each: each.id) == sorted(asked(get_all_customers), key=lambda each: each.id)


def test_a_stream_can_be_left_and_started_again(by_key):
    stream = iter_customers(by_key.crm, page_size=10)
    first = by_key.caller.collect(stream, limit=3)
    assert by_key.caller.collect(stream, limit=3) == first


def test_labels_are_kept_as_sent_together_with_a_canonical_value(asked, shop, stack):
    customers = asked(get_all_customers)
    # English shops have no label for customers nearly lost.
    absent = {Segment.NEARLY_LOST} if shop is not stack else set()
    assert {each.canonical_segment for each in customers} == set(Segment) - absent
    assert {each.canonical_health for each in customers} == set(HealthStatus)
    assert any(each.segment != each.canonical_segment for each in customers)


def test_a_missing_order_or_email_is_none(asked):
    customers = asked(get_all_customers)
    assert all(each.recency_days is None for each in customers if not each.frequency)
    assert {each.email for each in customers if not (each.email and "@" in each.email)} == {None}


def test_stats_agree_with_the_database(asked, shop):
    stats = asked(get_directory_stats)
    row = rows_of(
        shop,
        "select count(*) as total, sum(total_spent) as revenue,"
        " count(*) filter (where coalesce(phone, '') <> '' or coalesce(whatsapp, '') <> '') as contactable,"
        " count(*) filter (where extract(month from birthdate) = extract(month from now() at time zone 'utc'))"
        f" as birthdays from {VIEW}",
    )[0]
    assert (stats.total, stats.contactable, stats.birthdays_this_month) == (
        row["total"], row["contactable"], row["birthdays"],
    )  # fmt: skip
    assert stats.revenue == Decimal(str(row["revenue"]))
    assert sum(stats.by_segment.values()) == sum(stats.by_health_status.values()) == stats.total
    assert stats == summarize_customers(asked(get_all_customers))


def test_search_pages_add_up_to_the_whole(asked):
    first = asked(search_customers, page_size=70)
    everyone = [each for page in range(1, first.pages + 1) for each in asked(search_customers, page=page, page_size=70)]
    assert [len(first), first.total] == [70, len(everyone)]
    assert len({each.id for each in everyone}) == first.total
    assert len(asked(search_customers, page=first.pages + 1, page_size=70)) == 0


def test_search_filters_by_segment_health_tier_and_status(asked):
    everyone = asked(get_all_customers)
    for filters in (
        {"segment": "champion"},
        {"segment": "at_risk", "health_status": "needs_attention"},
        {"tier": "gold"},
        {"status": "suspended"},
        {"segment": next(each.segment for each in everyone if each.segment)},
    ):
        found = asked(search_customers, **filters, page_size=1000)
        assert {each.id for each in found} == {each.id for each in filter_customers(everyone, **filters)}
        assert found.total == len(found) > 0


def test_search_finds_a_phone_with_any_punctuation(by_key):
    phone = next(each.phone for each in by_key(get_all_customers) if each.phone)
    digits = "".join(filter(str.isdigit, phone))
    for spelled in (phone, digits, " ".join(digits), f"({digits[:2]}) {digits[2:6]}-{digits[6:]}"):
        assert phone in {each.phone for each in by_key(search_customers, spelled, page_size=100)}


def test_search_finds_an_id_by_its_beginning(by_key):
    wanted = by_key(get_all_customers)[7].id
    for text in (str(wanted), str(wanted).upper(), wanted.hex, str(wanted)[:9], str(wanted)[:13]):
        assert wanted in {each.id for each in by_key(search_customers, text, page_size=1000)}
    assert wanted not in {each.id for each in by_key(search_customers, "-" + str(wanted)[:8])}


HARD = ["100% Ñandú", "a_b", "a*b", "Pérez, José", "(ella)", 'Ana "La Güera"', "C:\\tmp", "flor 🌸 del mar", "x.y",
        "[ok]", "¿qué?", "a|b", "{a}", "^a$", "O'Brien", "a:b", "+1", "null", "a  b", "50%_*"]  # fmt: skip


def test_every_difficult_name_finds_itself_and_only_what_contains_it(by_key, stack):
    with named(stack, *HARD) as ids:
        for name, customer_id in zip(HARD, ids, strict=True):
            found = {str(each.id): each.full_name for each in by_key(search_customers, name, page_size=1000)}
            assert customer_id in found, name
            assert all(folded(name) in folded(each or "") for each in found.values()), name


def test_a_plain_letter_finds_its_accented_forms_and_case_makes_no_difference(by_key, stack):
    with named(stack, "Zoé Muñoz Qüiñones") as ids:
        for text in ("zoe munoz quinones", "ZOÉ MUÑOZ QÜIÑONES", "muñoz qüi", "Zoé", "oé m"):
            assert ids[0] in {str(each.id) for each in by_key(search_customers, text, page_size=1000)}, text
        assert len(by_key(search_customers, "zoë múñoz")) == 0


def test_the_server_finds_the_same_customers_as_the_client(by_key):
    everyone = by_key(get_all_customers)
    for text in ("munoz", "jose", "PEREZ", "de la"):
        found = {each.id for each in by_key(search_customers, text, page_size=1000)}
        assert found == {each.id for each in filter_customers(everyone, text)} != set(), text


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    text=st.text(
        alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=30
    )
)
def test_any_text_is_found_literally_and_never_breaks_the_filter(stack, text):
    with AdminCRM(stack.url, stack.secret_key) as crm, named(stack, f"a{text}z") as ids:
        assert ids[0] in {str(each.id) for each in search_customers(crm, f"a{text}z", page_size=1000)}


@pytest.mark.xdist_group("gated")
def test_a_view_that_shows_nothing_raises_instead_of_returning_an_empty_list(caller, gated):
    by_key = Ask(caller, caller.open(gated.url, gated.secret_key))
    for operation in (get_all_customers, get_directory_stats, search_customers):
        with pytest.raises(PermissionDeniedError, match="sign_in"):
            by_key(operation)
    with pytest.raises(PermissionDeniedError, match="sign_in"):
        caller.collect(iter_customers(by_key.crm))
    signed_in = Ask(caller, caller.sign_in(gated.url, gated.publishable_key, gated.admin_email, gated.admin_password))
    assert len(signed_in(get_all_customers)) > 1000


@pytest.mark.xdist_group("gated")
def test_details_work_although_the_view_is_gated(caller, gated):
    by_key = Ask(caller, caller.open(gated.url, gated.secret_key))
    some = rows_of(gated, "select customer_id from orders limit 1")[0]["customer_id"]
    detail = by_key(get_admin_customer_details, some)
    assert (detail.segment, detail.email) == (None, None)
    assert detail.orders_summary.total_orders == len(detail.orders)
    with pytest.raises(PermissionDeniedError, match="does not show"):
        by_key(get_customer_intelligence, some)


def test_a_customer_who_is_not_an_administrator_is_refused(stranger):
    with pytest.raises(PermissionDeniedError, match="signed-in administrator"):
        stranger(get_all_customers)


def test_a_view_with_customer_id_and_customer_phone_is_read(by_key, stack):
    stack.execute_sql(
        "create view other_shop as select id as customer_id, full_name, phone as customer_phone, created_at"
        f" from {VIEW}"
    )
    stack.execute_sql("grant select on other_shop to service_role")
    try:
        crm = by_key.caller.open(stack.url, stack.secret_key, settings=Settings(view="other_shop"))
        other = Ask(by_key.caller, crm)
        customers = {each.id: each.phone for each in other(get_all_customers)}
        assert customers == {each.id: each.phone for each in by_key(get_all_customers)}
        some_id, phone = next((each, phone) for each, phone in customers.items() if phone)
        assert some_id in {each.id for each in other(search_customers, phone, page_size=100)}
        with pytest.raises(SchemaMismatchError, match="tier"):
            other(search_customers, tier="gold")
        assert other(get_customer_intelligence, some_id).phone == phone
    finally:
        stack.execute_sql("drop view other_shop")


@pytest.mark.parametrize("cap", [1000, pytest.param(50, marks=CAPPED)])
def test_concurrent_inserts_and_deletes_cause_no_duplicates_and_no_omissions(request, caller, stack, cap):
    shop = stack if cap == 1000 else request.getfixturevalue("capped")
    stop, changed = threading.Event(), threading.Event()
    staying = {row["id"] for row in rows_of(shop, f"select id from {VIEW}")}

    def come_and_go() -> None:
        while not stop.is_set():
            with named(shop, *["de paso"] * 3):
                changed.set()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        asked = Ask(caller, caller.open(shop.url, shop.secret_key))
        for _ in range(3):
            assert changed.wait(300)
            changed.clear()
            found = [str(each.id) for each in asked(get_all_customers)]
            assert len(found) == len(set(found))
            assert staying <= set(found)
    finally:
        stop.set()
        thread.join()


def test_a_wrong_key_is_an_authentication_error(caller, stack):
    with pytest.raises(AuthenticationError):
        caller(get_all_customers, caller.open(stack.url, "sb_secret_wrong"))
    with pytest.raises(AuthenticationError, match="password"):
        caller.sign_in(stack.url, stack.publishable_key, stack.admin_email, "wrong")


def test_a_missing_view_says_what_to_install(caller, stack):
    crm = caller.open(stack.url, stack.secret_key, settings=Settings(view="no_such_view"))
    with pytest.raises(SchemaMismatchError, match="no_such_view") as missing:
        caller(get_all_customers, crm)
    assert "Settings" in str(missing.value)


def test_intelligence_is_the_customers_row_of_the_view(admin):
    wanted = admin(search_customers, segment="champion").items[0]
    assert admin(get_customer_intelligence, wanted.id) == wanted
    assert isinstance(wanted.id, UUID)

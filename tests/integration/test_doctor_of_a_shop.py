"""The doctor on the shop as deployed: a gated view, missing policies and grants, and an action that is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from admin_crm import DoctorCheck, DoctorReport, doctor, get_directory_stats
from admin_crm.labels import Segment
from admin_crm.local import LocalStack
from helpers import Ask, Caller
from shops import FEW, open_shop

pytestmark = pytest.mark.xdist_group("deployed")

HIDDEN = ("customer_coupons", "smart_loyalty_propositions", "referrals")


@pytest.fixture(scope="module")
def deployed() -> Iterator[LocalStack]:
    """The shop as deployed, where a test makes a defect and undoes it."""
    with open_shop(gated_view=True, suggest_tags=False) as running:
        yield running


@pytest.fixture
def by_both(caller: Caller, deployed: LocalStack) -> Ask:
    """Ask with a session and a secret key."""
    return signed_in(caller, deployed, secret_key=deployed.secret_key)


@contextmanager
def defect(stack: LocalStack, made: str, undone: str) -> Iterator[None]:
    stack.execute_sql(made)
    try:
        yield
    finally:
        stack.execute_sql(undone)


def signed_in(caller: Caller, stack: LocalStack, secret_key: str | None = None) -> Ask:
    crm = caller.sign_in(
        stack.url, stack.publishable_key, stack.admin_email, stack.admin_password, secret_key=secret_key
    )
    return Ask(caller, crm)


def line_of(report: DoctorReport, name: str) -> DoctorCheck:
    (found,) = (check for check in report.checks if check.name == name)
    return found


def test_the_shop_as_deployed_has_these_findings_and_no_others(by_both: Ask) -> None:
    report = by_both(doctor)
    assert report.ok, str(report)
    assert {check.name for check in report.checks if check.verdict != "pass"} <= {
        *("labels", "policies", "suspensions", "function customer-intelligence")
    }
    assert line_of(report, "directory").meaning == f"customer_intelligence_360 shows all {FEW:,} customers"
    assert line_of(report, "bucket").meaning == "customer-evidence exists and is private"
    assert line_of(report, "rights").verdict == "pass"


def test_tables_without_a_policy_for_administrators_are_named_with_the_policies_that_mend_them(
    by_both: Ask, deployed: LocalStack
) -> None:
    policies = line_of(by_both(doctor), "policies")
    assert policies.verdict == "warn"
    for table in HIDDEN:
        count = deployed.execute_sql(f"select count(*) from public.{table}")[0]["count"]
        assert f"0 of {count:,} rows of {table}" in policies.meaning
    statements = policies.advice.splitlines()[1:]
    try:
        for each in statements:
            deployed.execute_sql(each)
        mended = line_of(by_both(doctor), "policies")
        assert (mended.verdict, mended.meaning) == ("pass", "an administrator's session sees all rows of all tables")
    finally:
        for table in HIDDEN:
            deployed.execute_sql(f'drop policy if exists "administrators: select" on public.{table}')


def test_without_the_secret_key_it_is_said_what_is_unknown_and_what_does_not_work(
    caller: Caller, deployed: LocalStack
) -> None:
    report = signed_in(caller, deployed)(doctor)
    policies, rights = line_of(report, "policies"), line_of(report, "rights")
    assert policies.verdict == "pass"
    assert all(table in policies.meaning for table in HIDDEN)
    assert (rights.verdict, "no secret key" in rights.meaning) == ("warn", True)


def test_a_policy_that_is_missing_on_a_table_that_is_needed_fails_and_its_advice_mends_it(
    by_both: Ask, deployed: LocalStack
) -> None:
    dropped = 'drop policy "administrators keep addresses" on public.addresses'
    restored = 'create policy "administrators keep addresses" on public.addresses using ((select public.is_admin()))'
    with defect(deployed, dropped, restored):
        policies = line_of(by_both(doctor), "policies")
        assert policies.verdict == "fail"
        (statement,) = (each for each in policies.advice.splitlines() if "public.addresses" in each)
        with defect(deployed, statement, 'drop policy "administrators: all" on public.addresses'):
            assert "addresses" not in line_of(by_both(doctor), "policies").meaning


@pytest.mark.parametrize("table", ["orders", "customer_intelligence_360"])
def test_a_grant_that_is_missing_is_named_and_its_advice_mends_it(
    by_both: Ask, deployed: LocalStack, table: str
) -> None:
    restored = f"grant all on public.{table} to authenticated"
    with defect(deployed, f"revoke all on public.{table} from authenticated", restored):
        columns = line_of(by_both(doctor), f"columns of {table}")
        assert columns.verdict == "fail"
        assert columns.meaning == f"the role authenticated may not read {table}: a grant is missing [42501]"
        deployed.execute_sql(columns.advice.splitlines()[1])
        assert line_of(by_both(doctor), f"columns of {table}").verdict == "pass"


def test_a_grant_that_the_secret_key_lacks_is_named(by_both: Ask, deployed: LocalStack) -> None:
    restored = "grant all on public.coupons to service_role"
    with defect(deployed, "revoke all on public.coupons from service_role", restored):
        policies = line_of(by_both(doctor), "policies")
        assert policies.verdict == "fail"
        assert "the role service_role may not read coupons" in policies.meaning
        assert "customer_coupons" in policies.meaning


def test_a_signed_in_customer_sees_one_row_and_is_told_that_it_is_the_only_one(
    caller: Caller, deployed: LocalStack
) -> None:
    shop = deployed
    crm = caller.sign_in(
        shop.url, shop.publishable_key, shop.customer_email, shop.customer_password, secret_key=shop.secret_key
    )
    report = caller(doctor, crm)
    assert line_of(report, "role").verdict == line_of(report, "directory").verdict == "fail"
    assert "one customer only, the signed-in user" in line_of(report, "directory").meaning
    assert line_of(report, "policies").meaning.startswith("not tested")
    assert shop.customer_email not in str(report)


def test_an_action_that_the_function_does_not_support_is_found_out_and_nothing_is_created(
    by_both: Ask, deployed: LocalStack
) -> None:
    tables = ("coupons", "smart_loyalty_propositions", "admin_customer_notes", "user_notifications")
    before = [deployed.execute_sql(f"select count(*) from public.{table}") for table in tables]
    function = line_of(by_both(doctor), "function customer-intelligence")
    assert function.verdict == "warn"
    assert "does not support the action suggest_tags: suggest_customer_tags cannot be used" in function.meaning
    assert "suggest_tags_action" in function.advice
    assert [deployed.execute_sql(f"select count(*) from public.{table}") for table in tables] == before


def test_labels_that_follow_from_a_recency_of_365_are_counted(by_both: Ask, deployed: LocalStack) -> None:
    (found,) = deployed.execute_sql(
        "select count(*) from public.customer_profiles p"
        " where not exists (select from public.orders o where o.customer_id = p.id and o.status <> 'cancelled')"
    )
    labels = line_of(by_both(doctor), "labels")
    assert labels.verdict == "warn"
    assert labels.meaning.startswith(f"{found['count']:,} customers without orders have recency_days 365")
    assert "En Riesgo and Requiere Atención, never as prospects" in labels.meaning
    assert Segment.PROSPECT not in by_both(get_directory_stats).by_segment


def test_labels_that_do_not_follow_from_a_recency_of_365_pass(by_both: Ask, deployed: LocalStack) -> None:
    recency = (
        "create or replace function public.customer_recency(last_order timestamptz) returns integer"
        " language sql stable as $$ select {} $$"
    )
    days = "extract(day from now() - last_order)::integer"
    with defect(deployed, recency.format(days), recency.format(f"coalesce({days}, 365)")):
        assert line_of(by_both(doctor), "labels").verdict == "pass"


@pytest.mark.parametrize(
    ("change", "undo", "name", "words"),
    [
        (
            "alter table public.referrals rename to friends",
            "alter table public.friends rename to referrals",
            "columns of referrals",
            "referrals does not exist: there are no referrals",
        ),
        (
            "alter table public.loyalty_points rename column description to text",
            "alter table public.loyalty_points rename column text to description",
            "columns of loyalty_points",
            "missing: description or reason (the field is None)",
        ),
        (
            "alter table public.store_settings rename column loyalty_tiers_config to tiers",
            "alter table public.store_settings rename column tiers to loyalty_tiers_config",
            "columns of store_settings",
            "missing: loyalty_tiers_config (the field is None)",
        ),
    ],
    ids=["table", "column", "setting"],
)
def test_tables_and_columns_that_not_every_shop_has_fail_nothing(
    by_both: Ask, deployed: LocalStack, change: str, undo: str, name: str, words: str
) -> None:
    with defect(deployed, change, undo):
        report = by_both(doctor)
    assert report.ok, str(report)
    assert line_of(report, name).meaning == words

"""The shop as deployed: its gated view is read whole by an administrator's session, like the open one by any key.

What asks for the fixture `admin` runs on this shop too; here is the directory.
"""

from __future__ import annotations

import pytest

from admin_crm import (
    filter_customers,
    get_all_customers,
    get_customer_intelligence,
    get_directory_stats,
    iter_customers,
    search_customers,
    summarize_customers,
)
from admin_crm.local import LocalStack
from helpers import Ask, lasting, lasting_stats

pytestmark = pytest.mark.xdist_group("gated")


@pytest.fixture
def signed_in(caller, gated) -> Ask:
    return Ask(caller, caller.sign_in(gated.url, gated.publishable_key, gated.admin_email, gated.admin_password))


def profiles(stack: LocalStack) -> list[dict]:
    """What the directory must show; the view itself shows nothing at the SQL prompt."""
    return stack.execute_sql("select id, full_name, created_at from customer_profiles order by created_at desc, id")


def test_the_directory_is_complete_and_newest_first(signed_in, gated):
    customers = signed_in(get_all_customers)
    expected = profiles(gated)
    assert {str(each.id): each.full_name for each in customers} == {row["id"]: row["full_name"] for row in expected}
    dates = [each.created_at for each in customers]
    assert dates == sorted(dates, reverse=True)
    streamed = signed_in.caller.collect(iter_customers(signed_in.crm))
    assert {each.id: lasting(each) for each in streamed} == {each.id: lasting(each) for each in customers}


def test_stats_and_search_agree_with_the_directory(signed_in):
    everyone = signed_in(get_all_customers)
    stats, summary = signed_in(get_directory_stats), summarize_customers(everyone)
    assert lasting_stats(stats) == lasting_stats(summary)
    assert sum(stats.by_segment.values()) == stats.total == len(everyone)
    for text, filters in (("lucía", {}), ("", {"status": "suspended"}), ("", {"tier": "gold"})):
        found = signed_in(search_customers, text, **filters, page_size=1000)
        assert {each.id for each in found} <= {each.id for each in everyone}
        assert found.total == len(filter_customers(everyone, text, **filters)) > 0


def test_a_customers_row_is_the_directorys(signed_in, gated):
    [row] = [each for each in signed_in(get_all_customers) if str(each.id) == gated.customer_id]
    assert lasting(signed_in(get_customer_intelligence, gated.customer_id)) == lasting(row)

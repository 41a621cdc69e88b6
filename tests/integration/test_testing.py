"""The pytest plugin in other people's projects: a clean shop for each test, sync and async, whatever was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

import admin_crm
import admin_crm.testing.fixtures  # what the inner runs import for the first time they would throw away at their end
from admin_crm import AdminCRM, update_customer_status
from admin_crm.local import LocalStack
from admin_crm.local.installed import cache_dir
from shops import local_only

pytest_plugins = ["pytester"]
pytestmark = [pytest.mark.once, local_only, pytest.mark.xdist_group("testing")]

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "testing.md"
LOADED = [getattr(admin_crm, name) for name in admin_crm.__all__]
LUCIA = LocalStack.customer_id
CACHE = cache_dir().parents[1]
HEAD = f"""
import pytest
from admin_crm import *

LUCIA = {LUCIA!r}

def status(crm):
    return get_admin_customer_details(crm, LUCIA).account_status

def set_status(stack, status):
    stack.execute_sql(f"update customer_profiles set account_status = '{{status}}' where id = '{{LUCIA}}'")
"""


@pytest.fixture(scope="module")
def own() -> Iterator[LocalStack]:
    """A stack for all projects of this module, in place of one for each."""
    with LocalStack() as running:
        with AdminCRM(running.url, running.secret_key) as crm:
            update_customer_status(
                crm, LUCIA, "active"
            )  # loads supabase-py, which an inner run must not be the first to do
        yield running


def given_by(stack: LocalStack) -> ModuleType:
    """Return a plugin that lets an inner run have a stack that is running already."""
    plugin = ModuleType("given_by")
    plugin.given = pytest.fixture(scope="session", name="given")(lambda: stack)  # type: ignore[attr-defined]
    return plugin


@pytest.fixture
def project(pytester: pytest.Pytester, own: LocalStack) -> Callable[..., pytest.RunResult]:
    """Run a project's tests in the order in which they are written; a warning is an error."""
    pytester.makeconftest("""
        import pytest

        @pytest.fixture(scope="session")
        def local_supabase(given):
            return given
        """)

    def run(*sources: str) -> pytest.RunResult:
        for number, source in enumerate(sources):
            pytester.makepyfile(**{f"test_{number}": source})
        options = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error", "-q")
        return pytester.runpytest_inprocess(*options, plugins=[given_by(own)])

    return run


def test_what_a_test_writes_is_not_there_in_the_next_one(project):
    source = """
        def test_writes(crm):
            assert status(crm) == "active"
            update_customer_status(crm, LUCIA, "banned")
            assert status(crm) == "banned"

        def test_fails_half_way(crm):
            assert status(crm) == "active"
            update_customer_status(crm, LUCIA, "banned")
            raise ValueError

        def test_reads(crm):
            assert status(crm) == "active"

        def test_with_sql_alone(local_supabase):
            local_supabase.execute_sql("delete from user_notifications")

        def test_reads_again(local_supabase):
            assert local_supabase.execute_sql("select 1 from user_notifications limit 1")

        def test_asks_late(request):
            update_customer_status(request.getfixturevalue("crm"), LUCIA, "banned")

        def test_asks_late_too(request):
            assert status(request.getfixturevalue("crm")) == "active"
        """
    project(HEAD + dedent(source)).assert_outcomes(passed=6, failed=1)


def test_coroutine_functions_have_the_same_clean_shop_and_leave_no_socket_open(project):
    source = """
        import gc

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        async def test_writes(async_crm, crm):
            await update_customer_status(async_crm, LUCIA, "banned")
            async for customer in iter_customers(async_crm):
                break
            assert status(crm) == "banned"

        async def test_reads(async_crm):
            assert (await get_admin_customer_details(async_crm, LUCIA)).account_status == "active"

        async def test_may_close_it(async_crm):
            async with async_crm:
                await get_loyalty_balance(async_crm, LUCIA)

        def test_leaves_nothing():
            gc.collect()
        """
    project(HEAD + dedent(source)).assert_outcomes(passed=4)


def test_what_a_fixture_writes_lasts_as_long_as_the_fixture(project):
    source = """
        @pytest.fixture(scope="module")
        def suspended(local_supabase):
            set_status(local_supabase, "suspended")
            yield
            set_status(local_supabase, "active")

        @pytest.fixture
        def banned(local_supabase):
            set_status(local_supabase, "banned")

        @pytest.mark.parametrize("again", range(2))
        def test_wide(suspended, crm, again):
            assert status(crm) == "suspended"
            update_customer_status(crm, LUCIA, "banned")

        def test_narrow(suspended, banned, crm):
            assert status(crm) == "banned"

        def test_wide_again(crm, suspended):
            assert status(crm) == "suspended"
        """
    after = "def test_after(crm):\n    assert status(crm) == 'active'\n"
    project(HEAD + dedent(source), HEAD + after).assert_outcomes(passed=5)


def test_a_project_has_fixtures_of_these_names_of_its_own_if_it_wants(project):
    source = """
        @pytest.fixture
        def crm():
            return "mine"

        def test_mine(crm, request):
            assert crm == "mine"
            assert "local_supabase" not in request.fixturenames
        """
    project(HEAD + dedent(source)).assert_outcomes(passed=1)


def test_the_tests_that_the_guide_shows_pass(project):
    blocks = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    shown = [block for block in blocks if "def test_" in block]
    count = sum(len(re.findall(r"^(?:async )?def test_", block, re.MULTILINE)) for block in shown)
    assert count > 5
    project("\n".join(shown)).assert_outcomes(passed=count)  # a block goes on where the one before ended


def test_the_stack_is_started_by_the_first_test_that_needs_it(pytester, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))  # a pytester has a home of its own, without what was downloaded
    pytester.makepyfile("""
        def test_starts(local_supabase):
            assert local_supabase.execute_sql("select 1 as one") == [{"one": 1}]
        """)
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error").assert_outcomes(passed=1)

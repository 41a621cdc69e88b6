"""The pytest plugin of admin_crm: the fixtures `local_supabase`, `crm` and `async_crm`.

It lies beside the package, not in it, because pytest imports it at its start: before coverage is measured, and in every
project where admin_crm is installed. So it imports nothing of the package until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from admin_crm import AdminCRM, AsyncAdminCRM
    from admin_crm.local import LocalStack


@pytest.fixture(scope="session")
def local_supabase() -> Iterator[LocalStack]:
    """A local Supabase with a seeded shop, for the whole run; with pytest-xdist one for each process."""
    from admin_crm.testing.fixtures import running_stack

    with running_stack() as stack:
        yield stack


@pytest.fixture
def crm(_clean_shop: LocalStack) -> Iterator[AdminCRM]:
    """A connection with the secret key to a clean shop: what the test writes is undone after it."""
    from admin_crm.testing.fixtures import connection

    with connection(_clean_shop) as connected:
        yield connected


@pytest.fixture
def async_crm(_clean_shop: LocalStack) -> Iterator[AsyncAdminCRM]:
    """An async connection to the same shop, for a test of any plugin that runs coroutine functions on asyncio."""
    from admin_crm.testing.fixtures import async_connection

    with async_connection(_clean_shop) as connected:
        yield connected


@pytest.fixture
def _clean_shop(local_supabase: LocalStack) -> Iterator[LocalStack]:
    """The shop, from which everything is undone that the test and its own fixtures write."""
    local_supabase.snapshot()
    yield local_supabase
    local_supabase.restore()


@pytest.fixture(autouse=True)
def _clean_shop_first(request: pytest.FixtureRequest) -> None:
    """Take the snapshot before other fixtures of a test write, if it uses the shop at all."""
    if "local_supabase" in request.fixturenames:
        request.getfixturevalue("_clean_shop")

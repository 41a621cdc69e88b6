"""Shops of other kinds than the usual one, each started once for all the tests that share it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from admin_crm import Settings
from admin_crm.local import LocalStack
from helpers import Ask, Caller
from shops import open_shop


@pytest.fixture(scope="session")
def capped() -> Iterator[LocalStack]:
    """A shop whose server gives 50 rows at once, with English labels and a tier column called tier."""
    with open_shop(max_rows=50, labels="en", tier_column="tier") as running:
        yield running


@pytest.fixture(scope="session")
def gated() -> Iterator[LocalStack]:
    """A shop whose view shows customers only to a signed-in administrator, 50 at once."""
    with open_shop(gated_view=True, max_rows=50) as running:
        yield running


@pytest.fixture
def quick(caller: Caller, stack: LocalStack) -> Any:
    """Open a connection with settings of the test's own, which does not wait between tries."""

    def opened(key: str | None = None, **settings: Any) -> Ask:
        quickly = Settings(retry_base_delay=0.001, retry_max_delay=0.002, **settings)
        return Ask(caller, caller.open(stack.url, key or stack.secret_key, settings=quickly))

    return opened

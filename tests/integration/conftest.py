"""Shops of other kinds than the usual one, each started once for all the tests that share it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from admin_crm.local import LocalStack
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

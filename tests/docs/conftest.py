"""One shop for whatever the documentation shows: its blocks, notebooks and examples write as they like."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from admin_crm.local import LocalStack
from shops import open_shop


@pytest.fixture(scope="session")
def playground() -> Iterator[LocalStack]:
    """A shop of the documentation's own."""
    with open_shop() as running:
        yield running

"""Shops of other kinds than the usual one, each started once for all the tests that share it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from admin_crm.local import LocalStack
from helpers import Ask
from shops import CAPPED, REAL_POSTGREST, open_shop


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


@pytest.fixture(params=["cap 1,000, Spanish", pytest.param("cap 50, English", marks=CAPPED)])
def shop(request, stack) -> LocalStack:
    """The usual shop, or one of the other kind: 50 rows at once, and English."""
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

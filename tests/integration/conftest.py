"""Shops of other kinds than the usual one, each started once for all its tests; and sync and async by turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4
from zlib import crc32

import httpx
import pytest

from accounts import Account
from admin_crm import Settings
from admin_crm.local import LocalStack
from helpers import Ask, Caller
from shops import CAPPED, FEW, REAL_POSTGREST, open_shop

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--by-turns`, run each choice of a test's parameters once: sync or async, on one engine or the other."""
    if config.getoption("by_turns"):
        here = [each for each in items if HERE in each.path.parents]
        dropped = {*here} - {*_whose_turn_it_is(here)}
        config.hook.pytest_deselected(items=list(dropped))
        items[:] = [each for each in items if each not in dropped]


def _whose_turn_it_is(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """Of each test one way runs on Lite and the others on PostgREST; a test that has one way only runs on both.

    A way is a choice of the parameters but for the form. Whether a call is sync or async is decided before a request
    leaves: it makes no difference to the server's engine.
    """
    ways: defaultdict[str, set[tuple[tuple[str, int], ...]]] = defaultdict(set)
    for each in items:
        ways[_name(each)].add(_way(each))
    for each in items:
        of_test, number = sorted(ways[_name(each)]), crc32(_name(each).encode())
        place = of_test.index(_way(each))
        turn = (place + number + REAL_POSTGREST) % 2
        on_lite = place == number % len(of_test)
        anywhere = len(of_test) == 1 or each.get_closest_marker("once") is not None
        if _places(each).get("caller", turn) == turn and (anywhere or on_lite != REAL_POSTGREST):
            yield each


def _name(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _way(item: pytest.Item) -> tuple[tuple[str, int], ...]:
    """The parameters but for the form."""
    return tuple(sorted((name, place) for name, place in _places(item).items() if name != "caller"))


def _places(item: pytest.Item) -> dict[str, int]:
    """The parameters of a test, as places in the lists of their values."""
    return item.callspec.indices if hasattr(item, "callspec") else {}


@pytest.fixture(scope="session")
def capped() -> Iterator[LocalStack]:
    """A shop whose server gives 50 rows at once, with English labels and a tier column called tier."""
    with open_shop(customers=FEW, max_rows=50, labels="en", tier_column="tier") as running:
        yield running


@pytest.fixture(scope="session")
def gated() -> Iterator[LocalStack]:
    """A shop whose view shows customers only to a signed-in administrator, 50 at once."""
    with open_shop(customers=FEW, gated_view=True, max_rows=50) as running:
        yield running


@pytest.fixture(params=["usual, Spanish", pytest.param("cap 50, English", marks=CAPPED)])
def shop(request, stack) -> LocalStack:
    """The usual shop, or one of the other kind: 50 rows at once, and English."""
    return stack if request.param == "usual, Spanish" else request.getfixturevalue("capped")


@pytest.fixture
def asked(caller, shop) -> Ask:
    """Ask with a secret key, sync, and as an administrator, async: the dearest tests do without the rest."""
    if caller.name == "sync":
        return Ask(caller, caller.open(shop.url, shop.secret_key))
    return Ask(caller, caller.sign_in(shop.url, shop.publishable_key, shop.admin_email, shop.admin_password))


@pytest.fixture(scope="session")
def confirming() -> Iterator[LocalStack]:
    """A shop where sign-ups must confirm their e-mail address. Its tests carry the mark `shops.CONFIRMING`."""
    with open_shop(email_confirmation=True) as running:
        yield running


@pytest.fixture(scope="session")
def moderated() -> Iterator[LocalStack]:
    """A shop that has installed `admin-crm sql moderation`. Its tests carry the marks `shops.MODERATED`."""
    with open_shop(moderation_log=True) as running:
        yield running


@pytest.fixture
def failing_address(stack: LocalStack) -> Iterator[str]:
    """An e-mail address for which a trigger on `auth.users` raises."""
    name = f"fails_{uuid4().hex}"
    email = f"{name}@clientes.example"
    stack.execute_sql(
        f"create function public.{name}() returns trigger language plpgsql as $$"
        " begin raise exception 'relation \"clientes\" does not exist'; end $$"
    )
    stack.execute_sql(
        f"create trigger {name} before insert on auth.users for each row when (new.email = '{email}')"
        f" execute function public.{name}()"
    )
    yield email
    stack.execute_sql(f"drop trigger {name} on auth.users")
    stack.execute_sql(f"drop function public.{name}()")


@pytest.fixture
def account(stack: LocalStack) -> Iterator[Account]:
    """A customer of the test's own who signs in with a password, removed afterwards."""
    with httpx.Client(trust_env=False) as http:
        account = Account(stack, http)
        yield account
    stack.execute_sql(f"delete from auth.users where id = '{account.id}'")


@pytest.fixture
def quick(caller: Caller, stack: LocalStack) -> Any:
    """Open a connection with settings of the test's own, which does not wait between tries."""

    def opened(key: str | None = None, **settings: Any) -> Ask:
        quickly = Settings(retry_base_delay=0.001, retry_max_delay=0.002, **settings)
        return Ask(caller, caller.open(stack.url, key or stack.secret_key, settings=quickly))

    return opened

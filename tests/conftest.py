"""What every test shares: both colours from one fixture, and a real local stack where one is asked for."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx._transports.default as httpx_transport
import hypothesis
import pytest

from admin_crm import AdminCRM, AdminCRMError, AsyncAdminCRM, Settings
from admin_crm.local import LocalStack
from shops import open_shop

# Whoever starts the tests in the background may have them, and the processes they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Every connection would read the certificate authorities anew, which took a third of the suite's time.
httpx_transport.create_ssl_context = functools.cache(httpx_transport.create_ssl_context)

# No test is a timed test.
hypothesis.settings.register_profile("shop", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shop")

URL = "https://shop.test"
KEY = "sb_secret_unit-test-key"
ANON = "sb_publishable_unit-test-key"
QUICK = Settings(retry_attempts=4, retry_base_delay=0.001, retry_max_delay=0.002)
"""Settings for unit tests: retries without waiting."""


SECRETS = (KEY, "sb_secret_local", LocalStack.admin_password, LocalStack.customer_password, "eyJ")
"""What must never show: keys, passwords, and the beginning of every token."""


class _Ear(logging.Handler):
    """Keeps what the library logs, as it would be printed."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("admin_crm"):
            self.heard.append(self.format(record))


@pytest.fixture(autouse=True)
def nothing_secret_shows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look through every log line and every error of every test for keys, passwords and tokens (R8)."""
    made: list[AdminCRMError] = []
    make = AdminCRMError.__init__

    def made_and_kept(error: AdminCRMError, message: str, **about: Any) -> None:
        make(error, message, **about)
        made.append(error)

    ear, root = _Ear(), logging.getLogger()
    monkeypatch.setattr(AdminCRMError, "__init__", made_and_kept)
    root.addHandler(ear)
    try:
        yield
    finally:
        root.removeHandler(ear)
    told = "".join(f"{error!s} {error!r} {vars(error)!r} {error.__cause__!r}" for error in made)
    for secret in SECRETS:
        assert secret not in told, f"an error shows {secret[:12]}…"
        assert not any(secret in line for line in ear.heard), f"the log shows {secret[:12]}…"


class Colour:
    """Opens connections of one colour and runs operations on them, so that a test is written once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._closing = ExitStack()
        self._runner: asyncio.Runner | None = None
        if name == "async":
            self._runner = self._closing.enter_context(asyncio.Runner())

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Open a connection, closed when the test ends."""
        kind = AsyncAdminCRM if self._runner else AdminCRM
        return self.keep(kind(*args, **kwargs))

    def sign_in(self, *args: Any, **kwargs: Any) -> Any:
        """Open a connection as a signed-in user, closed when the test ends."""
        kind = AsyncAdminCRM if self._runner else AdminCRM
        return self.keep(self.wait(kind.sign_in(*args, **kwargs)))

    def keep(self, crm: Any) -> Any:
        self._closing.callback(lambda: self.wait(crm.close()))
        return crm

    def wait(self, outcome: Any) -> Any:
        """Return a value, waiting for it if it has to be waited for."""
        if inspect.isawaitable(outcome):
            assert self._runner is not None

            async def waited() -> Any:
                return await outcome

            return self._runner.run(waited())
        return outcome

    def __call__(self, operation: Callable[..., Any], crm: Any, *args: Any, **kwargs: Any) -> Any:
        """Run an operation to its end."""
        return self.wait(operation(crm, *args, **kwargs))

    def collect(self, stream: Any, limit: int | None = None) -> list[Any]:
        """Iterate over a stream, to its end or its first `limit` items."""
        if not self._runner:
            return [item for item, _ in zip(stream, range(limit or 1 << 40), strict=False)]

        async def collected() -> list[Any]:
            items = []
            async for item in stream:
                items.append(item)
                if len(items) == limit:
                    break
            return items

        return self._runner.run(collected())

    def close(self) -> None:
        self._closing.close()


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    """Both colours, one after the other."""
    each = Colour(request.param)
    yield each
    each.close()


@pytest.fixture
def crm(colour: Colour) -> Any:
    """A connection to a server that only respx plays."""
    return colour.open(URL, KEY, anon_key=ANON, settings=QUICK)


class Ask:
    """An operation asked of one connection: ``ask(get_all_customers)``."""

    def __init__(self, colour: Colour, crm: Any) -> None:
        self.colour = colour
        self.crm = crm

    def __call__(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self.colour(operation, self.crm, *args, **kwargs)


@pytest.fixture
def ask(colour: Colour, crm: Any) -> Ask:
    """Ask operations of a server that only respx plays."""
    return Ask(colour, crm)


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The local Supabase as most shops are: row cap 1,000, Spanish labels, no e-mail confirmation."""
    with open_shop() as running:
        yield running


@pytest.fixture
def by_key(colour: Colour, stack: LocalStack) -> Ask:
    """Ask operations with the secret key."""
    crm = colour.open(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    return Ask(colour, crm)


@pytest.fixture
def by_admin(colour: Colour, stack: LocalStack) -> Ask:
    """Ask operations as a signed-in administrator."""
    return Ask(colour, colour.sign_in(stack.url, stack.publishable_key, stack.admin_email, stack.admin_password))


@pytest.fixture(params=["secret key", "signed-in administrator"])
def admin(request: pytest.FixtureRequest, colour: Colour) -> Ask:
    """Ask operations with either kind of an administrator's rights."""
    return request.getfixturevalue("by_key" if request.param == "secret key" else "by_admin")


@pytest.fixture
def stranger(colour: Colour, stack: LocalStack) -> Ask:
    """Ask operations as a signed-in customer who is no administrator."""
    found = stack.execute_sql(
        "select email from auth.users where email is not null and id not in (select id from public.admin_users)"
        " order by id limit 1"
    )
    return Ask(colour, colour.sign_in(stack.url, stack.publishable_key, found[0]["email"], stack.customer_password))


@pytest.fixture
def customer(stack: LocalStack) -> Iterator[str]:
    """A customer of the test's own, removed afterwards."""
    from uuid import uuid4

    customer_id = str(uuid4())
    stack.execute_sql(
        "insert into auth.users (id, email, raw_user_meta_data, aud, role, created_at, updated_at)"
        f" values ('{customer_id}', 'c-{customer_id}@clientes.example',"
        " '{\"full_name\": \"Prueba Única\"}', 'authenticated', 'authenticated', now(), now())"
    )
    yield customer_id
    stack.execute_sql(f"delete from auth.users where id = '{customer_id}'")

"""Fixtures that every test may use: sync and async from one test, and a real local stack where one is asked for."""

from __future__ import annotations

import gc
import logging
import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from admin_crm import AdminCRMError
from admin_crm.local import LocalStack
from helpers import ANON, KEY, QUICK, URL, Ask, Caller, shown_with_locals
from shops import open_shop
from traces import Traces
from turns import whose_turn_it_is

# Whoever starts the tests in the background may have them, and the processes they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Python's collector goes over all that pandas, mcp and the tests have loaded: it was a fifth of the unit tests' time.
gc.set_threshold(50_000, 20, 50)

SECRETS = [
    *(re.compile(re.escape(secret)) for secret in (KEY, LocalStack.admin_password, LocalStack.customer_password)),
    # Tokens are base64 of JSON. So is the metadata of an upload, which holds nothing but the file's name.
    re.compile(r"eyJ(?<![\w-]eyJ)(?<!x-metadata': 'eyJ)(?<!,metadata eyJ)"),
    # The keys of local stacks are random, but say what they are.
    re.compile(r"sb_secret_[\w-]{16}"),
    re.compile(r"local_admin_[\w-]{16}"),
]
"""What must never show: keys, passwords, the beginning of every token. In one pattern they take ten times as long."""
MOST_TRACEBACKS = 3
"""How many errors of a test are searched with the local variables of their frames."""


class _Ear(logging.Handler):
    """Keeps what the library logs, as it would be printed."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("admin_crm"):
            self.heard.append(self.format(record))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make test` passes; what it does is in tests/turns.py."""
    parser.addoption(
        "--by-turns", action="store_true", help="sync or async, on one engine or the other, and fewer examples"
    )


def pytest_configure(config: pytest.Config) -> None:
    """No test of hypothesis is a timed test; with `--by-turns` it tries fewer examples."""
    hypothesis.settings.register_profile(
        "shop",
        deadline=None,
        max_examples=40 if config.getoption("by_turns") else 100,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("shop")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--by-turns`, leave out the tests whose turn it is not."""
    if config.getoption("by_turns"):
        running = {*whose_turn_it_is(items)}
        config.hook.pytest_deselected(items=[each for each in items if each not in running])
        items[:] = [each for each in items if each in running]


def pytest_collection_finish() -> None:
    """Take what lives as long as the run out of the collector's sight."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Collect once, so that what was never closed is warned of; pytest would go over everything five times."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_secret_shows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Search every log line and error of every test, and the first tracebacks with their local variables (R8)."""
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
    errors = [f"{error!s} {error!r} {vars(error)!r} {error.__cause__!r}" for error in made]
    tracebacks = [shown_with_locals(error) for error in made[:MOST_TRACEBACKS]]
    places = {"an error": errors, "the log": ear.heard, "a traceback with local variables": tracebacks}
    for place, texts in places.items():
        text = "\n".join(texts)
        for shown in filter(None, (secret.search(text) for secret in SECRETS)):
            line = text[: shown.start()].rpartition("\n")[2]
            pytest.fail(f"{place} shows {shown[0][:12]}…: {line[:300]}")


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    """Calls sync, and once more async."""
    each = Caller(request.param)
    yield each
    each.close()


@pytest.fixture
def crm(caller: Caller) -> Any:
    """A connection to a server that only respx plays."""
    return caller.open(URL, KEY, anon_key=ANON, settings=QUICK)


@pytest.fixture
def ask(caller: Caller, crm: Any) -> Ask:
    """Ask operations of a server that only respx plays."""
    return Ask(caller, crm)


GATED = pytest.mark.xdist_group("gated")
"""One process starts the shop as deployed."""
RIGHTS = [
    pytest.param("by_key", None, id="secret key"),
    pytest.param("by_admin", None, id="signed-in administrator"),
    pytest.param("by_admin", "gated", id="administrator of the shop as deployed", marks=GATED),
]
"""The rights that `admin` has, and the shop that `stack` is then."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for `admin` with all rights; `stack`, `customer` and the like are of the same shop."""
    if "admin_rights" in metafunc.fixturenames:
        metafunc.parametrize(("admin_rights", "stack"), RIGHTS, indirect=True)


@pytest.fixture(scope="session")
def open_stack() -> Iterator[LocalStack]:
    """The local Supabase: more customers than one response holds, a view that is open to a secret key."""
    with open_shop() as running:
        yield running


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> LocalStack:
    """The local Supabase with the open view, or the one that `RIGHTS` names."""
    return request.getfixturevalue(getattr(request, "param", None) or "open_stack")


@pytest.fixture
def by_key(caller: Caller, stack: LocalStack) -> Ask:
    """Ask operations with the secret key."""
    crm = caller.open(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    return Ask(caller, crm)


@pytest.fixture
def by_admin(caller: Caller, stack: LocalStack) -> Ask:
    """Ask operations as a signed-in administrator."""
    return Ask(caller, caller.sign_in(stack.url, stack.publishable_key, stack.admin_email, stack.admin_password))


@pytest.fixture
def by_both(caller: Caller, stack: LocalStack) -> Ask:
    """Ask operations as a signed-in administrator whose connection also has the secret key."""
    crm = caller.sign_in(
        stack.url, stack.publishable_key, stack.admin_email, stack.admin_password, secret_key=stack.secret_key
    )
    return Ask(caller, crm)


@pytest.fixture
def admin_rights(request: pytest.FixtureRequest) -> str:
    """One of the `RIGHTS`."""
    return request.param


@pytest.fixture
def admin(request: pytest.FixtureRequest, admin_rights: str, caller: Caller, stack: LocalStack) -> Ask:
    """Ask operations with each kind of an administrator's rights, and of the shop as deployed too."""
    return request.getfixturevalue(admin_rights)


@pytest.fixture
def stranger(caller: Caller, stack: LocalStack) -> Ask:
    """Ask operations as a signed-in customer who is no administrator."""
    found = stack.execute_sql(
        # One of the seed's, whose password is known: other tests create customers too.
        "select email from auth.users where email like 'cliente%' order by id limit 1"
    )
    return Ask(caller, caller.sign_in(stack.url, stack.publishable_key, found[0]["email"], stack.customer_password))


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


@pytest.fixture
def traces() -> Traces:
    """What OpenTelemetry is told during the test, of connections with `Settings(telemetry=True)`."""
    return Traces()


@pytest.fixture
def no_environment(monkeypatch, tmp_path):
    """No SUPABASE_* or ADMIN_CRM_* variable, and no .env file."""
    for name in list(os.environ):
        if name.startswith(("SUPABASE_", "ADMIN_CRM_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path

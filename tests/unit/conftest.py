"""Servers that respx plays, one for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
import typer.testing
from typer.main import get_command
from typer.testing import CliRunner

from admin_crm._core import retry, send, transfer
from admin_crm._storage import resumable, upload
from admin_crm.cli import app
from functions_server import CUSTOMER, OFFERS, knows
from helpers import SOMEBODY
from moderation_server import ModerationServer
from orders_server import OrdersServer
from project_server import Project
from storage_server import Clock, StorageServer, Tus

# It makes all commands anew for each invocation, which takes longer than most of them do.
typer.testing._get_command = cache(get_command)


@pytest.fixture
def storage() -> Iterator[StorageServer]:
    """A storage server that answers what the test tells it to."""
    with respx.mock as router:
        server = StorageServer(router)
        yield server
    assert server.plays == []


@pytest.fixture
def tus(storage: StorageServer, monkeypatch: pytest.MonkeyPatch) -> Tus:
    """A server of resumable uploads, in parts of 1,000 bytes."""
    monkeypatch.setattr(resumable, "PART_SIZE", 1000)
    monkeypatch.setattr(upload, "PART_SIZE", 1000)
    return Tus(storage)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which retries are counted."""
    clock = Clock()
    for module in (send, retry, transfer):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def project() -> Iterator[Project]:
    """A healthy Supabase project."""
    with respx.mock(assert_all_called=False) as router:
        yield Project(router)


@pytest.fixture
def functions() -> Iterator[respx.MockRouter]:
    """The server of the Edge Functions, of a shop with one customer that stores no offers."""
    with respx.mock(assert_all_called=False) as router:
        knows(router, CUSTOMER)
        router.get(OFFERS).mock(return_value=httpx.Response(404, json={"code": "PGRST205", "message": "no table"}))
        yield router


@pytest.fixture
def orders_server() -> Iterator[OrdersServer]:
    """A server with orders, two products and one category."""
    with respx.mock(assert_all_called=False) as router:
        yield OrdersServer(router)


@pytest.fixture
def shop() -> Iterator[ModerationServer]:
    """A shop with one active customer, whose status and sign-in can be changed."""
    with respx.mock(assert_all_called=False) as router:
        yield ModerationServer(router, SOMEBODY)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command where nothing is configured, with what is on its standard input."""
    for name in ("SUPABASE_URL", "SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    return lambda *words, given="": CliRunner().invoke(app, words, input=given)


@pytest.fixture
def run(bare: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in a shop that has a key; what the command calls is the test's to replace."""
    monkeypatch.setenv("SUPABASE_URL", "https://shop.test")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_unit-test-key")
    return bare


@pytest.fixture
def canvas() -> Iterator[None]:
    """A matplotlib that draws in memory by its own defaults, and forgets what a test has drawn."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.use("Agg")
        yield
    plt.close("all")

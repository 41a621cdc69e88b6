"""`admin-crm mcp`: its options, and what it says where it cannot start."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from admin_crm.cli import mcp as cli
from admin_crm.mcp import loopback, server
from admin_crm.mcp.session import Change, Terms


@pytest.fixture(autouse=True)
def process_as_it_was() -> Iterator[None]:
    """Leave signals and loggers as they were."""
    log, handler = logging.getLogger("admin_crm"), signal.getsignal(signal.SIGINT)
    level = log.level
    yield
    log.setLevel(level)
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be served."""
    noted: list[Any] = []

    class Served:
        async def run_stdio_async(self) -> None:
            noted.append("stdio")

    def make_server(crm: object, terms: Terms) -> Served:
        noted.append(terms)
        return Served()

    async def serve(app: Any, listening: Any) -> None:
        noted.append(app)

    monkeypatch.setattr(server, "make_server", make_server)
    monkeypatch.setattr(loopback, "serve", serve)
    monkeypatch.setattr(loopback, "make_app", lambda crm, terms, token, port: (terms, port))
    return noted


def test_without_its_extra_the_command_says_what_to_install(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    done = run("mcp")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "admin-crm mcp needs its extra: pip install 'admin-crm[mcp]'\n"


def test_by_default_it_only_reads_over_stdio(run: Any, started: list[Any]) -> None:
    done = run("mcp")
    assert (done.exit_code, done.output) == (0, "")
    assert started == [Terms(), "stdio"]
    assert logging.getLogger("admin_crm").level == logging.INFO


def test_the_options_are_the_terms(run: Any, started: list[Any]) -> None:
    run("mcp", "--allow", "notes, tags", "--show-personal", "--max-rows", "9", "--max-locks", "0", "--no-confirm")
    allow = frozenset({Change.NOTES, Change.TAGS})
    assert started[0] == Terms(allow=allow, personal=True, max_rows=9, max_locks=0, confirm=False)


def test_an_unknown_word_is_wrong_usage(run: Any, started: list[Any]) -> None:
    done = run("mcp", "--allow", "notes,everything")
    assert done.exit_code == 2
    assert done.stderr == "--allow knows notes, tags, fields, notify, status, points, offers; not everything\n"
    assert started == []


@pytest.mark.parametrize("words", [("--port", "1"), ("--token-file", "x")])
def test_options_of_http_need_http(words: tuple[str, str], run: Any, started: list[Any]) -> None:
    done = run("mcp", *words)
    assert (done.exit_code, done.stderr) == (2, "--port and --token-file go with --http\n")
    assert started == []


def test_over_http_a_new_token_is_told_once(run: Any, started: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(loopback.TOKEN_VARIABLE, raising=False)
    done = run("mcp", "--http", "--port", "0")
    url, token = done.stderr.splitlines()
    ((terms, port),) = started
    assert terms == Terms()
    assert url == f"http://127.0.0.1:{port}/mcp"
    assert token.startswith("Authorization: Bearer ")
    assert done.stdout == ""


def test_a_token_that_is_given_is_not_told(run: Any, started: list[Any], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-of-the-tests-own")
    done = run("mcp", "--http", "--port", "0", "--token-file", str(file))
    assert len(started) == 1
    assert "a-token" not in done.output
    assert len(done.stderr.splitlines()) == 1


def test_what_is_not_configured_is_one_line(bare: Any, started: list[Any]) -> None:
    for words in ((), ("--http", "--port", "0")):
        done = bare("mcp", *words)
        assert done.exit_code == 2
        assert done.stderr.startswith("SUPABASE_URL is set neither in the environment nor in .env")
        assert len(done.stderr.splitlines()) == 1


def test_ctrl_c_ends_it_at_once(run: Any, started: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(cli.os, "_exit", ended.append)

    async def interrupt(app: Any, listening: Any) -> None:
        raise KeyboardInterrupt

    run("mcp")
    signal.raise_signal(signal.SIGINT)
    assert ended == [0]
    monkeypatch.setattr(loopback, "serve", interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    done = run("mcp", "--http", "--port", "0")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (0, "stopped")

"""The token, and who is answered over HTTP."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from admin_crm import AsyncAdminCRM, InvalidInputError
from admin_crm.mcp import loopback
from admin_crm.mcp.loopback import HOST, TOKEN_VARIABLE, OneToken, chosen_token, listen, make_app, serve
from admin_crm.mcp.session import Terms
from helpers import KEY, URL

TOKEN = "a-token-of-the-tests-own"


def test_a_new_token_is_long_and_each_time_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    (one, is_new), (other, _) = chosen_token(), chosen_token()
    assert is_new
    assert len(one.get_secret_value()) > 40
    assert one.get_secret_value() != other.get_secret_value()
    assert one.get_secret_value() not in repr(one)


def test_a_token_comes_from_the_file_or_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, f" {TOKEN}\n")
    assert chosen_token() == (SecretStr(TOKEN), False)
    file = tmp_path / "token"
    file.write_text("another-token-of-the-tests\n")
    assert chosen_token(file) == (SecretStr("another-token-of-the-tests"), False)
    file.write_text("\n")
    with pytest.raises(InvalidInputError, match="at least 20 characters"):
        chosen_token(file)


def test_a_short_token_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "hunter2")
    with pytest.raises(InvalidInputError) as raised:
        chosen_token()
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("wrong", ["", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ñ"])
def test_only_the_token_itself_is_known(wrong: str) -> None:
    knows = OneToken(SecretStr(TOKEN))
    assert asyncio.run(knows.verify_token(wrong)) is None
    right = asyncio.run(knows.verify_token(TOKEN))
    assert right
    assert TOKEN not in repr(right)


def test_only_loopback_listens() -> None:
    with listen(0) as listening:
        host, port = listening.getsockname()
        assert host == HOST
        with socket.create_connection((HOST, port), timeout=5):
            pass
        with pytest.raises(OSError, match="in use"):
            listen(port)


def test_it_serves_on_the_open_port_and_logs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[Any] = []

    class Server:
        def __init__(self, config: uvicorn.Config) -> None:
            noted.append((config.access_log, config.log_level))

        async def serve(self, sockets: list[socket.socket]) -> None:
            noted.append(sockets)

    monkeypatch.setattr(loopback.uvicorn, "Server", Server)
    with listen(0) as listening:
        asyncio.run(serve(Starlette(), listening))
        assert noted == [(False, "warning"), [listening]]


BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({**BEARER, "Host": "evil.example:8765"}, 421),
        ({**BEARER, "Host": "127.0.0.1:80"}, 421),
        ({**BEARER, "Origin": "http://localhost:8765"}, 403),
        ({**BEARER, "Content-Type": "text/plain"}, 400),
        (BEARER, 200),
        ({**BEARER, "Host": "localhost:8765"}, 200),
    ],
)
def test_who_is_answered(headers: dict[str, str], status: int) -> None:
    hello: dict[str, Any] = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    accepted = {"Accept": "application/json, text/event-stream"}

    async def ask() -> int:
        async with AsyncAdminCRM(URL, KEY) as crm:
            app = make_app(crm, Terms(), SecretStr(TOKEN), 8765)
            async with app.router.lifespan_context(app):
                transport = httpx.ASGITransport(app)
                async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}:8765") as http:
                    return (await http.post("/mcp", json=hello, headers=accepted | headers)).status_code

    assert asyncio.run(ask()) == status

"""Serving over HTTP on this machine: loopback only, with a token, for no web page."""

from __future__ import annotations

import hmac
import os
import secrets
import socket
from pathlib import Path

import uvicorn
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl, SecretStr
from starlette.applications import Starlette

from admin_crm.client import AsyncAdminCRM
from admin_crm.errors import InvalidInputError
from admin_crm.mcp.server import make_server
from admin_crm.mcp.session import Terms

HOST = "127.0.0.1"
TOKEN_VARIABLE = "ADMIN_CRM_MCP_TOKEN"  # noqa: S105 (its name)
_SHORTEST = 20


def chosen_token(file: Path | None = None) -> tuple[SecretStr, bool]:
    """Return the token of the file or of the environment, or a new one, and whether it is new.

    Raises:
        InvalidInputError: the token is shorter than 20 characters.
        OSError: the file cannot be read.
    """
    given = file.read_text("utf-8") if file else os.environ.get(TOKEN_VARIABLE, "")
    if not (token := given.strip()) and not file:
        return SecretStr(secrets.token_urlsafe(32)), True
    if len(token) < _SHORTEST:
        raise InvalidInputError(f"the token must have at least {_SHORTEST} characters", argument="token")
    return SecretStr(token), False


class OneToken(TokenVerifier):
    """Knows one token, and compares in constant time."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the right to call, or None."""
        if not hmac.compare_digest(token.encode(), self._token.get_secret_value().encode()):
            return None
        return AccessToken(token="known", client_id="agent", scopes=[])  # noqa: S106 (not the token)


def make_app(crm: AsyncAdminCRM, terms: Terms, token: SecretStr, port: int) -> Starlette:
    """Make the web application: nothing is answered without the token, for another host, or to a web page."""
    auth = AuthSettings(issuer_url=AnyHttpUrl(f"http://{HOST}:{port}"), resource_server_url=None)
    server = make_server(crm, terms, auth=auth, verifier=OneToken(token))
    closed = TransportSecuritySettings(allowed_hosts=[f"{HOST}:{port}", f"localhost:{port}"], allowed_origins=[])
    return server.streamable_http_app(transport_security=closed)


def listen(port: int) -> socket.socket:
    """Open the port on loopback; 0 selects a free one.

    Raises:
        OSError: the port is taken.
    """
    return socket.create_server((HOST, port))


async def serve(app: Starlette, listening: socket.socket) -> None:
    """Answer until the process is told to stop."""
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    await uvicorn.Server(config).serve([listening])

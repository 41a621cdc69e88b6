"""`admin-crm mcp`: a server for assistants, on the standard input and output or over HTTP on this machine."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin_crm import AsyncAdminCRM
from admin_crm.cli.output import tell, usage_error

if TYPE_CHECKING:
    from admin_crm.mcp.session import Change, Terms

INSTALL = "admin-crm mcp needs its extra: pip install 'admin-crm[mcp]'"
PORT = 8765


def mcp(
    *,
    allow: Annotated[
        str, typer.Option(help="What it may write: notes, tags, fields, notify, status, points, offers; with commas.")
    ] = "",
    show_personal: Annotated[bool, typer.Option("--show-personal", help="Hand over e-mails and phones.")] = False,
    max_rows: Annotated[int, typer.Option(min=0, help="How many rows it hands over until it ends.")] = 1_000,
    max_locks: Annotated[int, typer.Option(min=0, help="How many customers it locks until it ends.")] = 5,
    no_confirm: Annotated[
        bool, typer.Option("--no-confirm", help="Write for clients that cannot ask a person, too.")
    ] = False,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP on 127.0.0.1, with a token.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=f"By default {PORT}; 0 is a free one.")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="The token, if not from ADMIN_CRM_MCP_TOKEN.", dir_okay=False)
    ] = None,
) -> None:
    """Serve the shop to an assistant (Model Context Protocol). Runs until the client goes, or Ctrl-C."""
    if find_spec("mcp") is None:
        raise ImportError(INSTALL)
    if not http and (port is not None or token_file is not None):
        raise usage_error("--port and --token-file go with --http")
    from admin_crm.mcp.session import Terms

    _log_on_standard_error()
    terms = Terms(
        allow=_changes(allow), personal=show_personal, max_rows=max_rows, max_locks=max_locks, confirm=not no_confirm
    )
    if not http:
        signal.signal(signal.SIGINT, _stop_at_once)
        asyncio.run(_over_stdio(terms))
        return
    try:
        asyncio.run(_over_http(terms, PORT if port is None else port, token_file))
    except KeyboardInterrupt:
        # A requested stop is not an error.
        tell("stopped")


def _stop_at_once(*_: object) -> None:
    """End the process on Ctrl-C: the thread that waits for the next line of the input cannot be woken."""
    tell("stopped")
    os._exit(0)


def _log_on_standard_error() -> None:
    """Let clients and people read there who was written about; the standard output is the protocol's."""
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("admin_crm").setLevel(logging.INFO)


def _changes(words: str) -> frozenset[Change]:
    from admin_crm.mcp.session import Change

    given = [word.strip() for word in words.split(",") if word.strip()]
    unknown = [word for word in given if word not in list(Change)]
    if unknown:
        raise usage_error(f"--allow knows {', '.join(Change)}; not {unknown[0]}")
    return frozenset(map(Change, given))


async def _over_stdio(terms: Terms) -> None:
    from admin_crm.mcp.server import make_server

    async with AsyncAdminCRM.from_env() as crm:
        await make_server(crm, terms).run_stdio_async()


async def _over_http(terms: Terms, port: int, token_file: Path | None) -> None:
    from admin_crm.mcp.loopback import HOST, chosen_token, listen, make_app, serve

    token, is_new = chosen_token(token_file)
    with listen(port) as listening:
        port = listening.getsockname()[1]
        async with AsyncAdminCRM.from_env() as crm:
            tell(f"http://{HOST}:{port}/mcp")
            if is_new:
                tell(f"Authorization: Bearer {token.get_secret_value()}")
            await serve(make_app(crm, terms, token, port), listening)

"""The shop as deployed, on PostgREST and PostgreSQL, with many customers; and how much time its database takes."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from admin_crm.local import LocalStack

ADMIN = "ad000000-0000-4000-8000-000000000001"
ROW_LIMIT = 1_000
STATEMENT_TIMEOUT = 8_000
"""Milliseconds, as hosted projects allow signed-in users."""
_SEED = Path(__file__).with_name("shop_seed.sql")
_TICKS = os.sysconf("SC_CLK_TCK")


class Shop:
    """A shop that runs: its address, an administrator's token, and its database."""

    def __init__(self, stack: LocalStack, customers: int) -> None:
        self.url, self.customers = stack.url, customers
        self.key = stack.publishable_key
        self.data = Path(stack._folder) / "postgres"  # noqa: SLF001 (users of the stack need SQL only)
        signed_in = httpx.post(
            f"{self.url}/auth/v1/token?grant_type=password",
            headers={"apikey": self.key},
            json={"email": stack.admin_email, "password": stack.admin_password},
        )
        self.token: str = signed_in.json()["access_token"]
        self.postmaster = int((self.data / "data" / "postmaster.pid").read_text().split()[0])

    def connect(self, role: str) -> psycopg.Connection:
        return psycopg.connect(f"postgresql://{role}@/postgres?host={self.data}", autocommit=True)

    def environment(self, url: str) -> dict[str, str]:
        """Return what a contender's process is told of the shop, which it reaches at a URL."""
        return {
            "SHOP_URL": url, "SHOP_KEY": self.key, "SHOP_TOKEN": self.token, "SHOP_DATA": str(self.data),
            "SHOP_POSTMASTER": str(self.postmaster),
        }  # fmt: skip

    def cpu_seconds(self) -> float:
        """Return the CPU time of all PostgreSQL processes so far."""
        return cpu_seconds(self.postmaster)

    def limit_statements(self, milliseconds: int) -> None:
        """Set the statement timeout of the whole server."""
        with (self.data / "data" / "postgresql.auto.conf").open("a") as configuration:
            configuration.write(f"statement_timeout = {milliseconds}\n")
        os.kill(self.postmaster, signal.SIGHUP)

    def seed(self) -> float:
        """Fill the shop; return the seconds it took."""
        begun = time.perf_counter()
        script = _SEED.read_text("utf-8") % {"customers": self.customers, "orders": 4 * self.customers}
        with self.connect("shop_owner") as connection:
            for statement in script.split(";\n"):
                connection.execute(statement.encode())
        self.limit_statements(STATEMENT_TIMEOUT)
        self._wait_until_idle()
        return time.perf_counter() - begun

    def _wait_until_idle(self) -> None:
        """Wait until the database has tidied up after the seed, for a minute at most."""
        for _ in range(60):
            before = self.cpu_seconds()
            time.sleep(1)
            if self.cpu_seconds() - before < 0.02:
                return


def cpu_seconds(postmaster: int) -> float:
    """Return the CPU time so far of all processes of a PostgreSQL server, those that have ended included."""
    ticks = sum(_stat(postmaster)[11:15])
    for each in Path("/proc").iterdir():
        try:
            values = _stat(int(each.name)) if each.name.isdigit() else []
        except OSError:
            continue
        if values and values[1] == postmaster:
            ticks += sum(values[11:13])
    return ticks / _TICKS


def _stat(pid: int) -> list[int]:
    """Return the numbers of /proc/<pid>/stat behind the name of the program; the state, a letter, is 0."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return [int(each) if each.lstrip("-").isdigit() else 0 for each in fields]


@contextmanager
def open_shop(customers: int) -> Iterator[Shop]:
    with LocalStack(engine="postgrest", gated_view=True, max_rows=ROW_LIMIT, directory_function=True) as stack:
        shop = Shop(stack, customers)
        print(f"a shop of {customers:,} customers, seeded in {shop.seed():.0f} s", flush=True)
        yield shop


@contextmanager
def distance(url: str, milliseconds: int) -> Iterator[str]:
    """Put a distance between client and server: what the client sends arrives so much later."""
    if not milliseconds:
        yield url
        return
    target = httpx.URL(url)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(1 << 16):
            # Each piece is late by the same time, however many are on their way.
            loop.call_later(seconds, writer.write, data)
        loop.call_later(seconds, writer.close)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(target.host, target.port)
        await asyncio.gather(pump(reader, far_writer, milliseconds / 1000), pump(far_reader, writer, 0))

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(accept, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)

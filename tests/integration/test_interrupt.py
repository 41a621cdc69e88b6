"""Ctrl-C against a server that never answers ends the call at once, sync and async, and leaves no thread behind.

The time limit of these calls is an hour, so that only the interrupt can end them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind"),
]
GIVE_UP = 60  # seconds; a machine may be slow, an hour it is not

SETTINGS = "Settings(rest_timeout=3600, retry_deadline=3600, directory_function=None)"
SYNC = f"""
import threading
from admin_crm import AdminCRM, Settings, get_all_customers

with AdminCRM(URL, "sb_secret_interrupt", settings={SETTINGS}) as crm:
    try:
        get_all_customers(crm)
    except KeyboardInterrupt:
        for each in threading.enumerate()[1:]:
            # The interrupt may have come while it was being started: then it begins a little later, or never.
            each._started.wait(1)
            if each.is_alive():
                each.join({GIVE_UP})  # it has been told to end, and on a busy machine that takes its time
        print("interrupted", [each.name for each in threading.enumerate() if each.is_alive()])
"""
ASYNC = f"""
import asyncio, threading
from admin_crm import AsyncAdminCRM, Settings, get_all_customers

async def main():
    async with AsyncAdminCRM(URL, "sb_secret_interrupt", settings={SETTINGS}) as crm:
        await get_all_customers(crm)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", [each.name for each in threading.enumerate()])
"""


class HangingServer:
    """Answers the first `answered` requests with a page of a long directory, and never the others."""

    def __init__(self, answered: int) -> None:
        self._left = answered
        self._lock = threading.Lock()
        self._hanging = threading.Semaphore(0)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def wait_until_hanging(self, requests: int) -> None:
        for _ in range(requests):
            assert self._hanging.acquire(timeout=GIVE_UP)

    def close(self) -> None:
        self._listening.close()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        received = b""
        while data := _read(connection):
            received += data
            if b"\r\n\r\n" not in received:
                continue
            received = b""
            with self._lock:
                self._left -= 1
                answers = self._left >= 0
            if answers:
                body = json.dumps([{"id": f"00000000-0000-4000-8000-{number:012}"} for number in range(10)]).encode()
                head = f"HTTP/1.1 200 OK\r\ncontent-range: 0-9/1000\r\ncontent-length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)
            else:
                self._hanging.release()


def wait_until_asleep(pid: int) -> None:
    """Wait until a program sleeps in a system call: Python would not notice a signal of the moment before it."""
    state = Path(f"/proc/{pid}/stat")
    while state.read_text().rpartition(")")[2].split()[0] not in {"S", "Z"}:  # nor would one that has ended
        os.sched_yield()


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


@pytest.fixture(params=[0, 1], ids=["at the first page", "at the pages that are read at once"])
def server(request: pytest.FixtureRequest) -> Iterator[HangingServer]:
    server = HangingServer(request.param)
    server.expected = 2 if request.param else 1
    yield server
    server.close()


@pytest.mark.parametrize("program", [SYNC, ASYNC], ids=["sync", "async"])
def test_ctrl_c_ends_a_call_to_a_server_that_hangs(server: HangingServer, program: str):
    code = f"URL = {server.url!r}\n{textwrap.dedent(program)}"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        server.wait_until_hanging(server.expected)
        wait_until_asleep(child.pid)
        child.send_signal(signal.SIGINT)
        printed, errors = child.communicate(timeout=GIVE_UP)
    finally:
        child.kill()
        child.wait()
    assert (printed, errors) == ("interrupted ['MainThread']\n", "")

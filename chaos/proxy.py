"""A local proxy that forwards HTTP/1.1 requests to a server and injects faults."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from chaos.faults import Choice, Chooser, Fault, answer_for, head_of

T = TypeVar("T")

REFUSING_SECONDS = 0.05
_LONGEST_STALL = 30.0
_MOST_BODY = 1 << 26
# Below the range for outgoing connections, so that no other socket takes our port while we do not listen.
_PORTS = range(20_000, 31_000)


class _Request(NamedTuple):
    method: str
    target: str
    head: bytes
    body: bytes


class _Answer(NamedTuple):
    head: bytes
    body: bytes


class FaultProxy:
    """A proxy in front of a server; runs in its own thread until it is closed.

    >>> with FaultProxy(stack.url, seed=1, rate=0.1) as proxy:
    ...     crm = AdminCRM(proxy.url, stack.secret_key)
    """

    def __init__(self, upstream: str, *, seed: int = 0, rate: float = 0.0) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._chooser = Chooser(seed, rate)
        self.requests = 0
        self.faults: Counter[Fault] = Counter()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._idle: set[asyncio.StreamWriter] = set()
        self._dark_until = 0.0
        self._reopening: asyncio.Task[None] | None = None
        self._outage: tuple[int, float] | None = None
        self._until: threading.Event | None = None

    @property
    def url(self) -> str:
        """The URL of the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def plan(self, fault: Fault, method: str = "", path: str = "", *, worked: bool = True, variant: float = 0) -> None:
        """Inject a fault into the next request with this method and path."""
        self._chooser.plan(fault, method, path, worked=worked, variant=variant)

    def go_dark_after(self, requests: int, seconds: float, *, until: threading.Event | None = None) -> None:
        """After this many more requests, close all connections and refuse new ones for some seconds.

        With `until`, also until that event is set: a slow machine may take longer than these seconds to come back.
        """
        self._until = until
        self._outage = (self.requests + requests, seconds)

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        self._within(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections and end the thread."""
        self._within(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _within(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _listen(self) -> None:
        while True:
            # Not of `random`: pytest-randomly seeds it alike in every process, which would then choose the same port
            # while ours does not listen.
            port = self.port or secrets.choice(_PORTS)
            try:
                self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            self._listener.setblocking(False)
            self._loop.add_reader(self._listener, self._accept, self._listener)
            self.port = port
            return

    def _accept(self, listener: socket.socket) -> None:
        # Not an asyncio server: it loses a connection that it accepts while it is being closed.
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        task = self._loop.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self) -> None:
        if self._reopening is not None:
            await self._reopening
        self._stop_listening()
        for writer in self._writers:
            writer.transport.abort()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _refuse(self, seconds: float) -> None:
        """Stop listening for some seconds, and close all idle connections."""
        self._dark_until = max(self._dark_until, self._loop.time() + seconds)
        self._stop_listening()
        for writer in self._idle:
            writer.close()
        if self._reopening is None or self._reopening.done():
            self._reopening = self._loop.create_task(self._reopen())

    async def _reopen(self) -> None:
        while (left := self._dark_until - self._loop.time()) > 0:  # noqa: ASYNC110 (the end may be postponed)
            await asyncio.sleep(left)
        while self._until is not None and not self._until.is_set():  # noqa: ASYNC110 (another thread sets it)
            await asyncio.sleep(0.01)
        await self._listen()

    async def _serve(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connection, limit=1 << 20)
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    self._idle.add(writer)
                    request = await _read_request(reader)
                    self._idle.discard(writer)
                    if request is None or not await self._relay(request, reader, writer):
                        return
        finally:
            self._idle.discard(writer)
            await _closed(writer)
            self._writers.discard(writer)

    async def _relay(self, request: _Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Respond to one request; return whether the connection stays open."""
        self.requests += 1
        if self._outage is not None and self.requests >= self._outage[0]:
            seconds, self._outage = self._outage[1], None
            self.faults[Fault.REFUSED] += 1
            for each in self._writers:
                _reset(each)
            self._refuse(seconds)
            return False
        choice = self._chooser.choose(request.method, request.target)
        if choice is None:
            return await _reply(writer, await self._ask(request))
        self.faults[choice.fault] += 1
        if choice.fault in (Fault.TOO_MANY, Fault.UNAVAILABLE, Fault.HTML_520, Fault.HTML_200):
            if choice.worked and choice.fault is not Fault.TOO_MANY:
                await self._ask(request)
            status, headers, body = answer_for(choice)
            head = head_of(status, headers | {"Content-Length": str(len(body))})
            return await _reply(writer, _Answer(head, b"" if request.method == "HEAD" else body))
        return await self._break(choice, request, reader, writer)

    async def _break(
        self, choice: Choice, request: _Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if choice.fault is Fault.RESET_BEFORE:
            _reset(writer)
            return False
        if choice.fault is Fault.DELAYED and not choice.worked:
            await asyncio.sleep(0.02 + 0.2 * choice.variant)
        answer = await self._ask(request)
        if choice.fault is Fault.DELAYED:
            if choice.worked:
                await asyncio.sleep(0.02 + 0.2 * choice.variant)
            return await _reply(writer, answer)
        if choice.fault is Fault.REFUSED:
            # This request gets its response; the next connections are refused.
            await _reply(writer, answer._replace(head=_with(answer.head, "Connection: close")))
            self._refuse(REFUSING_SECONDS)
        elif choice.fault is Fault.TRUNCATED:
            await _reply(writer, _cut(answer, choice.variant))
        elif choice.fault is Fault.STALLED:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), _LONGEST_STALL)
        else:
            _reset(writer)
        return False

    async def _ask(self, request: _Request) -> _Answer:
        """Forward the request on a new connection, so that it is never sent to the server twice."""
        reader, writer = await asyncio.open_connection(*self._upstream)
        try:
            writer.write(_with(request.head, "Connection: close") + request.body)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            return _Answer(_without(head, b"connection"), await reader.read(-1))
        finally:
            await _closed(writer)


async def _read_request(reader: asyncio.StreamReader) -> _Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
    return _Request(method, target, _without(head, b"connection"), await _read_body(head, reader))


async def _read_body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    if _header(head, b"transfer-encoding") == b"chunked":
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            line = await reader.readline()
            body += line + await reader.readexactly(int(line, 16) + 2)
        return body
    return await reader.readexactly(min(int(_header(head, b"content-length") or 0), _MOST_BODY))


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _reply(writer: asyncio.StreamWriter, answer: _Answer) -> bool:
    writer.write(answer.head + answer.body)
    await writer.drain()
    return True


def _cut(answer: _Answer, variant: float) -> _Answer:
    """Truncate a response: before its Content-Length is reached, in the middle of a chunk, or in its head."""
    half = answer.body[: len(answer.body) // 2]
    if not half:
        return _Answer(answer.head[: len(answer.head) // 2], b"")
    if variant < 0.5 or _header(answer.head, b"transfer-encoding"):
        return _Answer(answer.head, half)
    bare = _without(answer.head, b"content-length")
    if variant < 0.75 or not _header(answer.head, b"content-type").startswith(b"application/json"):
        return _Answer(_with(bare, "Transfer-Encoding: chunked"), b"%x\r\n%s\r\n" % (len(half), half))
    # Without any length, only JSON shows that the end is missing.
    return _Answer(_with(bare, "Connection: close"), half)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection so that the peer receives a reset."""
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().lower()
    return b""


def _with(head: bytes, line: str) -> bytes:
    return head[:-2] + line.encode() + b"\r\n\r\n"


def _without(head: bytes, name: bytes) -> bytes:
    return b"\r\n".join(line for line in head.split(b"\r\n") if line.partition(b":")[0].strip().lower() != name)

"""A server that replays a shop: pages rendered in advance, a delay per response, a row limit.

The first part of the path selects the behaviour: `/n100000-c1000-d40/rest/v1/...` is a shop of 100,000
customers whose server returns at most 1,000 rows per response and waits 40 ms before each response.

    python bench/replay.py            start the server and print its port
    python bench/replay.py --ceiling  measure its maximum throughput, which must exceed what any client requests
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import subprocess
import sys
import time
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

VIEW = "customer_intelligence_360"
PLACE = re.compile(r"/n(\d+)-c(\d+)-d(\d+)(/.*)")
CUSTOMER = "7b1d7c52-6f0a-4c1e-9a55-0c2f5a1e9d01"
"""The customer for the cases about one customer: 2 addresses, 20 orders, 5 files."""
FILELESS = "7b1d7c52-6f0a-4c1e-9a55-0c2f5a1e9d02"
"""The same customer without files."""


def place(rows: int = 1000, cap: int = 1000, delay_ms: int = 0) -> str:
    """Return the path prefix that selects the server's behaviour."""
    return f"/n{rows}-c{cap}-d{delay_ms}"


# ---------------------------------------------------------------------------------------------- rows


def _row_without_key(number: int, dice: random.Random) -> dict[str, object]:
    """Return a row as PostgREST sends it, with the size and variety of a real shop."""
    orders = dice.choice((0, 0, 1, 1, 2, 3, 5, 8, 13))
    spent = round(dice.uniform(120, 2400) * orders, 2)
    labels = ["Campeón", "Leal", "Nuevo", "En Riesgo", "Casi Perdido", "Regular", "Prospecto"]
    name = f"{dice.choice(('María', 'José', 'Ana', 'Íñigo', 'Lucía'))} {dice.choice(('Peña', 'García', 'Núñez'))}"
    return {
        "full_name": f"{name} {number}",
        "email": "Sin Email" if number % 20 == 0 else f"cliente{number}@example.com",
        "avatar_url": None if number % 3 else f"https://shop.example.com/avatars/{number}.webp",
        "phone": f"+52 55 {dice.randrange(1000, 9999)} {dice.randrange(1000, 9999)}",
        "whatsapp": None if number % 2 else f"+5255{dice.randrange(10_000_000, 99_999_999)}",
        "birthdate": None if number % 4 == 0 else f"19{dice.randrange(50, 99)}-{dice.randrange(1, 13):02}-15",
        "account_status": dice.choice(("active", "active", "active", "suspended", "banned")),
        "customer_tier": dice.choice(("bronze", "silver", "gold", "platinum")),
        "total_orders": orders,
        "total_spent": spent,
        "recency_days": dice.randrange(1, 700) if orders else None,
        "frequency": orders,
        "monetary": spent,
        "segment": dice.choice(labels),
        "health_status": dice.choice(("Saludable", "Estable", "Requiere Atención", "Sin Actividad")),
        "ai_preferences": None
        if number % 3 == 0
        else {
            "preferred_styles": ["minimalista", "boho"],
            "interests": ["cerámica", "textiles"],
            "visual_theme_hint": "tierra",
            "personality_notes": None,
        },
        "ia_context": None
        if number % 5
        else {"last_query": "¿Tienen envíos?", "last_intent": "shipping", "propensity_score": 0.73},
    }


def _chosen(row: dict[str, object], select: str) -> dict[str, object]:
    """Return the selected columns; the key and `created_at` come with every row."""
    return {name: row[name] for name in select.split(",") if name in row} or row


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Pages(NamedTuple):
    """Rows rendered into one buffer, with the start of each row; a page is one slice of it."""

    keys: list[str]
    text: memoryview
    starts: list[int]

    def page(self, first: int, last: int) -> list[bytes | memoryview]:
        if first >= last:
            return [b"[]"]
        return [b"[", self.text[self.starts[first] : self.starts[last] - 1], b"]"]


def _rendered(rows: list[tuple[str, bytes]]) -> Pages:
    parts = [row for _, row in rows]
    starts = [0, *accumulate(len(row) for row in parts)]
    return Pages([key for key, _ in rows], memoryview(b"".join(parts)), starts)


@cache
def _rows(count: int, select: str) -> list[tuple[str, str, bytes]]:
    """Return key, `created_at` and JSON of every row, in no particular order."""
    dice = random.Random(count)
    bodies = [_dump(_chosen(_row_without_key(number, dice), select))[1:] + b"," for number in range(min(count, 9973))]
    rows: list[tuple[str, str, bytes]] = []
    for number in range(count):
        digits = f"{dice.getrandbits(128):032x}"
        key = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
        seconds = number * 86_400 // count  # unique within the day, to the microsecond
        created = (
            f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T"
            f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{number % 1_000_000:06}+00:00"
        )
        head = f'{{"id":"{key}","created_at":"{created}",'.encode()
        rows.append((key, created, head + bodies[number % len(bodies)]))
    return rows


@cache
def _by_key(count: int, select: str = "*") -> Pages:
    return _rendered(sorted((key, row) for key, _, row in _rows(count, select)))


@cache
def _newest_first(count: int) -> Pages:
    return _rendered([(key, row) for key, _, row in sorted(_rows(count, "*"), key=lambda row: row[1], reverse=True)])


def _one_customer() -> dict[str, bytes]:
    dice = random.Random(1)
    row = {"id": CUSTOMER, "created_at": "2026-03-01T10:20:30.123456+00:00"} | _row_without_key(1, dice)
    profile = row | {"suspension_end": None, "favorite_category_id": None, "updated_at": row["created_at"]}
    addresses = [
        {
            "id": f"00000000-0000-4000-8000-00000000000{number}", "customer_id": CUSTOMER, "type": "shipping",
            "label": "Casa", "full_name": "Ana Peña", "street": "Reforma", "number": "12", "colony": "Centro",
            "city": "CDMX", "state": "CDMX", "zip_code": "06000", "is_default": number == 1,
            "created_at": "2026-03-01T10:20:30+00:00",
        }
        for number in (1, 2)
    ]  # fmt: skip
    orders = [
        {
            "id": f"00000000-0000-4000-9000-0000000000{number:02}", "order_number": f"A-{number}",
            "customer_id": CUSTOMER, "subtotal": 420.5, "shipping_cost": 99, "discount": 0, "total": 519.5,
            "status": "delivered", "payment_method": "card", "payment_status": "paid",
            "items": [{"product_id": "p-1", "name": "Taza", "price": 210.25, "quantity": 2, "image": None}],
            "created_at": f"2026-04-{number:02}T10:20:30+00:00",
        }
        for number in range(1, 21)
    ]  # fmt: skip
    notes = {"customer_id": CUSTOMER, "notes": "VIP", "tags": ["vip"], "custom_fields": {"talla": "M"}}
    objects = [
        {
            "name": f"{number:032x}.png", "id": f"00000000-0000-4000-a000-00000000000{number}",
            "created_at": "2026-05-01T10:20:30.000Z", "metadata": {"size": 4096, "mimetype": "image/png"},
        }
        for number in range(1, 6)
    ]  # fmt: skip
    return {
        VIEW: _dump([row]),
        "customer_profiles": _dump([profile]),
        "addresses": _dump(addresses),
        "orders": _dump(orders),
        "admin_customer_notes": _dump([notes]),
        "objects": _dump(objects),
    }


ONE = _one_customer()
ROWS_OF = {VIEW: 1, "customer_profiles": 1, "addresses": 2, "orders": 20, "admin_customer_notes": 1}

# -------------------------------------------------------------------------------------------- server


class Asked(NamedTuple):
    method: str
    path: str
    params: dict[str, str]
    counted: bool
    body: bytes


@lru_cache(4096)
def _place_of(target: str) -> tuple[int, int, float, str, dict[str, str]]:
    parts = urlsplit(target)
    match = PLACE.fullmatch(parts.path)
    if match is None:
        return 1, 1, 0.0, parts.path, {}
    rows, cap, delay, path = match.groups()
    return int(rows), int(cap), int(delay) / 1000, unquote(path), dict(parse_qsl(parts.query))


NO_FUNCTION = _dump({"code": "PGRST202", "message": "Could not find the function in the schema cache"})
"""What PostgREST answers in a shop that has installed no function."""


def answer(asked: Asked, rows: int, cap: int) -> tuple[str, list[bytes | memoryview]]:
    """Return the Content-Range and the body."""
    service, _, rest = asked.path.removeprefix("/").partition("/v1/")
    if service == "storage":
        return "", [_storage(asked, rest)]
    params = asked.params
    if asked.method == "POST" and rest == "user_notifications":
        return "*/*", [asked.body if asked.body.startswith(b"[") else b"[" + asked.body + b"]"]
    if rest != VIEW or params.get("id", "").startswith("eq."):
        many = ROWS_OF[rest]
        return f"0-{many - 1}/{many if asked.counted else '*'}", [ONE[rest]]
    pages = (
        _newest_first(rows)
        if params.get("order", "").startswith("created_at.desc")
        else _by_key(rows, params.get("select", "*"))
    )
    low, high = 0, rows
    for bound in params.get("id", ""), params.get("upto", ""):
        if bound.startswith("gt."):
            low = bisect_right(pages.keys, bound[3:])
        elif bound.startswith("lte."):
            high = bisect_right(pages.keys, bound[4:])
    first = min(low + int(params.get("offset", 0)), high)
    last = min(first + min(int(params.get("limit", cap)), cap), high)
    body = [b""] if asked.method == "HEAD" else pages.page(first, last)
    return f"{first}-{last - 1}/{max(high - low, 0) if asked.counted else '*'}", body


def _storage(asked: Asked, path: str) -> bytes:
    if path.startswith("object/list/"):
        return b"[]" if FILELESS.encode() in asked.body else ONE["objects"]
    if path.startswith("object/sign/"):
        wanted = json.loads(asked.body)["paths"]
        return _dump([{"path": each, "error": None, "signedURL": f"/object/sign/x/{each}?token=t"} for each in wanted])
    return b"{}"


class Replay(asyncio.Protocol):
    """A minimal HTTP/1.1 server: only what these clients use."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.received = b""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head, behind = self.received[:end], self.received[end + 4 :]
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            size = int(length[1]) if length else 0
            if len(behind) < size:
                return
            self.received = behind[size:]
            self._answer(head, behind[:size])

    def _answer(self, head: bytes, body: bytes) -> None:
        method, target, _ = head[: head.index(b"\r\n")].decode().split(" ")
        if target.count("id=") > 1:  # two bounds of one column: give the second one its own name
            target = target.replace("id=lte.", "upto=lte.")
        rows, cap, delay, path, params = _place_of(target)
        status, content_range, parts = "404 Not Found", "", [NO_FUNCTION]
        if "/rpc/" not in path:
            status = "200 OK"
            content_range, parts = answer(Asked(method, path, params, b"count=exact" in head, body), rows, cap)
        size = sum(len(part) for part in parts)
        lines = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Range: {content_range}\r\n"
            f"Content-Length: {size}\r\n\r\n"
        )
        parts = [lines.encode(), *parts]
        if delay:
            self.loop.call_later(delay, self._write, parts)
        else:
            self._write(parts)

    def _write(self, parts: list[bytes | memoryview]) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"".join(parts))  # type: ignore[attr-defined]


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Replay, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# ------------------------------------------------------------------------------------------- ceiling


class Ceiling(NamedTuple):
    requests_per_second: float
    megabytes_per_second: float


def ceiling(port: int, seconds: float = 2.0) -> Ceiling:
    """Measure the maximum throughput of the server, with plain sockets that only count bytes."""
    small = f"GET {place()}/rest/v1/customer_profiles?id=eq.x HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    large = f"GET {place(100_000)}/rest/v1/{VIEW}?select=*&order=id.asc HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    rate, _ = _hammer(port, small, seconds, connections=16)
    _, volume = _hammer(port, large, seconds, connections=4)
    return Ceiling(rate, volume / 1e6)


def _hammer(port: int, request: bytes, seconds: float, connections: int) -> tuple[float, float]:
    import selectors

    chooser = selectors.DefaultSelector()
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(request)
        chooser.register(connection, selectors.EVENT_READ, [0])
    buffer = bytearray(1 << 20)
    whole: int | None = None
    answers = volume = 0
    start = time.perf_counter()
    while (now := time.perf_counter()) < start + seconds:
        for key, _ in chooser.select():
            connection: socket.socket = key.fileobj  # type: ignore[assignment]
            got = connection.recv_into(buffer)
            if whole is None:
                head = bytes(buffer[:400]).split(b"\r\n\r\n")[0]
                whole = len(head) + 4 + int(head.rpartition(b"Content-Length: ")[2])
            volume += got
            key.data[0] += got
            if key.data[0] == whole:
                key.data[0] = 0
                answers += 1
                connection.sendall(request)
    for key in list(chooser.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return answers / (now - start), volume / (now - start)


def start() -> tuple[subprocess.Popen[str], int]:
    """Start the server in its own process; return the process and its port."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


if __name__ == "__main__":
    if "--ceiling" in sys.argv:
        process, port = start()
        try:
            print("{:,.0f} requests/s, {:,.0f} MB/s".format(*ceiling(port)))
        finally:
            process.terminate()
    else:
        asyncio.run(serve())

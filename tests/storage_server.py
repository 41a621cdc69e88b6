"""A storage server that answers what a test tells it to, and one that takes uploads in parts."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import respx

from files import BIG
from helpers import KEY

ANA = "a11a5e00-0000-4000-8000-000000000001"
PATH = f"{ANA}/recibo.pdf"
OTHER = f"{ANA}/foto.png"
STORAGE = "/storage/v1/"
LOST = httpx.ReadError("the answer was lost")
Play = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def refusal(status: int, error: str, message: str = "refused") -> httpx.Response:
    """Refuse as storage does: always with HTTP 400, and the status in the body."""
    return httpx.Response(400, json={"statusCode": str(status), "error": error, "message": message})


NO_OBJECT = refusal(404, "not_found", "Object not found")
NO_BUCKET = refusal(404, "Bucket not found", "Bucket not found")
DUPLICATE = refusal(409, "Duplicate", "The resource already exists")
DENIED = refusal(403, "Unauthorized", "new row violates row-level security policy")
EXPIRED = refusal(403, "Unauthorized", '"exp" claim timestamp check failed')
EMPTY = httpx.Response(200, json=[])
"""The listing of an empty folder, and of a missing bucket."""
UNHEALTHY = httpx.Response(503)
THERE = httpx.Response(200, json={"size": 1, "metadata": {}})


def stored(request: httpx.Request) -> httpx.Response:
    """Answer as the server does to an object that it has stored."""
    return httpx.Response(200, json={"Key": request.url.path.removeprefix(f"{STORAGE}object/"), "Id": str(uuid4())})


def removing(*paths: str) -> httpx.Response:
    """Answer that these objects were removed."""
    return httpx.Response(200, json=[{"name": path, "id": str(uuid4())} for path in paths])


def entry(name: str, **more: Any) -> dict[str, Any]:
    """Return an object as a listing shows it."""
    return {"name": name, "id": str(uuid4()), "created_at": "2026-11-22T15:23:04.477Z", "metadata": None} | more


def sign_all(request: httpx.Request) -> httpx.Response:
    """Sign every path of a request."""
    paths = json.loads(request.content)["paths"]
    signed = [
        {"error": None, "path": path, "signedURL": f"/object/sign/customer-evidence/{path}?t=1"} for path in paths
    ]
    return httpx.Response(200, json=signed)


def metadata_of(request: httpx.Request) -> Any:
    """Return the metadata that an upload sets."""
    return json.loads(b64decode(request.headers["x-metadata"]))


def played(play: Play, request: httpx.Request) -> httpx.Response:
    if isinstance(play, Exception):
        raise type(play)(str(play))  # a new one each time: a traceback grows
    return play if isinstance(play, httpx.Response) else play(request)


class StorageServer:
    """Answers requests to storage with what a test tells it to, one after the other."""

    def __init__(self, router: respx.Router) -> None:
        self.customers = [{"id": ANA}]
        self.plays: list[Play] = []
        self.requests: list[httpx.Request] = []
        self.handler: Callable[[httpx.Request], httpx.Response] | None = None
        """Answers everything, instead of the plays."""
        router.route().mock(side_effect=self.answer)

    def play(self, *plays: Play) -> None:
        self.plays += plays

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.url.scheme, request.url.host) == ("https", "shop.test")
        assert request.headers["apikey"] == KEY
        if request.url.path == "/rest/v1/customer_profiles":
            found = [each for each in self.customers if each["id"] in request.url.params["id"]]
            return httpx.Response(200, json=found, headers={"content-range": f"0-0/{len(found)}"})
        assert request.url.path.startswith(STORAGE)
        self.requests.append(request)
        return played(self.handler or self.plays.pop(0), request)

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]


class Clock:
    """The clock by which retries are counted, which only a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


TUS = f"{STORAGE}upload/resumable"


class Tus:
    """A server of resumable uploads, some of whose answers to a part are decided by a test."""

    def __init__(self, server: StorageServer) -> None:
        self.received = b""
        self.created: dict[str, str] = {}
        self.faults: list[str | httpx.Response | Callable[[], httpx.Response]] = []
        self.offsets: list[int] = []
        self.forgets = False
        self.expired = False
        self.outage: list[Play] = []
        """What becomes of the next requests, before any of them is looked at."""
        server.handler = self.answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.outage:
            return played(self.outage.pop(0), request)
        if request.url.path == f"{STORAGE}object/list/customer-evidence":
            return EXPIRED if self.expired else EMPTY
        if request.url.path == TUS:
            return self.create(request)
        if request.url.path.startswith(f"{STORAGE}object/info/"):
            return httpx.Response(200, json={"size": len(self.received)})
        assert request.url.path == f"{TUS}/aWQ"
        assert request.headers["tus-resumable"] == "1.0.0"
        return self.head() if request.method == "HEAD" else self.patch(request)

    def create(self, request: httpx.Request) -> httpx.Response:
        assert request.content == b""
        assert (request.headers["upload-length"], request.headers["x-upsert"]) == (str(len(BIG)), "false")
        pairs = (pair.split(" ") for pair in request.headers["upload-metadata"].split(","))
        self.created = {name: b64decode(value).decode() for name, value in pairs}
        # Behind a proxy a server may name an address of its own.
        return httpx.Response(201, headers={"Location": "http://storage.internal:5000/upload/resumable/aWQ"})

    def losing(self, outage: list[Play]) -> Callable[[], httpx.Response]:
        """Return a fault: a part arrives, its answer is lost, and an outage begins."""

        def lose() -> httpx.Response:
            self.outage = outage
            raise LOST

        return lose

    def head(self) -> httpx.Response:
        if self.expired:
            return httpx.Response(400)  # as the storage server answers a HEAD without a valid token
        if self.forgets:
            return httpx.Response(404)
        return httpx.Response(200, headers={"Upload-Offset": str(len(self.received))})

    def patch(self, request: httpx.Request) -> httpx.Response:
        offset = int(request.headers["upload-offset"])
        self.offsets.append(offset)
        assert request.headers["content-type"] == "application/offset+octet-stream"
        assert request.headers["content-length"] == str(len(request.content))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, httpx.Response):
            return fault
        if callable(fault):
            return fault()
        if offset != len(self.received):
            return httpx.Response(409, text="Upload-Offset conflict")
        self.received += request.content[: 300 if fault == "break" else None]
        if fault:
            raise httpx.ReadError("lost")
        return httpx.Response(204, headers={"Upload-Offset": str(len(self.received))})

"""Evidence where the server is played: what is sent, what is refused, what happens when answers are lost."""

import errno
import io
import json
import os
import re
import resource
import sys
import tempfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import (
    AdminCRMError,
    ConflictError,
    CustomerNotFoundError,
    EvidenceNotDeletedError,
    InvalidInputError,
    InvalidTypeError,
    NotFoundError,
    PermissionDeniedError,
    SchemaMismatchError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    delete_customer_evidence,
    download_customer_evidence,
    get_evidence_url,
    list_customer_evidence,
    upload_customer_evidence,
)
from admin_crm._storage import objects, resumable
from admin_crm._storage import upload as uploading
from admin_crm._storage.file_type import clean_name, detect_type, safe_extension
from helpers import KEY, QUICK, URL, Ask, Caller

ANA = "a11a5e00-0000-4000-8000-000000000001"
PATH = f"{ANA}/recibo.pdf"
OTHER = f"{ANA}/foto.png"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3
STORAGE = "/storage/v1/"
LOST = httpx.ReadError("the answer was lost")
Play = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def refusal(status: int, error: str, message: str = "refused") -> httpx.Response:
    return httpx.Response(400, json={"statusCode": str(status), "error": error, "message": message})


NO_OBJECT = refusal(404, "not_found", "Object not found")
NO_BUCKET = refusal(404, "Bucket not found", "Bucket not found")
DUPLICATE = refusal(409, "Duplicate", "The resource already exists")
DENIED = refusal(403, "Unauthorized", "new row violates row-level security policy")
UNWELL = httpx.Response(503)


def stored(request: httpx.Request) -> httpx.Response:
    """Answer as the server does to an object that it has stored."""
    return httpx.Response(200, json={"Key": request.url.path.removeprefix(f"{STORAGE}object/"), "Id": str(uuid4())})


class Server:
    """A server that answers for storage what a test tells it to, one after the other."""

    def __init__(self, router: respx.Router) -> None:
        self.customers = [{"id": ANA}]
        self.plays: list[Play] = []
        self.requests: list[httpx.Request] = []
        router.route().mock(side_effect=self.answer)

    def play(self, *plays: Play) -> None:
        self.plays += plays

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.url.scheme, request.url.host) == ("https", "shop.test")
        assert request.headers["apikey"] == KEY
        if request.url.path == "/rest/v1/customer_profiles":
            return httpx.Response(200, json=self.customers)
        assert request.url.path.startswith(STORAGE)
        self.requests.append(request)
        play = self.plays.pop(0)
        if isinstance(play, Exception):
            raise play
        return play if isinstance(play, httpx.Response) else play(request)

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]


@pytest.fixture
def server() -> Iterator[Server]:
    with respx.mock as router:
        each = Server(router)
        yield each
    assert each.plays == []


def metadata_of(request: httpx.Request) -> Any:
    return json.loads(b64decode(request.headers["x-metadata"]))


# What kind of file it is


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (PNG, "foto.jpg", "image/png"),
        (b"\xff\xd8\xff\xe0", None, "image/jpeg"),
        (b"GIF89a", None, "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", None, "image/webp"),
        (b"RIFF\x00\x00\x00\x00????", None, "application/octet-stream"),
        (b"%PDF-1.7", "a.txt", "application/pdf"),
        (b"\x00\x00\x00\x18ftypheic", None, "image/heic"),
        (b"\x00\x00\x00\x18ftypisom", None, "video/mp4"),
        (b"PK\x03\x04", None, "application/zip"),
        (b"PK\x03\x04", "a.DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04", "a.png", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", "application/vnd.ms-excel"),
        (b"hola", "a.txt", "text/plain"),
        (b"hola", "a.csv.gz", "application/octet-stream"),
        (b"hola", "a.nothing-known", "application/octet-stream"),
        (b"hola", None, "application/octet-stream"),
    ],
)
def test_the_type_is_told_by_the_first_bytes_and_else_by_the_name(head: bytes, name: str | None, kind: str) -> None:
    assert detect_type(head, name) == kind


@pytest.mark.parametrize(
    ("name", "kind", "extension"),
    [
        ("Ñandú #1 (copia)?.PDF", "application/pdf", "pdf"),
        ("x.sh", "text/x-sh", "sh"),
        ("sin extension", "image/jpeg", "jpg"),
        ("foto.tar.gz", "application/gzip", "gz"),
        (".bashrc", "text/plain", "txt"),
        ("raro.ñandú", "application/pdf", "pdf"),
        ("largo.abcdefghijk", "image/png", "png"),
        ("fin.", "image/png", "png"),
        ("a.p\ng", "image/png", "png"),
        (None, "text/html; charset=utf-8", "html"),
        (None, "application/octet-stream", "bin"),
        (None, "application/x-nobody-knows", "bin"),
    ],
)
def test_the_extension_is_the_names_where_it_is_safe_and_else_the_types(
    name: str | None, kind: str, extension: str
) -> None:
    assert safe_extension(name, kind) == extension


@given(st.text(), st.binary(max_size=40))
def test_whatever_the_name_the_extension_is_safe(name: str, head: bytes) -> None:
    assert re.fullmatch(r"[a-z0-9]{1,10}", safe_extension(name, detect_type(head, name)))


@given(st.text(st.characters(categories=None)))
def test_whatever_the_name_it_is_cleaned_of_folders_and_controls(name: str) -> None:
    cleaned = clean_name(name)
    assert cleaned is None or (cleaned.isprintable() and not set("/\\") & set(cleaned) and len(cleaned) <= 255)
    assert cleaned not in ("", ".", "..")


# Uploading


class OnceOnly(io.RawIOBase):
    """A stream such as a socket's: it can be read, once."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


class OnlyRead:
    """The least that can be read from."""

    def __init__(self, content: bytes) -> None:
        self.read = io.BytesIO(content).read


def spooled(content: bytes) -> Any:
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115
    file.write(content)
    return file


def path_to(folder: Path, content: bytes) -> Path:
    path = folder / "recibo.png"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "given_as",
    [
        path_to,
        lambda folder, content: str(path_to(folder, content)),
        lambda folder, content: path_to(folder, content).open("rb"),
        lambda folder, content: path_to(folder, content).open("rb", buffering=0),
        lambda folder, content: content,
        lambda folder, content: bytearray(content),
        lambda folder, content: memoryview(content),
        lambda folder, content: io.BytesIO(content),
        lambda folder, content: spooled(content),
        lambda folder, content: OnceOnly(content),
        lambda folder, content: OnlyRead(content),
    ],
    ids=["Path", "str", "buffered", "raw", "bytes", "bytearray", "memoryview", "BytesIO", "spooled", "once", "read"],
)
def test_any_kind_of_file_is_sent_byte_for_byte(
    ask: Ask, server: Server, tmp_path: Path, given_as: Callable[[Path, bytes], Any]
) -> None:
    server.play(UNWELL, stored)
    file = given_as(tmp_path, PNG)
    path = ask(upload_customer_evidence, ANA, file)
    if hasattr(file, "close"):
        assert not file.closed
        file.close()
    assert re.fullmatch(rf"{ANA}/[0-9a-f]{{32}}\.png", path)
    assert [request.content for request in server.requests] == [PNG, PNG]
    assert server.last.method == "POST"
    assert server.last.url.path == f"{STORAGE}object/customer-evidence/{path}"
    assert server.last.headers["content-type"] == "image/png"
    assert server.last.headers["content-length"] == str(len(PNG))
    assert server.last.headers["x-upsert"] == "false"


@pytest.mark.parametrize(
    ("file_name", "remembered", "ending"),
    [
        ("Ñandú #1 (copia)?.PDF", {"original_name": "Ñandú #1 (copia)?.PDF"}, ".pdf"),
        ("../../x.sh", {"original_name": "x.sh"}, ".sh"),
        ("C:\\fotos\\pieza.jpg", {"original_name": "pieza.jpg"}, ".jpg"),
        ("recibo", {"original_name": "recibo"}, ".bin"),
        ("..", {}, ".bin"),
        (None, {}, ".bin"),
    ],
)
def test_the_original_name_is_remembered_and_never_part_of_the_key(
    ask: Ask, server: Server, file_name: str | None, remembered: Any, ending: str
) -> None:
    server.play(stored)
    path = ask(upload_customer_evidence, ANA, b"hola", file_name=file_name)
    assert metadata_of(server.last) == remembered
    assert re.fullmatch(rf"{ANA}/[0-9a-f]{{32}}\{ending}", path)


def test_a_stream_that_has_only_a_placeholder_for_a_name_has_none(ask: Ask, server: Server) -> None:
    server.play(stored)
    file = io.BytesIO(b"hola")
    file.name = "<stdin>"  # type: ignore[attr-defined]
    ask(upload_customer_evidence, ANA, file)
    assert metadata_of(server.last) == {}


def test_the_type_that_the_caller_names_is_sent(ask: Ask, server: Server) -> None:
    server.play(stored)
    ask(upload_customer_evidence, ANA, PNG, content_type="text/plain; charset=utf-8")
    assert server.last.headers["content-type"] == "text/plain; charset=utf-8"


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may read everything; let the process be another user's."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def closed() -> io.BytesIO:
    file = io.BytesIO(PNG)
    file.close()
    return file


class Asynchronous:
    async def read(self, count: int = -1) -> bytes:
        return PNG

    async def write(self, content: bytes) -> int:
        return len(content)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"", "the file is empty"),
        (OnceOnly(b""), "the file is empty"),
        (b"x" * 1001, "the file is larger than 1,000 bytes"),
        (OnceOnly(b"x" * 300_000), "the file is larger than 1,000 bytes"),
        (closed(), "file cannot be used for reading: I/O operation on closed file"),
        ("a\0b", "file cannot be used for reading: embedded null byte"),
    ],
)
def test_what_cannot_be_evidence_is_refused_before_anything_is_sent(
    caller: Caller, server: Server, file: Any, told: str
) -> None:
    crm = caller.open(URL, KEY, settings=QUICK.model_copy(update={"max_evidence_bytes": 1000}))
    with pytest.raises(InvalidInputError, match=told) as refused:
        caller(upload_customer_evidence, crm, ANA, file)
    assert type(refused.value) is InvalidInputError
    assert refused.value.argument == "file"
    assert server.requests == []


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (io.StringIO("hola"), "binary mode"),
        (42, "not int"),
        (None, "not NoneType"),
        (Asynchronous(), "regular file object"),
    ],
)
def test_what_is_no_binary_file_is_a_type_error(ask: Ask, server: Server, file: Any, told: str) -> None:
    with pytest.raises(InvalidTypeError, match=told) as refused:
        ask(upload_customer_evidence, ANA, file)
    assert isinstance(refused.value, TypeError)
    assert refused.value.argument == "file"
    assert server.requests == []


@pytest.mark.parametrize(("path", "kind"), [("/nowhere/at/all.png", FileNotFoundError), ("/", IsADirectoryError)])
def test_a_path_that_cannot_be_opened_raises_pythons_own_error(
    ask: Ask, server: Server, path: str, kind: type[OSError]
) -> None:
    with pytest.raises(OSError, match=path) as raised:
        ask(upload_customer_evidence, ANA, path)
    assert type(raised.value) is kind
    assert raised.value.filename == path
    assert server.requests == []


def test_a_file_that_may_not_be_read_is_a_permission_error(ask: Ask, server: Server, tmp_path: Path) -> None:
    path = path_to(tmp_path, PNG)
    path.chmod(0)
    with as_ordinary_user(), pytest.raises(PermissionError) as raised:
        ask(upload_customer_evidence, ANA, path)
    assert type(raised.value) is PermissionError
    assert server.requests == []


def test_a_file_opened_for_writing_is_refused(ask: Ask, server: Server, tmp_path: Path) -> None:
    with (tmp_path / "new").open("wb") as file, pytest.raises(InvalidInputError, match="open for reading") as refused:
        ask(upload_customer_evidence, ANA, file)
    assert refused.value.argument == "file"


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("customer_id", {"customer_id": "c-1"}),
        ("file_name", {"file_name": "  "}),
        ("file_name", {"file_name": "\0"}),
        ("content_type", {"content_type": "png"}),
        ("content_type", {"content_type": "image/png\r\nx-upsert: true"}),
    ],
)
def test_other_arguments_are_checked_before_anything_is_sent(
    ask: Ask, server: Server, argument: str, options: Any
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        ask(upload_customer_evidence, **({"customer_id": ANA, "file": PNG} | options))
    assert refused.value.argument == argument
    assert server.requests == []


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("customer_id", {"customer_id": 1}),
        ("file_name", {"file_name": 1}),
        ("content_type", {"content_type": 1}),
        ("progress", {"progress": "yes"}),
    ],
)
def test_arguments_of_the_wrong_type_are_type_errors(ask: Ask, server: Server, argument: str, options: Any) -> None:
    with pytest.raises(InvalidTypeError) as refused:
        ask(upload_customer_evidence, **({"customer_id": ANA, "file": PNG} | options))
    assert refused.value.argument == argument
    assert server.requests == []


def test_nothing_is_uploaded_for_an_unknown_customer(ask: Ask, server: Server) -> None:
    server.customers = []
    with pytest.raises(CustomerNotFoundError):
        ask(upload_customer_evidence, ANA, PNG)
    assert server.requests == []


def test_meeting_the_own_key_after_a_lost_answer_is_success(ask: Ask, server: Server) -> None:
    server.play(LOST, DUPLICATE)
    path = ask(upload_customer_evidence, ANA, PNG)
    assert {request.url.path for request in server.requests} == {f"{STORAGE}object/customer-evidence/{path}"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (DUPLICATE, ConflictError),
        (DENIED, PermissionDeniedError),
        (NO_BUCKET, SchemaMismatchError),
        (refusal(413, "Payload too large"), InvalidInputError),
        (refusal(415, "invalid_mime_type"), InvalidInputError),
        (httpx.Response(500), ServiceUnavailableError),
        (httpx.Response(307, headers={"Location": "https://evil.example/"}), UnexpectedResponseError),
        (httpx.Response(200, json={"Key": "customer-evidence/elsewhere"}), UnexpectedResponseError),
        (httpx.Response(200, json={"ok": True}), UnexpectedResponseError),
    ],
)
def test_a_refused_upload_says_why_and_is_not_repeated(
    ask: Ask, server: Server, answer: httpx.Response, kind: type[AdminCRMError]
) -> None:
    server.play(answer)
    with pytest.raises(kind) as refused:
        ask(upload_customer_evidence, ANA, PNG)
    assert type(refused.value) is kind
    assert refused.value.operation == "upload_customer_evidence"
    assert str(refused.value.customer_id) == ANA


class Faulty(io.BytesIO):
    """A file whose disk fails, or which is truncated, once it is being sent."""

    def __init__(self, fault: Any) -> None:
        super().__init__(PNG)
        self.fault, self.reads = fault, 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads <= 2:  # looked at, then read for its first bytes
            return super().read(size)
        if isinstance(self.fault, Exception):
            raise self.fault
        return self.fault


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.EIO, "Input/output error"),
        PermissionError(errno.EACCES, "denied"),
        ConnectionResetError("network drive"),
    ],
)
def test_a_disk_that_fails_during_the_upload_raises_its_own_error_and_is_not_retried(
    ask: Ask, server: Server, fault: OSError
) -> None:
    file = Faulty(fault)
    with pytest.raises(OSError) as raised:  # noqa: PT011 (the very error, below)
        ask(upload_customer_evidence, ANA, file)
    assert raised.value is fault
    assert file.reads == 3
    assert server.requests == []


@pytest.mark.parametrize(
    ("fault", "told"), [(b"", "became shorter"), (ValueError("I/O operation on closed file"), "closed file")]
)
def test_a_file_that_is_cut_or_closed_during_the_upload_is_refused(
    ask: Ask, server: Server, fault: Any, told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told) as refused:
        ask(upload_customer_evidence, ANA, Faulty(fault))
    assert refused.value.argument == "file"
    assert server.requests == []


def test_progress_is_told_piece_by_piece(ask: Ask, server: Server) -> None:
    server.play(stored)
    told: list[tuple[int, int]] = []
    ask(upload_customer_evidence, ANA, b"x" * 600_000, progress=lambda sent, total: told.append((sent, total)))
    assert told == [(262_144, 600_000), (524_288, 600_000), (600_000, 600_000)]


def test_what_a_progress_callback_raises_stops_the_upload(ask: Ask, server: Server) -> None:
    class CancelledError(Exception):
        pass

    def cancel(sent: int, total: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        ask(upload_customer_evidence, ANA, PNG, progress=cancel)
    assert server.requests == []


@pytest.mark.parametrize("progress", [True, False])
def test_a_progress_bar_is_shown_only_when_asked_for(
    ask: Ask, server: Server, progress: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    server.play(LOST, stored)
    ask(upload_customer_evidence, ANA, PNG, file_name="foto.png", progress=progress)
    assert ("foto.png: 100%" in capsys.readouterr().err) is progress


def test_a_progress_bar_without_tqdm_says_what_to_install(
    ask: Ask, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match="pip install"):
        ask(upload_customer_evidence, ANA, PNG, progress=True)
    assert server.requests == []


# Uploading in parts

BIG = bytes(range(256)) * 10
TUS = f"{STORAGE}upload/resumable"


class Tus:
    """A server of resumable uploads, some of whose answers to a part are decided by a test."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.received = b""
        self.path = ""
        self.created: dict[str, str] = {}
        self.faults: list[str | httpx.Response] = []
        self.offsets: list[int] = []
        self.forgets = False
        server.plays = self  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return other == []

    __hash__ = None  # type: ignore[assignment]

    def pop(self, index: int) -> Play:
        return self.answer

    def answer(self, request: httpx.Request) -> httpx.Response:
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

    def head(self) -> httpx.Response:
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
        if offset != len(self.received):
            return httpx.Response(409, text="Upload-Offset conflict")
        self.received += request.content[: 300 if fault == "break" else None]
        if fault:
            raise LOST
        return httpx.Response(204, headers={"Upload-Offset": str(len(self.received))})


@pytest.fixture
def tus(server: Server, monkeypatch: pytest.MonkeyPatch) -> Tus:
    """Resumable uploads, in parts of 1,000 bytes."""
    monkeypatch.setattr(resumable, "PART", 1000)
    monkeypatch.setattr(uploading, "PART", 1000)
    return Tus(server)


def test_a_large_file_goes_up_in_parts_and_the_key_only_to_the_project(ask: Ask, tus: Tus) -> None:
    told: list[int] = []
    path = ask(
        upload_customer_evidence,
        ANA,
        BIG,
        file_name="Vídeo.mp4",
        progress=lambda sent, total: told.append(sent),
    )
    assert tus.received == BIG
    assert tus.offsets == [0, 1000, 2000]
    assert told == [1000, 2000, 2560]
    assert tus.created == {
        "bucketName": "customer-evidence",
        "objectName": path,
        "contentType": "video/mp4",
        "cacheControl": "3600",
        "metadata": '{"original_name": "V\\u00eddeo.mp4"}',
    }


def test_a_broken_connection_is_resumed_where_the_server_got_to(ask: Ask, tus: Tus) -> None:
    tus.faults = ["break", "lose", httpx.Response(503)]
    ask(upload_customer_evidence, ANA, BIG)
    assert tus.received == BIG
    assert tus.offsets == [0, 300, 1300, 1300, 2300]


def test_another_offset_at_the_server_is_taken_over(ask: Ask, tus: Tus) -> None:
    tus.faults = [httpx.Response(409), httpx.Response(423)]
    ask(upload_customer_evidence, ANA, BIG)
    assert tus.received == BIG
    assert tus.offsets == [0, 0, 0, 1000, 2000]


@pytest.mark.parametrize("forgets", [False, True])
def test_losing_the_last_answer_is_success(ask: Ask, tus: Tus, forgets: bool) -> None:
    tus.faults = ["", "", "lose"]
    tus.forgets = forgets
    ask(upload_customer_evidence, ANA, BIG)
    assert tus.received == BIG


def test_an_upload_that_the_server_forgot_half_way_fails(ask: Ask, tus: Tus) -> None:
    tus.faults = ["lose"]
    tus.forgets = True
    with pytest.raises(NotFoundError):
        ask(upload_customer_evidence, ANA, BIG)


def test_a_part_is_tried_only_as_often_as_the_settings_say(ask: Ask, tus: Tus) -> None:
    tus.faults = [httpx.Response(503)] * 4
    with pytest.raises(ServiceUnavailableError):
        ask(upload_customer_evidence, ANA, BIG)
    assert tus.offsets == [0] * QUICK.retry_attempts


@pytest.mark.parametrize("offset", ["", "0", "2561", "x"])
def test_an_offset_that_cannot_be_is_not_believed(ask: Ask, tus: Tus, offset: str) -> None:
    tus.faults = [httpx.Response(204, headers={"Upload-Offset": offset})]
    with pytest.raises(UnexpectedResponseError) as refused:
        ask(upload_customer_evidence, ANA, BIG)
    assert refused.value.field == "Upload-Offset"


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_resumable_uploads_gets_the_file_whole(
    ask: Ask, server: Server, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(uploading, "PART", 1000)
    server.play(httpx.Response(status), stored)
    ask(upload_customer_evidence, ANA, BIG)
    assert server.last.content == BIG


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(403, text="new row violates row-level security policy"), PermissionDeniedError),
        (httpx.Response(413, text="Maximum size exceeded"), InvalidInputError),
        (httpx.Response(201), UnexpectedResponseError),
        (httpx.Response(201, headers={"Location": f"{URL}/upload/resumable/a%20b?y"}), UnexpectedResponseError),
        (httpx.Response(201, headers={"Location": "https://evil.example/"}), UnexpectedResponseError),
    ],
)
def test_a_resumable_upload_that_is_not_begun_says_why(
    ask: Ask, server: Server, monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, kind: type[AdminCRMError]
) -> None:
    monkeypatch.setattr(uploading, "PART", 1000)
    server.play(answer)
    with pytest.raises(kind):
        ask(upload_customer_evidence, ANA, BIG)


# Listing and signing


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "id": str(uuid4()), "created_at": "2026-11-22T15:23:04.477Z", "metadata": None} | more


def sign_all(request: httpx.Request) -> httpx.Response:
    paths = json.loads(request.content)["paths"]
    signed = [
        {"error": None, "path": path, "signedURL": f"/object/sign/customer-evidence/{path}?t=1"} for path in paths
    ]
    return httpx.Response(200, json=signed)


def test_a_listing_is_complete_though_the_server_gives_a_hundred_at_a_time(ask: Ask, server: Server) -> None:
    names = [f"{number:04}.png" for number in range(250)]

    def page(request: httpx.Request) -> httpx.Response:
        offset = json.loads(request.content)["offset"]
        return httpx.Response(200, json=[entry(name) for name in names[offset : offset + 100]])

    server.play(page, page, page, sign_all)
    files = ask(list_customer_evidence, ANA)
    assert sorted(file.file_name for file in files) == names
    assert all(file.url.endswith(f"{file.path}?t=1") for file in files)


def test_folders_and_placeholders_are_no_files(ask: Ask, server: Server) -> None:
    folder = {"name": "sub", "id": None, "created_at": None, "metadata": None}
    described = entry("a.png", metadata={"size": 3, "mimetype": "image/png"})
    server.play(httpx.Response(200, json=[folder, entry(".emptyFolderPlaceholder"), described]), sign_all)
    (file,) = ask(list_customer_evidence, ANA)
    assert (file.path, file.size, file.content_type) == (f"{ANA}/a.png", 3, "image/png")


def test_original_names_are_asked_for_file_by_file(ask: Ask, server: Server) -> None:
    known = {
        "a.png": httpx.Response(200, json={"metadata": {"original_name": "Pieza rota.png"}}),
        "b.png": httpx.Response(200, json={"metadata": None}),
        "c.png": httpx.Response(200, json={"metadata": {"original_name": 7}}),
        "d.png": NO_OBJECT,
    }
    info = [lambda request: known[request.url.path.rpartition("/")[2]]] * 4
    server.play(httpx.Response(200, json=[entry(name) for name in known]), sign_all, *info)
    files = ask(list_customer_evidence, ANA, original_names=True)
    assert {file.path[-5:]: file.file_name for file in files} == {
        "a.png": "Pieza rota.png",
        "b.png": "b.png",
        "c.png": "c.png",
        "d.png": "d.png",
    }


def test_an_empty_listing_of_nobody_is_an_error(ask: Ask, server: Server) -> None:
    server.customers = []
    server.play(httpx.Response(200, json=[]), NO_OBJECT)
    with pytest.raises(CustomerNotFoundError):
        ask(list_customer_evidence, ANA)


def test_an_empty_listing_of_a_missing_bucket_is_an_error(ask: Ask, server: Server) -> None:
    server.play(httpx.Response(200, json=[]), NO_BUCKET)
    with pytest.raises(SchemaMismatchError):
        ask(list_customer_evidence, ANA)


def test_a_customer_without_files_has_none(ask: Ask, server: Server) -> None:
    server.play(httpx.Response(200, json=[]), NO_OBJECT)
    assert ask(list_customer_evidence, ANA) == []


def test_a_listing_that_cannot_be_read_is_not_taken_for_empty(ask: Ask, server: Server) -> None:
    server.play(httpx.Response(200, json=[{"id": "x"}]))
    with pytest.raises(UnexpectedResponseError) as refused:
        ask(list_customer_evidence, ANA)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    ("download", "query"), [(None, "?t=1"), (True, "?t=1&download="), ("Ñ 1.pdf", "?t=1&download=%C3%91+1.pdf")]
)
def test_a_url_is_signed_for_showing_or_saving(ask: Ask, server: Server, download: Any, query: str) -> None:
    server.play(httpx.Response(200, json={"signedURL": f"/object/sign/customer-evidence/{PATH}?t=1"}))
    url = ask(get_evidence_url, PATH, expires_in=60, download=download)
    assert url == f"{URL}{STORAGE}object/sign/customer-evidence/{PATH}{query}"
    assert json.loads(server.last.content)["expiresIn"] == "60"


@pytest.mark.parametrize("operation", [get_evidence_url, download_customer_evidence, delete_customer_evidence])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "recibo.pdf",
        f"{ANA}/",
        f"{ANA}/..",
        f"{ANA}/.",
        f"{ANA}/../{ANA}/a.pdf",
        f"{ANA}/sub/a.pdf",
        f"/{ANA}/a.pdf",
        f"{ANA}/%2e%2e",
        f"{ANA}/a.pdf\n",
        f"{ANA}/ñ.pdf",
        7,
    ],
)
def test_a_path_that_is_no_evidence_file_is_refused(ask: Ask, server: Server, operation: Any, path: Any) -> None:
    with pytest.raises(InvalidInputError):
        ask(operation, [path] if operation is delete_customer_evidence else path)
    assert server.requests == []


@pytest.mark.parametrize("options", [{"expires_in": 0}, {"download": " "}])
def test_how_a_url_is_signed_is_checked_first(ask: Ask, server: Server, options: Any) -> None:
    with pytest.raises(InvalidInputError):
        ask(get_evidence_url, PATH, **options)


def test_a_file_that_is_not_there_cannot_be_signed(ask: Ask, server: Server) -> None:
    server.play(NO_OBJECT)
    with pytest.raises(NotFoundError):
        ask(get_evidence_url, PATH)


# Downloading


def whole(request: httpx.Request) -> httpx.Response:
    assert request.headers["accept-encoding"] == "identity"
    assert request.url.path == f"{STORAGE}object/customer-evidence/{PATH}"
    return httpx.Response(200, content=PNG)


def cut(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Length": str(len(PNG))}, content=PNG[:100])


def test_a_file_is_downloaded_to_memory(ask: Ask, server: Server) -> None:
    server.play(whole)
    assert ask(download_customer_evidence, PATH) == PNG


@pytest.mark.parametrize("failure", [LOST, UNWELL, cut])
def test_a_broken_download_begins_again(ask: Ask, server: Server, tmp_path: Path, failure: Play) -> None:
    server.play(failure, whole)
    assert ask(download_customer_evidence, PATH, tmp_path / "foto.png") == len(PNG)
    assert (tmp_path / "foto.png").read_bytes() == PNG


def test_a_download_that_stays_cut_short_leaves_everything_as_it_was(ask: Ask, server: Server, tmp_path: Path) -> None:
    target = tmp_path / "foto.png"
    target.write_bytes(b"before")
    server.play(*[cut] * QUICK.retry_attempts)
    with pytest.raises(ServiceUnavailableError, match="ended after 100 of"):
        ask(download_customer_evidence, PATH, str(target))
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("foto.png", b"before")]


def test_a_length_of_packed_bytes_is_not_the_files(ask: Ask, server: Server) -> None:
    headers = {"Content-Encoding": "identity", "Content-Length": "1"}
    server.play(httpx.Response(200, headers=headers, content=PNG))
    assert ask(download_customer_evidence, PATH) == PNG


def test_a_file_object_is_written_to_once_the_file_is_complete(ask: Ask, server: Server) -> None:
    target = io.BytesIO(b"head ")
    target.seek(5)
    server.play(cut, whole)
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.getvalue() == b"head " + PNG


def test_a_file_that_is_not_there_is_said(ask: Ask, server: Server, tmp_path: Path) -> None:
    server.play(NO_OBJECT)
    with pytest.raises(NotFoundError):
        ask(download_customer_evidence, PATH, tmp_path / "foto.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("to", "told"),
    [
        (closed(), "to cannot be used for writing: I/O operation on closed file"),
        ("a\0b", "to cannot be used for writing: embedded null byte"),
    ],
)
def test_a_target_that_cannot_be_written_is_refused_before_anything_is_sent(
    ask: Ask, server: Server, to: Any, told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told) as refused:
        ask(download_customer_evidence, PATH, to)
    assert refused.value.argument == "to"
    assert server.requests == []


def test_a_target_opened_for_reading_is_refused_before_anything_is_sent(
    ask: Ask, server: Server, tmp_path: Path
) -> None:
    with path_to(tmp_path, PNG).open("rb") as file, pytest.raises(InvalidInputError, match="open for writing"):
        ask(download_customer_evidence, PATH, file)
    assert server.requests == []


@pytest.mark.parametrize(
    ("to", "told"), [(io.StringIO(), "binary mode"), (42, "not int"), (Asynchronous(), "regular file object")]
)
def test_a_target_that_is_no_binary_file_is_a_type_error(ask: Ask, server: Server, to: Any, told: str) -> None:
    with pytest.raises(InvalidTypeError, match=told) as refused:
        ask(download_customer_evidence, PATH, to)
    assert isinstance(refused.value, TypeError)
    assert refused.value.argument == "to"
    assert server.requests == []


@pytest.mark.parametrize(("to", "kind"), [("/", IsADirectoryError), ("/nowhere/at/all.png", FileNotFoundError)])
def test_a_path_that_cannot_be_created_raises_pythons_own_error_with_its_name(
    ask: Ask, server: Server, to: str, kind: type[OSError]
) -> None:
    with pytest.raises(OSError, match=to) as raised:
        ask(download_customer_evidence, PATH, to)
    assert type(raised.value) is kind
    assert raised.value.filename == to
    assert server.requests == []


def test_a_folder_that_may_not_be_written_is_a_permission_error(ask: Ask, server: Server, tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with as_ordinary_user(), pytest.raises(PermissionError) as raised:
        ask(download_customer_evidence, PATH, tmp_path / "foto.png")
    tmp_path.chmod(0o755)
    assert type(raised.value) is PermissionError
    assert server.requests == []


def test_a_full_disk_raises_pythons_own_error_and_is_not_retried(ask: Ask, server: Server) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")

    class Full(io.BytesIO):
        def write(self, content: Any, /) -> int:
            if content:
                raise full
            return 0

    server.play(whole)
    with pytest.raises(OSError, match="No space left") as raised:
        ask(download_customer_evidence, PATH, Full())
    assert raised.value is full
    assert len(server.requests) == 1


def test_a_device_is_written_to_and_not_replaced(ask: Ask, server: Server) -> None:
    server.play(whole, whole)
    with pytest.raises(OSError, match="No space left") as raised:
        ask(download_customer_evidence, PATH, "/dev/full")
    assert raised.value.errno == errno.ENOSPC
    assert ask(download_customer_evidence, PATH, Path(os.devnull)) == len(PNG)
    assert Path("/dev/full").is_char_device()
    assert Path(os.devnull).is_char_device()


def test_a_buffered_file_on_a_full_disk_fails_within_the_call(ask: Ask, server: Server) -> None:
    server.play(whole)
    full = Path("/dev/full").open("wb")  # noqa: SIM115 (closing it fails too)
    with pytest.raises(OSError, match="No space left"):
        ask(download_customer_evidence, PATH, full)
    with pytest.raises(OSError, match="No space left"):
        full.close()


def test_a_disk_that_fails_half_way_leaves_the_target_as_it_was(ask: Ask, server: Server, tmp_path: Path) -> None:
    target = tmp_path / "foto.png"
    target.write_bytes(b"before")
    server.play(httpx.Response(200, content=b"x" * 3_000_000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large") as raised:
            ask(download_customer_evidence, PATH, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.errno == errno.EFBIG
    assert len(server.requests) == 1
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("foto.png", b"before")]


class Unbuffered(io.RawIOBase):
    """A file that takes at most 100 bytes at once, and no more than `most` in all."""

    def __init__(self, most: int) -> None:
        self.content, self.most = b"", most

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int | None:
        piece = bytes(content)[: min(100, self.most - len(self.content))]
        self.content += piece
        return len(piece) or None


def test_an_unbuffered_file_is_written_to_until_all_is_written(ask: Ask, server: Server) -> None:
    server.play(whole, whole)
    target = Unbuffered(most=10_000)
    assert ask(download_customer_evidence, PATH, target) == len(PNG)
    assert target.content == PNG
    with pytest.raises(BlockingIOError):
        ask(download_customer_evidence, PATH, Unbuffered(most=150))


def test_a_target_that_is_closed_during_the_download_is_refused(ask: Ask, server: Server) -> None:
    target = io.BytesIO()

    def close_target(request: httpx.Request) -> httpx.Response:
        target.close()
        return whole(request)

    server.play(close_target)
    with pytest.raises(InvalidInputError, match="closed file"):
        ask(download_customer_evidence, PATH, target)


# Deleting


def removing(*paths: str) -> httpx.Response:
    return httpx.Response(200, json=[{"name": path, "id": str(uuid4())} for path in paths])


THERE = httpx.Response(200, json={"size": 1, "metadata": {}})


def test_deleting_returns_what_was_deleted(ask: Ask, server: Server) -> None:
    server.play(removing(OTHER, PATH))
    assert ask(delete_customer_evidence, [PATH, OTHER, PATH]) == [PATH, OTHER]
    assert json.loads(server.last.content) == {"prefixes": [PATH, OTHER]}


@pytest.mark.parametrize("paths", [PATH, [PATH], (PATH, PATH), {PATH: 1}], ids=["str", "list", "twice", "dict"])
@pytest.mark.parametrize(("found", "kind"), [(NO_OBJECT, NotFoundError), (THERE, PermissionDeniedError)])
def test_one_file_that_was_not_deleted_says_why_however_it_is_passed(
    ask: Ask, server: Server, paths: Any, found: httpx.Response, kind: type[AdminCRMError]
) -> None:
    server.play(removing(), found)
    with pytest.raises(kind) as refused:
        ask(delete_customer_evidence, paths)
    assert type(refused.value) is kind


def test_of_several_files_the_error_says_what_became_of_each(ask: Ask, server: Server) -> None:
    gone = f"{ANA}/gone.pdf"

    def info(request: httpx.Request) -> httpx.Response:
        return NO_OBJECT if request.url.path.endswith(gone) else THERE

    server.play(removing(PATH), info, info)
    with pytest.raises(
        EvidenceNotDeletedError, match="deleted 1 of 3 files; not found: 1; not allowed to delete: 1"
    ) as told:
        ask(delete_customer_evidence, [PATH, OTHER, gone])
    assert (told.value.deleted, told.value.denied, told.value.missing) == ((PATH,), (OTHER,), (gone,))


def test_several_files_that_do_not_exist_are_listed(ask: Ask, server: Server) -> None:
    server.play(removing(), NO_OBJECT, NO_OBJECT)
    with pytest.raises(EvidenceNotDeletedError) as told:
        ask(delete_customer_evidence, [PATH, OTHER])
    assert (told.value.missing, told.value.hint) == ((PATH, OTHER), None)


def test_what_is_gone_after_a_lost_answer_was_deleted(ask: Ask, server: Server) -> None:
    server.play(LOST, removing(), NO_OBJECT)
    assert ask(delete_customer_evidence, PATH) == [PATH]


def test_a_deletion_that_breaks_off_says_how_far_it_came(
    ask: Ask, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "BATCH", 1)
    server.play(removing(PATH), httpx.Response(500))
    with pytest.raises(EvidenceNotDeletedError, match="stopped after 1 of 2 files") as told:
        ask(delete_customer_evidence, [PATH, OTHER])
    assert told.value.deleted == (PATH,)
    assert isinstance(told.value.__cause__, ServiceUnavailableError)


def test_a_deletion_that_fails_at_once_is_the_plain_error(ask: Ask, server: Server) -> None:
    server.play(httpx.Response(500))
    with pytest.raises(ServiceUnavailableError):
        ask(delete_customer_evidence, [PATH])


def test_deleting_nothing_is_refused(ask: Ask, server: Server) -> None:
    with pytest.raises(InvalidInputError):
        ask(delete_customer_evidence, [])


@pytest.mark.parametrize("paths", [None, 7, Path(PATH), b"x", [None], [Path(PATH)]])
def test_paths_of_the_wrong_type_are_a_type_error(ask: Ask, server: Server, paths: Any) -> None:
    with pytest.raises(InvalidTypeError) as refused:
        ask(delete_customer_evidence, paths)
    assert isinstance(refused.value, TypeError)
    assert refused.value.argument == "paths"
    assert server.requests == []

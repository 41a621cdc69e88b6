"""The directory in one answer, where the shop has installed the function for it (`sql/directory.sql`).

The function packs many customers into each of its rows. Its answer is read as it arrives: each packed row is decoded
when it is complete, and let go of. The last row says how many there are, so an answer that was cut is recognised (R1).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel

from admin_crm._core.connection import facts_of, link_of, rights_in_effect
from admin_crm._core.send import is_statement_timeout, send_steps
from admin_crm._core.translate import check_success, translate
from admin_crm._postgrest.columns import KEY, note_missing_column, select_list
from admin_crm._postgrest.decode import Decoder, ModelDecoder
from admin_crm.client import AnyCRM
from admin_crm.errors import (
    AdminCRMError,
    IncompleteReadError,
    PermissionDeniedError,
    SchemaMismatchError,
    UnexpectedResponseError,
)

R = TypeVar("R")
T = TypeVar("T")

_PARTS = 8
"""Into how many ranges of ids the directory is cut where the whole does not fit the statement timeout."""
_LAST_KEY = (1 << 128) - 1
_PACKS = 100
"""Into how many rows the function packs the directory by default."""

# How a row of the function begins and ends. Inside of it, JSON of the shop's may hold the same: see `Unpacker`.
_BEGINNING = re.compile(rb'[\s\[,]*\{"customers":\s*')
_END = re.compile(rb',\s*"packed":\s*(\d+)\}')


async def fetch_packed(
    crm: AnyCRM,
    decoder: Decoder[R],
    fields: Sequence[str] | None = None,
    above: UUID | None = None,
    up_to: UUID | None = None,
) -> list[Sequence[R]] | None:
    """Read the directory, or the part of it with ids in a range, through the shop's function.

    Returns:
        The customers, in packs and in no particular order; None where the shop has no such function, or where not
        even a part of the directory fits the database's statement timeout.
    """
    if not has_directory_function(crm):
        return None
    try:
        return await _fetch_range(crm, decoder, fields, above, up_to)
    except AdminCRMError as error:
        if not is_statement_timeout(error):
            _note_missing(crm, error)
            return None
    try:
        parts = [await _fetch_range(crm, decoder, fields, *part) for part in _parts(above, up_to)]
    except AdminCRMError as error:
        if not is_statement_timeout(error):
            raise
        facts_of(crm).note_absent(str(crm.settings.directory_function))
        return None
    return [pack for packs in parts for pack in packs]


async def open_packed(crm: AnyCRM, decoder: Decoder[R], fields: Sequence[str] | None = None) -> PackedStream[R] | None:
    """Call the shop's function for the whole directory, to be read as it arrives and closed afterwards.

    Returns:
        The answer; None where the shop has no such function, or where the directory does not fit the database's
        statement timeout.
    """
    if not has_directory_function(crm):
        return None
    try:
        return await send_steps(crm, lambda: _open(crm, decoder, fields), _same, database=True)
    except AdminCRMError as error:
        if not is_statement_timeout(error):
            _note_missing(crm, error)
        return None


async def function_is_there(crm: AnyCRM) -> bool:
    """Ask whether the shop has the function, and these credentials may call it; no customer is read for it."""
    if crm.settings.directory_function is None:
        return False
    try:
        await _fetch_range(crm, ModelDecoder(BaseModel), None, above=UUID(int=_LAST_KEY))
    except AdminCRMError as error:
        _note_missing(crm, error)
        return False
    return True


def has_directory_function(crm: AnyCRM) -> bool:
    """Return whether the shop may have the function: it was not missing, nor refused to these rights, a while ago."""
    name, facts = crm.settings.directory_function, facts_of(crm)
    return name is not None and not facts.lacks(name) and not facts.lacks(_for_these_rights(crm))


class Unpacker(Generic[R]):
    """Takes an answer of the function apart as it arrives.

    A row ends where its text says so. A customer's own JSON may say the same in the middle of a row; what is in front
    of it is then no JSON by itself, and the row goes on to the next place that looks like its end.

    Args:
        decoder: what the customers become.
        pause_gc: whether Python's garbage collector is paused while a row is decoded.
    """

    def __init__(self, decoder: Decoder[R], *, pause_gc: bool = False) -> None:
        self._decoder = decoder
        self._pause_gc = pause_gc
        self._text = bytearray()
        self._searched = 0
        self.rows_received = 0
        self.rows_announced: int | None = None

    def feed(self, chunk: bytes) -> list[Sequence[R]]:
        """Take more of the answer, and return the packs of customers that are complete now."""
        self._text += chunk
        packs: list[Sequence[R]] = []
        # An end may lie across two chunks.
        while end := _END.search(self._text, max(0, self._searched - 64)):
            beginning = _BEGINNING.match(self._text)
            found = None if beginning is None else self._read(bytes(self._text[beginning.end() : end.start()]), end)
            if found is None:
                self._searched = end.end() + 64
                continue
            if found:
                packs.append(found)
            del self._text[: end.end()]
            self._searched = 0
        self._searched = max(self._searched, len(self._text))
        return packs

    @property
    def is_complete(self) -> bool:
        """Whether the answer has come to its end with all of its rows."""
        return self.rows_announced == self.rows_received and not self._text.strip(b" \n\r\t]")

    def _read(self, content: bytes, end: re.Match[bytes]) -> Sequence[R] | None:
        """Read one row; None where its end is not the row's."""
        if content == b"null":
            self.rows_announced = int(end[1])
            return []
        try:
            customers = self._decoder.decode(content, pause_gc=self._pause_gc)
        except UnexpectedResponseError:
            return None
        if len(customers) != int(end[1]):
            return None
        self.rows_received += 1
        return customers


class PackedStream(Generic[R]):
    """An answer of the function that is being read.

    Args:
        crm: the connection.
        response: the response, of which only the headers have been read.
        decoder: what the customers become.
    """

    def __init__(self, crm: AnyCRM, response: httpx.Response, decoder: Decoder[R]) -> None:
        self._crm = crm
        self._response = response
        self._is_async = link_of(crm).is_async
        self._chunks: Any = response.aiter_bytes() if self._is_async else response.iter_bytes()
        self._unpacker: Unpacker[R] = Unpacker(decoder, pause_gc=crm.settings.pause_gc)

    async def next(self) -> list[Sequence[R]]:
        """Return the next packs of customers; an empty list at the end.

        Raises:
            IncompleteReadError: the answer lacks its end.
        """
        while (chunk := await self._next_chunk()) is not None:
            if packs := self._unpacker.feed(chunk):
                return packs
        if not self._unpacker.is_complete:
            raise self._cut()
        return []

    async def close(self) -> None:
        """Close the response, read or not."""
        if self._is_async:
            await self._response.aclose()
        else:
            self._response.close()

    async def _next_chunk(self) -> bytes | None:
        try:
            if self._is_async:
                chunks: AsyncIterator[bytes] = self._chunks
                return await anext(chunks, None)
            iterator: Iterator[bytes] = self._chunks
            return next(iterator, None)
        except httpx.HTTPError as error:
            raise translate(error) or error from error

    def _cut(self) -> IncompleteReadError:
        facts, received = facts_of(self._crm), self._unpacker.rows_received
        # The server's row limit may be lower than the number of packed rows: then ask for fewer.
        packs = max(1, received - 1)
        is_cut = self._unpacker.rows_announced is None and packs < (facts.directory_packs or _PACKS)
        if is_cut:
            facts.directory_packs = packs
        return IncompleteReadError(
            f"the function {self._crm.settings.directory_function} did not return all of its rows",
            hint="install the function again: admin-crm sql directory",
            retryable=is_cut,
        )


async def _fetch_range(
    crm: AnyCRM,
    decoder: Decoder[R],
    fields: Sequence[str] | None,
    above: UUID | None = None,
    up_to: UUID | None = None,
) -> list[Sequence[R]]:
    async def read() -> list[Sequence[R]]:
        stream = await _open(crm, decoder, fields, above, up_to)
        try:
            packs: list[Sequence[R]] = []
            while more := await stream.next():
                packs += more
            return packs
        finally:
            await stream.close()

    return await send_steps(crm, read, _same, database=True)


async def _open(
    crm: AnyCRM,
    decoder: Decoder[R],
    fields: Sequence[str] | None,
    above: UUID | None = None,
    up_to: UUID | None = None,
) -> PackedStream[R]:
    """Call the function, anew without each column that the view does not have; call it only within `send_steps`."""
    while True:
        selected = select_list(crm, decoder.model, fields, facts_of(crm).view_key or KEY)
        response = await _call(crm, selected, above, up_to)
        stream = PackedStream(crm, response, decoder)
        try:
            check_success(response)
        except AdminCRMError as error:
            await stream.close()
            if not (isinstance(error, SchemaMismatchError) and note_missing_column(crm, error, selected)):
                raise
        else:
            return stream


async def _call(crm: AnyCRM, selected: list[str] | None, above: UUID | None, up_to: UUID | None) -> httpx.Response:
    arguments = {
        "columns": selected,
        "above": None if above is None else str(above),
        "up_to": None if up_to is None else str(up_to),
        "packs": facts_of(crm).directory_packs,
    }
    given = {name: value for name, value in arguments.items() if value is not None}
    client: Any = crm.supabase
    query = client.rpc(str(crm.settings.directory_function), given).request
    session, is_async = query.session, link_of(crm).is_async
    built = session.build_request(query.http_method, str(query.path), json=query.json, headers=query.headers)
    sent = session.send(built, stream=True)
    response: httpx.Response = await sent if is_async else sent
    if not response.is_success:
        await response.aread() if is_async else response.read()
    return response


def _note_missing(crm: AnyCRM, error: AdminCRMError) -> None:
    """Remember that the shop has no such function, or not for these credentials; raise whatever else it is."""
    if isinstance(error, SchemaMismatchError) and error.kind == "function":
        facts_of(crm).note_absent(str(crm.settings.directory_function))
    elif isinstance(error, PermissionDeniedError) and error.code == "42501":
        facts_of(crm).note_absent(_for_these_rights(crm))
    else:
        raise error


def _for_these_rights(crm: AnyCRM) -> str:
    """Return the function's name in `ServerFacts` for whoever asks: other views of the connection may call it."""
    claims = rights_in_effect(crm)
    return f"{crm.settings.directory_function} for {claims.user or claims.role}"


def _parts(above: UUID | None, up_to: UUID | None) -> list[tuple[UUID | None, UUID | None]]:
    """Cut a range of ids into ranges of one width."""
    low = 0 if above is None else above.int
    width = (_LAST_KEY if up_to is None else up_to.int) - low
    ends = [UUID(int=low + width * number // _PARTS) for number in range(1, _PARTS)]
    return list(zip([above, *ends], [*ends, up_to], strict=True))


def _same(value: T) -> T:
    return value

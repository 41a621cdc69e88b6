"""The evidence files to upload: of a mapping, of pairs, or of a folder, each looked at before any is sent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from admin_crm._core.disk import path_of
from admin_crm._storage.source import FileLike, Source, open_source
from admin_crm.bulk.targets import customer_ids
from admin_crm.errors import InvalidInputError, InvalidTypeError

if TYPE_CHECKING:
    from admin_crm.bulk.targets import Customer

    Files = Mapping[Any, FileLike | Iterable[FileLike]] | Iterable[tuple[Customer, FileLike]] | str | os.PathLike[str]

_IGNORED = ("Thumbs.db", "desktop.ini")
"""Files that Windows puts into folders. Names with a dot before them are ignored too."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class Chosen:
    """A file, looked at: its customer and what it holds, or what is wrong with it."""

    name: str
    """What the result calls it."""
    customer: UUID | None = None
    file: FileLike | Source | None = None
    """The file; an open one as a source, which is used again."""
    digest: str = ""
    """The hash of its content, with its own name."""
    error: InvalidInputError | None = None

    def open(self, limit: int, closing: ExitStack) -> Source:
        """Open the file to upload it."""
        file = cast("FileLike | Source", self.file)
        return file if isinstance(file, Source) else open_source(file, None, limit, closing)


def chosen_files(files: Files, limit: int, closing: ExitStack) -> list[Chosen]:
    """Return the files, each read once to know its content again.

    Args:
        files: a mapping from a customer to a file or several, pairs of a customer and a file, or a folder whose
            folders have the ids of customers.
        limit: the largest size in bytes.
        closing: closes what is copied of streams that can be read only once.

    Raises:
        InvalidTypeError: it is none of these.
        OSError: the folder cannot be read.
    """
    streams: set[int] = set()
    return [_looked_at(each, limit, closing, streams) for each in _each(files)]


def _looked_at(given: _Given, limit: int, closing: ExitStack, streams: set[int]) -> Chosen:
    name = given.name
    try:
        customer = _customer(given)
        name = f"{customer}: {name}"
        return _read(name, customer, given.file, limit, closing, streams)
    except InvalidInputError as error:
        return Chosen(name, error=error)
    except OSError as error:
        unreadable = InvalidInputError(f"the file cannot be read: {error.strerror}", argument="files")
        unreadable.__cause__ = error
        return Chosen(name, error=unreadable)


def _customer(given: _Given) -> UUID:
    if isinstance(given.customer, InvalidInputError):
        raise given.customer
    try:
        return customer_ids([cast("Any", given.customer)])[0]
    except InvalidInputError as error:
        raise InvalidInputError("the file's customer has no valid id", argument="files") from error


def _read(name: str, customer: UUID, file: object, limit: int, closing: ExitStack, streams: set[int]) -> Chosen:
    if isinstance(file, InvalidInputError):
        raise file
    content = cast("FileLike", file)
    if isinstance(content, str | os.PathLike | bytes | bytearray | memoryview):
        with ExitStack() as closing_at_once:
            return Chosen(name, customer, content, _digest(open_source(content, None, limit, closing_at_once)))
    if id(content) in streams:
        raise InvalidInputError("this open file is there twice", argument="files", hint="pass its path or its bytes")
    streams.add(id(content))
    source = open_source(content, None, limit, closing)
    return Chosen(name, customer, source, _digest(source))


def _digest(source: Source) -> str:
    digest, start = sha256(f"{source.name}\n".encode()), 0
    while start < source.size:
        chunk = source.read(start, min(_CHUNK, source.size - start))
        digest.update(chunk)
        start += len(chunk)
    return digest.hexdigest()


class _Given(NamedTuple):
    customer: object
    file: object
    name: str


def _each(files: Any) -> Iterator[_Given]:
    if isinstance(files, str | os.PathLike):
        return _in_folder(path_of(cast("str", files), "files"))
    if isinstance(files, Mapping):
        return _of_pairs(_pairs_of(cast("Mapping[object, Any]", files)))
    if isinstance(files, Iterable) and not isinstance(files, bytes):
        return _of_pairs(cast("Iterable[object]", files))
    raise InvalidTypeError(
        f"files must be a mapping, pairs of a customer and a file, or a folder, not {type(files).__name__}",
        argument="files",
    )


def _pairs_of(files: Mapping[object, Any]) -> Iterator[tuple[object, object]]:
    for customer, given in files.items():
        single = isinstance(given, str | bytes | bytearray | memoryview) or hasattr(given, "read")
        if single or not isinstance(given, Iterable):
            yield customer, given
            continue
        for file in cast("Iterable[object]", given):
            yield customer, file


def _of_pairs(pairs: Iterable[object]) -> Iterator[_Given]:
    for number, pair in enumerate(pairs, 1):
        if not isinstance(pair, tuple | list) or len(cast("list[object]", pair)) != 2:
            raise InvalidTypeError(f"files[{number - 1}] must be a pair of a customer and a file", argument="files")
        customer, file = cast("list[Any]", pair)
        named = isinstance(file, str | os.PathLike)
        yield _Given(customer, file, f"{file}" if named else f"file {number}")


def _in_folder(folder: Path) -> Iterator[_Given]:
    for each in _entries(folder):
        if each.is_symlink() or not each.is_dir():
            yield _Given(InvalidInputError("it is in no customer's folder", argument="files"), None, each.name)
            continue
        for file in _entries(each):
            # A link may lead to any file of this machine.
            regular = file.is_file() and not file.is_symlink()
            yield _Given(
                each.name, file if regular else InvalidInputError("it is no file", argument="files"), file.name
            )


def _entries(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if not each.name.startswith(".") and each.name not in _IGNORED)

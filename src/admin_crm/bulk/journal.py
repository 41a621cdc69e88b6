"""The journal of a bulk operation: a file that says what is done, so that it can go on after whatever ended it.

A journal has one JSON object a line. The first says whose journal it is:

    {"journal": 1, "operation": "notify_customers", "arguments": "<sha256>", "key": "<random UUID>"}

Before each batch, a line says what is begun and when; after it, another one says what became of it:

    {"begun": ["<item>", ...], "at": "2026-11-28T09:32:00.123456+00:00"}
    {"done": ["<item>", ...], "unchanged": [...], "failed": {"<item>": "CustomerNotFoundError"}}

Each line is on the disk before anything else happens. A last line without its end is that of a process that was
killed while it wrote: it is ignored. Items are ids, or hashes where an item has no id; there is no personal data.
"""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from types import TracebackType
from typing import Any, BinaryIO, Self, cast
from uuid import UUID, uuid4, uuid5

from admin_crm._core import validation as check
from admin_crm._core.disk import naming, path_of
from admin_crm.bulk.locks import lock
from admin_crm.errors import ConflictError, InvalidInputError

_VERSION = 1
_START = b'{"journal": '


class Journal:
    """The journal of one operation with these arguments; without a path, only its key.

    Args:
        path: the file, made readable by its owner only if there is none; None keeps no journal.
        operation: the function whose journal it is.
        arguments: everything but the list of items that decides what is done.
        read_only: whether nothing is written, no file is made and none is locked.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        operation: str,
        arguments: Mapping[str, object],
        *,
        read_only: bool = False,
    ) -> None:
        self.key = uuid4()
        """What the ids of the rows that are written follow from."""
        self.finished: set[str] = set()
        """The items that are done, or for which nothing had to change."""
        self.moments: defaultdict[str, set[datetime]] = defaultdict(set)
        """When each item was begun: once, or more often where the process was killed."""
        self._path = None if path is None else path_of(path, "journal")
        self._operation = operation
        self._arguments = json.dumps(arguments, sort_keys=True, default=str)
        self._read_only = read_only
        self._file: BinaryIO | None = None
        self._size = 0
        self._closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file; a thread that writes to it for a cancelled task ends first."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()

    @property
    def is_kept(self) -> bool:
        """Whether there is a file."""
        return self._path is not None

    def open(self) -> None:
        """Lock and read the file, or begin it.

        Raises:
            InvalidInputError: it is no journal, or one of another operation, other arguments or another project.
            ConflictError: another process writes to it.
            OSError: it cannot be read or written.
        """
        with self._lock:
            if self._path is None or self._closed:
                return
            if self._read_only:
                self._read(self._path.read_bytes() if self._path.exists() else b"")
                return
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            self._file = cast("BinaryIO", os.fdopen(descriptor, "r+b", buffering=0))
            if not lock(self._file):
                raise ConflictError("another process is using this journal", hint="wait until it has ended")
            self._read(self._file.read())
            if not self._size:
                self._append({
                    "journal": _VERSION,
                    "operation": self._operation,
                    "arguments": self._hash(),
                    "key": str(self.key),
                })  # fmt: skip

    def begin(self, items: Iterable[str], at: datetime) -> None:
        """Note what is about to be done."""
        self._write({"begun": list(items), "at": at.isoformat()})

    def end(self, done: Iterable[str], unchanged: Iterable[str], failed: Mapping[str, str]) -> None:
        """Note what became of it; an item that failed is tried again when the journal goes on."""
        entry = {"done": list(done), "unchanged": list(unchanged), "failed": dict(failed)}
        self._write({name: value for name, value in entry.items() if value})

    def name_of(self, key: UUID | str) -> str:
        """Return how the journal names an item: by its id, or by a hash of a text, which may be personal."""
        return str(key if isinstance(key, UUID) else uuid5(self.key, key))

    def _hash(self) -> str:
        # With the random key, so that nobody can try which short text it may be of.
        return sha256(self.key.bytes + self._arguments.encode()).hexdigest()

    def _read(self, content: bytes) -> None:
        whole, _, torn = content.rpartition(b"\n")
        lines = whole.split(b"\n") if whole else []
        # What was killed while it wrote the first line has not done anything yet.
        if not lines and not (torn.startswith(_START) or _START.startswith(torn)):
            raise self._refused("is no journal")
        for number, line in enumerate(lines):
            try:
                entry = json.loads(line)
                self._read_entry(entry) if number else self._read_header(entry)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                if isinstance(error, InvalidInputError):
                    raise
                raise self._refused(f"is no journal, or is damaged in line {number + 1}") from error
        self._size = len(whole) + 1 if lines else 0

    def _read_header(self, header: dict[str, Any]) -> None:
        if header["journal"] != _VERSION:
            raise self._refused("was written by a newer version")
        if header["operation"] != self._operation:
            raise self._refused(f"belongs to {check.shown(str(header['operation']))}")
        self.key = UUID(header["key"])
        if header["arguments"] != self._hash():
            raise self._refused("belongs to other arguments or another project")

    def _read_entry(self, entry: dict[str, Any]) -> None:
        if "begun" in entry:
            at = datetime.fromisoformat(entry["at"])
            for item in entry["begun"]:
                self.moments[item].add(at)
        self.finished.update(entry.get("done", ()), entry.get("unchanged", ()))

    def _refused(self, what: str) -> InvalidInputError:
        return InvalidInputError(f"this file {what}", argument="journal", hint="take a new file for each operation")

    def _write(self, entry: Mapping[str, object]) -> None:
        with self._lock:
            if self._path is not None and self._file is not None and not self._closed and entry:
                with naming(self._path):
                    self._append(entry)

    def _append(self, entry: Mapping[str, object]) -> None:
        """Append a line, in place of one that was not written to its end."""
        file = cast("BinaryIO", self._file)
        file.truncate(self._size)
        file.seek(self._size)
        line = json.dumps(entry).encode() + b"\n"
        left = line
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())
        self._size += len(line)

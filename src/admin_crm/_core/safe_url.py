"""URLs as they may be shown: without queries, ids and the names of files, which say whom a request is about."""

from __future__ import annotations

import re

import httpx

from admin_crm._core.events import Service

_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_SERVICE = re.compile(r"/(rest|auth|storage|functions)/v1(?=/|$)")
_STORAGE_WORDS = frozenset(
    ("authenticated", "bucket", "copy", "image", "info", "list", "list-v2", "move", "object", "public", "render",
     "resumable", "sign", "upload")
)  # fmt: skip
"""What the storage server's paths are made of; the bucket follows, and then the name of a file."""


def service_of(path: str) -> Service:
    """Return which service a path belongs to."""
    found = _SERVICE.search(path)
    return found[1] if found else "other"  # type: ignore[return-value]  # the pattern's words are the literal's


def safe_path(path: str) -> str:
    """Return a path that names no customer and no file: ids become ``{id}``, the names of files ``{path}``."""
    found = _SERVICE.search(path)
    if found is not None and found[1] == "storage":
        return path[: found.end()] + _without_file(path[found.end() :])
    return _ID.sub("{id}", path)


def _without_file(path: str) -> str:
    """Cut the path of a storage request after its bucket; the id of an upload in parts contains a file's name too."""
    shown: list[str] = []
    for part in path.split("/"):
        if part and part not in _STORAGE_WORDS:
            if "resumable" not in shown:
                shown.append(part)
            break
        shown.append(part)
    cut = "/".join(shown)
    return cut if cut == path else cut + "/{path}"


class SafeURL(httpx.URL):
    """The complete URL that a request is sent to; only its text leaves out the query."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc.decode('ascii')}{safe_path(self.path)}"

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return httpx.URL(self) == other

    def __hash__(self) -> int:
        return hash(httpx.URL(self))

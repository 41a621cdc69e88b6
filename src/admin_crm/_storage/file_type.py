"""Detect the content type of a file from its first bytes, then from its name, and choose a safe extension."""

from __future__ import annotations

import mimetypes
import re

from admin_crm.errors import InvalidInputError, InvalidTypeError

HEAD_SIZE = 1024
"""The number of bytes at the start of a file that are used to detect its type."""
UNKNOWN = "application/octet-stream"

_ZIP = "application/zip"
_OLE = "application/x-ole-storage"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", _ZIP),
    (b"PK\x05\x06", _ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
)
# Container formats: the bytes after the container's signature identify the content.
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"avif": "image/avif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}
# Office files are archives, and their first bytes do not identify the program: the extension decides. They are
# listed here because `mimetypes` differs from machine to machine.
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_TYPE_BY_EXTENSION = {
    _ZIP: {
        "docx": f"{_OPEN_XML}.wordprocessingml.document",
        "xlsx": f"{_OPEN_XML}.spreadsheetml.sheet",
        "pptx": f"{_OPEN_XML}.presentationml.presentation",
        "odt": f"{_OPEN_DOCUMENT}.text",
        "ods": f"{_OPEN_DOCUMENT}.spreadsheet",
        "odp": f"{_OPEN_DOCUMENT}.presentation",
    },
    _OLE: {
        "doc": "application/msword",
        "xls": "application/vnd.ms-excel",
        "ppt": "application/vnd.ms-powerpoint",
        "msg": "application/vnd.ms-outlook",
    },
}
_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/avif": "avif",
    "audio/amr": "amr",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "video/webm": "webm",
    "application/gzip": "gz",
    "application/vnd.rar": "rar",
    "application/x-7z-compressed": "7z",
    "text/plain": "txt",
    **{
        media_type: extension
        for by_extension in _TYPE_BY_EXTENSION.values()
        for extension, media_type in by_extension.items()
    },
    _OLE: "bin",
    UNKNOWN: "bin",
}
_SAFE_EXTENSION = re.compile(r".\.([a-z0-9]{1,10})", re.DOTALL)
_CONTENT_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(; ?[\x20-\x7e]+)?", re.ASCII)


def clean_name(name: str) -> str | None:
    """Return the file name without directories and unprintable characters; None if nothing is left."""
    last = re.split(r"[/\\]", name)[-1].encode("utf-8", "replace").decode()
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable[:255] if printable.strip(".") else None


def detect_type(head: bytes, name: str | None) -> str:
    """Return the content type detected from the first bytes, otherwise from the name."""
    found = _type_by_content(head)
    if found in _TYPE_BY_EXTENSION:
        return _TYPE_BY_EXTENSION[found].get(_extension_of_name(name) or "", found)
    if found is not None:
        return found
    by_name, encoding = mimetypes.guess_type(name or "", strict=False)
    return by_name.lower() if by_name and not encoding else UNKNOWN


def safe_extension(name: str | None, content_type: str) -> str:
    """Return an extension of ASCII letters and digits, from the file's name or otherwise from its type."""
    media_type = content_type.partition(";")[0].strip().lower()
    by_type = _EXTENSIONS.get(media_type) or (mimetypes.guess_extension(media_type) or "").removeprefix(".")
    return _extension_of_name(name) or _extension_of_name(f"-.{by_type}") or "bin"


def checked_type(content_type: object) -> str:
    """Return the content type passed by the caller, if it is well-formed."""
    if not isinstance(content_type, str):
        raise InvalidTypeError(
            f"content_type must be a string, not {type(content_type).__name__}", argument="content_type"
        )
    if _CONTENT_TYPE.fullmatch(content_type):
        return content_type
    raise InvalidInputError("content_type must be a media type such as image/png", argument="content_type")


def _type_by_content(head: bytes) -> str | None:
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    return None


def _extension_of_name(name: str | None) -> str | None:
    stem, dot, extension = (name or "").rpartition(".")
    found = _SAFE_EXTENSION.fullmatch(f"{stem[-1:]}{dot}{extension.lower()}")
    return found[1] if found else None

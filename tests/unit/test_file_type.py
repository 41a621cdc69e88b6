"""The type of a file is detected, and its extension is always safe."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm._storage.file_type import clean_name, detect_type, safe_extension
from files import PNG


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
def test_the_type_is_detected_from_the_first_bytes_and_otherwise_from_the_name(
    head: bytes, name: str | None, kind: str
) -> None:
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
def test_a_safe_extension_of_the_name_is_kept_and_otherwise_the_type_decides(
    name: str | None, kind: str, extension: str
) -> None:
    assert safe_extension(name, kind) == extension


@given(st.text(), st.binary(max_size=40))
def test_any_name_gives_a_safe_extension(name: str, head: bytes) -> None:
    assert re.fullmatch(r"[a-z0-9]{1,10}", safe_extension(name, detect_type(head, name)))


@given(st.text(st.characters(categories=None)))
def test_any_name_is_cleaned_of_folders_and_control_characters(name: str) -> None:
    cleaned = clean_name(name)
    assert cleaned is None or (cleaned.isprintable() and not set("/\\") & set(cleaned) and len(cleaned) <= 255)
    assert cleaned not in ("", ".", "..")

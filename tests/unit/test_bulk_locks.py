"""A lock ends with the file that it is on."""

from __future__ import annotations

from admin_crm.bulk.locks import lock


def test_a_file_is_locked_once_until_it_is_closed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with path.open("r+b", buffering=0) as first, path.open("r+b", buffering=0) as second:
        assert lock(first)
        assert not lock(second)
        assert first.read() == b"content"
        first.close()
        assert lock(second)

"""What an export has written."""

from __future__ import annotations

from pathlib import Path

from admin_crm._core.fields import Model


class Export(Model):
    """A file that an export has written."""

    path: Path
    """The path of the file."""
    format: str
    """csv, jsonl, parquet or xlsx."""
    rows: int
    """How many rows the file holds, the header not counted."""
    size: int
    """The size of the file in bytes."""
    seconds: float
    """How long it took."""
    shortened: int = 0
    """How many texts are longer than a cell of Excel holds (32,767 characters), and are cut; only in xlsx."""

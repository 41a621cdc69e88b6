"""Lists and pages of rows, as a notebook shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, SupportsIndex, TypeVar, get_args, overload

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from admin_crm._core.fields import Model, displayed, displayed_names
from admin_crm._core.html import table
from admin_crm._core.personal import shown

T = TypeVar("T")

MOST = 20
"""How many rows of a list a notebook shows."""


class RowList(list[T]):
    """A list of rows. Notebooks show it as a table, masked; its text shows the first rows and how many there are."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[T]: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> T | list[T]:
        """Return a row, or a part of the list that shows itself like the whole."""
        found: Any = super().__getitem__(index)
        return RowList(found) if isinstance(index, slice) else found

    def __repr__(self) -> str:
        """Return the first rows, and how many there are."""
        rows = ", ".join(map(repr, self[:MOST]))
        return f"[{rows}, … {len(self):,} in all]" if len(self) > MOST else f"[{rows}]"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic, and so FastAPI, read and write it as a list of its rows."""
        row = handler.generate_schema(*(get_args(source) or (Any,)))
        return core_schema.no_info_after_validator_function(cls, core_schema.list_schema(row))

    def _repr_html_(self) -> str:
        """Show the first rows as a table."""
        count = "1 row" if len(self) == 1 else f"{len(self):,} rows"
        caption = f"the first {MOST} of {count}" if len(self) > MOST else count
        return rows_table(self[:MOST], caption)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, with the total number of items; the first page is 1."""

    items: list[T]
    """The items on this page."""
    total: int
    """The number of items on all pages."""
    page: int
    """The page number, from 1."""
    page_size: int
    """The maximum number of items per page."""

    @property
    def pages(self) -> int:
        """The number of pages."""
        return -(-self.total // self.page_size)

    def __iter__(self) -> Iterator[T]:
        """Iterate over the items on this page."""
        return iter(self.items)

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[T]: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> T | list[T]:
        """Return an item of this page, or a part of them."""
        return self.items[index]

    def __len__(self) -> int:
        """Return the number of items on this page."""
        return len(self.items)

    def _repr_html_(self) -> str:
        """Show the page as a table."""
        return rows_table(self.items, f"page {self.page:,} of {self.pages:,}, {self.total:,} in all")


def rows_table(rows: Sequence[object], caption: str) -> str:
    """Return a table of rows, without the columns of which no row knows anything."""
    if not all(isinstance(row, Model) for row in rows):
        return table(["value"], [[shown(None, str(row))] for row in rows], caption)
    models = [row for row in rows if isinstance(row, Model)]
    values = [displayed(row) for row in models]
    known = {name for each in values for name in each}
    names = [name for name in dict.fromkeys(name for row in models for name in displayed_names(row)) if name in known]
    lines = [[each.get(name) for name in names] for each in values]
    return table([name.replace("_", " ") for name in names], lines, caption)

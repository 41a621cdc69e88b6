"""Filters on columns of the directory's view, which searching and selecting share."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, cast

from admin_crm._postgrest.decode import read_total
from admin_crm._postgrest.query import EXACT_COUNT, Query, send_query
from admin_crm.client import AnyCRM
from admin_crm.errors import SchemaMismatchError
from admin_crm.labels import LabelFilter

Condition = tuple[str, str, str]
"""A column of the view, an operator of PostgREST, and a value."""


def filtered_by(rows: Any, conditions: Iterable[Condition]) -> Any:
    """Add conditions to a query; typed as Any, because supabase-py does not know the row types."""
    for condition in conditions:
        rows = rows.filter(*condition)
    return rows


def view_column(crm: AnyCRM, columns: frozenset[str], *names: str) -> str:
    """Return the first of these names that the view has as a column.

    Args:
        crm: the connection.
        columns: the view's columns; where they are not known, the first name is taken for one.
        names: the names that shops have for one column.

    Raises:
        SchemaMismatchError: the view has none of them.
    """
    for each in names:
        if each in columns or not columns:
            return each
    raise SchemaMismatchError(
        f"the view {crm.settings.view} has no column {' or '.join(names)} to filter by",
        kind="column",
        name=names[0],
        hint="add the column to the view, or filter the result of get_all_customers",
    )


def tier_column(crm: AnyCRM, columns: frozenset[str]) -> str:
    """Return the view's column of the loyalty tier."""
    return view_column(crm, columns, "customer_tier", "tier")


def label_conditions(crm: AnyCRM, labels: Iterable[LabelFilter], columns: frozenset[str]) -> list[Condition]:
    """Return what finds the customers with these labels, in all of their spellings."""
    return [_of_label(each, view_column(crm, columns, each.argument)) for each in labels]


async def check_labels(crm: AnyCRM, labels: Iterable[LabelFilter], columns: frozenset[str]) -> None:
    """Raise where nothing was found because no customer has a label that is nearly a known one."""
    for label in labels:
        if label.nearest is not None:
            condition = _of_label(label, view_column(crm, columns, label.argument))
            if not await send_query(crm, partial(_counted, crm, condition), read_total):
                raise label.unknown()


def _counted(crm: AnyCRM, condition: Condition) -> Query:
    rows = crm.supabase.table(crm.settings.view).select("*", count=EXACT_COUNT)
    return cast("Query", filtered_by(rows, [condition]).limit(1))


def _of_label(label: LabelFilter, column: str) -> Condition:
    return column, "match", f"^(?:{label.pattern})$"

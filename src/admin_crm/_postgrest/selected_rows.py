"""The customers that criteria select: on the view, joined with what other tables say of them."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any
from uuid import UUID

from admin_crm._core.birthdays import BirthdayWindow
from admin_crm._core.gather import gather
from admin_crm._core.progress import Progress, is_wanted
from admin_crm._postgrest.chosen_rows import fetch_chosen, fetch_ids, gather_rows, ids_that_fit
from admin_crm._postgrest.columns import KEY, OTHER_KEY
from admin_crm._postgrest.counted import count_customers, counting
from admin_crm._postgrest.criteria import Criteria, Filters, of_birthdays, of_standing, of_view, standing_columns
from admin_crm._postgrest.decode import ModelDecoder
from admin_crm._postgrest.key_ranges import fetch_pages, fetch_ranges
from admin_crm._postgrest.row_source import RowSource
from admin_crm._postgrest.text_filter import url_length
from admin_crm.client import AnyCRM
from admin_crm.errors import IncompleteReadError
from admin_crm.models import AdminCustomer

_CUSTOMERS = ModelDecoder(AdminCustomer)
_ROOM = 3_500
"""How many characters of a URL the filters may take; every proxy accepts URLs of 4 KB."""
_LEAST_ROOM = 1_000
"""How many of them are left for ids or birthdays, even beside long filters."""


async def fetch_selected(
    crm: AnyCRM,
    wanted: Criteria,
    fields: Sequence[str] | None,
    columns: frozenset[str],
    progress: Progress = None,
) -> list[AdminCustomer]:
    """Fetch the customers that match all criteria, each once.

    Args:
        crm: the connection.
        wanted: the criteria.
        fields: the fields of a customer that are wanted; all columns by default.
        columns: the view's columns, if they are known.
        progress: is told of the view's rows.
    """
    filters, standing = of_view(crm, wanted, columns), of_standing(wanted)
    of_profiles = Filters()
    if standing_columns(wanted) <= columns or not columns:
        filters += standing
    else:
        of_profiles = standing
    chosen, excluded = await _fetch_choices(crm, wanted, of_profiles)
    ids = None if chosen is None else frozenset(chosen - excluded)
    if ids is not None and not ids:
        return []

    def matching(rows: Iterable[AdminCustomer]) -> list[AdminCustomer]:
        """Return the rows that match what the server was not asked, in the order of their ids."""
        found = {row.id: row for row in rows if row.id not in excluded and (ids is None or row.id in ids)}
        return [found[each] for each in sorted(found) if _has_birthday(found[each], wanted.birthdays)]

    try:
        return matching(await _fetch(crm, wanted, filters, fields, columns, ids, progress))
    except IncompleteReadError as error:
        error.rows = matching(error.rows)
        raise


async def _fetch_choices(crm: AnyCRM, wanted: Criteria, of_profiles: Filters) -> tuple[set[UUID] | None, set[UUID]]:
    """Fetch the ids that other tables choose, None for all of them; and those that they exclude."""
    with_tags = [_tagged(crm, "cs", part) for part in _parts(wanted.tags or ())]
    with_standing = [_of_profiles(crm, of_profiles)] if of_profiles.length else []
    without = [_tagged(crm, "ov", part) for part in _parts(wanted.without_tags or ())]
    found = await gather(crm, *with_tags, *with_standing, *without)
    choosing = len(with_tags) + len(with_standing)
    chosen = found[0].intersection(*found[1:choosing]) if choosing else None
    return chosen, set(chain.from_iterable(found[choosing:]))


async def _fetch(
    crm: AnyCRM,
    wanted: Criteria,
    filters: Filters,
    fields: Sequence[str] | None,
    columns: frozenset[str],
    ids: Collection[UUID] | None,
    progress: Progress,
) -> Iterable[AdminCustomer]:
    """Fetch the rows of the view, and perhaps some that have another id or birthday."""
    room = max(_LEAST_ROOM, _ROOM - filters.length)
    whole = RowSource(crm, _CUSTOMERS, fields, filters)
    if ids is not None and (wanted.birthdays is None or len(ids) <= ids_that_fit(room)):
        key = KEY if KEY in columns or not columns else OTHER_KEY
        numbers = frozenset(each.int for each in ids)
        with counting(_CUSTOMERS, progress, len(ids), "customers", keys=numbers) as decoder:
            return await fetch_chosen(replace(whole, decoder=decoder), ids, key, room)
    if wanted.birthdays is None and not filters.length:
        with counting(_CUSTOMERS, progress, await count_customers(crm, progress), "customers") as decoder:
            return chain.from_iterable(await fetch_pages(crm, decoder, fields))
    parts = [whole]
    if wanted.birthdays is not None:
        parts = [replace(whole, filtered=filters + each) for each in of_birthdays(wanted.birthdays, room)]
    total = sum(await gather(crm, *(part.count() for part in parts))) if is_wanted(progress) else 0
    with counting(_CUSTOMERS, progress, total, "customers") as decoder:
        return await gather_rows(crm, *(_fetch_all(replace(part, decoder=decoder)) for part in parts))


async def _fetch_all(source: RowSource[AdminCustomer]) -> list[AdminCustomer]:
    return list(chain.from_iterable(await fetch_ranges(source)))


def _has_birthday(row: AdminCustomer, window: BirthdayWindow | None) -> bool:
    return window is None or (row.birthdate is not None and window.contains(row.birthdate))


def _tagged(crm: AnyCRM, operator: str, tags: Sequence[str]) -> Coroutine[Any, Any, set[UUID]]:
    """Fetch the ids of the customers whose tags contain all of these (`cs`), or any of them (`ov`)."""
    condition = ("tags", operator, array_of(tags))
    return fetch_ids(crm, crm.settings.notes_table, OTHER_KEY, Filters([condition]), "notes")


def _of_profiles(crm: AnyCRM, filters: Filters) -> Coroutine[Any, Any, set[UUID]]:
    return fetch_ids(crm, crm.settings.profiles_table, KEY, filters, "profiles")


def _parts(tags: Sequence[str]) -> list[list[str]]:
    """Cut tags into lists for which a URL has room."""
    parts: list[list[str]] = []
    for tag in tags:
        if not parts or url_length(array_of([*parts[-1], tag])) > _ROOM:
            parts.append([])
        parts[-1].append(tag)
    return parts


def array_of(values: Iterable[str]) -> str:
    """Return texts as Postgres writes an array of them, whatever they contain."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{each}"' for each in quoted) + "}"

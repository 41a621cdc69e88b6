"""Products with their categories: in one request where the shop's foreign keys allow it, otherwise in two in turn."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from admin_crm._core.fields import Model
from admin_crm._core.gather import gather
from admin_crm._postgrest.query import EXACT_COUNT, Query, batches, fetch_all, fetch_either
from admin_crm.client import AnyCRM
from admin_crm.errors import AdminCRMError

T = TypeVar("T")

_ASKABLE = re.compile(r"[\w.-]{1,64}", re.ASCII)
"""Ids that are asked for. Orders hold what customers wrote, and an odd id must not fail the others."""
_NOT_AN_ID = ("22P02", "22003")
_NO_RELATIONSHIP = ("PGRST200", "PGRST201")


class _Named(Model):
    id: UUID | str
    name: str | None = None


class Category(_Named):
    """A row of the categories' table, as far as it is asked for."""


class Product(_Named):
    """A row of the products' table, as far as it is asked for."""

    category_id: UUID | str | None = None
    category: Category | None = None


async def fetch_products(crm: AnyCRM, ids: set[str]) -> dict[str, Product]:
    """Fetch products by their ids; those that are no longer sold, or have an odd id, are missing."""

    async def plain() -> dict[str, Product]:
        products = await _fetch_by_ids(crm, tables.products_table, "id,name,category_id", Product, ids)
        of_products = {key(each.category_id) for each in products.values() if each.category_id is not None}
        categories = await _fetch_by_ids(crm, tables.categories_table, "id,name", Category, of_products)
        return {
            each: product.model_copy(update={"category": categories.get(key(product.category_id or ""))})
            for each, product in products.items()
        }

    tables = crm.settings
    return await embedding(
        crm,
        embedded_categories(crm),
        lambda: _fetch_by_ids(crm, tables.products_table, embedded_columns(crm), Product, ids),
        plain,
    )


def embedded_columns(crm: AnyCRM) -> str:
    """Return the columns of a product, its category among them."""
    return f"id,name,category:{crm.settings.categories_table}(id,name)"


def embedded_categories(crm: AnyCRM) -> str:
    """Return the name, in `ServerFacts`, of the relationship from products to categories."""
    return f"{crm.settings.products_table} to {crm.settings.categories_table}"


async def embedding(
    crm: AnyCRM, relationship: str, embedded: Callable[[], Awaitable[T]], plain: Callable[[], Awaitable[T]]
) -> T:
    """Read rows with those they refer to; in a shop without the foreign key, read them apart, from then on."""
    return await fetch_either(crm, relationship, _NO_RELATIONSHIP, embedded, plain)


def key(value: UUID | str) -> str:
    """Return an id as Postgres prints it, so that ids from different tables compare equal."""
    text = str(value)
    return str(UUID(text)) if _is_uuid(text) else text


M = TypeVar("M", bound=_Named)


async def _fetch_by_ids(crm: AnyCRM, table: str, columns: str, model: type[M], ids: set[str]) -> dict[str, M]:
    uuids = {each for each in ids if _is_uuid(each)}
    others = {each for each in ids - uuids if _ASKABLE.fullmatch(each)}
    # Ids that are not UUIDs go into batches of their own: they may be rejected, the others must not be.
    asked = [*batches(sorted(uuids)), *batches(sorted(others))]
    found = await gather(crm, *(_fetch_batch(crm, table, columns, model, each) for each in asked))
    return {key(each.id): each for rows in found for each in rows}


async def _fetch_batch(crm: AnyCRM, table: str, columns: str, model: type[M], ids: Sequence[str]) -> list[M]:
    def query() -> Query:
        return crm.supabase.table(table).select(columns, count=EXACT_COUNT).in_("id", ids)

    try:
        return await fetch_all(crm, query, model)
    except AdminCRMError as error:
        if error.code not in _NOT_AN_ID:
            raise
        return []


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

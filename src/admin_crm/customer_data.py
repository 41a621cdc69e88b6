"""Everything that a shop holds of one person."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from admin_crm._auth.accounts import fetch_account
from admin_crm._core import validation as check
from admin_crm._core.connection import facts_of, link_of
from admin_crm._core.gather import gather
from admin_crm._core.progress import Progress, Report, Tally, reporting
from admin_crm._core.rows import Json
from admin_crm._core.secret_key import has_secret_key, with_secret_key_if_any
from admin_crm._postgrest.columns import KEY, note_missing_column
from admin_crm._postgrest.private import PrivateTable, sees_rows
from admin_crm._postgrest.query import batches, customer_not_found, if_installed
from admin_crm._postgrest.raw import fetch_raw, fetch_raw_ordered
from admin_crm._postgrest.rights import check_user
from admin_crm._storage.folder import fetch_folder, sees_files
from admin_crm.client import AnyCRM, operation
from admin_crm.errors import PermissionDeniedError, SchemaMismatchError
from admin_crm.models import CustomerData, MissingPart
from admin_crm.settings import Settings

__all__ = ["get_customer_data"]

_WITH_KEY = "connect with AdminCRM.sign_in(..., secret_key=...)"
_PARTS = 16
"""How many parts a customer's data has, each read by itself."""
_ONE_ROW = ("profile", "notes", "directory")


class _Absent(NamedTuple):
    """A table or bucket that the shop does not have."""

    name: str


class _Source(NamedTuple):
    """A table that has rows of a customer."""

    part: str
    """The field of `CustomerData`."""
    table: str
    owners: tuple[str, ...] = ("customer_id",)
    """The columns that name the customers whom a row belongs to."""
    key: str = "id"
    private: bool = False
    """Whether most shops show a row to its customer alone, so that an administrator's session sees none."""


_Found = list[Json] | MissingPart | _Absent


@operation
async def get_customer_data(crm: AnyCRM, customer_id: UUID | str, *, progress: Progress = None) -> CustomerData:
    """Return everything that the shop holds of one person, for a request of access to personal data.

    Args:
        crm: the connection.
        customer_id: the customer.
        progress: True for a progress bar (extra `notebook`), or a function of the parts read and all.

    Returns:
        All rows with all their columns, the user of the auth server, and the list of files; `to_json()` makes one
        document of it. What these rights do not show is in `missing`, with what to do about it. Files in other buckets
        than the evidence bucket, and what the shop's other services know, are not part of it.

    Raises:
        InvalidInputError: the id is not a UUID.
        CustomerNotFoundError: the customer does not exist, or is not visible with these credentials.
        PermissionDeniedError: the signed-in user is no administrator.
        AdminCRMError: a part could not be read; a failed part is never returned as empty.

    Reads `customer_profiles`, `addresses`, `orders`, `admin_customer_notes`, `user_notifications`, the view
    `customer_intelligence_360`, the bucket `customer-evidence`; if they exist, `order_items`, `loyalty_points`,
    `customer_coupons`, `coupons`, `customer_wishlists`, `smart_loyalty_propositions`, `referrals` and
    `moderation_log`; and the auth server.

    Needs an administrator's session or the secret key; with the session alone, what only the key shows is missing.

    Examples:
        >>> data = get_customer_data(crm, customer_id)
        >>> Path("data.json").write_text(data.to_json(), "utf-8")
        >>> [(part.part, part.hint) for part in data.missing]
    """
    customer = check.uuid(customer_id)
    with reporting(progress, _PARTS, "parts") as report:
        data = await fetch_customer_data(crm, customer, report)
    if data.profile is None and data.account is None:
        await check_user(crm, [])
        raise customer_not_found()
    if not has_secret_key(crm):
        await check_user(crm, [])
    return data


async def fetch_customer_data(crm: AnyCRM, customer: UUID, report: Report | None = None) -> CustomerData:
    """Fetch what there is of a customer, whether or not there is a profile."""
    sources = _sources(crm.settings)
    tally = Tally(report, _PARTS)
    account, directory, files, *tables = await gather(
        crm,
        *(tally.after(partial(read, crm, customer)) for read in (_account, _directory, _files)),
        *(tally.after(partial(_rows, crm, source, customer)) for source in sources),
    )
    found: dict[str, Any] = {"account": account, "directory": directory, "files": files}
    found |= {source.part: rows for source, rows in zip(sources, tables, strict=True)}
    found["order_items"], found["coupons"] = await gather(
        crm,
        tally.after(partial(_order_items, crm, found["orders"])),
        tally.after(partial(_coupons, crm, found["offers"])),
    )
    values: dict[str, Any] = {"customer_id": customer, "read_at": datetime.now(UTC)}
    values["missing"] = [each for each in found.values() if isinstance(each, MissingPart)]
    values["absent"] = [each.name for each in found.values() if isinstance(each, _Absent)]
    for part, rows in found.items():
        if not isinstance(rows, MissingPart | _Absent):
            values[part] = next(iter(rows), None) if part in _ONE_ROW else rows
    return CustomerData.model_validate(values)


def _sources(tables: Settings) -> list[_Source]:
    return [
        _Source("profile", tables.profiles_table, ("id",)),
        _Source("addresses", tables.addresses_table),
        _Source("orders", tables.orders_table),
        _Source("notes", tables.notes_table, key="customer_id"),
        _Source("notifications", tables.notifications_table, ("user_id",)),
        _Source("loyalty_points", tables.loyalty_points_table),
        _Source("used_coupons", tables.customer_coupons_table, private=True),
        _Source("wishlist", tables.wishlists_table),
        _Source("offers", tables.loyalty_offers_table, private=True),
        _Source("referrals", tables.referrals_table, ("referrer_id", "referred_id"), private=True),
        _Source("moderation", tables.moderation_log_table),
    ]


async def _rows(crm: AnyCRM, source: _Source, customer: UUID) -> _Found:
    def of_customer(rows: Any) -> Any:
        return rows.or_(",".join(f"{owner}.eq.{customer}" for owner in source.owners))

    async def read() -> _Found:
        rows = await fetch_raw(with_secret_key_if_any(crm), source.table, of_customer, source.key)
        private = PrivateTable(source.table, source.owners[0], source.owners)
        if source.private and not rows and not await sees_rows(crm, private):
            return MissingPart(
                part=source.part,
                reason=f"this session sees no rows of {source.table}",
                hint=f"{_WITH_KEY}; if the table is empty, nothing is missing",
            )
        return rows

    return await _unless_hidden(crm, source.part, source.table, read())


async def _order_items(crm: AnyCRM, orders: _Found) -> _Found:
    """Fetch the items of the orders that were found, where the shop keeps items in a table."""
    table, best = crm.settings.order_items_table, with_secret_key_if_any(crm)

    async def read() -> _Found:
        found: list[Json] = []
        for batch in _batches(orders, "id"):
            of_orders = partial(_among, column="order_id", values=batch)
            found += await fetch_raw_ordered(best, table, of_orders, ("order_id", "product_id"))
        return found

    return await _unless_hidden(crm, "order_items", table, read())


async def _coupons(crm: AnyCRM, offers: _Found) -> _Found:
    """Fetch the coupons of the offers that were found."""
    table, best = crm.settings.coupons_table, with_secret_key_if_any(crm)

    async def read() -> _Found:
        found: list[Json] = []
        for batch in _batches(offers, "coupon_code"):
            found += await fetch_raw(best, table, partial(_among, column="code", values=batch), "code")
        return found

    return await _unless_hidden(crm, "coupons", table, read())


def _among(rows: Any, *, column: str, values: Sequence[str]) -> Any:
    return rows.in_(column, values)


def _batches(rows: _Found, column: str) -> list[Sequence[str]]:
    """Return the distinct values of a column, as many together as fit into one filter."""
    given = [row.get(column) for row in rows] if isinstance(rows, list) else []
    values = list(dict.fromkeys(str(value) for value in given if value is not None))
    return batches(values)


async def _directory(crm: AnyCRM, customer: UUID) -> _Found:
    """Fetch the row of the view, as the signed-in administrator: where it is gated, the secret key sees none."""
    view = crm.settings.view

    async def read() -> _Found:
        try:
            rows = await _view_rows(crm, customer)
        except SchemaMismatchError as error:
            if not note_missing_column(crm, error, None):
                raise
            rows = await _view_rows(crm, customer)
        if rows or link_of(crm).rights.is_signed_in:
            return rows
        return MissingPart(
            part="directory",
            reason=f"the view {view} does not show this customer to the secret key",
            hint="connect with AdminCRM.sign_in(..., secret_key=...) as an administrator",
        )

    return await _unless_hidden(crm, "directory", view, read())


async def _view_rows(crm: AnyCRM, customer: UUID) -> list[Json]:
    key = facts_of(crm).view_key or KEY
    return await fetch_raw(crm, crm.settings.view, lambda rows: rows.eq(key, str(customer)), key)


async def _files(crm: AnyCRM, customer: UUID) -> Any:
    async def read() -> Any:
        files = await fetch_folder(with_secret_key_if_any(crm), customer)
        if not files and not has_secret_key(crm) and not await sees_files(crm):
            return MissingPart(
                part="files",
                reason=f"this session sees nothing in the bucket {crm.settings.evidence_bucket}",
                hint=f"{_WITH_KEY}; if the bucket is empty, nothing is missing",
            )
        return files

    return await _unless_hidden(crm, "files", crm.settings.evidence_bucket, read())


async def _account(crm: AnyCRM, customer: UUID) -> Any:
    if not has_secret_key(crm):
        return MissingPart(
            part="account", reason="only the secret key sees the users of the auth server", hint=_WITH_KEY
        )
    return await fetch_account(with_secret_key_if_any(crm), customer)


async def _unless_hidden(crm: AnyCRM, part: str, name: str, read: Coroutine[Any, Any, _Found]) -> _Found:
    """Read a part; say so where the shop does not have it, or where these rights may not see it."""
    try:
        found = await if_installed(crm, name, read)
    except PermissionDeniedError as error:
        return MissingPart(part=part, reason=error.message, hint=error.hint)
    return _Absent(name) if found is None else found

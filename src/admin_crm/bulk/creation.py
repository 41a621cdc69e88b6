"""Create many customers: users of the auth server, their profiles and their default addresses."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

from admin_crm._auth.new_user import NewUser, create_by_administrator, invite_customer
from admin_crm._auth.users import set_password
from admin_crm._core import validation as check
from admin_crm._core.gather import run_blocking
from admin_crm._core.progress import Progress
from admin_crm._core.secret_key import with_secret_key
from admin_crm.bulk.batches import OWN_FAILURES, Batch, Item, JournalPath, Outcome, run_in_batches, settle_each
from admin_crm.bulk.new_customers import write_together
from admin_crm.bulk.passwords import PasswordsFile, passwords_path
from admin_crm.bulk.rows import Row, checked_rows
from admin_crm.client import AnyCRM, operation
from admin_crm.creation import finish_creation, half_created
from admin_crm.errors import AdminCRMError, BulkError, CustomerCreationError, InvalidInputError
from admin_crm.models import BulkResult, CreateCustomerData

if TYPE_CHECKING:
    from admin_crm.bulk.rows import Rows

_BATCH = 20
"""Customers whose passwords are written at once; so many a kill leaves to be looked at when the journal goes on."""

_Item = Item[CreateCustomerData | InvalidInputError]


@operation
async def create_customers(
    crm: AnyCRM,
    rows: Rows,
    *,
    method: Literal["admin", "invite"] = "admin",
    passwords: str | os.PathLike[str] | None = None,
    redirect_to: str | None = None,
    journal: JournalPath = None,
    dry_run: bool = False,
    progress: Progress = None,
) -> BulkResult:
    """Create customers with profiles and default addresses, out of a list, a CSV file or a frame.

    Every row is checked before anybody is created; what is wrong with a row, and a second one with the same e-mail
    address, is told in `failed` without a value of the row. With a journal the call may be repeated after whatever
    ended it: customers who are done are not looked at again, and one who was created only in part is completed.

    Args:
        crm: the connection; it needs the secret key.
        rows: dicts or `CreateCustomerData`; the path of a CSV file in UTF-8, with commas, semicolons or tabs; or a
            frame of pandas, polars or Arrow. Columns have the names of the fields, the address's ``address.street``
            or ``street``; blank cells are left out.
        method: ``admin`` creates with a confirmed address and sends no e-mail; ``invite`` lets the auth server send
            an invitation, and the customer chooses the password.
        passwords: the file for the passwords that are generated where a row has none, readable by its owner only; by
            default beside the journal, otherwise in the working folder.
        redirect_to: the URL that the link in an invitation opens; the project must allow it.
        journal: the path of the journal, which makes the call resumable; the file is made if there is none.
        dry_run: only check the rows; whether an address is registered already, only the creation tells.
        progress: called with the number of rows that are settled and the total; True shows a tqdm progress bar.

    Returns:
        The outcome of each row. `done` has the ids of the customers; rows are named ``row 37``: those of a CSV file
        as a spreadsheet counts them, others from 1. An address that is registered already is a `ConflictError`.
        `passwords_file` is the file of the generated passwords, None if there is none.

    Raises:
        InvalidInputError: the file is not CSV, a column is unknown or missing, or the journal or the file of passwords
            is another one.
        PermissionDeniedError: the connection has no secret key.
        BulkError: something stopped it; `result` says how far it got.
        OSError: the file cannot be read.

    Writes `auth.users`, `customer_profiles` and `addresses`.

    Needs the secret key, alone or beside an administrator's session.

    Examples:
        >>> result = create_customers(crm, "customers.csv", journal="import.journal")
        >>> print(result, result.passwords_file)
        create_customers: 500 done import.journal.passwords.csv
    """
    if method not in ("admin", "invite"):
        raise InvalidInputError("method must be admin or invite", argument="method")
    redirect_to = None if redirect_to is None else check.text(redirect_to, "redirect_to", max_length=2_000)
    secret = with_secret_key(crm, "creating many customers")
    items = [_item(row) for row in await _checked(crm, rows)]
    file = None
    if method == "admin" and not dry_run and any(_lacks_password(item) for item in items):
        file = PasswordsFile(passwords_path(passwords, journal))
        await run_blocking(crm, file.open)
    creation = _Creation(crm, secret, file, redirect_to, invites=method == "invite")
    try:
        try:
            result = await run_in_batches(
                crm,
                items,
                creation.do,
                size=_BATCH,
                arguments={"method": method, "redirect_to": redirect_to},
                journal=journal,
                dry_run=dry_run,
                progress=progress,
                plan=creation.plan,
            )
        finally:
            if file is not None:
                file.close()
    except BulkError as error:
        error.result = _with_passwords(cast("BulkResult", error.result), file)
        raise
    return _with_passwords(result, file)


class _Creation:
    """Creates the customers of one batch after the other."""

    def __init__(
        self, crm: AnyCRM, secret: AnyCRM, file: PasswordsFile | None, redirect_to: str | None, *, invites: bool
    ) -> None:
        self._crm = crm
        self._secret = secret
        self._file = file
        self._redirect_to = redirect_to
        self._invites = invites

    async def plan(self, batch: Batch[CreateCustomerData | InvalidInputError]) -> None:
        """Settle the rows that are wrong."""
        for item in batch.items:
            if isinstance(item.value, InvalidInputError):
                batch.settle(item, item.value)

    async def do(self, batch: Batch[CreateCustomerData | InvalidInputError]) -> None:
        """Create the customers of the other rows, once the passwords that they lack are on the disk."""
        await self.plan(batch)
        todo, file = batch.unsettled, self._file
        if file is not None:
            lacking = [(batch.row_id(item), _data(item).email) for item in todo if _lacks_password(item)]
            await run_blocking(self._crm, lambda: file.add(lacking))
        made: list[tuple[_Item, NewUser]] = []
        stopped: AdminCRMError | None = None
        try:
            await settle_each(self._crm, batch, todo, lambda item: self._make(batch, item, made))
        except AdminCRMError as error:
            stopped = error
        await self._complete(batch, made)  # also when it stops: a user alone is half a customer
        if stopped is not None:
            raise stopped

    async def _make(
        self, batch: Batch[CreateCustomerData | InvalidInputError], item: _Item, made: list[tuple[_Item, NewUser]]
    ) -> Outcome | None:
        """Make the user of one customer; an error is returned if it is this row's own."""
        try:
            made.append((item, await self._user(batch.row_id(item), _data(item))))
        except CustomerCreationError as error:
            lost, failure = error.__cause__, error
        else:
            return None
        if _made_nobody(failure) or not isinstance(lost, AdminCRMError):
            return failure
        raise lost

    async def _complete(
        self, batch: Batch[CreateCustomerData | InvalidInputError], made: list[tuple[_Item, NewUser]]
    ) -> None:
        """Write profiles and addresses together, and one by one where a row is refused or a customer has signed in."""
        users = {item.key: new for item, new in made}
        try:
            # Nobody but us has written anything of a customer who has never signed in.
            untouched = {new.id: _data(item) for item, new in made if not new.has_signed_in}
            try:
                written = await write_together(self._crm, untouched)
            except OWN_FAILURES:
                written = set[UUID]()  # of one row, but it does not say of which
            for item, new in made:
                if new.id in written:
                    batch.settle(item, new.id)
            rest = [item for item in batch.unsettled if item.key in users]
            await settle_each(self._crm, batch, rest, lambda item: self._finish(batch, item, users[item.key]))
        except AdminCRMError as error:
            for item in batch.unsettled:
                if item.key in users:
                    batch.settle(item, half_created(users[item.key].id, ("sign_up",), error))
            raise

    async def _finish(self, batch: Batch[CreateCustomerData | InvalidInputError], item: _Item, new: NewUser) -> Outcome:
        try:
            await finish_creation(self._crm, None, new, _data(item), only_missing=new.has_signed_in)
        except CustomerCreationError as error:
            reason, failure = error.__cause__, error
        else:
            return new.id
        batch.settle(item, failure)
        if isinstance(reason, AdminCRMError) and not isinstance(reason, OWN_FAILURES):
            raise reason
        return failure

    async def _user(self, request: UUID, data: CreateCustomerData) -> NewUser:
        """Make the user of a customer, or find the one that an earlier try has made."""
        if self._invites:
            return await invite_customer(self._secret, data, self._redirect_to, request)
        generated = self._file.of(request) if self._file and data.password is None else None
        if self._file is None or generated is None:
            return await create_by_administrator(self._secret, data, request)
        try:
            new = await create_by_administrator(self._secret, data.model_copy(update={"password": generated}), request)
        except AdminCRMError as error:
            if _made_nobody(error):
                self._file.drop(request)
            raise
        if new.was_there and request in self._file.added:
            # An earlier run has made the user, with a password that is not in this file.
            if new.has_signed_in:
                self._file.drop(request)
            else:
                await set_password(self._secret, new.id, generated)
        return new


async def _checked(crm: AnyCRM, rows: Rows) -> list[Row]:
    if isinstance(rows, str | os.PathLike):
        return await run_blocking(crm, lambda: checked_rows(rows))
    return checked_rows(rows)  # not in a thread: what the caller iterates over may belong to this one


def _item(row: Row) -> _Item:
    key = row.customer.email.lower() if isinstance(row.customer, CreateCustomerData) else row.name
    return Item(key, row.name, row.customer)


def _data(item: _Item) -> CreateCustomerData:
    return cast("CreateCustomerData", item.value)


def _lacks_password(item: _Item) -> bool:
    return isinstance(item.value, CreateCustomerData) and item.value.password is None


def _made_nobody(error: AdminCRMError) -> bool:
    """Return whether it is certain that the auth server has made no user of ours."""
    if isinstance(error, CustomerCreationError):
        return error.user_id is None and error.retryable
    return isinstance(error, OWN_FAILURES)


def _with_passwords(result: BulkResult, file: PasswordsFile | None) -> BulkResult:
    return replace(result, passwords_file=file.path if file is not None and file.is_there else None)

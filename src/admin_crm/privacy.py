"""Privacy requests: what a shop holds of one person, and its erasure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from uuid import UUID

from admin_crm._auth.accounts import anonymize_user, delete_user
from admin_crm._core import validation as check
from admin_crm._core.log import log
from admin_crm._core.progress import Progress, Tally, is_wanted, reporting
from admin_crm._core.secret_key import with_secret_key
from admin_crm._postgrest.erasure import (
    Step,
    coupons_step,
    delete_step,
    orders_step,
    points_step,
    profile_step,
    size_of,
)
from admin_crm._postgrest.leftovers import kept_of
from admin_crm._postgrest.query import customer_not_found
from admin_crm._postgrest.rights import is_administrator, is_signed_in_user
from admin_crm._storage.folder import remove_files
from admin_crm.client import AnyCRM, operation
from admin_crm.customer_data import fetch_customer_data, get_customer_data
from admin_crm.errors import AdminCRMError, ConflictError, PartialPrivacyError, PermissionDeniedError
from admin_crm.models import CustomerData, PrivacyOutcome, PrivacyState, PrivacyStep

__all__ = ["anonymize_customer", "delete_customer", "get_customer_data"]

_REFERRED_TO = (
    "another table refers to the customer without `on delete cascade`: the database's log names it; delete those rows, "
    "then call again"
)


@operation
async def anonymize_customer(
    crm: AnyCRM, customer_id: UUID | str, *, reason: str, dry_run: bool = False, progress: Progress = None
) -> PrivacyOutcome:
    """Erase what says who a customer is, and keep the orders, their totals and the points: the shop's books.

    The steps, in this order, so that what an interruption leaves is still found by name, e-mail address and id: files,
    notifications, wishlist, notes, coupons made for the customer, offers, descriptions of points, personal columns of
    orders (`Settings.personal_order_columns`), addresses, personal columns of the profile
    (`Settings.personal_profile_columns`; the name becomes `Settings.anonymized_name`), and the user of the auth server:
    it gets a made-up address, and is then deleted softly, which empties the metadata and what other providers told,
    and ends all sessions. Safe to repeat: call it again after an interruption.

    An access token from before opens PostgREST until it expires, in an hour by default; what its owner writes
    meanwhile, a second call erases.

    Args:
        crm: the connection.
        customer_id: the customer.
        reason: why, at most 1,000 characters, for the log (`extra` of the record); it is stored nowhere else.
        dry_run: change nothing, and return the plan.
        progress: True for a progress bar (extra `notebook`), or a function of the steps that are done and all.

    Returns:
        The steps, each with its number of rows or files, and what stays: look at the columns that it names.

    Raises:
        InvalidInputError: the id is not a UUID, or the reason is empty.
        PermissionDeniedError: the connection has no secret key; or the customer is an administrator, or you.
        CustomerNotFoundError: the customer does not exist.
        PartialPrivacyError: a step failed; `completed` and `remaining` say how far it came.

    Writes `customer_profiles`, `orders`, `coupons` and `loyalty_points`; deletes from `addresses`,
    `admin_customer_notes`, `user_notifications`, `customer_wishlists`, `smart_loyalty_propositions` and the bucket
    `customer-evidence`; and changes the user of the auth server.

    Needs the secret key, alone or beside a session.

    Examples:
        >>> print(anonymize_customer(crm, customer_id, reason="request of 2026-11-27", dry_run=True))
        >>> anonymize_customer(crm, customer_id, reason="request of 2026-11-27").kept
    """
    customer, why = check.uuid(customer_id), check.text(reason, "reason", max_length=1000)
    is_wanted(progress)  # raises where it is no such argument
    secret = with_secret_key(crm, "anonymizing a customer")
    await _check_is_customer(crm, secret, customer)
    data = await _fetch_whole(crm, customer)
    plan = PrivacyOutcome("anonymize_customer", customer, dry_run, (), kept_of(data, crm.settings, books=True))
    return await _Erasure(crm, plan, _anonymizing(secret, customer, data), data).carry_out(why, progress)


@operation
async def delete_customer(
    crm: AnyCRM, customer_id: UUID | str, *, reason: str, dry_run: bool = False, progress: Progress = None
) -> PrivacyOutcome:
    """Delete a customer permanently: the user of the auth server, and with it the profile and all its rows.

    Orders stay, without a customer and without their personal columns. Files, coupons made for the customer and the
    orders' personal columns come first, while they can still be found by the customer; then referrals, which would
    stop the deletion; then the user, with whom the database deletes the profile and its rows in one transaction. What
    is left then, in a shop whose tables do not follow, is deleted table by table. At the end everything is read once
    more. Safe to repeat: call it again after an interruption.

    Args:
        crm: the connection.
        customer_id: the customer.
        reason: why, at most 1,000 characters, for the log (`extra` of the record); it is stored nowhere else.
        dry_run: change nothing, and return the plan.
        progress: True for a progress bar (extra `notebook`), or a function of the steps that are done and all.

    Returns:
        The steps, each with its number of rows or files, and what stays: look at the columns that it names.

    Raises:
        InvalidInputError: the id is not a UUID, or the reason is empty.
        PermissionDeniedError: the connection has no secret key; or the customer is an administrator, or you.
        CustomerNotFoundError: the customer does not exist, or is deleted already.
        PartialPrivacyError: a step failed; `completed` and `remaining` say how far it came.

    Deletes from `customer_profiles` and all tables of a customer's rows, the bucket `customer-evidence` and the auth
    server; writes `orders` and `coupons`.

    Needs the secret key, alone or beside a session.

    Examples:
        >>> print(delete_customer(crm, customer_id, reason="request of 2026-11-27", dry_run=True))
        >>> delete_customer(crm, customer_id, reason="request of 2026-11-27")
    """
    customer, why = check.uuid(customer_id), check.text(reason, "reason", max_length=1000)
    is_wanted(progress)  # raises where it is no such argument
    secret = with_secret_key(crm, "deleting a customer")
    await _check_is_customer(crm, secret, customer)
    data = await _fetch_whole(crm, customer)
    plan = PrivacyOutcome("delete_customer", customer, dry_run, (), kept_of(data, crm.settings, books=False))
    return await _Erasure(crm, plan, _deleting(secret, customer, data), data).carry_out(why, progress)


async def _check_is_customer(crm: AnyCRM, secret: AnyCRM, customer: UUID) -> None:
    if is_signed_in_user(crm, customer):
        raise PermissionDeniedError("this is the signed-in user, not a customer")
    if await is_administrator(secret, customer):
        table = crm.settings.admins_table
        raise PermissionDeniedError(
            f"this user is listed in {table}: an administrator, not a customer",
            hint=f"if this person is a customer too, take them out of {table} first",
        )


async def _fetch_whole(crm: AnyCRM, customer: UUID) -> CustomerData:
    """Fetch a customer's data; raise where a part cannot be seen, which would pass for a part that is not there."""
    data = await fetch_customer_data(crm, customer)
    for missing in data.missing:
        if missing.part != "directory":  # it is worked out from the other parts
            raise PermissionDeniedError(f"the {missing.part} cannot be seen: {missing.reason}", hint=missing.hint)
    return data


def _anonymizing(secret: AnyCRM, customer: UUID, data: CustomerData) -> list[Step]:
    tables, deleted = secret.settings, partial(delete_step, secret, customer)

    def left(data: CustomerData) -> int:
        return int(data.account is not None and not data.account.get("deleted_at"))

    async def anonymize_and_delete() -> None:
        # A soft delete alone would leave a hash of the address, against which a guess can be tested; a made-up address
        # alone would leave what other providers told, and the sign-in with them.
        await anonymize_user(secret, customer, data.account or {})
        await delete_user(secret, customer, soft=True)

    return [
        _files_step(secret, data),
        deleted("notifications", tables.notifications_table, owners=("user_id",)),
        deleted("wishlist", tables.wishlists_table),
        deleted("notes", tables.notes_table),
        coupons_step(secret, data),
        deleted("offers", tables.loyalty_offers_table),
        points_step(secret, customer),
        orders_step(secret, customer, data),
        deleted("addresses", tables.addresses_table),
        profile_step(secret, customer, data),
        Step(
            "account", "made-up address, metadata emptied, sessions ended, deleted softly", left, anonymize_and_delete
        ),
    ]


def _deleting(secret: AnyCRM, customer: UUID, data: CustomerData) -> list[Step]:
    tables, follows = secret.settings, partial(delete_step, secret, customer, follows=True)
    return [
        _files_step(secret, data),
        coupons_step(secret, data),
        orders_step(secret, customer, data),
        delete_step(secret, customer, "referrals", tables.referrals_table, ("referrer_id", "referred_id")),
        Step(
            "account",
            "deleted",
            size_of("account"),
            lambda: delete_user(secret, customer, soft=False),
            after_proof=True,
        ),
        follows("addresses", tables.addresses_table),
        follows("notes", tables.notes_table),
        follows("notifications", tables.notifications_table, owners=("user_id",)),
        follows("loyalty_points", tables.loyalty_points_table),
        follows("used_coupons", tables.customer_coupons_table),
        follows("wishlist", tables.wishlists_table),
        follows("offers", tables.loyalty_offers_table),
        follows("profile", tables.profiles_table, owners=("id",)),
    ]


def _files_step(secret: AnyCRM, data: CustomerData) -> Step:
    paths = [file.path for file in data.files]
    return Step("files", "deleted", size_of("files"), lambda: remove_files(secret, paths))


class _Erasure:
    """An erasure under way: how far each step is."""

    def __init__(self, crm: AnyCRM, plan: PrivacyOutcome, steps: list[Step], data: CustomerData) -> None:
        self._crm, self._plan, self._steps, self._data = crm, plan, steps, data
        self._counts = [step.left(data) for step in steps]
        self._states: list[PrivacyState] = ["planned" if count else "nothing to do" for count in self._counts]
        if data.profile is None and data.account is None and not any(self._counts):
            raise customer_not_found()

    async def carry_out(self, reason: str, progress: Progress) -> PrivacyOutcome:
        """Do the steps in their order, unless it is a dry run, and prove that nothing is left."""
        if self._plan.dry_run:
            return self._outcome()
        with reporting(progress, len(self._steps), self._plan.operation, unit="step") as report:
            tally = Tally(report, len(self._steps))
            for number, step in enumerate(self._steps):
                try:
                    await self._do(number, step)
                except AdminCRMError as error:
                    self._states[number] = "failed"
                    raise self._partial(error) from error
                self._states[number] = "done" if self._counts[number] else "nothing to do"
                tally.add()
        try:
            await self._prove(len(self._steps))
        except AdminCRMError as error:
            raise self._partial(error) from error
        customer = str(self._plan.customer_id)
        extra = {"operation": self._plan.operation, "customer_id": customer, "reason": reason}
        log.info("%s: customer %s is done", self._plan.operation, customer, extra=extra)
        return self._outcome()

    async def _do(self, number: int, step: Step) -> None:
        if step.after_proof:
            await self._prove(number)
        elif step.follows and not self._steps[number - 1].follows:
            self._data = await _fetch_whole(self._crm, self._plan.customer_id)
        if step.left(self._data):
            await step.erase()

    async def _prove(self, done: int) -> None:
        """Read everything once more, and raise where something is left of the steps that are done."""
        self._data = await _fetch_whole(self._crm, self._plan.customer_id)
        left = [number for number in range(done) if self._steps[number].left(self._data)]
        for number in left:
            self._states[number] = "failed"
        if left:
            raise ConflictError(
                "the server confirmed it, but the data is still there",
                hint="a trigger may keep it, or the customer may have written meanwhile",
            )

    def _outcome(self) -> PrivacyOutcome:
        told = zip(self._steps, self._counts, self._states, strict=True)
        steps = tuple(PrivacyStep(step.name, step.does, count, state) for step, count, state in told)
        return replace(self._plan, steps=steps)

    def _partial(self, error: AdminCRMError) -> PartialPrivacyError:
        outcome, operation = self._outcome(), self._plan.operation
        completed = [step.name for step in outcome.steps if step.state == "done"]
        failed = [step.name for step in outcome.steps if step.state == "failed"]
        what = f"{', '.join(failed)} could not be erased" if failed else "it could not be proven that all is erased"
        refused = error.code == "unexpected_failure"  # the auth server's word for the database's refusal
        hint = _REFERRED_TO if refused else error.hint
        again = f"call {operation} again: what is done is not done twice"
        return PartialPrivacyError(
            f"{what}, after {', '.join(completed) or 'nothing'}: {error.message}",
            completed=completed,
            remaining=[step.name for step in outcome.steps if step.state in {"failed", "planned"}],
            outcome=outcome,
            status=error.status,
            code=error.code,
            request_id=error.request_id,
            retryable=error.retryable,
            hint=f"{hint}; {again}" if hint else again,
        )

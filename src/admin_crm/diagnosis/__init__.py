"""`doctor`: check a project for common problems."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Any

from admin_crm._core.gather import gather
from admin_crm._core.progress import Progress, Tally, reporting
from admin_crm.client import AnyCRM, operation
from admin_crm.diagnosis import access, cost, functions, moderation, policies, shop, storage, tables
from admin_crm.diagnosis.checks import NamedCheck, run_check
from admin_crm.models.report import DoctorCheck, DoctorReport

__all__ = ["DoctorCheck", "DoctorReport", "doctor"]

_FIRST = (NamedCheck("key", access.key), NamedCheck("URL", access.url))
_LAST = NamedCheck("whole read", cost.whole_read)  # alone, because it measures


@operation
async def doctor(crm: AnyCRM, *, write_checks: bool = False, progress: Progress = None) -> DoctorReport:
    """Check the project behind a connection, and report problems and how to fix them.

    Checks the URL and the keys, the effective role, which rights the connection holds, whether the view shows all
    profiles and how it labels them, policies, grants and columns, the row limit, the evidence bucket, the Edge
    Functions and their actions, sign-ups, the clock, overdue suspensions, and what reading the whole directory costs
    the database. If the project cannot be reached, the
    report ends after that check.

    Works with a session, the secret key, or both. Only with both does it find the tables whose rows no policy shows
    to administrators.

    Args:
        crm: the connection.
        write_checks: also test writes, with a temporary object in the bucket, a note for a customer that does not
            exist and, with the secret key, a temporary user who is banned and tries to lift the ban. All of it is
            removed again; if that fails, the report says so.
        progress: True for a progress bar (extra `notebook`), or a function of the checks that are done and all.

    Returns:
        The report, without keys and personal data. A failed check is a line of the report, not an exception.

    Raises:
        ClientStateError: the connection is closed.

    Reads all tables, the bucket and the functions named in Settings; writes only with `write_checks`. Asks functions
    for actions without a customer's id, so that they end before they do anything.

    Needs no right: the report says what these credentials lack.

    Examples:
        >>> report = doctor(crm)
        >>> print(report)
        >>> report.ok
    """
    crm = crm.with_options(attempts=min(crm.settings.retry_attempts, 2))
    checks = _checks(crm, write_checks=write_checks)
    total = len(_FIRST) + len(checks) + 1
    with reporting(progress, total, "checks") as report:
        tally = Tally(report, total)

        def run(check: NamedCheck) -> Coroutine[Any, Any, DoctorCheck]:
            return tally.after(partial(run_check, crm, check))

        first = [await run(each) for each in _FIRST]
        if first[-1].verdict == "fail":
            return DoctorReport(tuple(first))
        rest = await gather(crm, *map(run, checks))
        return DoctorReport((*first, *rest, await run(_LAST)))


def _checks(crm: AnyCRM, *, write_checks: bool) -> list[NamedCheck]:
    settings = crm.settings
    function_names = dict.fromkeys(
        (settings.intelligence_function, settings.narrative_function, settings.loyalty_function)
    )
    with_writes = [
        NamedCheck("evidence", storage.evidence_write_check),
        NamedCheck("notes", storage.notes_write_check),
        NamedCheck("bans", moderation.ban_write_check),
    ]
    return [
        NamedCheck("role", access.role),
        NamedCheck("rights", policies.rights),
        NamedCheck("clock", access.clock),
        NamedCheck("sign-up", access.sign_up),
        NamedCheck("directory", shop.directory),
        NamedCheck("labels", shop.labels),
        NamedCheck("row limit", shop.row_limit),
        NamedCheck("policies", policies.policies),
        *(NamedCheck(f"columns of {table.name(crm)}", partial(tables.columns, table=table)) for table in tables.TABLES),
        NamedCheck("suspensions", shop.suspensions),
        NamedCheck("bucket", storage.bucket),
        *(with_writes if write_checks else [NamedCheck("evidence", storage.evidence)]),
        *(NamedCheck(f"function {name}", partial(functions.function, name=name)) for name in function_names),
    ]

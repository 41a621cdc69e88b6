"""`doctor`: what stands between this connection and a working shop."""

from __future__ import annotations

from functools import partial

from admin_crm._core.gather import gather
from admin_crm.client import AnyCRM, operation
from admin_crm.diagnosis import access, shop, storage
from admin_crm.diagnosis.examination import Examination, examined
from admin_crm.diagnosis.report import DoctorCheck, DoctorReport

__all__ = ["DoctorCheck", "DoctorReport", "doctor"]


@operation
async def doctor(crm: AnyCRM, *, write_checks: bool = False) -> DoctorReport:
    """Examine the project that a connection leads to, and say what is wrong and what to do about it.

    Looks at the address and the keys, whose rights are in effect, whether the view shows what the profiles
    hold, columns, the row cap, the evidence bucket, the functions, sign-ups, clocks and overdue suspensions.
    Where the project cannot be reached at all, the report ends with that.

    Args:
        crm: the connection.
        write_checks: also try what can only be known by trying, with a throw-away object in the bucket and
            notes about nobody; both are removed again, and the report says so if one could not be.

    Returns:
        The report, which holds no keys and no personal data. What fails is a line of it, never an exception.

    Raises:
        ClientStateError: the connection is closed.

    Reads everything that Settings names; writes nothing unless asked.

    Example:
        >>> report = doctor(crm)
        >>> print(report)
        >>> report.ok
    """
    crm = crm.with_options(attempts=min(crm.settings.retry_attempts, 2))
    first = [await examined(crm, each) for each in (Examination("key", access.key), Examination("URL", access.url))]
    if first[-1].verdict == "fail":
        return DoctorReport(tuple(first))
    rest = await gather(crm, *(examined(crm, each) for each in _examinations(crm, write_checks=write_checks)))
    return DoctorReport((*first, *rest))


def _examinations(crm: AnyCRM, *, write_checks: bool) -> list[Examination]:
    settings = crm.settings
    functions = dict.fromkeys((settings.intelligence_function, settings.narrative_function, settings.loyalty_function))
    tried = [Examination("evidence", storage.evidence_tried), Examination("notes", storage.notes_tried)]
    return [
        Examination("role", access.role),
        Examination("clock", access.clock),
        Examination("sign-up", access.sign_up),
        Examination("directory", shop.directory),
        Examination("row cap", shop.row_cap),
        *(
            Examination(f"columns of {getattr(settings, table.setting)}", partial(shop.columns, table=table))
            for table in shop.TABLES
        ),
        Examination("suspensions", shop.suspensions),
        Examination("bucket", storage.bucket),
        *(tried if write_checks else [Examination("evidence", storage.evidence)]),
        *(Examination(f"function {name}", partial(shop.function, name=name)) for name in functions),
    ]

"""For the tests of software that uses this library: connections that answer as they are told, and rows to answer with.

The pytest fixtures `local_supabase`, `crm` and `async_crm` need no import: installing the package brings them.
"""

from __future__ import annotations

from admin_crm.testing.answers import Answers, in_turn
from admin_crm.testing.factories import make_customer, make_detail, make_order
from admin_crm.testing.fakes import Call, FakeAdminCRM, FakeAsyncAdminCRM, UnexpectedCallError

__all__ = [
    "Answers",
    "Call",
    "FakeAdminCRM",
    "FakeAsyncAdminCRM",
    "UnexpectedCallError",
    "in_turn",
    "make_customer",
    "make_detail",
    "make_order",
]

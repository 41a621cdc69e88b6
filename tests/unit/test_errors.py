"""One family of errors, which say what failed and survive pickling."""

from __future__ import annotations

import pickle
from uuid import UUID

import pytest

import admin_crm
from admin_crm import AdminCRMError
from helpers import SOMEBODY


@pytest.mark.parametrize("name", [name for name in admin_crm.__all__ if name.endswith("Error")])
def test_every_error_survives_pickling_with_all_it_says(name):
    kind = getattr(admin_crm, name)
    needed = {"BulkError": {"result": admin_crm.BulkResult("op", done=[UUID(SOMEBODY)])}}.get(name, {})
    error = kind("what happened", operation="op", status=400, code="X", hint="do this", request_id="r", **needed)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), vars(again)) == (str(error), vars(error))
    assert isinstance(error, AdminCRMError)


def test_an_error_shows_operation_customer_status_and_hint_in_one_line():
    error = admin_crm.ConflictError("changed meanwhile", status=409, code="23505", hint="read it again")
    assert str(error) == "changed meanwhile [409 23505] — read it again"
    error.operation, error.customer_id = "add_customer_tags", UUID(SOMEBODY)
    assert str(error) == f"add_customer_tags (customer {SOMEBODY}): changed meanwhile [409 23505] — read it again"


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        ("InvalidInputError", ValueError), ("InvalidTypeError", TypeError), ("ClientStateError", RuntimeError),
        ("PermissionDeniedError", PermissionError), ("NotFoundError", LookupError),
        ("RequestTimeoutError", TimeoutError), ("ServiceUnavailableError", ConnectionError),
    ],
)  # fmt: skip
def test_an_error_is_also_the_builtin_that_fits(kind, builtin):
    assert issubclass(getattr(admin_crm, kind), builtin)

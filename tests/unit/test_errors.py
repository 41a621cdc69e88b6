"""One family of errors, which say what failed and survive pickling."""

from __future__ import annotations

import inspect
import itertools
import pickle
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx

import admin_crm
from admin_crm import AdminCRM, AdminCRMError
from admin_crm.testing import make_customer, make_detail, make_order
from helpers import ANON, KEY, QUICK, SOMEBODY, URL


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


NEEDED: dict[str, Any] = {
    "customer_id": SOMEBODY, "user_id": SOMEBODY, "address_id": SOMEBODY, "status": "active", "reason": "r",
    "title": "t", "message": "m", "tags": ["a"], "fields": {"a": 1}, "path": f"{SOMEBODY}/a.png", "points": 1,
    "paths": [f"{SOMEBODY}/a.png"], "description": "d", "n": 2, "rows": [], "files": {}, "file": b"\x89PNG\r\n\x1a\n",
    "address": {"street": "s", "number": "1", "colony": "c", "zip_code": "1"}, "label": "champion", "items": [],
    "data": {"email": "a@b.example", "full_name": "A", "phone": "5"}, "orders": [], "source": [], "content": "x",
    "suggestion": admin_crm.TagSuggestion(tags=["a"]), "customer": make_detail(),
}  # fmt: skip
"""A valid value of each argument that a public function needs."""
WRONG = [5, "\x00", [None], {None: None}, "\ud800", date.max, object()]
FUNCTIONS = {
    name: function
    for name in admin_crm.__all__
    if inspect.isfunction(function := getattr(admin_crm, name)) and inspect.signature(function).parameters
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whatever_is_passed_to_a_function_it_raises_our_errors_or_pythons_own(name, monkeypatch, tmp_path):
    """R7: nothing but the family, TypeError, ImportError and OSError reaches a caller."""
    monkeypatch.chdir(tmp_path)
    function = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters
    takes_connection = "crm" in parameters
    with respx.mock(assert_all_called=False) as server, AdminCRM(URL, KEY, anon_key=ANON, settings=QUICK) as crm:
        server.route().mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
        valid = {"crm": crm} if takes_connection else {"customers": [make_customer()], "orders": [make_order()]}
        needed = {
            each: valid.get(each, NEEDED.get(each, [SOMEBODY]))
            for each, parameter in parameters.items()
            if parameter.default is parameter.empty
        }
        for argument, wrong in itertools.product(parameters, WRONG):
            given = needed | {argument: wrong}
            positional = [
                given.pop(each) for each in needed if parameters[each].kind is inspect.Parameter.POSITIONAL_ONLY
            ]
            with suppress(AdminCRMError, TypeError, ImportError, OSError):
                result = function(*positional, **given)
                list(result if name.startswith("iter_") else ())

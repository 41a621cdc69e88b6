"""What the fixtures of the pytest plugin (`_admin_crm_pytest.py`) are made of."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from admin_crm._core.connection import link_of
from admin_crm._core.transport import http_of
from admin_crm.client import AdminCRM, AsyncAdminCRM
from admin_crm.local import LocalStack, LocalStackError
from admin_crm.local.installed import deno


@contextmanager
def running_stack() -> Generator[LocalStack]:
    """Start a local Supabase; the test fails with how to install it where it is not installed."""
    try:
        deno()
    except LocalStackError as error:
        pytest.fail(f"the fixture local_supabase cannot be used: {error}", pytrace=False)
    with LocalStack() as stack:
        yield stack


@contextmanager
def connection(stack: LocalStack) -> Generator[AdminCRM]:
    """Connect to a stack with its secret key."""
    with AdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key) as crm:
        yield crm


@contextmanager
def async_connection(stack: LocalStack) -> Generator[AsyncAdminCRM]:
    """Connect to a stack with its secret key, for the event loop of the test, which closes it before this is closed.

    So that no socket is left open then, none is kept after a response.
    """
    crm = AsyncAdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key)
    link = link_of(crm)
    http_of(link).headers["Connection"] = "close"
    try:
        yield crm
    finally:
        link.shared.closed = True

"""The Supabase that integration tests run on, decided in this one place.

It is a local stack, on the engine that ADMIN_CRM_LOCAL_ENGINE names; or, where ADMIN_CRM_TEST_URL is set,
the project there, made from the folder `src/admin_crm/local/supabase`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from admin_crm.local import LocalStack, LocalStackError

GIVEN = os.environ.get("ADMIN_CRM_TEST_URL")
REAL_POSTGREST = bool(GIVEN) or os.environ.get("ADMIN_CRM_LOCAL_ENGINE") == "postgrest"
FEW = 300
"""The customers of shops of other kinds, and of every shop on the embedded Postgres, which is slower."""
CUSTOMERS = 1200 if REAL_POSTGREST else FEW
"""The customers of the usual shop: on PostgREST, more than one response holds."""
CAPPED = pytest.mark.xdist_group("capped")  # one process starts the shop `capped`
CONFIRMING = pytest.mark.xdist_group("confirming")
"""For tests of the fixture `confirming`: one process starts that shop."""
MODERATED = (
    pytest.mark.xdist_group("moderated"),
    pytest.mark.parametrize("stack", ["moderated"], indirect=True),
)
"""For tests of the fixture `moderated`, which `stack`, `customer`, `by_key` and the like are then of."""
AS_OLD_TOMORROW = (
    "update public.orders set created_at = created_at + interval '2 hours'"
    " where extract(epoch from now() - created_at)::bigint % 86400 > 79200"
)
"""Orders that would be a day older within two hours become so later: else segments change between two reads."""
local_only = pytest.mark.skipif(bool(GIVEN), reason="about the local stack, and ADMIN_CRM_TEST_URL names another")


class GivenShop:
    """A project that is running already, with the attributes of a local stack."""

    admins = LocalStack.admins
    admin_email = os.environ.get("ADMIN_CRM_TEST_ADMIN_EMAIL", LocalStack.admin_email)
    admin_password = os.environ.get("ADMIN_CRM_TEST_ADMIN_PASSWORD", LocalStack.admin_password)
    customer_id = LocalStack.customer_id
    customer_email = LocalStack.customer_email
    customer_password = LocalStack.customer_password

    def __init__(self) -> None:
        self.url = os.environ["ADMIN_CRM_TEST_URL"]
        self.secret_key = os.environ["ADMIN_CRM_TEST_SECRET_KEY"]
        self.publishable_key = os.environ["ADMIN_CRM_TEST_PUBLISHABLE_KEY"]
        self._database = os.environ["ADMIN_CRM_TEST_DATABASE_URL"]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SUPABASE_URL": self.url,
            "SUPABASE_SECRET_KEY": self.secret_key,
            "SUPABASE_PUBLISHABLE_KEY": self.publishable_key,
            "ADMIN_CRM_EMAIL": self.admin_email,
            "ADMIN_CRM_PASSWORD": self.admin_password,
        }

    @property
    def service_role_jwt(self) -> str:
        return _or_skip("ADMIN_CRM_TEST_SERVICE_ROLE_JWT")

    @property
    def anon_jwt(self) -> str:
        return _or_skip("ADMIN_CRM_TEST_ANON_JWT")

    @property
    def jwt_secret(self) -> str:
        return _or_skip("ADMIN_CRM_TEST_JWT_SECRET")

    def execute_sql(self, sql: str) -> list[dict[str, Any]]:
        import psycopg
        from psycopg.rows import dict_row

        try:
            with psycopg.connect(self._database, row_factory=dict_row, options="-c timezone=UTC") as connection:
                found = connection.execute(sql)  # type: ignore[arg-type]  # not a literal
                rows = found.fetchall() if found.description else []
            if sql.lower().startswith(("create", "alter", "drop")):
                self._reload_schema()
        except psycopg.Error as error:
            raise LocalStackError(str(error)) from error
        return [{name: _as_json(value) for name, value in row.items()} for row in rows]

    def _reload_schema(self) -> None:
        """Have PostgREST read the schema anew, and wait until it knows a function made for the purpose."""
        import psycopg

        name = f"reloaded_{uuid4().hex}"
        headers = {"apikey": self.secret_key, "Authorization": f"Bearer {self.secret_key}"}
        with psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute(f"create function public.{name}() returns integer language sql as 'select 1'")
            connection.execute("notify pgrst, 'reload schema'")
            deadline = time.monotonic() + 100
            while httpx.post(f"{self.url}/rest/v1/rpc/{name}", headers=headers).status_code != 200:
                if time.monotonic() > deadline:
                    raise LocalStackError("PostgREST has not read the schema anew within 100 s")
                time.sleep(0.05)
            connection.execute(f"drop function public.{name}()")


@contextmanager
def open_shop(**variant: Any) -> Iterator[Any]:
    """Open a shop of the kind that LocalStack's options describe."""
    if not GIVEN:
        with LocalStack(customers=FEW if variant else CUSTOMERS, **variant) as stack:
            stack.execute_sql(AS_OLD_TOMORROW)
            yield stack
    elif variant:
        pytest.skip(f"ADMIN_CRM_TEST_URL is one shop, and this needs one with {variant}")
    else:
        yield GivenShop()


@contextmanager
def named(stack: Any, *names: str) -> Iterator[list[str]]:
    """Customers of these names, removed afterwards."""
    ids = [str(uuid4()) for _ in names]
    quoted = ["'" + name.replace("'", "''") + "'" for name in names]
    stack.execute_sql(
        "insert into auth.users (id, email, aud, role, created_at, updated_at) values "
        + ", ".join(f"('{each}', '{each}@c.example', 'authenticated', 'authenticated', now(), now())" for each in ids)
    )
    stack.execute_sql(
        "update customer_profiles set full_name = named.name from (values "
        + ", ".join(f"('{each}'::uuid, {name})" for each, name in zip(ids, quoted, strict=True))
        + ") named (id, name) where named.id = customer_profiles.id"
    )
    try:
        yield ids
    finally:
        stack.execute_sql(f"delete from auth.users where id in ({', '.join(repr(each) for each in ids)})")


def _or_skip(name: str) -> str:
    return os.environ.get(name) or pytest.skip(f"{name} is not set")


def _as_json(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case date() | datetime():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case _:
            return value

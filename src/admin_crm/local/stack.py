"""`LocalStack`: a local Supabase as a context manager."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, Literal, Self

from admin_crm.local import folders
from admin_crm.local.errors import LocalStackError
from admin_crm.local.installed import cache_dir, default_engine, postgres
from admin_crm.local.process import DiedError, await_answer, end, last_lines, launch
from admin_crm.local.snapshot import Snapshot

if TYPE_CHECKING:
    from types import TracebackType

    from admin_crm.local.installed import Engine


FEWEST_CUSTOMERS = 12
"""The first ones, who always have an e-mail address and an address to deliver to."""


@dataclass(frozen=True, repr=False)
class _Project:
    """The project data that the gateway prints once it is ready."""

    url: str
    publishable_key: str
    secret_key: str
    anon_jwt: str
    service_role_jwt: str
    jwt_secret: str
    administration_key: str


class LocalStack:
    """A local Supabase with a seeded shop: Postgres, REST, auth, storage and Edge Functions.

    The shop is as deployed shops are, except that its directory is open to a secret key. The arguments from
    `labels` to `model_answers` make it the shop of others.

    Args:
        customers: how many customers a new shop has, at least 12.
        max_rows: the maximum number of rows in one response.
        email_confirmation: whether sign-ups must confirm their e-mail address.
        labels: the labels of segments and health statuses: ``es`` (the shop's own), ``en``, or ``prospects``
            (seven Spanish segments, and no recency for customers without orders).
        gated_view: gate the directory's view on `auth.uid()`, so that it is empty for a secret key: the shop as
            deployed.
        order_items: store order items in a table of their own.
        tier_column: the name of the tier column.
        old_statuses: spell some cancelled orders ``cancelado`` and ``canceled``.
        touched_notes: have a trigger set the time of a changed note.
        directory_function: install the function that answers the directory whole (``admin-crm sql directory``).
        moderation_log: install the guard, the log and the function of moderation (``admin-crm sql moderation``):
            customers no longer change their own status, tier and totals.
        suggest_tags: whether the functions know the action `suggest_tags`, which the shop as deployed refuses.
        function_statuses: answer failures of functions with a status that fits, such as 404, and not always 400.
        model_answers: how functions answer: ``clean`` JSON, JSON in a code fence (``fenced``), or JSON without its
            optional keys (``partial``).
        engine: ``lite`` (Supabase Lite on an embedded Postgres) or ``postgrest`` (PostgREST 12 on a PostgreSQL
            server, on Linux x86-64 with the extra `local-postgres`). By default the value of
            `ADMIN_CRM_LOCAL_ENGINE`, otherwise ``lite``.
        data_dir: a directory in which to keep the data; by default the data is removed at the end.
        port: the port; 0 selects a free one.

    Examples:
        >>> with LocalStack() as stack:
        ...     stack.execute_sql("select count(*) from customer_profiles")
        [{'count': 1200}]
    """

    admins: ClassVar[tuple[tuple[str, str], ...]] = (
        ("admin@tienda.example", "administra-local-2025"),
        ("soporte@tienda.example", "administra-local-2025"),
    )
    admin_email, admin_password = admins[0]
    customer_id = "c0ffee00-0000-4000-8000-000000000001"
    customer_email = "lucia@clientes.example"
    customer_password = "tienda-local-2025"  # noqa: S105  # of every seeded customer

    def __init__(
        self,
        *,
        customers: int = 1200,
        max_rows: int = 1000,
        email_confirmation: bool = False,
        labels: Literal["es", "en", "prospects"] = "es",
        gated_view: bool = False,
        order_items: bool = False,
        tier_column: Literal["customer_tier", "tier"] = "customer_tier",
        old_statuses: bool = False,
        touched_notes: bool = False,
        directory_function: bool = False,
        moderation_log: bool = False,
        suggest_tags: bool = True,
        function_statuses: bool = False,
        model_answers: Literal["clean", "fenced", "partial"] = "clean",
        engine: Engine | None = None,
        data_dir: str | os.PathLike[str] | None = None,
        port: int = 0,
    ) -> None:
        variants = {
            "labels_en": labels == "en",
            "labels_prospects": labels == "prospects",
            "gated_view": gated_view,
            "old_statuses": old_statuses,
            "order_items": order_items,
            "touched_notes": touched_notes,
            "tier_column": tier_column == "tier",
            # What shops may install is no variant: the files that `admin-crm sql` prints.
            "../../sql/directory": directory_function,
            "../../sql/moderation": moderation_log,
        }
        secrets = {
            "SHOP_WITHOUT_ACTIONS": "" if suggest_tags else "suggest_tags",
            "SHOP_FUNCTION_STATUSES": "1" if function_statuses else "",
            "SHOP_MODEL_ANSWERS": model_answers,
        }
        engine = engine or default_engine()
        if customers < FEWEST_CUSTOMERS:
            raise LocalStackError(f"customers must be at least {FEWEST_CUSTOMERS}, not {customers}")
        if engine == "postgrest" and data_dir is not None:
            raise LocalStackError("the engine 'postgrest' keeps no data: omit data_dir, or use 'lite'")
        self._options: dict[str, Any] = {
            "engine": engine,
            "postgres": str(postgres()) if engine == "postgrest" else None,
            "port": port,
            "customers": customers,
            "max_rows": max_rows,
            "email_confirmation": email_confirmation,
            "variants": [name for name, wanted in variants.items() if wanted],
            "function_secrets": secrets,
            "data_dir": str(Path(data_dir).resolve()) if data_dir is not None else None,
            "cache_dir": str(cache_dir()),
        }
        self._folder = ""
        self._snapshot: Snapshot | None = None
        self._process: subprocess.Popen[str] | None = None
        self._answer: _Project | None = None

    def start(self) -> Self:
        """Start the stack, and return once it is ready."""
        if self._process:
            raise LocalStackError("this stack is already running")
        folders.sweep()
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
            try:
                self._process, options = self._launched(stderr)
                self._answer = _Project(**await_answer(self._process, options))
            except BaseException as error:
                self.stop()
                if isinstance(error, DiedError):
                    raise LocalStackError(self._why_it_died(error, last_lines(stderr))) from None
                raise
        return self

    def stop(self) -> None:
        """Stop the stack and remove its files; does nothing if it is not running."""
        process, self._process, self._answer = self._process, None, None
        self._snapshot = None
        if process:
            end(process)
        if self._folder and self._options["data_dir"] is None:
            folders.await_owners(Path(self._folder))
            folders.remove(Path(self._folder))

    def _why_it_died(self, error: DiedError, told: str) -> str:
        if self._options["port"] and "AddrInUse" in told:
            return f"port {self._options['port']} is in use: stop what uses it, or choose another; 0 is a free one"
        return f"the local stack {error}\n{told}"

    def _launched(self, stderr: IO[str]) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        if self._options["data_dir"]:
            self._folder = self._options["data_dir"]
            options = {**self._options, "folder": self._folder}
            return launch(options, stderr), options
        with folders.StackFolder.create() as made:
            self._folder = str(made.path)
            options = {**self._options, "folder": self._folder}
            return launch(options, stderr, made.lock), options

    def __enter__(self) -> Self:
        """Start the stack."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the stack."""
        self.stop()

    def __repr__(self) -> str:
        return f"<LocalStack {self._answer.url if self._answer else 'stopped'}>"

    @property
    def _project(self) -> _Project:
        if not self._answer:
            raise LocalStackError("this stack is not running: use it in a `with` statement, or start() it")
        return self._answer

    @property
    def url(self) -> str:
        """The project's URL, `http://127.0.0.1:<port>`."""
        return self._project.url

    @property
    def publishable_key(self) -> str:
        """The publishable key, `sb_publishable_...`."""
        return self._project.publishable_key

    @property
    def secret_key(self) -> str:
        """The key of servers, `sb_secret_...`, which bypasses row-level security."""
        return self._project.secret_key

    @property
    def anon_jwt(self) -> str:
        """The publishable key in its legacy form, a JWT of the role `anon`."""
        return self._project.anon_jwt

    @property
    def service_role_jwt(self) -> str:
        """The secret key in its legacy form, a JWT of the role `service_role`."""
        return self._project.service_role_jwt

    @property
    def jwt_secret(self) -> str:
        """The secret that signs access tokens (HS256)."""
        return self._project.jwt_secret

    @property
    def administration_key(self) -> str:
        """The key of the stack's own endpoint for SQL; it opens nothing else, and no other key opens that."""
        return self._project.administration_key

    @property
    def environment(self) -> dict[str, str]:
        """All environment variables that `AdminCRM.from_env()` reads: the keys, and an administrator's sign-in."""
        return {
            "SUPABASE_URL": self.url,
            "SUPABASE_SECRET_KEY": self.secret_key,
            "SUPABASE_PUBLISHABLE_KEY": self.publishable_key,
            "ADMIN_CRM_EMAIL": self.admin_email,
            "ADMIN_CRM_PASSWORD": self.admin_password,
        }

    def execute_sql(self, sql: str, *, timeout: float = 300.0) -> list[dict[str, Any]]:
        """Run one SQL statement as the owner of the shop's tables, who is no superuser, and return its rows.

        Args:
            sql: the statement.
            timeout: seconds to wait for the answer. After them the statement may still be running.

        Raises:
            LocalStackError: the database refuses the statement, or the stack does not answer in time.
        """
        request = urllib.request.Request(  # noqa: S310  # our own URL
            f"{self.url}/local/sql",
            json.dumps({"sql": sql}).encode(),
            {"X-Local-Admin-Key": self.administration_key, "Content-Type": "application/json"},
        )
        try:
            # Bypass any proxy: both processes are on this machine.
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=timeout) as answer:
                rows: list[dict[str, Any]] = json.load(answer)
                return rows
        except urllib.error.HTTPError as error:
            with error:
                raise LocalStackError(json.load(error)["message"]) from None
        except TimeoutError:
            raise LocalStackError(f"the local stack does not respond within {timeout:g} seconds") from None
        except (OSError, http.client.HTTPException) as error:
            raise LocalStackError(f"the local stack does not respond: {error}") from error

    def snapshot(self) -> None:
        """Remember the rows and files of the shop as they are now, for `restore`; an earlier snapshot is forgotten.

        It takes some milliseconds, however large the shop is: nothing is copied, but from now on each row is noted
        before it is first changed. Remembered are the tables of `public` and `storage` that have a primary key, the
        users, and the files.

        Examples:
            >>> stack.snapshot()
            >>> stack.execute_sql("delete from orders")
            >>> stack.restore()
            6046
        """
        if self._snapshot is None:
            self._snapshot = Snapshot(self.execute_sql, Path(self._folder))
        self._snapshot.take()

    def restore(self) -> int:
        """Bring back the rows and files of the last `snapshot`, and return how many rows were changed since.

        Tables, functions and policies that were created, altered or dropped stay so, sequences go on, and sessions of
        signed-in users stay open.

        Raises:
            LocalStackError: there is no snapshot.
        """
        if self._snapshot is None:
            raise LocalStackError("there is no snapshot of this stack: call snapshot() first")
        return self._snapshot.restore()

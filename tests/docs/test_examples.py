"""Every example runs as it stands, with nothing but the environment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin_crm.local import LocalStack
from shops import named

EXAMPLES = Path(__file__).parents[2] / "examples"
TOLD = {
    "async_report.py": "{count} customers",
    "directory_to_csv.py": "{count} customers written",
    "find_customer.py": "Lucía Fernández Ibarra (active), Campeón",
    "segments_in_pandas.py": "champion",
    "win_back.py": "customers to win back, who have spent",
}


OWN_TESTS = {
    "fastapi_app": ["-m", "pytest", "-q", "-p", "no:cacheprovider", "{app}"],
    "celery_app": ["-m", "pytest", "-q", "-p", "no:cacheprovider", "{app}"],
    "django_app": ["{app}/manage.py", "test", "shop"],
}
WORKER = """
from celery.contrib.testing.worker import start_worker
import tasks

tasks.app.conf.result_backend = "cache+memory://"
with start_worker(tasks.app, pool="solo", perform_ping_check=False, shutdown_timeout=60):
    print(tasks.lift_suspensions.delay().get(timeout=60), "lifted")
    for _ in range(2):
        told = tasks.notify_segment.delay("champion", "Una vela te espera", "Ven", "candles").get(timeout=60)
        print(told["failed"], "failed")
"""
"""A worker of Celery's in this process, and the broker in its memory."""


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in an empty folder, with nothing else in the environment that is about a shop."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("SUPABASE_", "ADMIN_CRM_"))}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd, env={**rest, **environment, "PYTHONUTF8": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip


def test_every_app_has_tests_of_its_own() -> None:
    assert set(OWN_TESTS) == {path.name for path in EXAMPLES.iterdir() if path.is_dir()}


@pytest.mark.parametrize("app", OWN_TESTS)
def test_the_tests_of_an_app_pass_without_a_server(app: str, tmp_path: Path) -> None:
    done = run(*(each.format(app=EXAMPLES / app) for each in OWN_TESTS[app]), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def suspended(playground: LocalStack) -> Iterator[str]:
    """A customer whose suspension has ended."""
    with named(playground, "Prueba Suspendida") as [customer]:
        playground.execute_sql(
            "update customer_profiles set account_status = 'suspended', suspension_end = now() - interval '1 hour'"
            f" where id = '{customer}'"
        )
        yield customer


def status_of(playground: LocalStack, customer: str) -> str:
    [row] = playground.execute_sql(f"select account_status from customer_profiles where id = '{customer}'")
    return row["account_status"]


def test_a_worker_of_celery_lifts_suspensions_and_notifies_a_segment_once(
    playground: LocalStack, suspended: str, tmp_path: Path
) -> None:
    done = run("-c", WORKER, cwd=tmp_path, PYTHONPATH=str(EXAMPLES / "celery_app"), **playground.environment)
    assert done.returncode == 0, done.stderr
    lifted, *failed = done.stdout.splitlines()
    assert int(lifted.split()[0]) >= 1
    assert failed == ["0 failed", "0 failed"]
    assert status_of(playground, suspended) == "active"
    [sent] = playground.execute_sql(
        "select count(*) as all, count(distinct user_id) as once from user_notifications"
        " where title = 'Una vela te espera'"
    )
    assert sent["all"] == sent["once"] > 0


def test_a_command_of_django_lifts_suspensions(playground: LocalStack, suspended: str, tmp_path: Path) -> None:
    command = [str(EXAMPLES / "django_app" / "manage.py"), "lift_suspensions"]
    done = run(*command, cwd=tmp_path, **playground.environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("suspensions have ended\n")
    assert status_of(playground, suspended) == "active"


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_an_example_runs_and_prints_what_it_found(example: str, playground: LocalStack, tmp_path: Path) -> None:
    done = run(str(EXAMPLES / example), cwd=tmp_path, **playground.environment)
    assert done.returncode == 0, done.stderr
    (customers,) = playground.execute_sql("select count(*) from customer_intelligence_360")
    assert TOLD[example].format(**customers) in done.stdout

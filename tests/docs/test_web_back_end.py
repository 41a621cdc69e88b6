"""The example of a web back end on a shop: two worker processes serve many users, each with his own rights."""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from accounts import User, signed_in_users
from admin_crm.local import LocalStack

pytestmark = pytest.mark.xdist_group("web")  # one process starts the app

APP = Path(__file__).parents[2] / "examples" / "fastapi_app"
REQUESTS = 200


@pytest.fixture(scope="module")
def users(playground: LocalStack) -> Iterator[list[User]]:
    """Two administrators and three customers."""
    with signed_in_users(playground, administrators=2, customers=3) as users:
        yield users


@pytest.fixture(scope="module")
def back_end(playground: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app under two workers."""
    log = tmp_path_factory.mktemp("app") / "log"
    command = [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(APP), "--workers", "2", "--port", "0"]
    environment = {name: value for name, value in playground.environment.items() if "EMAIL" not in name}
    environment = {name: value for name, value in environment.items() if "PASSWORD" not in name}
    environment["UVICORN_TIMEOUT_WORKER_HEALTHCHECK"] = "120"  # a slow machine is no worker that hangs
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=log.parent, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 120
        while log.read_text().count("Application startup complete") < 2:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        [address] = re.findall(r"running on (http://\S+)", log.read_text())
        yield address
    finally:
        server.terminate()
        server.wait(60)


async def get(back_end: str, requests: list[tuple[User, str]]) -> list[httpx.Response]:
    """Send requests all at once, each with its user's token."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=back_end, trust_env=False, timeout=120, limits=limits) as browsers:
        return await asyncio.gather(
            *(browsers.get(path, headers={"Authorization": f"Bearer {user.token}"}) for user, path in requests)
        )


def test_200_requests_under_two_workers_show_nobody_the_rows_of_another(back_end: str, users: list[User]) -> None:
    asked = [(random.choice(users), random.choice(users)) for _ in range(REQUESTS)]
    answers = asyncio.run(get(back_end, [(user, f"/customers/{whose.id}/orders") for user, whose in asked]))
    for (user, whose), answer in zip(asked, answers, strict=True):
        if user.is_administrator or user is whose:
            assert (answer.status_code, [row["customer_id"] for row in answer.json()]) == (200, [whose.id])
            assert answer.json()[0]["total"] == "1.00"
        else:
            assert (answer.status_code, answer.json()["title"]) == (404, "Customer not found error")
            assert whose.id not in answer.text


def test_a_customer_and_a_stranger_are_told_what_they_lack(back_end: str, users: list[User]) -> None:
    customer, stranger = users[-1], users[-1]._replace(token="e30.e30.c2ln")
    directory, refused = asyncio.run(get(back_end, [(customer, "/customers"), (stranger, "/customers")]))
    assert (directory.status_code, directory.json()["operation"]) == (403, "search_customers")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["hint"] == "the session has ended: sign in again"


def test_an_administrator_reads_a_whole_page(back_end: str, users: list[User], playground: LocalStack) -> None:
    [answer] = asyncio.run(get(back_end, [(users[0], f"/customers/{playground.customer_id}")]))
    customer = answer.json()
    assert customer["email"] == playground.customer_email
    assert customer["orders_summary"]["total_spent"].partition(".")[2] >= "00"
    assert len(customer["orders"]) == customer["orders_summary"]["total_orders"]

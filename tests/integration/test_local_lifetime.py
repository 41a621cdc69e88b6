"""A local stack begins, ends, fails and keeps its data, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from admin_crm.local import LocalStack, LocalStackError
from admin_crm.local import process as process_module
from admin_crm.local import stack as stack_module
from shops import REAL_POSTGREST, local_only

pytestmark = [local_only, pytest.mark.xdist_group("local-lifetime")]


def gone(process: int, folder: str) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return not Path(folder).exists()
    return False


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not condition():
        time.sleep(0.05)
    return condition()


def test_two_at_once_do_not_meet() -> None:
    with LocalStack() as one, LocalStack() as other:
        assert one.url != other.url
        one.execute_sql("delete from admin_users")
        assert other.execute_sql("select count(*) from admin_users") == [{"count": 2}]


def test_a_port_that_is_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalStackError, match=f"^port {port} is in use: .* 0 is a free one$"):
            LocalStack(port=port).start()


def test_nothing_is_left_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "STOP_SECONDS", 120)  # a slow machine is no hanging gateway
    with LocalStack() as brief:
        process, folder = brief._process, brief._folder
        assert process
        assert Path(folder).is_dir()
    assert process.returncode == 0
    assert gone(process.pid, folder)
    with pytest.raises(LocalStackError, match="not running"):
        _ = brief.url
    brief.stop()


PARENT = """
import json, time
from admin_crm.local import LocalStack
with LocalStack() as stack:
    print(json.dumps([stack._process.pid, stack._folder]), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_parent_dies(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout
        process, folder = json.loads(parent.stdout.readline())
        parent.send_signal(how)
        parent.wait(120)
    assert within(120, lambda: gone(process, folder))


@pytest.mark.skipif(REAL_POSTGREST, reason="only the engine 'lite' keeps data")
def test_data_can_be_kept(tmp_path: Path) -> None:
    with LocalStack(data_dir=tmp_path) as stack:
        stack.execute_sql("insert into categories (name, slug, section) values ('Temporada', 'temporada', 'regalos')")
        with pytest.raises(LocalStackError, match="in use by another"):
            LocalStack(data_dir=tmp_path).start()
    with LocalStack(data_dir=tmp_path) as stack:
        assert stack.execute_sql("select count(*) from categories where name = 'Temporada'") == [{"count": 1}]
        path = f"/storage/v1/object/authenticated/customer-evidence/{stack.customer_id}/pieza-rota.png"
        headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
        answer = httpx.get(stack.url + path, headers=headers, trust_env=False, timeout=300)
        assert answer.content.startswith(b"\x89PNG")
    with pytest.raises(LocalStackError, match="other options"):
        LocalStack(data_dir=tmp_path, labels="en").start()


def test_a_failed_start_says_why(stack: LocalStack) -> None:
    taken = int(stack.url.rsplit(":", 1)[1])
    failing = LocalStack(port=taken)
    with pytest.raises(LocalStackError, match=r"port \d+ is in use"):
        failing.start()
    assert repr(failing) == "<LocalStack stopped>"


def test_a_slow_start_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "START_SECONDS", 0.05)
    with pytest.raises(LocalStackError, match=r"not ready after 0\.05 s"):
        LocalStack().start()


def test_a_slow_start_is_not_taken_for_a_failed_one_although_who_gives_it_up_is_slower_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = threading.Event()
    kill = subprocess.Popen.kill

    class SlowlySaidError(process_module.DiedError):
        def __init__(self, message: str) -> None:
            super().__init__(message)
            said.set()

    def kill_and_dawdle(process: subprocess.Popen[str]) -> None:
        kill(process)
        assert said.wait(300)

    monkeypatch.setattr(process_module, "DiedError", SlowlySaidError)
    monkeypatch.setattr(subprocess.Popen, "kill", kill_and_dawdle)
    monkeypatch.setattr(process_module, "START_SECONDS", 0.05)
    with pytest.raises(LocalStackError, match=r"not ready after 0\.05 s"):
        LocalStack().start()


def test_a_gateway_that_hangs_is_not_waited_for_and_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "STOP_SECONDS", 0.2)
    with LocalStack() as stack:
        process, folder = stack._process, stack._folder
        assert process
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(LocalStackError, match=r"does not respond within 0\.05 seconds"):
            stack.execute_sql("select 1", timeout=0.05)
    assert process.returncode == -signal.SIGKILL
    assert gone(process.pid, folder)


def test_a_gateway_that_died_does_not_answer() -> None:
    with LocalStack() as stack:
        assert stack._process
        stack._process.kill()
        stack._process.wait()
        with pytest.raises(LocalStackError, match="does not respond"):
            stack.execute_sql("select 1")


def test_an_interrupted_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stack_module, "await_answer", interrupted)
    stack = LocalStack()
    with pytest.raises(KeyboardInterrupt):
        stack.start()
    assert stack._process is None


def test_a_stack_starts_once(stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match="already running"):
        stack.start()


def test_a_missing_deno_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deno", None)
    with pytest.raises(LocalStackError, match=r"pip install 'admin-crm\[local\]'"):
        LocalStack().start()

"""`admin-crm local` as a process: it runs until it is stopped, and leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from admin_crm.local import LocalStack
from shops import local_only

pytestmark = [pytest.mark.once, local_only]
MAIN = [sys.executable, "-c", "from admin_crm.cli import main; main()"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder which the account of a database server may enter too."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_local_shop_runs_until_it_is_stopped_and_leaves_nothing(by: signal.Signals, open_folder: Path) -> None:
    as_json = by is signal.SIGTERM
    running = subprocess.Popen(
        [*MAIN, "local", "--labels", "en", *(["--json"] if as_json else [])],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "TMPDIR": str(open_folder)},
    )  # fmt: skip
    with running:
        assert running.stdout is not None
        if as_json:
            printed = json.loads("".join(iter(running.stdout.readline, "}\n")) + "}")
            environment = printed["environment"]
            assert printed["customer_id"] == LocalStack.customer_id
        else:
            lines = iter(running.stdout.readline, f"# a customer: {LocalStack.customer_id}\n")
            exports = [line for line in lines if line.startswith("export ")]
            environment = dict(line.removeprefix("export ").strip().split("=", 1) for line in exports)
        assert (
            httpx.get(f"{environment['SUPABASE_URL']}/auth/v1/health", trust_env=False, timeout=300).status_code < 500
        )
        running.send_signal(by)
        _, complaints = running.communicate(timeout=300)
    assert running.returncode == 0, complaints
    assert "Traceback" not in complaints
    assert list(open_folder.iterdir()) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(environment["SUPABASE_URL"], trust_env=False, timeout=300)

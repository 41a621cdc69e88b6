"""The gateway as a process: its launch, its answer, its end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from admin_crm.local.errors import LocalStackError
from admin_crm.local.installed import deno

GATEWAY = Path(__file__).parent / "gateway"
START_SECONDS = 180  # the very first start downloads the npm packages
STOP_SECONDS = 5
STDERR_LINES = 15


class DiedError(Exception):
    """The gateway exited, or was killed, before it was ready."""


def launch(options: dict[str, Any], stderr: IO[str], lock: int | None = None) -> subprocess.Popen[str]:
    """Start a gateway, which may read and write only what it needs."""
    writable = [options["cache_dir"], options["folder"]]
    hosts = ["127.0.0.1"] + ["generativelanguage.googleapis.com"] * ("GEMINI_API_KEY" in os.environ)
    # Permission to run a shell allows everything; and Deno needs the paths of sockets in advance.
    own_servers = ["--allow-run=sh,tar,id,cp", "--allow-net", "--unstable-raw-imports"]
    return subprocess.Popen(  # noqa: S603  # deno from its wheel, on our own files
        [
            deno(),
            "run",
            "--quiet",
            "--no-prompt",
            "--frozen",
            f"--config={GATEWAY / 'deno.json'}",
            "--allow-env",
            "--allow-read",
            "--allow-sys",
            *(own_servers if options["postgres"] else [f"--allow-net={','.join(hosts)}"]),
            f"--allow-write={','.join(writable)}",
            str(GATEWAY / "main.ts"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        encoding="utf-8",
        env=_environment(),
        # The parent handles Ctrl-C, and stops the gateway gracefully.
        start_new_session=True,
        pass_fds=() if lock is None else (lock,),
    )


def end(process: subprocess.Popen[str]) -> None:
    """End a gateway, and wait until it is gone."""
    with contextlib.suppress(OSError):
        _pipe(process.stdin).close()
    if sys.platform != "win32":  # pragma: no branch
        # A forked child of this process may keep the pipe open.
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with _pipe(process.stdout) as output:
        output.read()  # until EOF, which comes when the last server of the gateway has exited


def _environment() -> dict[str, str]:
    unproxied = [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1"]
    return {
        **os.environ,
        "DENO_NO_UPDATE_CHECK": "1",
        "NO_COLOR": "1",
        # The functions call the stack they are part of.
        "NO_PROXY": ",".join(filter(None, unproxied)),
    }


def await_answer(process: subprocess.Popen[str], options: dict[str, Any]) -> dict[str, str]:
    """Send a gateway its options, and return what it answers once it is ready."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(START_SECONDS, give_up)
    timer.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            _pipe(process.stdin).write(json.dumps(options) + "\n")
            _pipe(process.stdin).flush()
        line = _pipe(process.stdout).readline()
        if line:
            answer: dict[str, str] = json.loads(line)
            return answer
        process.wait()
        raise DiedError(f"was not ready after {START_SECONDS} s" if late.is_set() else "exited at startup")
    finally:
        timer.cancel()
        timer.join()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:  # pragma: no cover
        raise LocalStackError("the gateway has no pipe")
    return pipe


def last_lines(stderr: IO[str]) -> str:
    """Return the last lines of what a gateway wrote to standard error."""
    stderr.seek(0)
    return "".join(stderr.readlines()[-STDERR_LINES:]).strip()

"""The rules of the local Edge Functions are tested in their own language, by Deno."""

import os
import subprocess
from pathlib import Path

import pytest

deno = pytest.importorskip("deno")
TESTS = Path(__file__).parents[1] / "functions"


def test_the_rules_of_the_local_functions_keep_their_promises():
    command = [deno.find_deno_bin(), "test", "--no-config", "--no-prompt", "--quiet", str(TESTS)]
    environment = {**os.environ, "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr

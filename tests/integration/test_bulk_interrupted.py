"""Bulk operations that are killed at random and go on; `make chaos` does the same with twenty seeds."""

from __future__ import annotations

import sys

import pytest
from chaos.interrupted import PARTS, run_interrupted
from chaos.victim import JOBS

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform == "win32", reason="no process can be forked there"),
]


def test_what_is_killed_and_goes_on_is_done_once_for_everybody():
    result = run_interrupted(range(1, 3))
    assert result.wrong == []
    assert result.killed > 0


def test_every_operation_that_is_interrupted_is_audited():
    assert PARTS.keys() == JOBS.keys()

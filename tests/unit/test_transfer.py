"""The time in which a file's bytes move counts for no deadline."""

from __future__ import annotations

import pytest

from admin_crm import ServiceUnavailableError, download_customer_evidence, upload_customer_evidence
from admin_crm._core.transfer import Transfer
from helpers import QUICK, Ask
from storage_server import ANA, LOST, PATH, Clock, StorageServer, stored

SLOW = QUICK.retry_deadline * 0.9


def test_a_transfer_remembers_when_its_bytes_moved_last(clock: Clock) -> None:
    clock.now = 5
    transfer = Transfer()
    assert (transfer.moved_at, transfer.tries) == (5, None)
    clock.now = 8
    transfer.moved()
    assert transfer.moved_at == 8


def test_a_slow_upload_that_breaks_after_the_deadline_is_sent_again(
    ask: Ask, storage: StorageServer, clock: Clock
) -> None:
    def slowly(sent: int, total: int) -> None:
        clock.now += SLOW

    storage.play(LOST, stored)
    ask(upload_customer_evidence, ANA, b"x" * 600_000, progress=slowly)
    assert len(storage.requests) == 2


def test_the_time_in_which_nothing_moves_counts(ask: Ask, storage: StorageServer, clock: Clock) -> None:
    def nothing(_: object) -> None:
        clock.now += QUICK.retry_deadline
        raise type(LOST)(str(LOST))

    storage.play(nothing)  # type: ignore[arg-type]  # it never answers
    with pytest.raises(ServiceUnavailableError):
        ask(download_customer_evidence, PATH)
    assert len(storage.requests) == 1


def test_attempts_that_begin_anew_are_counted_although_bytes_move(ask: Ask, storage: StorageServer) -> None:
    storage.play(*[LOST] * QUICK.retry_attempts)
    with pytest.raises(ServiceUnavailableError):
        ask(upload_customer_evidence, ANA, b"x" * 600_000)
    assert len(storage.requests) == QUICK.retry_attempts

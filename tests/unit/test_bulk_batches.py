"""The runner of bulk operations, without a server: subjects of the tests' own."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from admin_crm import (
    AsyncAdminCRM,
    BulkError,
    CustomerNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    ServiceUnavailableError,
)
from admin_crm.bulk.batches import UNCHANGED, Item, items_of, run_in_batches, settle_each
from admin_crm.client import operation
from helpers import KEY, URL

CUSTOMERS = [uuid4() for _ in range(7)]


class Subject:
    """Does every item but those that it has another outcome or an exception for; remembers what it did."""

    def __init__(self, outcomes: dict[UUID, Any] | None = None) -> None:
        self.outcomes = outcomes or {}
        self.batches: list[list[UUID]] = []
        self.moments: list[set[Any]] = []
        self.ids: list[UUID] = []

    async def do(self, batch: Any) -> None:
        self.batches.append([item.value for item in batch.items])
        for item in batch.items:
            self.moments.append(batch.moments(item))
            self.ids.append(batch.row_id(item))
            outcome = self.outcomes.get(item.value, item.value)
            if isinstance(outcome, Stop):
                raise outcome.error
            batch.settle(item, outcome)

    async def plan(self, batch: Any) -> None:
        for item in batch.items:
            if item.value in self.outcomes:
                batch.settle(item, self.outcomes[item.value])


class Stop:
    """Lets a subject raise when it comes to an item."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


@operation
async def work_on(crm, items, do, *, size=3, plan=None, journal=None, dry_run=False, progress=None, **arguments):
    return await run_in_batches(
        crm, items, do, size=size, arguments=arguments, journal=journal, dry_run=dry_run, progress=progress, plan=plan
    )


def missing() -> CustomerNotFoundError:
    return CustomerNotFoundError("the customer does not exist")


def test_items_are_done_batch_by_batch_in_their_order_and_each_once(ask):
    subject = Subject()
    result = ask(work_on, items_of([*CUSTOMERS, *CUSTOMERS[:2]]), subject.do)
    assert subject.batches == [CUSTOMERS[:3], CUSTOMERS[3:6], CUSTOMERS[6:]]
    assert result.done == CUSTOMERS
    assert (len(result), result.failed, result.skipped, result.remaining) == (7, {}, [], [])
    assert str(result) == "work_on: 7 done"


def test_nothing_to_do_is_no_error(ask, tmp_path):
    assert len(ask(work_on, [], Subject().do, journal=tmp_path / "journal")) == 0


def test_each_item_has_its_own_outcome(ask):
    result = ask(work_on, items_of(CUSTOMERS), Subject({CUSTOMERS[1]: missing(), CUSTOMERS[4]: UNCHANGED}).do)
    assert result.skipped == [CUSTOMERS[4]]
    assert list(result.failed) == [str(CUSTOMERS[1])]
    failure = result.failed[str(CUSTOMERS[1])]
    assert (failure.customer_id, failure.operation) == (CUSTOMERS[1], "work_on")
    with pytest.raises(BulkError, match=r"1 of 7 failed \(1 CustomerNotFoundError\)") as raised:
        result.raise_for_failures()
    assert raised.value.result is result
    assert raised.value.__cause__ is failure


def test_what_stops_everything_says_how_far_it_got(ask):
    refused = PermissionDeniedError("no", status=403, hint="ask somebody")
    subject = Subject({CUSTOMERS[1]: missing(), CUSTOMERS[4]: Stop(refused)})
    with pytest.raises(BulkError, match="stopped after 4 of 7: no") as raised:
        ask(work_on, items_of(CUSTOMERS), subject.do)
    result = raised.value.result
    assert result.done == [CUSTOMERS[0], CUSTOMERS[2], CUSTOMERS[3]]
    assert list(result.failed) == [str(CUSTOMERS[1])]
    assert result.remaining == CUSTOMERS[4:]
    assert result.uncertain == []  # it was refused, so nothing was done
    assert raised.value.__cause__ is refused
    assert (raised.value.status, raised.value.operation, raised.value.retryable) == (403, "work_on", False)
    assert raised.value.hint == "ask somebody; call it again for error.result.remaining"


def test_what_may_have_been_done_is_told(ask, tmp_path):
    subject = Subject({CUSTOMERS[4]: Stop(ServiceUnavailableError("gone"))})
    with pytest.raises(BulkError, match="2 of the others may have been done") as raised:
        ask(work_on, items_of(CUSTOMERS), subject.do)
    assert raised.value.result.uncertain == CUSTOMERS[4:6]
    assert raised.value.retryable
    assert "uncertain" in raised.value.hint
    with pytest.raises(BulkError) as raised:
        ask(work_on, items_of(CUSTOMERS), subject.do, journal=tmp_path / "journal")
    assert "same journal" in raised.value.hint


def test_a_bug_of_a_subject_is_no_error_of_ours(ask, tmp_path):
    async def forgets(batch):
        batch.settle(batch.items[0], UNCHANGED)

    with pytest.raises(RuntimeError, match="without an outcome"):
        ask(work_on, items_of(CUSTOMERS), forgets)
    with pytest.raises(ZeroDivisionError):
        ask(work_on, items_of(CUSTOMERS), Subject({CUSTOMERS[1]: Stop(ZeroDivisionError())}).do)


def test_a_journal_goes_on_with_what_is_left_and_with_a_longer_list(ask, tmp_path):
    journal, first = (
        tmp_path / "journal",
        Subject({CUSTOMERS[1]: missing(), CUSTOMERS[4]: Stop(PermissionDeniedError("no"))}),
    )
    with pytest.raises(BulkError):
        ask(work_on, items_of(CUSTOMERS[:5]), first.do, journal=journal)
    second = Subject()
    result = ask(work_on, items_of(CUSTOMERS), second.do, journal=journal)
    assert result.skipped == [CUSTOMERS[0], CUSTOMERS[2], CUSTOMERS[3]]
    assert result.done == [CUSTOMERS[1], *CUSTOMERS[4:]]
    assert dict(zip(CUSTOMERS[4:5], second.ids[1:2], strict=True)) == dict(
        zip(CUSTOMERS[4:5], first.ids[4:5], strict=True)
    )
    assert [len(moments) for moments in second.moments] == [2, 2, 1, 1]
    assert first.moments[4] < second.moments[1]  # also when it was begun before
    again = Subject()
    assert len(ask(work_on, items_of(CUSTOMERS), again.do, journal=journal).skipped) == 7
    assert again.batches == []


def test_the_id_of_a_row_follows_from_the_journals_key(ask, tmp_path):
    journal, subject = tmp_path / "journal", Subject()
    ask(work_on, items_of(CUSTOMERS[:1]), subject.do, journal=journal)
    key = UUID(json.loads(journal.read_text().splitlines()[0])["key"])
    assert subject.ids == [uuid5(key, str(CUSTOMERS[0]))]


def test_a_journal_belongs_to_the_arguments_and_the_project(ask, caller, tmp_path):
    journal = tmp_path / "journal"
    ask(work_on, items_of(CUSTOMERS), Subject().do, journal=journal, title="a")
    subject = Subject()
    with pytest.raises(InvalidInputError, match="other arguments"):
        ask(work_on, items_of(CUSTOMERS), subject.do, journal=journal, title="b")
    with pytest.raises(InvalidInputError, match="another project"):
        caller(
            work_on,
            caller.open("https://staging.test", KEY),
            items_of(CUSTOMERS),
            subject.do,
            journal=journal,
            title="a",
        )
    assert subject.batches == []


def test_a_disk_that_is_full_stops_it_with_what_was_done(ask, tmp_path, monkeypatch):
    subject = Subject()

    async def fills_the_disk(batch):
        await subject.do(batch)
        monkeypatch.setattr("admin_crm.bulk.journal.os.fsync", full)

    with pytest.raises(BulkError, match=r"No space left.*journal'") as raised:
        ask(work_on, items_of(CUSTOMERS), fills_the_disk, journal=tmp_path / "journal")
    monkeypatch.undo()
    assert raised.value.result.done == CUSTOMERS[:3]
    assert raised.value.result.remaining == CUSTOMERS[3:]


def full(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_path_that_cannot_be_written_is_pythons_own_error_before_anything_is_done(ask, tmp_path):
    subject = Subject()
    with pytest.raises(OSError, match="nowhere"):
        ask(work_on, items_of(CUSTOMERS), subject.do, journal=tmp_path / "nowhere" / "journal")
    assert subject.batches == []


def test_a_dry_run_says_what_would_be_done_and_does_nothing(ask, tmp_path):
    journal = tmp_path / "journal"
    ask(work_on, items_of(CUSTOMERS[:2]), Subject().do, journal=journal)
    subject = Subject({CUSTOMERS[2]: missing(), CUSTOMERS[3]: UNCHANGED})
    for plan, left in ((None, CUSTOMERS[2:]), (subject.plan, CUSTOMERS[4:])):
        result = ask(work_on, items_of(CUSTOMERS), subject.do, plan=plan, journal=journal, dry_run=True)
        assert result.dry_run
        assert result.remaining == left
        assert len(result) == 7
    assert str(result) == "work_on: 3 would be done, 1 failed, 3 skipped"
    assert subject.batches == []


def test_a_dry_run_that_cannot_look_says_how_far_it_got_and_that_nothing_was_done(ask):
    async def gone(batch):
        raise ServiceUnavailableError("gone")

    with pytest.raises(BulkError, match="stopped after 0 of 7: gone —") as raised:
        ask(work_on, items_of(CUSTOMERS), Subject().do, plan=gone, dry_run=True)
    assert raised.value.result.uncertain == []


def test_progress_counts_what_is_settled_and_begins_with_what_the_journal_knows(ask, tmp_path):
    told: list[tuple[int, int]] = []
    journal = tmp_path / "journal"
    ask(work_on, items_of(CUSTOMERS[:2]), Subject().do, journal=journal)
    ask(work_on, items_of(CUSTOMERS), Subject().do, journal=journal, progress=lambda *now: told.append(now))
    assert told == [(2, 7), (5, 7), (7, 7)]


def test_ctrl_c_leaves_a_journal_that_goes_on(ask, tmp_path):
    journal = tmp_path / "journal"
    with pytest.raises(KeyboardInterrupt):
        ask(work_on, items_of(CUSTOMERS), Subject({CUSTOMERS[4]: Stop(KeyboardInterrupt())}).do, journal=journal)
    subject = Subject()
    assert ask(work_on, items_of(CUSTOMERS), subject.do, journal=journal).done == CUSTOMERS[4:]


def test_a_cancelled_task_leaves_a_journal_that_goes_on(tmp_path):
    journal, subject = tmp_path / "journal", Subject()

    async def cancelled() -> None:
        reached = asyncio.Event()

        async def waits(batch):
            if batch.items[0].value == CUSTOMERS[3]:
                batch.settle(batch.items[0], CUSTOMERS[3])
                reached.set()
                await asyncio.Event().wait()
            await subject.do(batch)

        async with AsyncAdminCRM(URL, KEY) as crm:
            task = asyncio.ensure_future(work_on(crm, items_of(CUSTOMERS), waits, journal=journal))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await work_on(crm, items_of(CUSTOMERS), subject.do, journal=journal)).done == CUSTOMERS[4:]

    asyncio.run(cancelled())


@operation
async def work_on_each(crm, items, work, *, journal=None):
    async def do(batch):
        await settle_each(crm, batch, batch.items, work)

    return await run_in_batches(
        crm, items, do, size=100, arguments={}, journal=journal, dry_run=False, progress=None
    )  # fmt: skip


def test_items_beside_each_other_fail_each_on_its_own(ask):
    async def work(item):
        if item.value == CUSTOMERS[2]:
            raise missing()
        return UNCHANGED if item.value == CUSTOMERS[3] else item.value

    result = ask(work_on_each, items_of(CUSTOMERS), work)
    assert (len(result.done), list(result.failed), result.skipped) == (5, [str(CUSTOMERS[2])], [CUSTOMERS[3]])


def test_what_would_meet_every_item_stops_those_that_have_not_begun(ask):
    begun: list[UUID] = []

    async def work(item):
        begun.append(item.value)
        raise PermissionDeniedError("no")

    with pytest.raises(BulkError):
        ask(work_on_each, items_of([uuid4() for _ in range(50)]), work)
    assert len(begun) <= 8  # as many as may be under way at once


def test_an_item_without_an_id_is_called_by_its_name(ask):
    subject = Subject({"two": missing()})
    items = [Item(each, f"row {place}", each) for place, each in enumerate(["one", "two"])]

    async def do(batch):
        batch.settle(batch.items[0], CUSTOMERS[0])
        batch.settle(batch.items[1], subject.outcomes["two"])

    result = ask(work_on, items, do)
    assert (result.done, list(result.failed)) == ([CUSTOMERS[0]], ["row 1"])


def test_a_result_shows_counts_and_nothing_else(ask):
    result = ask(work_on, items_of(CUSTOMERS), Subject({CUSTOMERS[1]: missing(), CUSTOMERS[2]: missing()}).do)
    assert repr(result) == "<BulkResult work_on: 5 done, 2 failed>"
    shown = result._repr_html_()
    assert "<th>done</th><td>5</td>" in shown
    assert "<td>CustomerNotFoundError</td><td>2</td>" in shown
    assert str(CUSTOMERS[0]) not in shown
    ask(work_on, items_of(CUSTOMERS), Subject().do).raise_for_failures()

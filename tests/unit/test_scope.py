"""What ends the work of a sync call's threads wherever they wait."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from admin_crm._core import scope
from admin_crm._core.scope import Interrupted, Scope
from helpers import InterruptedSet


def test_ending_a_scope_wakes_those_who_sleep_and_those_who_wait_for_a_slot():
    call, woken = Scope(), []
    waiting = threading.Barrier(3)

    def until_interrupted(wait) -> None:
        waiting.wait(300)
        with pytest.raises(Interrupted):
            wait()
        woken.append(wait)

    threads = [
        threading.Thread(target=until_interrupted, args=[wait])
        for wait in (lambda: call.sleep(60), lambda: call.wait_for(Future()))
    ]
    for each in threads:
        each.start()
    waiting.wait(300)
    call.end()
    for each in threads:
        each.join(300)
    assert len(woken) == 2


def test_a_scope_ends_those_inside_it_also_if_they_begin_later():
    call = Scope()
    inside = Scope(call)
    call.end()
    assert inside.ended
    assert Scope(call).ended


def test_a_scope_may_begin_while_the_one_around_it_ends():
    call, inside = Scope(), []
    call._children = InterruptedSet(lambda: inside.append(Scope(call)))
    inside += [Scope(call), Scope(call)]
    call.end()
    call._children.beside.join()
    assert [each.ended for each in inside] == [True] * 3


def test_a_call_that_was_interrupted_begins_nothing_new():
    call = Scope()
    token = scope.enter(call)
    try:
        scope.check()
        scope.sleep(0)
        call.end()
        with pytest.raises(Interrupted):
            scope.check()
    finally:
        scope.leave(token)


def test_without_a_scope_waiting_is_ordinary_waiting():
    done: Future[None] = Future()
    done.set_result(None)
    scope.check()
    scope.sleep(0)
    scope.wait_for(done)

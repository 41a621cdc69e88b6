"""How many requests of one connection are under way at once (R12).

Of requests to the database a connection starts with two at once. While responses come as fast as they do alone,
one more is allowed; where more requests at once only wait for each other, no more are; and when the server says
that it has too much to do, or responses slow down in proportion to their number, half as many are. Files and Edge
Functions, which may take minutes, are bounded by the setting alone.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Generator, Hashable
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from admin_crm._core.scope import wait_for

FIRST_LIMIT = 2
JITTER = 0.01
"""Seconds that tell nothing: responses that differ by less count as equally fast."""
SHORTEST = 0.001
QUEUED = 0.95
"""How many requests may be waiting for others, by their times, before no further one is allowed."""
IN_PROPORTION = 0.9
"""The share of n times a response's time alone, from which n responses at once gain nothing."""
LEARNING = 0.2
"""By how much of the difference the time alone follows a slower response that was alone: shops grow."""


@dataclass(slots=True, eq=False)
class Slot:
    """The right to have one request under way."""

    adaptive: bool
    reading: float
    """Seconds that were spent on reading responses before it began."""
    running: int = 0
    """How many of its kind were under way at most, itself included."""
    started_at: float = field(default_factory=time.monotonic)


class Stopwatch:
    """The seconds in which one thing or several of a kind were going on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._since = 0.0
        self._counted = 0.0

    def start(self) -> None:
        """Note that one more is going on."""
        with self._lock:
            if not self._running:
                self._since = time.monotonic()
            self._running += 1

    def stop(self) -> None:
        """Note that one has ended."""
        with self._lock:
            self._running -= 1
            if not self._running:
                self._counted += time.monotonic() - self._since

    def seconds(self) -> float:
        """Return how long at least one was going on until now."""
        with self._lock:
            return self._counted + (time.monotonic() - self._since if self._running else 0.0)


class Limiter:
    """Lets as many requests through at once as the server can take, in the order they come.

    Args:
        maximum: how many at most, whatever the server can take.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = min(FIRST_LIMIT, maximum)
        self._under_way: dict[bool, list[Slot]] = {True: [], False: []}
        self._waiting: dict[bool, deque[Future[Slot]]] = {True: deque(), False: deque()}
        self._lock = threading.Lock()
        self._fastest: dict[Hashable, float] = {}
        self._halved_at = 0.0
        self._reading = Stopwatch()

    async def acquire(self, *, adaptive: bool, is_async: bool) -> Slot:
        """Wait for a slot; every slot must be given back with `release`.

        Args:
            adaptive: whether the request is one to the database, whose number adapts.
            is_async: whether an event loop must be kept free while waiting.
        """
        with self._lock:
            if self._has_room(adaptive=adaptive) and not self._waiting[adaptive]:
                return self._enter(adaptive=adaptive)
            turn: Future[Slot] = Future()
            self._waiting[adaptive].append(turn)
        try:
            return await asyncio.wrap_future(turn) if is_async else wait_for(turn)
        except BaseException:
            if not turn.cancel():
                self._leave(turn.result())  # it was given the slot just before it stopped waiting
            raise

    def release(self, slot: Slot) -> float:
        """Give a slot back; returns the seconds it took the server, as far as they can be told.

        While another response is being read, none is noticed: that time is not the server's.
        """
        seconds = time.monotonic() - slot.started_at - (self._reading.seconds() - slot.reading)
        self._leave(slot)
        return seconds

    @contextmanager
    def reading(self) -> Generator[None]:
        """Note that a response is being read, which the server has no part in."""
        self._reading.start()
        try:
            yield
        finally:
            self._reading.stop()

    def answered(self, slot: Slot, request_kind: Hashable, seconds: float) -> None:
        """Learn from a response: `request_kind` names requests that take the same time when they are alone."""
        seconds = max(seconds, SHORTEST)
        with self._lock:
            fastest = self._fastest.get(request_kind)
            if fastest is None or seconds < fastest:
                fastest = seconds
            elif slot.running == 1:
                fastest += (seconds - fastest) * LEARNING
            self._fastest[request_kind] = fastest
            lost = seconds - fastest
            if lost > JITTER and slot.running > 1 and seconds >= IN_PROPORTION * slot.running * fastest:
                self._halve(slot)
            elif slot.running >= self.limit - 1 and (lost <= JITTER or slot.running * lost / seconds < QUEUED):
                self.limit = min(self.limit + 1, self.maximum)
            self._let_in()

    def overloaded(self, slot: Slot) -> None:
        """Learn that the server had too much to do."""
        with self._lock:
            self._halve(slot)

    def _halve(self, slot: Slot) -> None:
        # Requests that were sent before the last halving say nothing about it.
        if slot.started_at >= self._halved_at:
            self.limit = max(1, self.limit // 2)
            self._halved_at = time.monotonic()

    def _has_room(self, *, adaptive: bool) -> bool:
        in_all = sum(map(len, self._under_way.values()))
        return in_all < self.maximum and (not adaptive or len(self._under_way[True]) < self.limit)

    def _enter(self, *, adaptive: bool) -> Slot:
        others = self._under_way[adaptive]
        slot = Slot(adaptive, self._reading.seconds())
        others.append(slot)
        for each in others:
            each.running = max(each.running, len(others))
        return slot

    def _leave(self, slot: Slot) -> None:
        with self._lock:
            self._under_way[slot.adaptive].remove(slot)
            self._let_in()

    def _let_in(self) -> None:
        for adaptive, waiting in self._waiting.items():
            while waiting and self._has_room(adaptive=adaptive):
                turn = waiting.popleft()
                if turn.set_running_or_notify_cancel():
                    turn.set_result(self._enter(adaptive=adaptive))

"""What a server knows while it runs: its connection, what it may do, and how much of it is used up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Any, TypeVar

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

from admin_crm.client import AsyncAdminCRM
from admin_crm.mcp.answers import Answer, Rows
from admin_crm.mcp.presentation import handed_over
from admin_crm.models import Page
from admin_crm.settings import zone_of

S = TypeVar("S", bound=BaseModel)
A = TypeVar("A")

OPEN_QUESTIONS = 100
"""How many questions wait for an answer at most. A client that never answers one does not say so."""


class Change(StrEnum):
    """A kind of write that a server may be started with."""

    NOTES = "notes"
    TAGS = "tags"
    FIELDS = "fields"
    NOTIFY = "notify"
    STATUS = "status"
    POINTS = "points"
    OFFERS = "offers"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a server is started with."""

    allow: frozenset[Change] = frozenset()
    """The writes that it offers."""
    personal: bool = False
    """Whether personal data is handed over unmasked."""
    max_rows: int = 1_000
    """How many rows it hands over until it ends."""
    max_locks: int = 5
    """How many customers it locks until it ends."""
    confirm: bool = True
    """Whether a client that cannot ask is refused a write."""


@dataclass(slots=True)
class Budget:
    """So many of something until the server ends."""

    left: int
    refusal: str

    def check(self, count: int) -> None:
        """Raise where so many are not left."""
        if count > self.left:
            raise ToolError(self.refusal.format(count=count, left=self.left))

    def take(self, count: int) -> None:
        """Use so many up, or raise."""
        self.check(count)
        self.left -= count


@dataclass(slots=True)
class Session:
    """A server from its start to its end, whoever connects to it."""

    crm: AsyncAdminCRM
    terms: Terms
    rows: Budget = field(init=False)
    locks: Budget = field(init=False)
    questions: dict[str, int] = field(default_factory=dict[str, int])
    """The numbers of the questions that are not answered yet, by the call that they are about; the oldest first."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.rows = Budget(
            self.terms.max_rows,
            "this answer has {count:,} rows, and this session may have {left:,} more; ask for fewer (page_size), "
            "or start the server with a larger --max-rows",
        )
        self.locks = Budget(
            self.terms.max_locks,
            "this session has locked as many customers as it may; a person can lock more with the command "
            "admin-crm, or start the server with a larger --max-locks",
        )

    def open_question(self, ctx: ToolContext) -> int:
        """Return the number of the question about a call, the same until it is answered, or too many others are open.

        In the newer protocol, the SDK refuses answers after ten minutes; in the older one, the call itself waits.
        """
        call = _call_in(ctx)
        if call not in self.questions:
            if len(self.questions) == OPEN_QUESTIONS:
                del self.questions[next(iter(self.questions))]
            self.questions[call] = next(self._numbers)
        return self.questions[call]

    def close_question(self, ctx: ToolContext) -> None:
        """Take the answer to the question about a call, which is then good for nothing else.

        Raises:
            ToolError: it was taken already, or the question was given up for newer ones.
        """
        if self.questions.pop(_call_in(ctx), None) is None:
            raise ToolError("nothing was done: this answer was for an earlier call; call again to ask the person again")

    def shaped(self, shape: type[S], row: BaseModel, **others: Any) -> S:
        """Return a row in the shape of an answer; `others` are fields that its model computes."""
        return shape.model_validate(handed_over(row.model_dump() | others, personal=self.terms.personal))

    def answer(self, kind: type[A], data: A, rows: int = 0) -> Answer[A]:
        """Return an answer, and count its rows.

        Raises:
            ToolError: so many rows are not left; nothing is handed over.
        """
        self.rows.take(rows)
        return Answer[kind](data=data, rows_left=self.rows.left)  # type: ignore[valid-type]

    def page(self, shape: type[S], rows: Page[Any], items: Sequence[S] | None = None) -> Rows[S]:
        """Return a page of rows in the shape of an answer."""
        shaped = [self.shaped(shape, each) for each in rows] if items is None else list(items)
        return Rows[shape](items=shaped, total=rows.total, page=rows.page, pages=rows.pages)  # type: ignore[valid-type]

    def each(self, shape: type[S], rows: Iterable[BaseModel]) -> list[S]:
        """Return rows in the shape of an answer."""
        return [self.shaped(shape, row) for row in rows]


ToolContext = Context[Session, Any]
"""What the SDK hands to a tool."""


def session_of(ctx: ToolContext) -> Session:
    """Return the session that a call belongs to."""
    return ctx.request_context.lifespan_context


def by_the_shops_clock(session: Session, moment: datetime) -> datetime:
    """Return a time; one without a zone is meant by the shop's clock."""
    zone = zone_of(session.crm.settings.time_zone)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _call_in(ctx: ToolContext) -> str:
    """Return a tool and its arguments as a text."""
    params = ctx.request_context.params or {}
    return json.dumps([params.get("name"), params.get("arguments")], sort_keys=True)

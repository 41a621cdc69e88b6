"""`FakeAdminCRM` and `FakeAsyncAdminCRM`: connections without a server, whose functions answer as a test tells them."""

from __future__ import annotations

import difflib
import inspect
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, Unpack, cast

import admin_crm
from admin_crm._core.base import BaseConnection
from admin_crm._core.connection import Link, link_of
from admin_crm.client import AdminCRM, AsyncAdminCRM
from admin_crm.settings import Settings
from admin_crm.testing.answers import Answers, InTurn

_NAMES = Answers.__optional_keys__
"""The functions that a fake answers."""


class UnexpectedCallError(AssertionError):
    """A fake was asked for something that the test gave it no answer for, or for the network, which it has not."""


@dataclass(frozen=True)
class Call:
    """A call of a function with a fake.

    Attributes:
        name (str): the function's name.
        arguments (dict[str, Any]): what the function was called with, by the names of its parameters, without the
            connection and without what was left to its default.
        user (str | None): the user whose token the call was made with (`as_user`), the token's `sub`; None for the
            fake itself, and for a token that is no JWT. The token is not kept.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    user: str | None = None


class _Fake(BaseConnection):
    """What both fakes have beside what a connection has."""

    def __init__(self, *, settings: Settings | None = None, **answers: Unpack[Answers]) -> None:
        super().__init__("https://fake.invalid", "sb_secret_fake", anon_key="sb_publishable_fake", settings=settings)
        link_of(self).shared.stand_in = _StandIn(type(self).__name__)
        self.set_answers(**answers)

    @property
    def calls(self) -> list[Call]:
        """All calls so far, of this fake and of what `as_user` and `with_options` made of it, the oldest first."""
        return _stand_in_of(self).calls

    def set_answers(self, **answers: Unpack[Answers]) -> None:
        """Give this fake more answers, or others than before.

        Args:
            answers: the answers by the names of functions, as for the fake itself.

        Raises:
            TypeError: there is no such function, or it takes no connection.

        Examples:
            ```python
            fake.set_answers(update_customer_status=CustomerNotFoundError)
            ```
        """
        _stand_in_of(self).give(cast("dict[str, object]", answers))

    @classmethod
    def sign_in(cls, *_: object, **__: object) -> NoReturn:
        """Refuse: a fake signs nobody in."""
        raise UnexpectedCallError(_NO_SIGN_IN.format(cls.__name__))

    @classmethod
    def from_env(cls, **_: object) -> NoReturn:
        """Refuse: a fake reads nothing of the environment."""
        raise UnexpectedCallError(_NO_SIGN_IN.format(cls.__name__))

    def __repr__(self) -> str:
        link: Link | None = getattr(self, "_link", None)
        if link is None or link.shared.stand_in is None:
            return f"{type(self).__name__}(not connected)"
        stand_in = _stand_in_of(self)
        return f"{type(self).__name__}({', '.join(stand_in.answers)}; calls so far: {len(stand_in.calls)})"


class FakeAdminCRM(_Fake, AdminCRM):
    """An `AdminCRM` without a server, for tests: functions answer as the test says, and no request is possible.

    Code under test calls ``search_customers(fake, ...)`` as it always does. Functions that make no request,
    such as `filter_customers`, need no answer.

    Args:
        settings: names, limits and timeouts; the defaults if left out.
        answers: the answers by the names of functions. An answer is a value, an exception (an object or a class), a
            callable that is given the function's arguments without `crm`, or several of these in turn (`in_turn`). A
            plain list is a value. The answer of a function that returns a frame or a stream is what it returns, or
            the rows.

    Raises:
        TypeError: there is no such function, or it takes no connection. When a function is called with a fake, its
            arguments do not fit its signature.
        UnexpectedCallError: when a function that has no answer is called with the fake; also an `AssertionError`.

    Examples:
        ```python
        fake = FakeAdminCRM(get_all_customers=[make_customer()], update_customer_status=PermissionDeniedError("no"))
        assert len(get_all_customers(fake)) == 1
        assert fake.calls == [Call("get_all_customers")]
        ```
    """


class FakeAsyncAdminCRM(_Fake, AsyncAdminCRM):
    """An `AsyncAdminCRM` without a server, for tests; takes what `FakeAdminCRM` takes, and coroutine functions too.

    Examples:
        ```python
        fake = FakeAsyncAdminCRM(get_loyalty_balance=120)
        assert await get_loyalty_balance(fake, customer_id) == 120
        ```
    """


class _StandIn:
    """What answers in the server's place; all views of one fake share it.

    Args:
        kind: the name of the fake's class.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.answers: dict[str, object] = {}
        self.calls: list[Call] = []

    def give(self, answers: Mapping[str, object]) -> None:
        """Take answers by the names of functions."""
        for name in answers:
            if name not in _NAMES:
                raise TypeError(_no_such_function(name))
        for name, answer in answers.items():
            self.answers[name] = (
                _Turns(cast("InTurn[object]", answer).answers) if isinstance(answer, InTurn) else answer
            )

    def asked(
        self, function: Callable[..., Any], link: Link, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Callable[[], Coroutine[Any, Any, Any]]:
        """Check a call's arguments, and return what records it and answers it."""
        name, arguments = function.__name__, _bound(function, args, kwargs)
        call = Call(name, arguments, user=link.rights.claims.user)
        given, named = args[1:], {key: value for key, value in kwargs.items() if key != "crm" or args}

        async def answer() -> Any:
            link.shared.check_open()
            self.calls.append(call)
            found = self._next(name)
            if inspect.isclass(found) and issubclass(found, BaseException):
                found = found("the fake was told to raise this")
            if isinstance(found, BaseException):
                raise found.with_traceback(None)
            if not callable(found):
                return found
            found = found(*given, **named)
            if inspect.iscoroutine(found) and not link.is_async:
                found.close()
                raise TypeError(f"the answer of {name} is to be awaited: give it to a FakeAsyncAdminCRM")
            return await found if inspect.isawaitable(found) else found

        return answer

    def refuse_network(self) -> NoReturn:
        """Raise: a fake has no server."""
        raise UnexpectedCallError(f"a {self.kind} sends no request: it has answers of functions only")

    def _next(self, name: str) -> object:
        """Return a function's answer, and where there are several, the one whose turn it is."""
        if name not in self.answers:
            how = f"{self.kind}({name}=...)" if name in _NAMES else "nothing sets it: take a real connection"
            raise UnexpectedCallError(f"{name}() was called, and this fake has no answer for it: {how}")
        answer = self.answers[name]
        if not isinstance(answer, _Turns):
            return answer
        if not answer:
            raise UnexpectedCallError(f"{name}() was called once more than in_turn(...) has answers")
        return answer.popleft()


class _Turns(deque[object]):
    """The answers whose turn is still to come."""


_NO_SIGN_IN = "a {0} connects to nothing; make one with its answers: {0}(search_customers=...)"


def _stand_in_of(crm: BaseConnection) -> _StandIn:
    return cast("_StandIn", link_of(crm).shared.stand_in)


def _bound(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by the names of the parameters, without the connection."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{function.__name__}() {error}") from None
    _, *others = bound.arguments.items()
    return dict(others)


def _no_such_function(name: str) -> str:
    if callable(getattr(admin_crm, name, None)):
        return f"{name} takes no connection, so a fake does not answer it"
    similar = difflib.get_close_matches(name, _NAMES, n=1)
    return f"there is no function {name!r}" + (f"; did you mean {similar[0]}?" if similar else "")

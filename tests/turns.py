"""Which tests run with `--by-turns`: sync or async, on one engine or the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

import admin_crm
from shops import REAL_POSTGREST

HERE = Path(__file__).parent
IN_BOTH_FORMS = {f"test_{module.stem}" for module in Path(admin_crm.__file__).parent.glob("_*/*.py")}
"""The tests of `_core` and of what stands beside it, where the two forms are told apart."""


def whose_turn_it_is(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Yield the tests that run: of unit and integration tests each choice of parameters once, and all others."""
    integration = list[pytest.Item]()
    for each in items:
        if HERE / "integration" in each.path.parents:
            integration.append(each)
        elif HERE / "unit" not in each.path.parents or _is_turn_of_unit(each):
            yield each
    yield from _turns_of_integration(integration)


def _is_turn_of_unit(item: pytest.Item) -> bool:
    """Of each test of a subject one form runs, since a subject is one function for both."""
    turn = crc32(item.nodeid.replace("async", "sync").encode()) % 2
    return item.path.stem in IN_BOTH_FORMS or _places(item).get("caller", turn) == turn


def _turns_of_integration(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """Of each test one way runs on Lite and the others on PostgREST; a test that has one way only runs on both.

    A way is a choice of the parameters but for the form. Whether a call is sync or async is decided before a request
    leaves: it makes no difference to the server's engine.
    """
    ways: defaultdict[str, set[tuple[tuple[str, int], ...]]] = defaultdict(set)
    for each in items:
        ways[_name(each)].add(_way(each))
    for each in items:
        of_test, number = sorted(ways[_name(each)]), crc32(_name(each).encode())
        place = of_test.index(_way(each))
        turn = (place + number + REAL_POSTGREST) % 2
        on_lite = place == number % len(of_test)
        anywhere = len(of_test) == 1 or each.get_closest_marker("once") is not None
        if _places(each).get("caller", turn) == turn and (anywhere or on_lite != REAL_POSTGREST):
            yield each


def _name(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _way(item: pytest.Item) -> tuple[tuple[str, int], ...]:
    """The parameters but for the form."""
    return tuple(sorted((name, place) for name, place in _places(item).items() if name != "caller"))


def _places(item: pytest.Item) -> dict[str, int]:
    """The parameters of a test, as places in the lists of their values."""
    return item.callspec.indices if hasattr(item, "callspec") else {}

"""Which tests run with `--by-turns`: sync or async, on one engine or the other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

import admin_crm
from shops import REAL_POSTGREST

HERE = Path(__file__).parent
_FORMS = re.compile(r"\b(?:is_async|run_async|run_sync|asyncio|threading)\b")
TELLING_FORMS_APART = {
    f"test_{module.stem}"
    for module in Path(admin_crm.__file__).parent.rglob("*.py")
    if _FORMS.search(module.read_text("utf-8"))
}
"""The unit tests of modules that do one thing sync and another async. All others are one code for both."""


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
    """Of each test of one code for both forms, one form runs."""
    turn = crc32(item.nodeid.replace("async", "sync").encode()) % 2
    return item.path.stem in TELLING_FORMS_APART or _places(item).get("caller", turn) == turn


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

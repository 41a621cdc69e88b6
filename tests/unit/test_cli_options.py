"""Ids from the arguments, or from whatever another command has printed."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, datetime
from uuid import UUID

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import AdminCRM, InvalidInputError, Settings
from admin_crm.cli.options import by_the_shops_clock, given_ids
from cli_helpers import ANA, MALLORY

IDS = [str(ANA.id), str(MALLORY.id)]


def reading(text: str) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(text))
        return given_ids(None)


def as_csv(ids: list[str], name: str) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([["full_name", name], *(["a, b\nc", each] for each in ids)])
    return text.getvalue()


@given(ids=st.lists(st.uuids(), min_size=1, unique=True))
def test_every_form_of_the_input_gives_the_same_ids(ids: list[UUID]) -> None:
    words = [str(each) for each in ids]
    for text in (
        "\n".join(words),
        " ".join(words) + "\n",
        "\ufeff" + "\r\n".join(words),
        json.dumps(words),
        json.dumps([{"id": each, "full_name": "id"} for each in words]),
        json.dumps([{"id": 7, "customer_id": each} for each in words], indent=2),
        as_csv(words, "id"),
        as_csv(words, "customer_id"),
    ):
        assert reading(text) == words


def test_each_id_comes_once_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(IDS)))
    assert given_ids("-") == IDS
    assert given_ids([*IDS, IDS[0].upper()]) == IDS


@pytest.mark.parametrize("text", ["", "  \n", "[]", "[not json"])
def test_an_input_without_ids_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.Exit) as ended:
        reading(text)
    assert ended.value.exit_code == 2


@pytest.mark.parametrize("text", ["ana@clientes.example", '["x"]', "[{}]", "[[1]]"])
def test_what_is_no_id_is_an_error_before_anything_is_done(text: str) -> None:
    with pytest.raises(InvalidInputError):
        reading(text)


def test_ids_and_the_input_do_not_go_together() -> None:
    with pytest.raises(typer.Exit):
        given_ids(["-", IDS[0]])


def test_nothing_is_read_from_a_terminal_by_surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(IDS[0]))
    with pytest.raises(typer.Exit):
        given_ids(None)


def test_a_time_is_the_shops() -> None:
    settings = Settings(time_zone="America/Mexico_City")
    with AdminCRM("https://shop.test", "sb_secret_unit-test-key", settings=settings) as crm:
        moment = by_the_shops_clock(crm, datetime(2026, 12, 1))  # noqa: DTZ001 - as it is typed
        assert by_the_shops_clock(crm, None) is None
    assert moment is not None
    assert moment.astimezone(UTC) == datetime(2026, 12, 1, 6, tzinfo=UTC)

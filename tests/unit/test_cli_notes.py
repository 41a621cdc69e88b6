"""Notifications, notes, tags and fields in the terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from admin_crm import AdminNotes
from admin_crm.cli import notes as cli
from cli_helpers import ANA, MALLORY, Bulk

IDS = [str(ANA.id), str(MALLORY.id)]


def bulk(monkeypatch: pytest.MonkeyPatch, name: str) -> Bulk:
    function = Bulk(name)
    monkeypatch.setattr(cli, name, function)
    return function


def test_customers_are_notified(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    notify = bulk(monkeypatch, "notify_customers")
    words = ("--title", "Hola", "--message", "Vuelve", "--type", "success", "--yes")
    assert run("notify", *IDS, *words).exit_code == 0
    assert run("notify", "-", *words, given="\n".join(IDS)).exit_code == 0
    assert [call[:2] for call in notify.calls] == [(IDS, ("Hola", "Vuelve", "success"))] * 2
    assert run("notify", *IDS, "--title", "Hola").exit_code == 2


def test_tags_are_added_and_removed(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    change = bulk(monkeypatch, "tag_customers")
    assert run("tag", IDS[0], "vip", "en riesgo").exit_code == 0
    assert run("untag", "-", "vip", "--yes", given="\n".join(IDS)).exit_code == 0
    (first, _, added), (second, _, removed) = change.calls
    assert (first, added["add"]) == (IDS[:1], ["vip", "en riesgo"])
    assert (second, removed["remove"]) == (IDS, ["vip"])


def test_many_are_tagged_only_after_a_question(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    change = bulk(monkeypatch, "tag_customers")
    assert run("tag", "-", "vip", given="\n".join(IDS)).exit_code == 2
    assert run("tag", "-", "vip", "--dry-run", given="\n".join(IDS)).stdout == "2 would be done\n"
    assert change.written == []


def test_fields_are_text_or_json(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    change = bulk(monkeypatch, "set_custom_fields_of")
    assert run("fields", IDS[0], "código=0012", "url=a=b", "descuento:=10", "viejo:=null").exit_code == 0
    assert change.calls[0][1] == ({"código": "0012", "url": "a=b", "descuento": 10, "viejo": None},)


@pytest.mark.parametrize("wrong", ["descuento", "=10", ":=10", "descuento:=diez"])
def test_a_field_of_another_form_is_wrong_usage(wrong: str, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    change = bulk(monkeypatch, "set_custom_fields_of")
    assert run("fields", IDS[0], wrong).exit_code == 2
    assert change.calls == []


def test_notes_are_shown_and_written(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, AdminNotes | None] = {IDS[0]: None}

    def update(crm: object, customer: str, *, notes: str) -> AdminNotes:
        kept[customer] = written = AdminNotes(customer_id=ANA.id, notes=notes, tags=["vip"])
        return written

    monkeypatch.setattr(cli, "get_admin_customer_notes", lambda crm, customer: kept[customer])
    monkeypatch.setattr(cli, "update_admin_customer_notes", update)
    assert json.loads(run("notes", IDS[0], "--json").stdout)["tags"] == []
    assert "Prefiere [b]WhatsApp" in run("notes", IDS[0], "--set", "Prefiere [b]WhatsApp").stdout
    assert json.loads(run("notes", IDS[0], "--json").stdout)["notes"] == "Prefiere [b]WhatsApp"

"""The shop's Edge Functions in the terminal: what a model wrote is text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from admin_crm import Insight, LoyaltyAnalysis, TagSuggestion
from admin_crm.cli import ai as cli
from cli_helpers import ANA

ID = str(ANA.id)


def test_what_a_model_wrote_is_text(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "¡Hola [red]Ana[/red]!\x1b]0;pwned\x07"
    monkeypatch.setattr(cli, "generate_whatsapp_message", lambda crm, customer, about: f"{evil} {about}")
    monkeypatch.setattr(cli, "get_customer_narrative", lambda crm, customer: evil)
    monkeypatch.setattr(cli, "get_strategic_loyalty_analysis", lambda crm, customer: LoyaltyAnalysis(analysis=evil))
    monkeypatch.setattr(cli, "get_proactive_insights", lambda crm: [Insight(title=evil, description=evil)])
    for words in (("whatsapp", ID, "--about", "envío"), ("narrative", ID), ("loyalty", ID), ("insights",)):
        shown = run("ai", *words).stdout
        assert "[red]Ana[/red]" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert evil in json.dumps(json.loads(run("ai", *words, "--json").stdout)).encode().decode("unicode_escape")


def test_suggested_tags_are_added_only_when_asked(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[TagSuggestion] = []
    suggestion = TagSuggestion(tags=["vip"], reasoning="Compra mucho")
    monkeypatch.setattr(cli, "suggest_customer_tags", lambda crm, customer: suggestion)
    monkeypatch.setattr(cli, "apply_suggested_tags", lambda crm, customer, tags: applied.append(tags))
    assert "vip" in run("ai", "tags", ID).stdout
    assert applied == []
    assert json.loads(run("ai", "tags", ID, "--apply", "--json").stdout)["tags"] == ["vip"]
    assert applied == [suggestion]


def test_nothing_found_is_said(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "get_proactive_insights", lambda crm: [])
    assert run("ai", "insights").stdout == "nothing found\n"

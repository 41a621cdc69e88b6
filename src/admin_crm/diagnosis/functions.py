"""Checks of the Edge Functions: whether they are deployed, and which actions they support."""

from __future__ import annotations

from typing import NamedTuple, cast

import httpx

from admin_crm._core.translate import json_of
from admin_crm._functions.invoke import UNSUPPORTED_ACTION
from admin_crm.client import AnyCRM
from admin_crm.diagnosis.checks import Finding, send_request
from admin_crm.settings import Settings

UNKNOWN_ACTION = "doctor_asks_for_no_action"
"""An action that no function supports: what it answers to this, it answers to every action it does not support."""


class Action(NamedTuple):
    """An action of a function: the setting that names it, and what needs it."""

    name: str
    setting: str
    used_by: str


class Answer(NamedTuple):
    """What a function answered: its status, and its error message or whole text."""

    status: int
    text: str


async def function(crm: AnyCRM, name: str) -> Finding:
    """Send a CORS preflight request (OPTIONS), which does not run the function's work; then ask for its actions."""
    status, by_function = await send_request(crm, "OPTIONS", f"/functions/v1/{name}", _read_preflight)
    if status == 404 and not by_function:
        return Finding(
            "warn",
            "not deployed: the features that use it are not available",
            "deploy it, or set the name of yours in Settings",
        )
    if status >= 500:
        return Finding("warn", f"deployed, but returns {status}", "check its logs")
    actions = _actions_of(crm.settings, name)
    return await _supported(crm, name, actions) if actions else Finding("pass", "deployed")


async def _supported(crm: AnyCRM, function: str, actions: list[Action]) -> Finding:
    answers = {action: await _ask(crm, function, action.name) for action in actions}
    if any(answer.status in (401, 403) for answer in answers.values()):
        return Finding("pass", "deployed; it refuses these credentials, so the actions it supports are unknown")
    missing = [action for action, answer in answers.items() if UNSUPPORTED_ACTION.search(answer.text)]
    if missing:
        names, used_by = ", ".join(each.name for each in missing), ", ".join(each.used_by for each in missing)
        settings = " and ".join(each.setting for each in missing)
        return Finding(
            "warn",
            f"deployed, but it does not support the action {names}: {used_by} cannot be used",
            f"deploy a version that supports it, or set {settings} in Settings to the name that yours has for it",
        )
    # Where a function answers any action alike, it has not looked at the action yet.
    unknown = await _ask(crm, function, UNKNOWN_ACTION)
    if unknown in answers.values():
        return Finding("pass", "deployed; only a real call shows which actions it supports")
    return Finding("pass", f"deployed, and supports {', '.join(each.name for each in actions)}")


def _actions_of(settings: Settings, function: str) -> list[Action]:
    """Return the actions of a function that can be asked for without a customer, so that nothing is done.

    Not the insights, which need no customer, and not the loyalty plan, which may create a coupon.
    """
    intelligence, narrative = settings.intelligence_function, settings.narrative_function
    found = [
        (intelligence, settings.suggest_tags_action, "suggest_tags_action", "suggest_customer_tags"),
        (intelligence, settings.whatsapp_action, "whatsapp_action", "generate_whatsapp_message"),
        (narrative, settings.narrative_action, "narrative_action", "get_customer_narrative"),
    ]
    return [Action(action, *about) for name, action, *about in found if name == function and action is not None]


async def _ask(crm: AnyCRM, function: str, action: str) -> Answer:
    """Ask for an action without a customer: a function that supports it ends there, before it asks its model."""
    found = await send_request(crm, "POST", f"/functions/v1/{function}", _read_answer, body={"action": action})
    return found._replace(text=found.text.replace(action, ""))


def _read_preflight(response: httpx.Response) -> tuple[int, bool]:
    """Return the status, and whether the function itself responded: the platform's 404 has no `error` field."""
    return response.status_code, '"error"' in response.text


def _read_answer(response: httpx.Response) -> Answer:
    body = json_of(response)
    error = cast("dict[str, object]", body).get("error") if isinstance(body, dict) else None
    return Answer(response.status_code, response.text if error is None else str(error))

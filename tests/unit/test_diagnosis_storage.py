"""The doctor's checks of the bucket, evidence and notes."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from admin_crm import doctor
from helpers import Ask, Caller
from project_server import DENIED, FK, NO_BUCKET, NO_OBJECT, Project, as_user, line_of, refused


@pytest.mark.parametrize(("info", "verdict"), [(NO_OBJECT, "warn"), (NO_BUCKET, "fail")])
def test_a_bucket_that_a_key_may_not_inspect_may_exist(
    ask: Ask, project: Project, info: dict[str, str], verdict: str
) -> None:
    project.bucket.return_value = httpx.Response(400, json=NO_BUCKET)
    project.info.return_value = httpx.Response(400, json=info)
    assert line_of(ask(doctor), "bucket").verdict == verdict


def test_a_public_bucket_fails(ask: Ask, project: Project) -> None:
    project.bucket.return_value = httpx.Response(200, json={"id": "customer-evidence", "public": True})
    assert line_of(ask(doctor), "bucket").verdict == "fail"


@pytest.mark.parametrize(
    ("signing", "listed", "verdict"),
    [
        (httpx.Response(200, json={"url": "/o?token=t"}), [{"name": "a"}], "pass"),
        (httpx.Response(200, json={"url": "/o?token=t"}), [], "warn"),
        (httpx.Response(400, json=DENIED), [], "fail"),
        (httpx.Response(400, json=NO_BUCKET), [], "fail"),
    ],
)
def test_the_permissions_of_a_user_are_deduced_without_an_upload(
    caller: Caller, project: Project, signing: httpx.Response, listed: list[Any], verdict: str
) -> None:
    project.signing.return_value = signing
    project.listing.return_value = httpx.Response(200, json=listed)
    assert line_of(caller(doctor, as_user(caller)), "evidence").verdict == verdict
    assert not project.upload.called


@pytest.mark.parametrize(
    ("part", "answer", "verdict", "words"),
    [
        (None, None, "pass", ""),
        ("remove", httpx.Response(200, json=[]), "warn", "delete the temporary object"),
        ("remove", httpx.ReadError("lost"), "warn", "delete the temporary object"),
        ("listing", httpx.Response(200, json=[]), "warn", "select policy"),
        ("listing", httpx.Response(400, json=DENIED), "fail", ""),
        ("upload", httpx.Response(400, json=DENIED), "fail", ""),
    ],
)
def test_write_checks_report_what_happened_to_the_temporary_object(
    ask: Ask, project: Project, part: str | None, answer: Any, verdict: str, words: str
) -> None:
    if part:
        getattr(project, part).mock(side_effect=[answer] * 9)
    evidence = line_of(ask(doctor, write_checks=True), "evidence")
    assert evidence.verdict == verdict
    assert words in evidence.advice
    assert project.remove.called


@pytest.mark.parametrize(("removed", "may_exist"), [(True, False), (False, True)])
def test_an_upload_whose_response_was_lost_is_removed(
    ask: Ask, project: Project, removed: bool, may_exist: bool
) -> None:
    project.upload.mock(side_effect=httpx.ReadTimeout("lost"))
    if not removed:
        project.remove.mock(side_effect=[httpx.Response(200, json=[])] * 9)
    evidence = line_of(ask(doctor, write_checks=True), "evidence")
    assert evidence.verdict == "fail"
    assert ("may still exist" in evidence.advice) is may_exist


@pytest.mark.parametrize(
    ("written", "deleted", "verdict", "words"),
    [
        (httpx.Response(409, json=FK), [], "pass", ""),
        (httpx.Response(201, json=[{}]), [{}], "warn", "add a foreign key"),
        (httpx.Response(201, json=[{}]), [], "warn", "delete the temporary row"),
        (refused("42501", status=403), [], "fail", ""),
        (httpx.ReadTimeout("lost"), [], "fail", "may still exist"),
        (httpx.ReadTimeout("lost"), [{}], "fail", "raise the timeout"),
    ],
)
def test_write_checks_leave_no_notes(
    ask: Ask, project: Project, written: Any, deleted: list[Any], verdict: str, words: str
) -> None:
    project.notes.mock(side_effect=[written])
    project.unnote.return_value = httpx.Response(200, json=deleted)
    notes = line_of(ask(doctor, write_checks=True), "notes")
    assert notes.verdict == verdict
    assert words in notes.advice
    keys = {json.loads(call.request.content)["customer_id"] for call in project.notes.calls}
    assert [call.request.url.params["customer_id"] for call in project.unnote.calls] == [f"eq.{key}" for key in keys]

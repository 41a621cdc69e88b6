"""A notification is inserted once, also if the response is lost."""

from __future__ import annotations

import httpx
import pytest
import respx

from admin_crm import send_customer_notification
from helpers import NOTIFICATIONS, SOMEBODY


@respx.mock
def test_an_insert_whose_response_was_lost_is_recognized_by_its_key(ask):
    posted = []

    def lost_then_duplicate(request: httpx.Request) -> httpx.Response:
        posted.append(request.content)
        if len(posted) == 1:
            raise httpx.ReadError("lost")
        return httpx.Response(409, json={"code": "23505", "message": "duplicate key"})

    respx.post(NOTIFICATIONS).mock(side_effect=lost_then_duplicate)
    respx.get(NOTIFICATIONS).mock(
        return_value=httpx.Response(200, json=[{"id": SOMEBODY, "user_id": SOMEBODY, "title": "a", "message": "b"}])
    )
    assert ask(send_customer_notification, SOMEBODY, "a", "b").title == "a"
    assert posted[0] == posted[1]


@respx.mock
def test_a_duplicate_that_cannot_be_read_back_is_an_error(ask):
    respx.post(NOTIFICATIONS).mock(return_value=httpx.Response(409, json={"code": "23505", "message": "duplicate key"}))
    respx.get(NOTIFICATIONS).mock(return_value=httpx.Response(200, json=[]))
    with pytest.raises(Exception, match="not written"):
        ask(send_customer_notification, SOMEBODY, "a", "b")

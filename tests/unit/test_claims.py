"""What keys and tokens say of themselves."""

from __future__ import annotations

import base64

import pytest

from admin_crm._core.claims import Claims, claims_of
from project_server import jwt


def test_the_role_of_a_key_follows_from_its_kind():
    assert claims_of("sb_secret_x") == Claims("service_role")
    assert claims_of("sb_publishable_x") == Claims("anon")
    assert claims_of(jwt(role="service_role")) == Claims("service_role", legacy=True)


def test_a_token_names_its_user_and_its_end():
    claims = claims_of(jwt(role="authenticated", sub="7e1b", exp=1))
    assert (claims.role, claims.user, claims.expired) == ("authenticated", "7e1b", True)
    assert not claims_of(jwt(role="anon")).expired


NESTED = f"a.{base64.urlsafe_b64encode(b'[' * 10_000).decode()}.c"


@pytest.mark.parametrize(
    "text",
    [
        "", "plain", "a.b", "a.!!.c", "a.b.c", jwt() + ".d", jwt(role=7, sub=[], exp="soon"),
        pytest.param(NESTED, id="nested"),
    ],
)  # fmt: skip
def test_what_says_nothing_has_no_role(text):
    claims = claims_of(text)
    assert (claims.role, claims.user, claims.expires) == (None, None, None)

"""Whether a connection has the secret key's rights, and views of it that use them."""

from __future__ import annotations

import pytest

from admin_crm import PermissionDeniedError
from admin_crm._core.connection import link_of
from admin_crm._core.secret_key import has_secret_key, with_secret_key, with_secret_key_if_any
from helpers import ANON, KEY, SOMEBODY, URL
from project_server import jwt

USER_TOKEN = jwt(role="authenticated", sub=SOMEBODY)


def test_a_view_with_another_users_rights_has_no_secret_key(caller):
    crm = caller.open(URL, ANON, access_token=USER_TOKEN, secret_key=KEY)
    assert (has_secret_key(crm), has_secret_key(crm.with_options(attempts=1))) == (True, True)
    for other in (crm.as_user(USER_TOKEN), caller.open(URL, KEY, anon_key=ANON).as_user(USER_TOKEN)):
        assert repr(other).endswith("as a signed-in user)")
        assert not has_secret_key(other)
        with pytest.raises(PermissionDeniedError, match="deleting a customer needs the secret key") as raised:
            with_secret_key(other, "deleting a customer")
        assert "secret_key=" in str(raised.value.hint)


def test_the_secret_key_is_used_where_there_is_one(caller):
    crm = caller.open(URL, ANON, access_token=USER_TOKEN, secret_key=KEY)
    assert link_of(with_secret_key_if_any(crm)).rights.is_secret
    assert not link_of(crm).rights.is_secret, "the connection itself stays as it is"
    for other in (crm.as_user(USER_TOKEN), caller.open(URL, KEY)):
        assert with_secret_key_if_any(other) is other

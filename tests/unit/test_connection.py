"""What lies behind a connection: a forked process gets sockets and locks of its own."""

from __future__ import annotations

import threading

import pytest

from admin_crm import AdminCRM, InvalidInputError
from admin_crm._core.connection import _after_fork, link_of
from admin_crm._core.transport import http_of
from helpers import KEY, URL


def test_a_fork_leaves_the_child_without_the_parents_sockets_and_locks():
    with AdminCRM(URL, KEY) as crm, AdminCRM(URL, KEY) as unused:
        parents, shared = crm.supabase, link_of(crm).shared
        http, held = shared.http, threading.Lock()
        shared.lock = held
        held.acquire()  # as another thread would have at the moment of the fork
        _after_fork()
        assert crm.supabase is not parents
        assert http_of(link_of(crm)) is not http
        assert link_of(unused).rights.client is None
        http.close()


def test_a_users_own_client_survives_a_fork():
    from supabase import Client

    theirs = Client(URL, KEY)
    crm = AdminCRM(supabase=theirs)
    _after_fork()
    assert crm.supabase is theirs


@pytest.mark.parametrize(
    ("url", "key", "named"),
    [
        ("", KEY, "url"),
        ("   ", KEY, "url"),
        ("shop.test", KEY, "url"),
        ("ftp://shop.test", KEY, "url"),
        ("https://user:hunter2@shop.test", KEY, "url"),
        (None, KEY, "url"),
        ("http://[::1", KEY, "url"),
        ("http://shop.test:port", KEY, "url"),
        (f"{URL}/rest/v1", KEY, "url"),
        ("https://xn--", KEY, "url"),
        ("https://shop\\test", KEY, "url"),
        ("https://\ud800.test", KEY, "url"),
        ("https://shop\x00.test", KEY, "url"),
        ("http://\uff11\uff12\uff17.0.0.1", KEY, "url"),
        (URL, "", "key"),
        (URL, None, "key"),
        (URL, "two words", "key"),
        (URL, "clé", "key"),
        (URL, "a\nb", "key"),
    ],
)
def test_an_invalid_url_or_key_is_refused(caller, url, key, named):
    with pytest.raises(InvalidInputError) as raised:
        caller.open(url, key)
    assert raised.value.argument == named
    assert "hunter2" not in str(raised.value)

"""URLs as they may be shown."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm._core.safe_url import SafeURL, safe_path, service_of
from helpers import SOMEBODY


@pytest.mark.parametrize(
    ("path", "shown", "service"),
    [
        ("/rest/v1/customer_profiles", "/rest/v1/customer_profiles", "rest"),
        ("/rest/v1/rpc/customer_directory", "/rest/v1/rpc/customer_directory", "rest"),
        ("/auth/v1/token", "/auth/v1/token", "auth"),
        (f"/auth/v1/admin/users/{SOMEBODY}", "/auth/v1/admin/users/{id}", "auth"),
        (f"/auth/v1/admin/users/{SOMEBODY.upper()}/factors", "/auth/v1/admin/users/{id}/factors", "auth"),
        ("/functions/v1/customer-intelligence", "/functions/v1/customer-intelligence", "functions"),
        ("/storage/v1/bucket/customer-evidence", "/storage/v1/bucket/customer-evidence", "storage"),
        ("/storage/v1/object/list/customer-evidence", "/storage/v1/object/list/customer-evidence", "storage"),
        (f"/storage/v1/object/sign/b/{SOMEBODY}/pasaporte Ana.png", "/storage/v1/object/sign/b/{path}", "storage"),
        (f"/storage/v1/object/b/{SOMEBODY}/sign", "/storage/v1/object/b/{path}", "storage"),
        ("/storage/v1/upload/resumable", "/storage/v1/upload/resumable", "storage"),
        ("/storage/v1/upload/resumable/Yi9hbmEucG5n", "/storage/v1/upload/resumable/{path}", "storage"),
        ("/storage/v1/upload/resumable/sign/Yi9hbmEucG5n", "/storage/v1/upload/resumable/sign/{path}", "storage"),
        ("/supa/rest/v1/orders", "/supa/rest/v1/orders", "rest"),
        ("/", "/", "other"),
    ],
)
def test_a_path_names_tables_and_buckets_but_no_customer_and_no_file(path, shown, service):
    assert (safe_path(path), service_of(path)) == (shown, service)


@given(customer=st.uuids(), name=st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1))
def test_no_name_of_a_file_is_shown_whatever_it_is(customer: UUID, name: str):
    folder = f"/storage/v1/object/customer-evidence/{customer}"
    assert safe_path(f"{folder}/{name}") == safe_path(f"{folder}/{quote(name)}")
    assert safe_path(f"{folder}/{name}") == "/storage/v1/object/customer-evidence/{path}"


@given(st.uuids())
def test_no_id_is_shown_whatever_it_is(customer: UUID):
    assert str(customer) not in safe_path(f"/auth/v1/admin/users/{customer}")


def test_a_safe_url_is_the_same_url_but_for_its_text():
    url = httpx.URL("http://127.0.0.1:5432/rest/v1/orders?full_name=ilike.*Luc%C3%ADa*")
    safe = SafeURL(url)
    assert str(safe) == "http://127.0.0.1:5432/rest/v1/orders"
    assert repr(safe) == "URL('http://127.0.0.1:5432/rest/v1/orders')"
    assert safe.raw_path == url.raw_path
    assert safe.params == url.params
    assert safe == url
    assert safe != httpx.URL("http://127.0.0.1:5432/rest/v1/orders")
    assert hash(safe) == hash(url)

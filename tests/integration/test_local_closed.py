"""Who is answered: the stack's own endpoints need their own key and no web page; functions take a bearer token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from admin_crm.local import LocalStack
from shops import local_only

pytestmark = [local_only, pytest.mark.xdist_group("local-closed")]

ASK = {"sql": "select 1 as one"}
PROJECT_KEYS = ("publishable_key", "secret_key", "anon_jwt", "service_role_jwt", "jwt_secret")
Post = Callable[..., httpx.Response]


@pytest.fixture
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=300) as client:
        yield client


@pytest.fixture
def post(stack: LocalStack, http: httpx.Client) -> Post:
    """Ask the SQL endpoint as `execute_sql` does, with other headers where the test says so."""

    def post(path: str = "/local/sql", **changed: str | None) -> httpx.Response:
        headers = {"X-Local-Admin-Key": stack.administration_key, "Content-Type": "application/json"}
        headers |= {name.replace("_", "-"): value for name, value in changed.items() if value is not None}
        kept = {name: value for name, value in headers.items() if changed.get(name.replace("-", "_"), "") is not None}
        return http.post(path, content=b'{"sql": "select 1 as one"}', headers=kept)

    return post


def placed(text: str, stack: LocalStack) -> str:
    return text.format(port=stack.url.rsplit(":", 1)[1])


# Who is answered ------------------------------------------------------------------------------


def test_a_web_page_that_knows_the_secret_key_runs_no_sql(stack: LocalStack, http: httpx.Client) -> None:
    answer = http.post(
        f"/local/sql?apikey={stack.secret_key}",
        content=b'{"sql": "create table from_a_web_page ()"}',
        headers={"Content-Type": "text/plain", "Host": "evil.example", "Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert stack.execute_sql("select to_regclass('public.from_a_web_page') as found") == [{"found": None}]


def test_sql_is_run_for_the_administration_key_in_its_header(post: Post) -> None:
    answer = post()
    assert (answer.status_code, answer.json()) == (200, [{"one": 1}])


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost:{port}", "[::1]:{port}"])
def test_loopback_names_are_answered(host: str, stack: LocalStack, post: Post) -> None:
    assert post(Host=placed(host, stack)).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "localhost.evil.example:{port}", "127.0.0.1", "127.0.0.1:1",
     "0.0.0.0:{port}", "127.0.0.1:{port}@evil.example", "127.0.0.1.:{port}"],
)  # fmt: skip
def test_a_foreign_host_is_refused(host: str, stack: LocalStack, post: Post) -> None:
    assert post(Host=placed(host, stack)).status_code in {400, 403}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}", ""]
)
def test_a_foreign_origin_is_refused(origin: str, stack: LocalStack, post: Post) -> None:
    assert post(Origin=placed(origin, stack)).status_code == 403


def test_the_stacks_own_origin_is_answered(stack: LocalStack, post: Post) -> None:
    assert post(Origin=stack.url).status_code == 200


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "application/jsonp", None],
)
def test_a_body_that_is_not_declared_as_json_is_refused(kind: str | None, post: Post) -> None:
    assert post(Content_Type=kind).status_code == 415


def test_json_may_name_its_charset(post: Post) -> None:
    assert post(Content_Type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize("body", [b"", b"nope", b"null", b"[]", b'{"sql": 1}', b"{}"])
def test_a_body_without_a_statement_is_refused(body: bytes, stack: LocalStack, http: httpx.Client) -> None:
    headers = {"X-Local-Admin-Key": stack.administration_key, "Content-Type": "application/json"}
    assert http.post("/local/sql", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize("name", ["apikey", "x-local-admin-key", "key"])
def test_a_key_in_the_query_is_refused(name: str, stack: LocalStack, post: Post) -> None:
    query = f"/local/sql?{name}={stack.administration_key}"
    assert post(query, X_Local_Admin_Key=None).status_code in {400, 401}
    assert post(query).status_code == 400


@pytest.mark.parametrize("key", [*PROJECT_KEYS, ""])
@pytest.mark.parametrize("header", ["X-Local-Admin-Key", "apikey", "Authorization"])
def test_no_key_of_the_project_runs_sql(key: str, header: str, stack: LocalStack, http: httpx.Client) -> None:
    value = getattr(stack, key) if key else "nope"
    headers = {header: f"Bearer {value}" if header == "Authorization" else value}
    assert http.post("/local/sql", json=ASK, headers=headers).status_code == 401


def test_the_administration_key_opens_nothing_else(stack: LocalStack, http: httpx.Client) -> None:
    headers = {"apikey": stack.administration_key, "Authorization": f"Bearer {stack.administration_key}"}
    assert http.get("/rest/v1/products", headers=headers).status_code == 401
    assert http.get("/auth/v1/admin/users", headers=headers).status_code == 401


def test_a_preflight_is_refused_without_any_permission(stack: LocalStack, http: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-local-admin-key"}
    for origin in ("https://evil.example", stack.url):
        answer = http.options("/local/sql", headers={"Origin": origin, **asked})
        assert answer.status_code in {403, 405}
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_answers_carry_no_permission_for_web_pages_and_no_cookie(stack: LocalStack, post: Post) -> None:
    for answer in (post(), post(Origin=stack.url), post(Origin="https://evil.example")):
        assert not [name for name in answer.headers if name.startswith(("access-control", "set-cookie"))]


@pytest.mark.parametrize("path", ["/local/", "/local/health", "/local/sql/", "/local/reset"])
def test_there_is_no_other_endpoint(path: str, post: Post) -> None:
    assert post(path).status_code == 404


def test_sql_is_not_asked_for_by_get(stack: LocalStack, http: httpx.Client) -> None:
    headers = {"X-Local-Admin-Key": stack.administration_key, "Content-Type": "application/json"}
    assert http.get("/local/sql", headers=headers).status_code == 405


# Functions ------------------------------------------------------------------------------------


@pytest.fixture
def ask_function(http: httpx.Client) -> Post:
    def ask(token: str | None, **headers: str) -> httpx.Response:
        given = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"action": "generate_proactive_insights"}
        return http.post("/functions/v1/customer-intelligence", json=body, headers={**given, **headers})

    return ask


def token_of(http: httpx.Client, stack: LocalStack, email: str, password: str) -> str:
    asked: Any = {"email": email, "password": password}
    answer = http.post("/auth/v1/token?grant_type=password", json=asked, headers={"apikey": stack.publishable_key})
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("key", ["secret_key", "service_role_jwt", "administrator"])
def test_a_function_takes_a_bearer_token_alone(
    key: str, stack: LocalStack, http: httpx.Client, ask_function: Post
) -> None:
    administrator = key == "administrator"
    token = token_of(http, stack, *stack.admins[0]) if administrator else getattr(stack, key)
    answer = ask_function(token)
    assert answer.status_code == 200, answer.text


ONLY_ADMINISTRATORS = "Solo el personal administrador puede consultar esta función."


@pytest.mark.parametrize("key", ["publishable_key", "anon_jwt", "customer"])
def test_a_function_itself_refuses_who_is_no_administrator(
    key: str, stack: LocalStack, http: httpx.Client, ask_function: Post
) -> None:
    customer = key == "customer"
    token = token_of(http, stack, stack.customer_email, stack.customer_password) if customer else getattr(stack, key)
    answer = ask_function(token)
    assert (answer.status_code, answer.json()) == (400, {"error": ONLY_ADMINISTRATORS})


@pytest.mark.parametrize("token", [None, "nope", "sb_secret_wrong", "a.b.c"])
def test_a_function_refuses_what_is_no_token(token: str | None, ask_function: Post) -> None:
    assert ask_function(token).status_code == 401


def test_rest_and_auth_ask_for_an_api_key_beside_the_token(stack: LocalStack, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {stack.secret_key}"}
    assert http.get("/rest/v1/orders?limit=1", headers=headers).status_code == 401
    assert http.get("/auth/v1/admin/users", headers=headers).status_code == 401

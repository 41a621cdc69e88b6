"""The local Supabase itself: what it promises to the tests, the demo and the newcomer."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import jwt
import pytest
from supabase import Client, create_client
from supabase.lib.client_options import SyncClientOptions
from supabase_auth.errors import AuthApiError

from admin_crm.local import LocalStack, LocalStackError
from shops import REAL_POSTGREST, local_only

pytestmark = [
    local_only,
    pytest.mark.xdist_group("local-stack"),
    # What supabase-py warns of when it is used as its own documentation says.
    pytest.mark.filterwarnings("ignore:The '(timeout|verify)' parameter is deprecated:DeprecationWarning"),
]

VIEW = "customer_intelligence_360"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    with LocalStack() as stack:
        yield stack


@pytest.fixture
def ask(stack: LocalStack) -> Iterator[Callable[..., httpx.Response]]:
    """Ask REST as it is asked over the wire, with the secret key unless told otherwise."""
    with httpx.Client(base_url=f"{stack.url}/rest/v1", trust_env=False, timeout=300) as http:

        def ask(path: str, key: str = stack.secret_key, method: str = "GET", **request: Any) -> httpx.Response:
            headers = {"apikey": key, **request.pop("headers", {})}
            return http.request(method, path, headers=headers, **request)

        yield ask


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    """Open supabase-py clients that are closed when the test ends."""
    with ExitStack() as closing:

        def client(stack: LocalStack, key: str = "", *, email: str = "", password: str = "") -> Client:
            http = closing.enter_context(httpx.Client(trust_env=False, timeout=300))
            options = SyncClientOptions(httpx_client=http, auto_refresh_token=False)
            opened = create_client(stack.url, key or stack.publishable_key, options)
            if email:
                opened.auth.sign_in_with_password({"email": email, "password": password})
            return opened

        yield client


# Keys and roles -------------------------------------------------------------------------------


def test_both_kinds_of_keys_open_the_door(stack: LocalStack, ask: Callable[..., httpx.Response]) -> None:
    for key in (stack.secret_key, stack.service_role_jwt):
        assert ask("/orders?limit=1", key).status_code == 200
    for key in (stack.publishable_key, stack.anon_jwt):
        assert ask("/products?limit=1", key).status_code == 200
        # Every table is granted to everybody, and row-level security shows a visitor none of these rows.
        assert ask("/orders?limit=1", key).json() == []


def test_other_keys_do_not(stack: LocalStack, ask: Callable[..., httpx.Response]) -> None:
    assert ask("/products", "sb_secret_wrong").status_code == 401
    assert httpx.get(f"{stack.url}/rest/v1/products", trust_env=False, timeout=300).status_code == 401


@pytest.mark.parametrize("token", ["not-a-token", "a.b.c"])
def test_a_bad_token_is_refused(token: str, ask: Callable[..., httpx.Response]) -> None:
    answer = ask("/products", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST301")


def test_an_expired_token_says_so(stack: LocalStack, ask: Callable[..., httpx.Response]) -> None:
    claims = {"role": "authenticated", "sub": stack.customer_id, "exp": 1}
    token = jwt.encode(claims, stack.jwt_secret)
    answer = ask("/orders", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["message"]) == (401, "JWT expired")


def test_administrators_see_everyone_and_customers_themselves(stack: LocalStack, client: Callable[..., Client]) -> None:
    for email, password in stack.admins:
        seen = client(stack, email=email, password=password).table(VIEW).select("id", count="exact").limit(1).execute()
        assert seen.count == 1200
    customer = client(stack, email=stack.customer_email, password=stack.customer_password)
    for table in (VIEW, "customer_profiles"):
        assert customer.table(table).select("id").execute().data == [{"id": stack.customer_id}]
    assert client(stack).table(VIEW).select("id").execute().data == []


def test_a_customer_decides_on_the_own_standing_as_deployed(stack: LocalStack, client: Callable[..., Client]) -> None:
    customer = client(stack, email=stack.customer_email, password=stack.customer_password)
    for status in ("banned", "active"):
        change = customer.table("customer_profiles").update({"account_status": status})
        [row] = change.eq("id", stack.customer_id).execute().data
        assert isinstance(row, dict)
        assert row["account_status"] == status


def test_administrators_notify_but_do_not_rewrite(stack: LocalStack, client: Callable[..., Client]) -> None:
    admin = client(stack, email=stack.admin_email, password=stack.admin_password)
    notice = {"user_id": stack.customer_id, "title": "Hola", "message": "¿Qué tal?", "type": "info"}
    [sent] = admin.table("user_notifications").insert(notice).execute().data
    assert isinstance(sent, dict)
    assert admin.table("user_notifications").update({"title": "x"}).eq("id", sent["id"]).execute().data == []


def test_four_users_reading_at_once_each_see_only_themselves(stack: LocalStack, client: Callable[..., Client]) -> None:
    accounts = stack.execute_sql("select id, email from auth.users where email like 'cliente%' order by email limit 4")
    tokens = {
        account["id"]: client(stack, email=account["email"], password=stack.customer_password).auth.get_session()
        for account in accounts
    }

    def read(who: str) -> bool:
        session = tokens[who]
        assert session is not None
        headers = {"apikey": stack.publishable_key, "Authorization": f"Bearer {session.access_token}"}
        return http.get("/customer_profiles?select=id", headers=headers).json() == [{"id": who}]

    with (
        httpx.Client(base_url=f"{stack.url}/rest/v1", trust_env=False, timeout=300) as http,
        ThreadPoolExecutor(16) as pool,
    ):
        assert all(pool.map(read, list(tokens) * 100))


# REST as PostgREST answers it -----------------------------------------------------------------


def test_rows_are_capped_in_silence_and_counted_in_truth(ask: Callable[..., httpx.Response]) -> None:
    answer = ask(f"/{VIEW}?order=created_at.desc,id.desc", headers={"Prefer": "count=exact"})
    assert len(answer.json()) == 1000
    assert answer.headers["content-range"] == "0-999/1200"
    rest = ask(f"/{VIEW}?order=created_at.desc,id.desc&offset=1000", headers={"Prefer": "count=exact"})
    assert rest.headers["content-range"] == "1000-1199/1200"
    assert not {row["id"] for row in answer.json()} & {row["id"] for row in rest.json()}


def test_the_very_end_is_an_empty_page_and_beyond_it_an_error(ask: Callable[..., httpx.Response]) -> None:
    end = ask(f"/{VIEW}?offset=1200", headers={"Prefer": "count=exact"})
    assert (end.status_code, end.json(), end.headers["content-range"]) == (206, [], "*/1200")
    beyond = ask(f"/{VIEW}?offset=1201", headers={"Prefer": "count=exact"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "PGRST103")


@pytest.mark.parametrize(
    "text",
    ["100%", "a_b", "x,y", "(z)", '"q"', "back\\slash", "áé Ñ", "🎉 fiesta", "o'h", "a.b", ":c", "{x}", "\\%", '",)'],
)
def test_text_in_a_logic_tree_finds_itself(text: str, stack: LocalStack, ask: Callable[..., httpx.Response]) -> None:
    name = f"Zz {text} zZ"
    ask(f"/customer_profiles?id=eq.{stack.customer_id}", method="PATCH", json={"full_name": name})
    pattern = "%" + name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    quoted = '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'
    tree = f"(full_name.ilike.{quoted},and(phone.ilike.{quoted},id.is.null))"
    found = ask(f"/{VIEW}", params={"select": "id", "or": tree}).json()
    assert found == [{"id": stack.customer_id}]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/order_items", None, 404, "42P01" if REAL_POSTGREST else "PGRST205"),
        ("GET", "/orders?select=nope", None, 400, "42703"),
        ("GET", "/orders?customer_id=eq.nope", None, 400, "22P02"),
        ("GET", "/orders?select=count()", None, 400, "PGRST123"),
        ("POST", "/categories", {"nope": 1}, 400, "PGRST204"),
        ("POST", "/categories", {"name": "Velas", "slug": "velas", "section": "hogar"}, 409, "23505"),
        ("POST", "/categories", {"name": "Velas"}, 400, "23502"),
        ("POST", "/user_notifications", {"user_id": NOBODY, "title": "a", "message": "b"}, 409, "23503"),
        ("PATCH", f"/customer_profiles?id=eq.{LocalStack.customer_id}", {"account_status": "weird"}, 400, "23514"),
    ],
)
def test_errors_have_postgrests_status_and_code(
    method: str, path: str, body: object, *, status: int, code: str, ask: Callable[..., httpx.Response]
) -> None:
    answer = ask(path, method=method, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "details", "hint"}


def test_writes_return_what_they_touched(stack: LocalStack, ask: Callable[..., httpx.Response]) -> None:
    def change(customer: str) -> Any:
        path = f"/customer_profiles?id=eq.{customer}&select=id,suspension_end"
        headers = {"Prefer": "return=representation"}
        return ask(path, method="PATCH", headers=headers, json={"suspension_end": "2030-01-01T00:00:00Z"}).json()

    assert change(stack.customer_id) == [{"id": stack.customer_id, "suspension_end": "2030-01-01T00:00:00+00:00"}]
    assert change(NOBODY) == []


# Auth -----------------------------------------------------------------------------------------


def test_signing_up_makes_a_profile_and_a_session(stack: LocalStack, client: Callable[..., Client]) -> None:
    visitor = client(stack)
    answer = visitor.auth.sign_up(
        {"email": "nueva@x.example", "password": "larga-y-buena", "options": {"data": {"full_name": "Nueva"}}}
    )
    assert answer.session
    assert visitor.table("customer_profiles").select("full_name").execute().data == [{"full_name": "Nueva"}]
    with pytest.raises(AuthApiError) as taken:
        client(stack).auth.sign_up({"email": "nueva@x.example", "password": "larga-y-buena"})
    assert (taken.value.status, taken.value.code) == (422, "user_already_exists")
    stack.execute_sql("delete from auth.users where email = 'nueva@x.example'")


def test_the_secret_key_keeps_users(stack: LocalStack, client: Callable[..., Client]) -> None:
    admin = client(stack, stack.secret_key).auth.admin
    user = admin.create_user({"email": "alta@x.example", "password": "larga-y-buena", "email_confirm": True}).user
    assert admin.get_user_by_id(user.id).user.email == "alta@x.example"
    admin.update_user_by_id(user.id, {"ban_duration": "24h"})
    with pytest.raises(AuthApiError, match="User is banned"):
        client(stack, email="alta@x.example", password="larga-y-buena")
    admin.update_user_by_id(user.id, {"ban_duration": "none"})
    client(stack, email="alta@x.example", password="larga-y-buena")
    admin.delete_user(user.id)
    with pytest.raises(AuthApiError, match="User not found"):
        admin.get_user_by_id(user.id)


def test_an_unknown_function_is_not_found(stack: LocalStack) -> None:
    headers = {"apikey": stack.secret_key}
    answer = httpx.post(f"{stack.url}/functions/v1/nope", json={}, headers=headers, trust_env=False, timeout=300)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


# Variants -------------------------------------------------------------------------------------


def test_another_kind_of_shop(client: Callable[..., Client]) -> None:
    options = {"customers": 300, "labels": "en", "order_items": True, "tier_column": "tier", "max_rows": 50}
    with LocalStack(**options, email_confirmation=True) as stack:  # type: ignore[arg-type]
        secret = client(stack, stack.secret_key)
        page = secret.table(VIEW).select("*", count="exact").order("monetary", desc=True).execute()
        assert (len(page.data), page.count) == (50, 300)
        assert {"Champions", "Loyal"} & {str(row["segment"]) for row in page.data if isinstance(row, dict)}
        assert stack.execute_sql(f"select distinct recency_days from {VIEW} where frequency = 0") == [
            {"recency_days": 365}
        ]
        assert stack.execute_sql("select count(*) > 2500 as many from order_items") == [{"many": True}]
        assert stack.execute_sql("select count(tier) from customer_profiles") == [{"count": 300}]
        visitor = client(stack).auth
        new = visitor.sign_up({"email": "nueva@x.example", "password": "larga-y-buena"})
        assert new.user
        assert new.user.identities
        assert new.session is None
        taken = visitor.sign_up({"email": stack.customer_email, "password": "larga-y-buena"})
        assert taken.user
        assert taken.user.identities == []


def test_a_gated_directory_shows_nothing_to_the_secret_key(client: Callable[..., Client]) -> None:
    with LocalStack(gated_view=True) as stack:
        secret = client(stack, stack.secret_key)
        assert secret.table(VIEW).select("id", count="exact").execute().count == 0
        assert secret.table("customer_profiles").select("id", count="exact").limit(1).execute().count == 1200
        admin = client(stack, email=stack.admin_email, password=stack.admin_password)
        assert admin.table(VIEW).select("id", count="exact").limit(1).execute().count == 1200


# Python ---------------------------------------------------------------------------------------


def test_evidence_can_be_downloaded(stack: LocalStack, client: Callable[..., Client]) -> None:
    bucket = client(stack, stack.secret_key).storage.from_("customer-evidence")
    names = [file["name"] for file in bucket.list(stack.customer_id)]
    assert "pieza-rota.png" in names
    assert bucket.download(f"{stack.customer_id}/pieza-rota.png").startswith(b"\x89PNG")


def test_sql_that_fails_says_why(stack: LocalStack) -> None:
    with pytest.raises(LocalStackError, match='column "nope" does not exist'):
        stack.execute_sql("select nope")


def test_repr_and_environment_give_what_they_should(stack: LocalStack) -> None:
    assert repr(stack) == f"<LocalStack {stack.url}>"
    assert stack.environment == {
        "SUPABASE_URL": stack.url,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "ADMIN_CRM_EMAIL": stack.admin_email,
        "ADMIN_CRM_PASSWORD": stack.admin_password,
    }

"""The directory against a server that only respx plays: filters, pages, ranges, reads that break off."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_crm import (
    AdminCRM,
    AdminCustomer,
    IncompleteReadError,
    InvalidInputError,
    ServiceUnavailableError,
    Settings,
    filter_customers,
    get_all_customers,
    iter_customers,
    paginate,
    search_customers,
    summarize_customers,
)
from admin_crm.search import quoted, text_filter
from helpers import KEY, QUICK, URL

VIEW = f"{URL}/rest/v1/customer_intelligence_360"
PROFILES = f"{URL}/rest/v1/customer_profiles"


class Server:
    """A PostgREST-like view of so many ids, which gives at most `cap` rows at once."""

    def __init__(self, ids: list[UUID], cap: int = 10, *, counts: bool = True) -> None:
        self.ids = sorted(ids)
        self.cap = cap
        self.counts = counts
        self.requests = 0
        self.fail_after: int | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens in the shop after every answer."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.fail_after is not None and self.requests > self.fail_after:
            return httpx.Response(503)
        bounds = request.url.params.get_list("id")
        low = next((UUID(each[3:]) for each in bounds if each.startswith("gt.")), None)
        high = next((UUID(each[4:]) for each in bounds if each.startswith("lte.")), None)
        matching = [each for each in self.ids if (low is None or each > low) and (high is None or each <= high)]
        limit = min(self.cap, int(request.url.params.get("limit", 10**9)))
        rows = matching[:limit]
        counted = self.counts and "count=exact" in request.headers.get("prefer", "")
        total = len(matching) if counted else "*"
        self.meanwhile()
        return httpx.Response(
            200,
            json=[{"id": str(each), "created_at": "2026-01-01T00:00:00Z"} for each in rows],
            headers={"content-range": f"0-{len(rows) - 1}/{total}"},
        )


def shop(ids, **options) -> Server:
    server = Server(ids, **options)
    respx.get(VIEW).mock(side_effect=server)
    return server


@respx.mock
def test_an_empty_shop_has_an_empty_directory(ask):
    shop([])
    respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
    assert ask(get_all_customers) == []
    assert ask.caller.collect(iter_customers(ask.crm)) == []


@pytest.mark.parametrize("count", [1, 9, 10, 11, 95, 100, 437])
@pytest.mark.parametrize("counts", [True, False], ids=["counting", "not counting"])
@respx.mock
def test_every_customer_is_read_whatever_the_servers_cap(ask, count, counts):
    ids = [uuid4() for _ in range(count)]
    shop(ids, counts=counts)
    assert sorted(each.id for each in ask(get_all_customers)) == sorted(ids)
    assert [each.id for each in ask.caller.collect(iter_customers(ask.crm))] == sorted(ids)


@respx.mock
def test_ids_that_stand_in_a_row_are_read_completely_too(ask):
    ids = [UUID(int=number) for number in range(1, 300)]
    server = shop(ids)
    assert sorted(each.id for each in ask(get_all_customers)) == ids
    assert server.requests < 3 * 30 * 2


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(0, 90),
    cap=st.integers(1, 30),
    spread=st.sampled_from([16, 40, 90, 128]),
)
def test_any_spread_of_ids_is_read_completely(seed, count, cap, spread):
    draw = random.Random(seed)
    ids = list({UUID(int=draw.getrandbits(spread)) for _ in range(count)})
    with AdminCRM(URL, KEY, settings=QUICK.model_copy(update={"concurrency": 2})) as crm, respx.mock:
        shop(ids, cap=cap)
        respx.get(PROFILES).mock(return_value=httpx.Response(200, json=[], headers={"content-range": "*/0"}))
        assert sorted(each.id for each in get_all_customers(crm)) == sorted(ids)
        assert sorted(each.id for each in iter_customers(crm)) == sorted(ids)


@respx.mock
def test_a_read_that_breaks_off_holds_what_it_got(ask):
    server = shop([uuid4() for _ in range(100)])
    server.fail_after = 1
    with pytest.raises(IncompleteReadError) as raised:
        ask(get_all_customers)
    assert (len(raised.value.rows), raised.value.expected) == (10, 100)
    assert isinstance(raised.value.__cause__, ServiceUnavailableError)


@respx.mock
def test_a_read_that_never_began_says_what_was_wrong_itself(ask):
    server = shop([uuid4() for _ in range(100)])
    server.fail_after = 0
    with pytest.raises(ServiceUnavailableError):
        ask(get_all_customers)
    with pytest.raises(ServiceUnavailableError):
        ask.caller.collect(iter_customers(ask.crm))


@respx.mock
def test_a_stream_that_breaks_off_says_after_how_many(ask):
    server = shop([uuid4() for _ in range(100)])
    server.fail_after = 3
    with pytest.raises(IncompleteReadError, match="after 30 customers"):
        ask.caller.collect(iter_customers(ask.crm))


@respx.mock
def test_rows_held_back_are_noticed(ask):
    ids = [uuid4() for _ in range(30)]
    server = shop(ids, cap=100)
    truthful = server.__call__

    def lying(request: httpx.Request) -> httpx.Response:
        answer = truthful(request)
        if "count=exact" in request.headers.get("prefer", ""):
            answer.headers["content-range"] = "0-29/31"
        return answer

    respx.get(VIEW).mock(side_effect=lying)
    with pytest.raises(IncompleteReadError, match="returned 30 customers, but counts 31 more"):
        ask(get_all_customers)


@respx.mock
def test_customers_that_keep_coming_and_going_are_no_reason_to_fail(ask):
    ids = [uuid4() for _ in range(60)]
    server = shop(ids)

    def churn() -> None:
        server.ids = sorted([*ids, *(uuid4() for _ in range(9))])  # others than at the last request

    churn()
    server.meanwhile = churn
    for _ in range(5):
        assert set(ids) <= {each.id for each in ask(get_all_customers)}


@respx.mock
def test_customers_deleted_meanwhile_are_not_missed(ask):
    ids = [uuid4() for _ in range(100)]
    server = shop(ids)

    def delete() -> None:
        server.ids = server.ids[:-1] if len(server.ids) > 90 else server.ids

    server.meanwhile = delete
    found = {each.id for each in ask(get_all_customers)}
    assert set(server.ids) <= found


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "2"])
def test_a_page_that_is_none_is_refused(ask, wrong):
    for refused in (
        lambda: ask(search_customers, page=wrong),
        lambda: ask(search_customers, page_size=wrong),
        lambda: paginate([1], page=wrong),
        lambda: paginate([1], page_size=wrong),
        lambda: iter_customers(ask.crm, page_size=wrong),
    ):
        with pytest.raises(InvalidInputError):
            refused()


@pytest.mark.parametrize(
    "wrong",
    [{"text": "a" * 201}, {"text": "\x00"}, {"text": "\ud800"}, {"text": 5}, {"tier": "diamond"}, {"status": "gone"},
     {"segment": " "}, {"health_status": ""}, {"page_size": 10_001}],
    ids=repr,
)  # fmt: skip
def test_a_search_that_cannot_be_meant_is_refused_before_it_is_sent(ask, wrong):
    with pytest.raises(InvalidInputError):
        ask(search_customers, **wrong)


def test_a_stream_is_iterated_with_for_or_async_for_as_its_connection_is(caller):
    stream = iter_customers(caller.open(URL, KEY))
    with pytest.raises(TypeError, match="not iterable" if caller.name == "async" else "async iterable"):
        (iter if caller.name == "async" else aiter)(stream)


@respx.mock
def test_a_page_behind_the_last_is_empty_where_the_server_refuses_it(ask):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("offset") == "15":
            return httpx.Response(416, json={"code": "PGRST103", "message": "Requested range not satisfiable"})
        return httpx.Response(200, json=[{"id": str(uuid4()), "full_name": "Ana"}], headers={"content-range": "0-0/1"})

    respx.get(VIEW).mock(side_effect=answer)
    found = ask(search_customers, "ana", page=2)
    assert (found.items, found.total, found.pages) == ([], 1, 1)


@respx.mock
def test_a_search_that_fails_otherwise_says_so(ask):
    respx.get(VIEW).mock(side_effect=[httpx.Response(200, json=[{"id": str(uuid4())}]), httpx.Response(500, json={})])
    with pytest.raises(ServiceUnavailableError):
        ask(search_customers, "ana")


def test_the_escaped_text_stays_inside_its_quotes():
    columns = frozenset({"full_name", "phone"})
    assert text_filter("", "id", columns) == ""
    assert text_filter('x",y', "id", columns) == 'full_name.imatch."x\\\\\\"\\\\,y",phone.imatch."x\\\\\\"\\\\,y"'
    assert "id.gte.ab000000-0000-0000-0000-000000000000" in text_filter("AB", "id", columns)


@given(st.text())
def test_any_text_is_quoted_so_that_unquoting_gives_it_back(text):
    inside = quoted(text)[1:-1]
    assert inside.replace('\\"', "").count('"') == 0 or "\\\\" in inside
    plain, position = [], 0
    while position < len(inside):
        assert inside[position] != '"'
        position += inside[position] == "\\"
        plain.append(inside[position])
        position += 1
    assert "".join(plain) == text


def customer(number: int = 0, **values) -> AdminCustomer:
    return AdminCustomer.model_validate({"id": UUID(int=0xABCDEF0123456789ABCDEF0123456789 + number), **values})


NANDU = customer(
    full_name="José Ñandú", phone="+52 55 1234-5678", segment="Campeón", health_status="Healthy", tier="gold"
)
ANA = customer(
    1, full_name="ANA", whatsapp="5587654321", account_status="banned", segment="Leal", customer_tier="silver"
)


@pytest.mark.parametrize(
    ("text", "filters", "found"),
    [
        ("", {}, [NANDU, ANA]),
        ("jose nandu", {}, [NANDU]),
        ("ÑANDÚ", {}, [NANDU]),
        ("5512345678", {}, [NANDU]),
        ("(55) 8765", {}, [ANA]),
        (str(ANA.id)[20:], {}, [ANA]),
        ("nobody", {}, []),
        ("", {"segment": "champion"}, [NANDU]),
        ("", {"segment": "leal"}, [ANA]),
        ("", {"health_status": "healthy"}, [NANDU]),
        ("", {"tier": "silver", "status": "banned"}, [ANA]),
        ("ana", {"tier": "gold"}, []),
    ],
)
def test_customers_are_filtered_without_case_accents_and_punctuation(text, filters, found):
    assert filter_customers([NANDU, ANA], text, **filters) == found


@given(st.lists(st.integers(), max_size=60), st.integers(1, 10), st.integers(1, 20))
def test_pages_add_up_to_the_whole_in_order(items, page, page_size):
    pages = [paginate(items, each, page_size) for each in range(1, paginate(items, 1, page_size).pages + 1)]
    assert [item for each in pages for item in each] == items
    assert all(len(each) == page_size for each in pages[:-1])
    assert paginate(items, page, page_size).total == len(items)
    assert list(paginate(items, len(pages) + page, page_size)) == []


def test_stats_count_the_month_that_they_are_asked_for():
    customers = [
        customer(
            created_at=datetime(2026, 5, 31, 23, tzinfo=UTC), birthdate=date(1990, 5, 1), phone=" ", total_spent=5
        ),
        customer(
            created_at=datetime(2025, 5, 3, tzinfo=UTC), birthdate=date(1990, 6, 1), phone="5", monetary=7, segment="?"
        ),
    ]
    stats = summarize_customers(customers, today=date(2026, 5, 9))
    assert (stats.total, stats.new_this_month, stats.birthdays_this_month) == (2, 1, 1)
    assert (stats.contactable, stats.contactable_percent, stats.revenue) == (1, 50.0, Decimal(12))
    assert stats.by_segment == {"?": 1}
    assert summarize_customers([]).contactable_percent == 0.0


def test_the_page_size_asked_for_is_the_settings(caller):
    with respx.mock:
        server = shop([uuid4() for _ in range(30)], cap=1000)
        crm = caller.open(URL, KEY, settings=Settings(page_size=7, concurrency=1))
        assert len(caller(get_all_customers, crm)) == 30
        assert server.requests >= 5

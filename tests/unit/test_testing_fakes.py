"""Connections without a server: what they answer, what they record, what they refuse."""

from __future__ import annotations

import inspect
import pickle
from typing import Any
from uuid import uuid4

import jwt
import pytest

import admin_crm
from admin_crm import (
    AdminCRM,
    AsyncAdminCRM,
    ClientStateError,
    CustomerNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    Settings,
    customer_partitions,
    customers_frame,
    filter_customers,
    get_all_customers,
    get_customer_narrative,
    get_loyalty_balance,
    iter_customers,
    iter_orders,
    search_customers,
    timeline_frame,
    update_customer_status,
)
from admin_crm.testing import (
    Answers,
    Call,
    FakeAdminCRM,
    FakeAsyncAdminCRM,
    UnexpectedCallError,
    in_turn,
    make_customer,
    make_order,
)
from helpers import SOMEBODY, Ask, Caller


@pytest.fixture
def fake_of(caller: Caller) -> Any:
    """Make a fake with these answers, to ask sync or async."""

    def make(**given: Any) -> Ask:
        kind = FakeAsyncAdminCRM if caller.name == "async" else FakeAdminCRM
        return Ask(caller, caller.keep(kind(**given)))

    return make


def test_a_fake_is_a_connection(fake_of, caller):
    fake = fake_of().crm
    assert isinstance(fake, AsyncAdminCRM if caller.name == "async" else AdminCRM)


@pytest.mark.parametrize("answer", [[], None, 0, [make_customer()], {"a": 1}, (1, 2)], ids=repr)
def test_an_answer_is_given_as_it_is_whatever_it_is(fake_of, answer):
    ask = fake_of(get_all_customers=answer)
    assert ask(get_all_customers) is answer
    assert ask(get_all_customers) is answer


def test_a_call_is_recorded_by_its_parameters_however_they_were_passed(fake_of):
    ask = fake_of(update_customer_status=None, search_customers=None)
    ask(update_customer_status, SOMEBODY, status="banned")
    ask(search_customers, "ana", page=2)
    ask.caller.wait(search_customers(text="luz", crm=ask.crm))
    assert ask.crm.calls == [
        Call("update_customer_status", {"customer_id": SOMEBODY, "status": "banned"}),
        Call("search_customers", {"text": "ana", "page": 2}),
        Call("search_customers", {"text": "luz"}),
    ]


def test_arguments_that_do_not_fit_are_refused_at_the_call_as_by_the_function_itself(fake_of):
    ask = fake_of(update_customer_status=None, customers_frame=None)
    for args, kwargs, named in [((), {}, "customer_id"), ((SOMEBODY, "banned"), {"untill": 1}, "untill")]:
        with pytest.raises(TypeError, match=rf"update_customer_status\(\).*{named}"):
            update_customer_status(ask.crm, *args, **kwargs)
    with pytest.raises(TypeError, match=r"customers_frame\(\).*colums"):
        customers_frame(ask.crm, colums=[])
    assert ask.crm.calls == []


def test_an_exception_is_raised_and_says_which_function_failed_for_whom(fake_of):
    ask = fake_of(update_customer_status=PermissionDeniedError("not yours"))
    with pytest.raises(PermissionDeniedError, match=rf"update_customer_status \(customer {SOMEBODY}\): not yours"):
        ask(update_customer_status, SOMEBODY, "banned")
    assert len(ask.crm.calls) == 1


def test_an_exception_may_be_a_class_and_need_not_be_of_this_library(fake_of):
    ask = fake_of(update_customer_status=CustomerNotFoundError, get_all_customers=OSError)
    with pytest.raises(CustomerNotFoundError, match="told to raise"):
        ask(update_customer_status, SOMEBODY, "banned")
    with pytest.raises(OSError, match="told to raise"):
        ask(get_all_customers)


def test_a_callable_is_given_the_arguments_without_the_connection(fake_of):
    ask = fake_of(search_customers=lambda text="", **options: (text, options))
    assert ask(search_customers, "ana", page=2) == ("ana", {"page": 2})
    assert ask.caller.wait(search_customers(crm=ask.crm, text="luz")) == ("luz", {})


def test_a_coroutine_function_answers_an_async_fake():
    async def balance(customer_id: str) -> int:
        return len(customer_id)

    caller = Caller("async")
    assert caller(get_loyalty_balance, FakeAsyncAdminCRM(get_loyalty_balance=balance), "four") == 4
    caller.close()


def test_a_coroutine_function_does_not_answer_a_sync_fake():
    async def balance(customer_id: str) -> int:
        return len(customer_id)

    with pytest.raises(TypeError, match="FakeAsyncAdminCRM"):
        get_loyalty_balance(FakeAdminCRM(get_loyalty_balance=balance), "four")


def test_answers_in_turn_are_given_once_each_and_a_call_more_is_refused(fake_of):
    ask = fake_of(get_loyalty_balance=in_turn(100, PermissionDeniedError("no"), len))
    assert ask(get_loyalty_balance, SOMEBODY) == 100
    with pytest.raises(PermissionDeniedError):
        ask(get_loyalty_balance, SOMEBODY)
    assert ask(get_loyalty_balance, SOMEBODY) == len(SOMEBODY)
    with pytest.raises(UnexpectedCallError, match="once more"):
        ask(get_loyalty_balance, SOMEBODY)
    assert len(ask.crm.calls) == 4


def test_two_fakes_do_not_share_the_turns_of_the_same_answers():
    turns = in_turn(1, 2)
    assert [get_loyalty_balance(FakeAdminCRM(get_loyalty_balance=turns), SOMEBODY) for _ in range(2)] == [1, 1]


def test_a_function_without_an_answer_is_refused_with_how_to_set_it(fake_of):
    ask = fake_of()
    with pytest.raises(
        UnexpectedCallError, match=r"get_all_customers\(\).*Fake\w*AdminCRM\(get_all_customers="
    ) as told:
        ask(get_all_customers)
    assert isinstance(told.value, AssertionError)
    with pytest.raises(UnexpectedCallError, match="iter_orders"):
        ask.caller.collect(iter_orders(ask.crm))
    assert [call.name for call in ask.crm.calls] == ["get_all_customers", "iter_orders"]


def test_answers_may_be_set_later(fake_of):
    ask = fake_of(get_all_customers=[])
    ask.crm.set_answers(get_all_customers=[1], get_loyalty_balance=2)
    assert (ask(get_all_customers), ask(get_loyalty_balance, SOMEBODY)) == ([1], 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("search_customer", "did you mean search_customers"),
        ("filter_customers", "takes no connection"),
        ("AdminCustomer", "takes no connection"),
        ("zzz", "no function 'zzz'$"),
    ],
)
def test_a_name_that_no_fake_answers_is_refused_at_once(name, message):
    with pytest.raises(TypeError, match=message):
        FakeAdminCRM(**{name: None})


def test_a_stream_gives_the_rows_of_its_answer_and_takes_one_for_each_iteration(fake_of):
    rows = [make_customer(1), make_customer(2)]
    ask = fake_of(iter_customers=in_turn(rows, []), iter_orders=lambda status: [make_order(status=status)])
    stream = iter_customers(ask.crm, columns=["full_name"])
    assert ask.crm.calls == []
    assert ask.caller.collect(stream) == rows
    assert ask.caller.collect(stream) == []
    assert [order.status for order in ask.caller.collect(iter_orders(ask.crm, status="shipped"))] == ["shipped"]
    assert ask.crm.calls == [
        *[Call("iter_customers", {"columns": ["full_name"]})] * 2,
        Call("iter_orders", {"status": "shipped"}),
    ]


def test_a_sync_stream_becomes_a_list_but_has_no_length():
    stream = iter_customers(FakeAdminCRM(iter_customers=[1, 2, 3]))
    assert list(stream) == [1, 2, 3]
    with pytest.raises(TypeError):
        len(stream)


def test_functions_that_return_frames_are_answered_by_their_own_names_and_go_on_taking_rows(fake_of):
    ask = fake_of(customers_frame="a frame", timeline_frame=PermissionDeniedError("no"))
    assert ask(customers_frame, columns=["tier"]) == "a frame"
    with pytest.raises(PermissionDeniedError, match="timeline_frame"):
        ask(timeline_frame, SOMEBODY, limit=3)
    assert ask.crm.calls == [
        Call("customers_frame", {"columns": ["tier"]}),
        Call("timeline_frame", {"customer_id": SOMEBODY, "limit": 3}),
    ]
    assert len(customers_frame([make_customer()])) == 1


def test_functions_that_make_no_request_need_no_fake():
    ana = make_customer(full_name="Ana Ordóñez")
    assert filter_customers([ana, make_customer(2)], "ordonez") == [ana]


def test_with_options_and_as_user_share_answers_and_calls_and_the_token_is_not_kept(fake_of):
    ask = fake_of(get_loyalty_balance=in_turn(1, 2, 3, 4))
    user = str(uuid4())
    token = jwt.encode({"sub": user, "role": "authenticated"}, "k" * 32)
    views = [ask.crm, ask.crm.with_options(timeout=3), ask.crm.as_user(token), ask.crm.as_user("opaque-token")]
    assert [ask.caller(get_loyalty_balance, view, SOMEBODY) for view in views] == [1, 2, 3, 4]
    assert [call.user for call in views[2].calls] == [None, None, user, None]
    assert all(type(view) is type(ask.crm) for view in views)
    assert token not in repr((views, ask.crm.calls))
    with pytest.raises(InvalidInputError):
        ask.crm.as_user("")


def test_a_fake_opens_and_closes_as_a_connection_does(caller):
    if caller.name == "sync":
        with FakeAdminCRM(get_all_customers=[]) as fake:
            assert get_all_customers(fake) == []
    else:
        fake = FakeAsyncAdminCRM(get_all_customers=[])

        async def used() -> None:
            async with fake:
                assert await get_all_customers(fake) == []

        caller.wait(used())
    with pytest.raises(ClientStateError, match="closed"):
        caller(get_all_customers, fake)


def test_a_fake_has_settings_and_names_its_answers_in_its_repr():
    fake = FakeAdminCRM(settings=Settings(time_zone="America/Mexico_City"), get_customer_narrative=None)
    get_customer_narrative(fake, SOMEBODY)
    assert fake.settings.time_zone == "America/Mexico_City"
    assert repr(fake) == "FakeAdminCRM(get_customer_narrative; calls so far: 1)"
    assert repr(FakeAdminCRM.__new__(FakeAdminCRM)) == "FakeAdminCRM(not connected)"


def test_a_fake_has_no_network(fake_of):
    ask = fake_of(customer_partitions=[])
    with pytest.raises(UnexpectedCallError, match="sends no request"):
        ask.crm.supabase  # noqa: B018
    assert ask.crm._link.shared.http is None
    assert ask(customer_partitions, 3) == []


def test_what_reads_from_a_server_without_being_a_function_is_refused():
    from admin_crm import CustomerPartition

    partition = CustomerPartition(number=0, above=None, up_to=None)
    with pytest.raises(UnexpectedCallError, match="real connection"):
        partition.read(FakeAdminCRM())


@pytest.mark.parametrize("fake", [FakeAdminCRM, FakeAsyncAdminCRM])
def test_a_fake_is_not_made_by_signing_in_or_from_the_environment(fake):
    for make in (lambda: fake.sign_in("u", "k", "e", "p"), fake.from_env):
        with pytest.raises(UnexpectedCallError, match="connects to nothing"):
            make()


def test_every_public_function_that_takes_a_connection_can_be_answered_and_is_typed_by_what_it_returns():
    """Where this fails, add the function to `Answers` in admin_crm/testing/answers.py."""
    functions = {name: value for name in admin_crm.__all__ if inspect.isfunction(value := getattr(admin_crm, name))}
    returned = {
        name: str(inspect.signature(value).return_annotation).strip("'")
        for name, value in functions.items()
        if next(iter(inspect.signature(value).parameters), "") in {"crm", "source"}
    }
    of_no_one_type = {"iter_customers": "Iterable[AdminCustomer]", "iter_orders": "Iterable[Order]", "Any": "object"}
    expected = {
        name: f"Answer[{of_no_one_type.get(name) or of_no_one_type.get(type_, type_)}]"
        for name, type_ in returned.items()
    }
    assert {name: known.__forward_arg__ for name, known in Answers.__annotations__.items()} == expected


def test_every_function_that_can_be_answered_is_answered_before_any_of_its_code_runs():
    for name in Answers.__annotations__:
        function = getattr(admin_crm, name)
        required = [
            each for each in list(inspect.signature(function).parameters.values())[1:] if each.default is each.empty
        ]
        args = [SOMEBODY for each in required if each.kind is not each.KEYWORD_ONLY]
        named = {each.name: "x" for each in required if each.kind is each.KEYWORD_ONLY}
        found = function(FakeAdminCRM(**{name: [name]}), *args, **named)
        assert list(found) == [name]


def test_a_call_can_be_sent_to_another_process():
    call = Call("get_all_customers", {"columns": ["tier"]}, "ana")
    assert pickle.loads(pickle.dumps(call)) == call

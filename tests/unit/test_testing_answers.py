"""What a fake may be told to answer, and what mocks of other makers need of the functions."""

from __future__ import annotations

import inspect
import sys
from unittest import mock

import pytest

import admin_crm
from admin_crm import AdminCRM, AsyncAdminCRM, get_all_customers, iter_customers, search_customers
from admin_crm.testing import Answers, FakeAdminCRM, in_turn


def test_a_list_is_one_answer_and_only_in_turn_makes_several():
    assert in_turn([1], [2]).answers == ([1], [2])
    assert get_all_customers(FakeAdminCRM(get_all_customers=[1, 2])) == [1, 2]


@pytest.mark.parametrize("name", Answers.__annotations__)
def test_every_function_has_an_autospec_that_knows_its_signature(name):
    function = getattr(admin_crm, name)
    double = mock.create_autospec(function, return_value="answer")
    assert inspect.signature(double) == inspect.signature(function)
    with pytest.raises(TypeError):
        double()


def test_an_autospec_answers_as_it_is_told_and_refuses_what_the_function_refuses():
    double = mock.create_autospec(search_customers, return_value="page")
    crm = mock.create_autospec(AdminCRM, instance=True)
    assert double(crm, "ana", page=2) == "page"
    double.assert_called_once_with(crm, text="ana", page=2)
    with pytest.raises(TypeError, match="txt"):
        double(crm, txt="ana")


@pytest.mark.parametrize("kind", [AdminCRM, AsyncAdminCRM])
def test_a_connection_has_an_autospec_without_opening_anything(kind):
    double = mock.create_autospec(kind, instance=True)
    assert isinstance(double, kind)
    double.as_user("token")
    with pytest.raises(AttributeError):
        double.search  # noqa: B018


@pytest.mark.parametrize("autospec", [None, True])
def test_a_function_is_patched_where_it_is_imported_from_and_is_itself_again_afterwards(autospec):
    original = admin_crm.search_customers
    with mock.patch("admin_crm.search_customers", autospec=autospec) as double:
        double.return_value = "page"
        from admin_crm import search_customers as seen

        assert seen("crm", "ana") == "page"
    assert admin_crm.search_customers is original


def test_a_function_that_nothing_has_loaded_yet_is_patched_too():
    import subprocess

    probe = (
        "from unittest import mock\n"
        "import admin_crm\n"
        "with mock.patch('admin_crm.get_loyalty_balance', autospec=True, return_value=5):\n"
        "    from admin_crm import get_loyalty_balance\n"
        "    assert get_loyalty_balance('crm', 'id') == 5\n"
        "from admin_crm import get_loyalty_balance\n"
        "assert get_loyalty_balance.__module__ == 'admin_crm.loyalty'\n"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_a_stream_has_an_autospec():
    double = mock.create_autospec(iter_customers, return_value=iter([1]))
    assert list(double("crm", page_size=5)) == [1]

"""Lists of rows stay lists, and a notebook shows them as a table."""

from __future__ import annotations

import copy
import pickle

from admin_crm.models import AdminCustomer, Order, Page, RowList
from helpers import SOMEBODY


def customers(count):
    return [AdminCustomer(id=SOMEBODY, full_name=f"Cliente {number}", frequency=number) for number in range(count)]


def test_a_list_of_rows_is_a_list():
    rows = RowList(customers(3))
    assert isinstance(rows, list)
    assert rows == customers(3)
    assert rows[0].full_name == "Cliente 0"
    assert rows[1:] == customers(3)[1:]
    assert [*rows, *rows][3] is rows[0]
    assert pickle.loads(pickle.dumps(rows)) == copy.deepcopy(rows) == rows


def test_a_long_list_says_how_many_there_are():
    rows = RowList(customers(1234))
    assert "Cliente 19" in repr(rows)
    assert "Cliente 20" not in repr(rows)
    assert repr(rows).endswith("… 1,234 in all]")
    assert repr(rows[:2]) == repr(customers(2))
    assert "the first 20 of 1,234 rows" in rows._repr_html_()
    assert rows._repr_html_().count("<tr>") == 21
    assert "2 rows" in rows[:2]._repr_html_()


def test_a_table_has_the_columns_of_which_a_row_knows_something():
    shown = RowList([*customers(1), AdminCustomer(id=SOMEBODY, tier="gold")])._repr_html_()
    assert [name in shown for name in ("full name", "tier", "email", "segment")] == [True, True, False, False]
    assert shown.index("full name") < shown.index("tier") < shown.index(">id<")


def test_what_customers_write_is_text_in_a_table_and_never_markup():
    shown = RowList([AdminCustomer(id=SOMEBODY, full_name="<script>alert(1)</script>")])._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_a_page_shows_its_number():
    page = Page(customers(2), 31, 2, 15)
    assert "page 2 of 3, 31 in all" in page._repr_html_()
    assert "Cliente 1" in page._repr_html_()


def test_a_page_is_indexed_like_its_items():
    page = Page(customers(3), 31, 2, 15)
    assert page[0] is page.items[0]
    assert page[-1] is page.items[2]
    assert page[1:] == page.items[1:]


def test_an_empty_list_and_a_list_of_other_things_show_themselves_too():
    assert repr(RowList()) == "[]"
    assert "0 rows" in RowList()._repr_html_()
    assert "archivo.pdf" in Page(["archivo.pdf"], 1, 1, 15)._repr_html_()


def test_items_of_an_order_do_not_fill_the_table():
    order = Order.model_validate({"id": SOMEBODY, "order_number": "P-1", "items": [{"name": "Gorra"}], "total": "9.5"})
    assert "Gorra" not in RowList([order])._repr_html_()
    assert "9.50" in RowList([order])._repr_html_()

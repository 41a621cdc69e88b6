"""Notebooks on a local shop: those of the documentation run, and one that shows everything stores nothing personal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from tools.notebooks import executed, notebooks

from admin_crm.local import LocalStack
from shops import local_only

pytestmark = local_only  # they write

EVERYTHING = """
from admin_crm import *
from admin_crm import plots
crm = AdminCRM.from_env()
print(crm); crm
customers = get_all_customers(crm)
customers
---
print(customers[:30]); display(customers[:30], customers[0], customers[-3:]); list(customers)
---
print(customers[0]); [customer for customer in customers if customer.is_contactable]
---
page = search_customers(crm, "Lucía Fernández")
print(page); page
---
print(paginate(customers, 2)); paginate(customers, 2)
---
me = page.items[0].id
detail = get_admin_customer_details(crm, me)
print(detail); detail
---
detail.addresses, detail.orders, detail.admin_notes, detail.evidence
---
display(detail.addresses, detail.orders, detail)
---
timeline = get_customer_timeline(crm, me)
print(timeline[:5]); timeline
---
stats = get_directory_stats(crm)
print(stats); display(new_this_month(customers), birthdays_this_month(customers)); stats
---
locked = get_locked_customers(crm)
display(locked[0]); print(locked[:40]); locked
---
selected = select_customers(crm, segment="at_risk", orders_min=1)
display(selected, birthdays(customers, within_days=30)); print(selected)
---
plan = notify_customers(crm, selected, "Rebajas", "Hasta el domingo", dry_run=True)
print(plan); display(plan); plan
---
result = tag_customers(crm, selected[:40], add=["prueba-de-cuaderno"])
print(result, repr(result)); result
---
create_customers(crm, [{"email": customers[0].email, "full_name": "Ana", "phone": customers[0].phone}], dry_run=True)
---
frame = customers_frame(crm)
display(frame, orders_frame(crm), order_items_frame(crm), timeline_frame(crm, me)); print(frame.to_string())
---
display(rfm_table(customers), segment_table(customers), customers_frame(customers).to_dict("records"))
---
plots.segments(customers); plots.recency_frequency(customers); plots.orders_by_month(get_all_orders(crm))
---
orders = get_all_orders(crm)
display(orders, orders[0], list_customer_evidence(crm, me), get_customer_notifications(crm, me))
---
{"customers": customers[:5], "of one": {detail.id: detail}}
---
import traceback
try:
    create_customers(crm, [{"email": "x"}]).raise_for_failures()
except AdminCRMError as error:
    traceback.print_exc(); display(error)
"""
"""Cells, each with everything that a notebook shows by itself: the last value, what is displayed, what is printed."""


@pytest.fixture(scope="module")
def personal(playground: LocalStack) -> set[str]:
    """Every e-mail address and phone number that the shop has, each phone number as digits too."""
    rows = playground.execute_sql(
        "select email as value from auth.users union select phone from customer_profiles"
        " union select whatsapp from customer_profiles union select phone from addresses"
        " union select raw_user_meta_data ->> 'phone' from auth.users"
    )
    texts = {row["value"].strip() for row in rows if row["value"]}
    emails = {each for each in texts if "@" in each}
    phones = {each for each in texts - emails if len(re.sub(r"\D", "", each)) >= 8}
    return emails | phones | {re.sub(r"\D", "", each) for each in phones}


def everything_in(notebook: Any) -> str:
    """The notebook as it is saved, but for the code that was written and the bytes of pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    for output in outputs:
        output.get("data", {}).pop("image/png", None)
    return json.dumps(outputs, ensure_ascii=False)


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_notebook_of_the_documentation_runs_and_stores_nothing_personal(
    path: Path, playground: LocalStack, personal: set[str], tmp_path: Path
) -> None:
    stored = nbformat.read(path, as_version=4)
    kinds = [[_kind(output) for output in cell.get("outputs", [])] for cell in stored.cells]
    assert _found(personal, everything_in(stored)) == []
    ran = executed(nbformat.read(path, as_version=4), playground.environment, tmp_path)
    assert [[_kind(output) for output in cell.get("outputs", [])] for cell in ran.cells] == kinds
    assert _found(personal, everything_in(ran)) == []


def test_a_notebook_that_shows_everything_stores_no_email_address_and_no_phone_number(
    playground: LocalStack, personal: set[str], tmp_path: Path
) -> None:
    cells = [new_code_cell(each.strip()) for each in EVERYTHING.split("---\n")]
    asked = new_code_cell("with show_personal_data():\n    print(list(customers[:300]))")
    ran = executed(new_notebook(cells=[*cells, asked]), playground.environment, tmp_path)
    shown = everything_in(new_notebook(cells=ran.cells[:-1]))
    assert len(personal) > 2000
    assert _found(personal, shown) == []
    assert len(re.findall(r"…@clientes\.example", shown)) > 50
    assert len(shown) > 100_000
    assert len(_found(personal, everything_in(new_notebook(cells=ran.cells[-1:])))) > 200, "the search finds nothing"


def _found(personal: set[str], text: str) -> list[str]:
    return sorted(each for each in personal if each in text)


def _kind(output: Any) -> list[str]:
    return sorted(output.get("data", [output.output_type]))

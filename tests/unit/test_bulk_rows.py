"""The customers to create, out of lists, files and frames: what is taken, and what is told of the others."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_crm import AddressData, CreateCustomerData, InvalidInputError, InvalidTypeError
from admin_crm.bulk.rows import checked_rows
from helpers import shown_with_locals

ANA = {"email": "ana@x.example", "full_name": "Ana", "phone": "+52 55"}
HOME = {"street": "Ocho", "number": "8", "colony": "Centro", "zip_code": "01000"}
FLAT = {**ANA, **HOME}


def customers(rows: Any) -> list[CreateCustomerData]:
    """Return the customers of rows that are all valid."""
    found = [row.customer for row in checked_rows(rows)]
    assert not [each for each in found if isinstance(each, InvalidInputError)]
    return found


def failure(row: Any) -> InvalidInputError:
    (checked,) = checked_rows([row])
    assert checked.name == "row 1"
    assert isinstance(checked.customer, InvalidInputError)
    assert checked.customer.argument == "rows"
    return checked.customer


def csv_of(folder, *lines: str):
    path = folder / "list.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.mark.parametrize(
    "row",
    [
        FLAT,
        {**ANA, "address": HOME},
        {**ANA, "address": AddressData(**HOME)},
        {**ANA, **{f"address.{name}": value for name, value in HOME.items()}},
        {" Email": ANA["email"], "Full name": "Ana", "PHONE": ANA["phone"]}
        | {"Zip-Code" if name == "zip_code" else name.upper(): value for name, value in HOME.items()},
        {**FLAT, "password": "", "whatsapp": None, "city": " ", "address.phone": float("nan")},
        CreateCustomerData(**ANA, address=AddressData(**HOME)),
    ],
    ids=["plain", "nested", "model", "dotted", "other spelling", "blanks", "data"],
)  # fmt: skip
def test_a_customer_may_be_written_in_many_ways(row):
    (customer,) = customers([row])
    assert customer == CreateCustomerData(**ANA, address=AddressData(**HOME))


FRAMES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.Table.from_pylist,
    "pandas of arrow": lambda rows: pa.Table.from_pylist(rows).to_pandas(types_mapper=pd.ArrowDtype),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_gives_the_same_customers_as_dicts(kind):
    rows = [
        {**FLAT, "whatsapp": None, "number": 8},
        {**dict.fromkeys(FLAT), **ANA, "email": "bea@x.example", "whatsapp": "56", "number": None},
    ]
    first, second = customers(FRAMES[kind](rows))
    assert first == CreateCustomerData(**ANA, address=AddressData(**HOME))
    assert (second.email, second.whatsapp, second.address) == ("bea@x.example", "56", None)


def test_a_file_gives_customers_and_says_which_row_each_is(tmp_path):
    path = csv_of(
        tmp_path,
        "email;full_name;phone;password;address.references;street;number;colony;zip_code;",
        "ana@x.example;Ana;55;secreta-9;portón;Ocho;8;Centro;01000;",
        "bea@x.example;Bea;55;;;;;;;",
        "",
        "cleo@x.example;Cleo;55",
    )
    rows = checked_rows(path)
    assert [row.name for row in rows] == ["row 2", "row 3", "row 5"]
    ana, bea, cleo = (row.customer for row in rows)
    assert (ana.password.get_secret_value(), ana.address.references) == ("secreta-9", "portón")
    assert (bea.password, bea.address, cleo.address) == (None, None, None)
    assert [row.customer.email for row in checked_rows(str(path))] == [ana.email, bea.email, cleo.email]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "no address"}, "email must "),
        ({"email": None}, "email is missing"),
        ({"full_name": " "}, "full_name is missing"),
        ({"phone": "x" * 201}, "phone must "),
        ({"street": "a\x00b"}, r"address\.street "),
        ({"zip_code": ""}, r"address\.zip_code is missing"),
        ({"address.type": "secreto"}, r"address\.type must be \'shipping\'"),
        ({"zip_code": 1000}, r"address\.zip_code is a number"),
        ({"phone": 5512345678.0}, "phone is a number"),
        ({"phone": "5.51235E+11"}, "phone is a number"),
        ({"whatsapp": "5,51235e11"}, "whatsapp is a number"),
        ({"full_name": ["secreto"]}, "full_name must "),
        ({"tags": "secreto"}, "unknown columns: 'tags'"),
        ({"Email ": "b@x.example"}, "two columns for email"),
        ({"address": HOME}, "an address and columns of one"),
        ({"": "secreto"}, "a column without a name"),
    ],
)
def test_what_is_wrong_with_a_row_names_the_column_and_no_value(change, message):
    wrong = failure({**FLAT, "password": "otra-secreta-9", **change})
    with pytest.raises(InvalidInputError, match=message):
        raise wrong
    for value in ("secreto", "otra-secreta", "Ocho", "x.example", "5512345678"):
        assert value not in shown_with_locals(wrong)


@pytest.mark.parametrize("row", ["ana@x.example", 5, None, {**ANA, "address": HOME | {"customer_id": "x"}}])
def test_what_is_no_customer_is_refused(row):
    failure(row)


def test_an_address_of_another_customer_is_refused():
    address = AddressData(**HOME, customer_id="7e1b2c3d-0000-4000-8000-000000000001")
    assert "customer_id" in failure(CreateCustomerData(**ANA, address=address)).message
    assert "customer_id" in failure({**ANA, "address": address}).message


def test_a_second_row_with_an_address_names_the_first_and_not_the_address():
    rows = checked_rows([ANA, {**ANA, "email": "x"}, {**ANA, "email": " ANA@X.example "}, CreateCustomerData(**ANA)])
    assert [isinstance(row.customer, CreateCustomerData) for row in rows] == [True, False, False, False]
    assert [row.customer.message for row in rows[2:]] == ["the row has the e-mail address of row 1"] * 2


@pytest.mark.parametrize(
    ("header", "message", "hint"),
    [
        ("email,full_name,phone,emial", "unknown columns: 'emial'", "'email'"),
        ("email,full_name,phone,notes,label", "unknown columns: 'notes', 'label'", "address.notes, address.label"),
        ("email,full_name,phone,qwx", "unknown columns: 'qwx'", "the names are email"),
        ("email,full_name", "columns are missing: phone", "the names are"),
        ("email,full_name,phone,street,city", r"missing: address\.number, address\.colony, address\.zip_code", "names"),
        ("email,full_name,phone,street,address.street,number,colony,zip_code", r"two columns for address\.street", ""),
        ("bea@x.example,Bea,secreta-9", "no column has a known name", "the names are"),
    ],
)  # fmt: skip
def test_the_header_is_checked_first(tmp_path, header, message, hint):
    path = csv_of(tmp_path, header, "ana@x.example,Ana,secreta-9")
    with pytest.raises(InvalidInputError, match=message) as raised:
        checked_rows(path)
    assert hint in str(raised.value.hint)
    shown = shown_with_locals(raised.value)
    assert "secreta-9" not in shown
    assert "bea@x" not in shown
    with pytest.raises(InvalidInputError, match=message):
        checked_rows(pd.DataFrame(columns=header.split(",")))


def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path):
    path = csv_of(tmp_path, "email,full_name,phone", "ana@x.example,Ana,55,,", "bea@x.example,Bea,55,secreto")
    ana, bea = checked_rows(path)
    assert isinstance(ana.customer, CreateCustomerData)
    assert bea.customer.message == "the row has more cells than the header"


class Lazy:
    columns = tuple(ANA)


@pytest.mark.parametrize(
    "rows", [ANA, CreateCustomerData(**ANA), b"a.csv", 5, None, Lazy()], ids=lambda rows: type(rows).__name__
)
def test_what_is_no_list_is_refused_as_a_whole(rows):
    with pytest.raises(InvalidTypeError, match="rows must be a list of customers"):
        checked_rows(rows)


def test_a_stream_is_taken_once_and_an_empty_list_is_one():
    assert len(checked_rows({**ANA, "email": f"{number}@x.example"} for number in range(3))) == 3
    assert checked_rows([]) == []


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.lists(st.integers())


@given(
    st.lists(st.dictionaries(st.sampled_from([*FLAT, "address", "address.type", "x"]) | st.text(max_size=5), VALUES))
)
def test_whatever_a_row_holds_it_is_a_customer_or_a_failure_of_ours(rows):
    checked = checked_rows(rows)
    assert [row.name for row in checked] == [f"row {number}" for number in range(1, len(rows) + 1)]
    for row in checked:
        assert isinstance(row.customer, CreateCustomerData | InvalidInputError)
        json.dumps(row.customer.model_dump(mode="json") if isinstance(row.customer, CreateCustomerData) else None)

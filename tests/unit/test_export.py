"""An export is complete or not there; what is in the file is what the shop has."""

from __future__ import annotations

import asyncio
import csv
import io
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import httpx
import pandas as pd
import pyarrow.parquet as pq
import pytest
import respx

from admin_crm import (
    AsyncAdminCRM,
    Export,
    IncompleteReadError,
    InvalidInputError,
    InvalidTypeError,
    Settings,
    customers_frame,
    export_customers,
    get_all_customers,
)
from admin_crm._core import table_layout
from admin_crm._postgrest.columns import frame_columns
from directory_function import RPC, answer
from exported_files import FORMATS, rows_in
from helpers import KEY, PROFILES, QUICK, URL, VIEW, Rows

ROWS = [
    {
        "id": str(UUID(int=number)), "full_name": name, "email": f"c{number}@x.example", "customer_tier": "gold",
        "created_at": f"2026-01-0{number}T10:00:00+00:00", "total_spent": number / 4, "segment": "Leal",
        "frequency": number % 2, "recency_days": 365, "birthdate": "1990-02-03", "phone": "+52 55 1234 5678",
    }
    for number, name in enumerate(["Ana", "=1+1", 'a;b,"c"\r\nd', "ñ😀", "Eva"], start=1)
]  # fmt: skip


@pytest.fixture
def shop():
    """A shop of five customers, two in a page."""
    with respx.mock(assert_all_called=False) as router:
        router.get(VIEW).mock(side_effect=Rows(ROWS, cap=2))
        router.get(PROFILES).mock(side_effect=Rows(ROWS, cap=1))
        yield router


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_holds_every_customer_and_the_columns_of_a_frame(ask, shop, tmp_path, name):
    path = tmp_path / f"customers.{name}"
    done = ask(export_customers, path)
    rows = rows_in(path)
    assert (done.path, done.format, done.rows, done.size) == (path, name, 5, path.stat().st_size)
    assert isinstance(done, Export)
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    assert list(rows[0]) == frame_columns(None, personal=True)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_csv_file_equals_the_models(ask, shop, tmp_path):
    ask(export_customers, tmp_path / "a.csv")
    rows = {row["id"]: row for row in rows_in(tmp_path / "a.csv")}
    for customer in ask(get_all_customers):
        row = rows[str(customer.id)]
        assert row["full_name"] in (customer.full_name, f"'{customer.full_name}")
        assert Decimal(str(row["total_spent"])) == customer.total_spent
        assert row["recency_days"] == ("" if customer.recency_days is None else str(customer.recency_days))
        assert pd.Timestamp(str(row["created_at"])) == customer.created_at
    assert rows[str(UUID(int=2))]["full_name"] == "'=1+1"


def test_a_parquet_file_equals_the_frame(ask, shop, tmp_path):
    ask(export_customers, tmp_path / "a.parquet")
    frame = ask(customers_frame, personal=True, backend="arrow").sort_by("id")
    assert pq.read_table(tmp_path / "a.parquet").equals(frame)


def test_only_the_columns_that_are_needed_are_asked_for(ask, shop, tmp_path):
    for name in ("a.csv", "a.parquet"):
        ask(export_customers, tmp_path / name, columns=["age", "tier", "shoe"])
        assert shop.calls.last.request.url.params["select"] == "id,birthdate,customer_tier,shoe"
        assert list(rows_in(tmp_path / name)[0]) == ["age", "tier", "shoe"]


def test_personal_columns_may_be_left_out(ask, shop, tmp_path):
    ask(export_customers, tmp_path / "a.csv", personal=False)
    assert not {"full_name", "email", "phone", "whatsapp", "birthdate"} & set(rows_in(tmp_path / "a.csv")[0])
    with pytest.raises(InvalidInputError, match="personal=True: email"):
        ask(export_customers, tmp_path / "b.csv", personal=False, columns=["email"])


def test_a_csv_file_for_excel_opens_in_excel(caller, shop, tmp_path):
    crm = caller.open(URL, KEY, settings=Settings(time_zone="America/Mexico_City", directory_function=None))
    caller(export_customers, crm, tmp_path / "a.csv", dialect="excel")
    content = (tmp_path / "a.csv").read_bytes().decode()
    assert content.startswith("\ufeffid;full_name;")
    rows = list(csv.DictReader(io.StringIO(content[1:], newline=""), delimiter=";"))
    assert [rows[0][name] for name in ("created_at", "total_spent")] == ["2026-01-01 04:00:00", "0,25"]
    assert rows[2]["full_name"] == ROWS[2]["full_name"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("count", [0, 1])
def test_a_shop_of_no_customer_or_one_has_a_file_too(ask, tmp_path, name, count):
    with respx.mock(assert_all_called=False) as router:
        router.get(VIEW).mock(side_effect=Rows(ROWS[:count], cap=2))
        router.get(PROFILES).mock(side_effect=Rows(ROWS[:count], cap=1))
        assert ask(export_customers, tmp_path / f"a.{name}").rows == count
    assert len(rows_in(tmp_path / f"a.{name}")) == count


def test_the_directory_function_fills_a_file_in_one_request(caller, tmp_path):
    with respx.mock as router:
        route = router.post(RPC).mock(return_value=httpx.Response(200, content=answer(ROWS[:3], ROWS[3:])))
        for name in ("a.csv", "a.parquet"):
            assert caller(export_customers, caller.open(URL, KEY), tmp_path / name).rows == 5
            assert {row["id"] for row in rows_in(tmp_path / name)} == {row["id"] for row in ROWS}
    assert route.call_count == 2


@pytest.mark.parametrize("name", FORMATS)
def test_progress_tells_what_is_written_and_the_total(ask, shop, tmp_path, name):
    told = []
    ask(export_customers, tmp_path / f"a.{name}", progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_customers_are_counted_only_where_the_count_is_needed(ask, shop, tmp_path):
    ask(export_customers, tmp_path / "a.csv")
    assert not any("customer_profiles" in call.request.url.path for call in shop.calls)


def test_progress_shows_a_bar_with_a_total(ask, shop, tmp_path, capsys):
    ask(export_customers, tmp_path / "a.csv", progress=True)
    assert "5/5" in capsys.readouterr().err


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("before", [None, b"before"])
def test_an_export_that_fails_leaves_nothing_and_what_was_there(ask, tmp_path, name, before):
    path = tmp_path / f"a.{name}"
    if before:
        path.write_bytes(before)
    rows = Rows(ROWS, cap=2)
    with respx.mock(assert_all_called=False) as router:
        router.get(VIEW).mock(side_effect=lambda request: httpx.Response(403) if rows.requests else rows(request))
        router.get(PROFILES).mock(side_effect=Rows(ROWS, cap=1))
        with pytest.raises(IncompleteReadError, match="stopped after 2 customers") as raised:
            ask(export_customers, path)
    assert raised.value.operation == "export_customers"
    assert raised.value.hint == "try again"
    assert [each.name for each in tmp_path.iterdir()] == ([path.name] if before else [])
    assert not before or path.read_bytes() == before


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_export_that_is_interrupted_leaves_nothing(ask, shop, tmp_path, name, error):
    def interrupt(done, total):
        if done > 2:
            raise error

    with pytest.raises(error):
        ask(export_customers, tmp_path / f"a.{name}", progress=interrupt)
    assert [each.name for each in tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_cancelled_export_leaves_nothing(tmp_path, name):
    async def main():
        rows = Rows(ROWS, cap=2)

        async def one_page_and_no_more(request):
            if not rows.requests:
                return rows(request)
            task.cancel()
            await asyncio.sleep(0)
            raise AssertionError

        with respx.mock(assert_all_called=False) as router:
            router.get(VIEW).mock(side_effect=one_page_and_no_more)
            router.get(PROFILES).mock(side_effect=Rows(ROWS, cap=1))
            async with AsyncAdminCRM(URL, KEY, settings=QUICK) as crm:
                task = asyncio.ensure_future(export_customers(crm, tmp_path / f"a.{name}"))
                with pytest.raises(asyncio.CancelledError):
                    await task

    asyncio.run(main())
    assert [each.name for each in tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("path", "options", "error"),
    [
        ("nowhere/a.csv", {}, FileNotFoundError),
        ("a.doc", {}, InvalidInputError),
        ("a.csv", {"columns": []}, InvalidInputError),
        ("a.csv", {"progress": "yes"}, InvalidTypeError),
        ("a.parquet", {"dialect": "excel"}, InvalidInputError),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(ask, shop, tmp_path, path, options, error):
    with pytest.raises(error):
        ask(export_customers, tmp_path / path, **options)
    assert not shop.calls
    assert [each.name for each in tmp_path.iterdir()] == []


def test_more_customers_than_a_sheet_holds_are_refused_before_they_are_read(ask, shop, tmp_path, monkeypatch):
    monkeypatch.setattr(table_layout, "MOST_ROWS", 4)
    with pytest.raises(InvalidInputError, match="more than the 4 customers that a sheet") as raised:
        ask(export_customers, tmp_path / "a.xlsx")
    assert raised.value.hint is not None
    assert ".csv" in raised.value.hint
    assert [call.request.url.path.rpartition("/")[2] for call in shop.calls] == ["customer_profiles"]
    assert [each.name for each in tmp_path.iterdir()] == []


def test_a_sheet_that_fills_up_meanwhile_is_refused_too(ask, shop, tmp_path, monkeypatch):
    monkeypatch.setattr(table_layout, "MOST_ROWS", 4)
    shop.get(PROFILES).mock(side_effect=Rows(ROWS[:4], cap=1))
    with pytest.raises(InvalidInputError, match="more than the 4 customers"):
        ask(export_customers, tmp_path / "a.xlsx")
    assert [each.name for each in tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", FORMATS)
def test_an_odd_value_is_missing_and_told_once(ask, tmp_path, name, caplog):
    odd = [row | {"birthdate": "infinity"} for row in ROWS]
    with respx.mock(assert_all_called=False) as router:
        router.get(VIEW).mock(side_effect=Rows(odd, cap=2))
        router.get(PROFILES).mock(side_effect=Rows(odd, cap=1))
        ask(export_customers, tmp_path / f"a.{name}")
    assert [row["birthdate"] for row in rows_in(tmp_path / f"a.{name}")] in ([""] * 5, [None] * 5)
    (told,) = [record.getMessage() for record in caplog.records if "could not be read" in record.getMessage()]
    assert told.startswith("export_customers: some values could not be read and are left out (birthdate: 5)")
    assert "row.unreadable keeps them" not in told


def test_a_text_that_is_cut_for_excel_is_told(ask, tmp_path, caplog):
    with respx.mock as router:
        router.get(VIEW).mock(side_effect=Rows([ROWS[0] | {"full_name": "x" * 40_000}], cap=2))
        router.get(PROFILES).mock(side_effect=Rows(ROWS[:1], cap=1))
        assert ask(export_customers, tmp_path / "a.xlsx").shortened == 1
    assert "longer than a cell of Excel holds" in caplog.text


FULL_DISK = """
import os, resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import respx
from admin_crm import AdminCRM, export_customers
from helpers import KEY, PROFILES, QUICK, URL, VIEW, Rows

folder = Path(sys.argv[1])
rows = [{"id": f"00000000-0000-4000-8000-{n:012}", "full_name": os.urandom(900).hex()} for n in range(200)]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with respx.mock(assert_all_called=False) as router, AdminCRM(URL, KEY, settings=QUICK) as crm:
    router.get(VIEW).mock(side_effect=Rows(rows, cap=50))
    router.get(PROFILES).mock(side_effect=Rows(rows, cap=1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    for name in ("csv", "jsonl", "parquet", "xlsx"):
        try:
            export_customers(crm, folder / f"a.{name}", columns=["id", "full_name"])
        except OSError as error:
            print(name, type(error).__name__, error.errno, error.filename == str(folder / f"a.{name}"))
print([each.name for each in folder.iterdir()])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as Unix does")
def test_a_disk_that_is_full_is_pythons_own_error_about_the_path(tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(FULL_DISK), str(tmp_path), str(Path(__file__).parents[1])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [*(f"{name} OSError 27 True" for name in FORMATS), "[]"]
    assert done.stderr == ""

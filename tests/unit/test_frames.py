"""Frames have dtypes for calculations, and no personal data by default."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from admin_crm import AdminCustomer, Order, customers_frame, orders_frame

ID = UUID("7e1b2c3d-0000-4000-8000-000000000001")
MOMENT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANA = AdminCustomer(
    id=ID, full_name="Ana", email="ana@x.example", birthdate=date(1890, 1, 2), created_at=MOMENT, segment="Leal",
    total_orders=3, total_spent=Decimal("12.30"), frequency=0, tier="gold",
)  # fmt: skip
NEW = AdminCustomer(id=UUID(int=1))


def test_money_is_float_moments_are_utc_and_counts_may_be_missing():
    frame = customers_frame([ANA, NEW])
    assert {str(frame[name].dtype) for name in ("total_spent", "monetary")} == {"float64"}
    assert str(frame["created_at"].dtype) == "datetime64[us, UTC]"
    assert str(frame["total_orders"].dtype) == "Int64"
    assert frame["total_spent"].sum() == 12.3
    assert frame["created_at"][0].to_pydatetime() == MOMENT
    assert frame["id"].tolist() == [str(ID), str(NEW.id)]
    assert frame.loc[0, ["segment", "canonical_segment", "tier"]].tolist() == ["Leal", "loyal", "gold"]
    assert frame.loc[1, ["segment", "total_orders", "recency_days"]].isna().all()


def test_personal_columns_are_included_only_on_request():
    personal = {"full_name", "email", "phone", "whatsapp", "birthdate"}
    assert not personal & set(customers_frame([ANA]).columns)
    asked = customers_frame([ANA, NEW], personal=True)
    assert personal <= set(asked.columns)
    assert asked["birthdate"][0].date() == date(1890, 1, 2)


def test_an_empty_frame_has_the_same_dtypes():
    assert customers_frame([]).dtypes.equals(customers_frame([ANA]).dtypes)
    assert orders_frame([]).dtypes.equals(orders_frame([Order(id="1")]).dtypes)


def test_orders_can_be_summed_by_month():
    orders = [Order(id="1", total=Decimal("5.50"), created_at=MOMENT, status="cancelado"), Order(id="2")]
    frame = orders_frame(orders)
    assert frame["is_cancelled"].tolist() == [True, False]
    assert frame.dropna(subset="created_at").resample("ME", on="created_at")["total"].sum().tolist() == [5.5]


def test_without_pandas_an_import_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="notebook"):
        customers_frame([ANA])


@pytest.mark.parametrize("year", [1600, 9999])
def test_years_beyond_nanoseconds_are_kept(year):
    moment = datetime(year, 1, 2, tzinfo=UTC)
    frame = customers_frame([AdminCustomer(id=ID, created_at=moment, birthdate=moment.date())], personal=True)
    assert frame["created_at"][0].to_pydatetime() == moment
    assert frame["birthdate"][0].year == year

"""How far a long call is: what is done grows to all, on the real shop."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from admin_crm import (
    customer_partitions,
    customers_frame,
    doctor,
    download_customer_evidence,
    get_all_customers,
    get_all_orders,
    get_customer_data,
    get_directory_stats,
    get_locked_customers,
    order_items_frame,
    orders_frame,
    reconcile_sign_in_bans,
    select_customers,
    upload_customer_evidence,
)

READS: list[tuple[Any, dict[str, Any]]] = [
    (get_all_customers, {"columns": ["id"]}),
    (get_directory_stats, {}),
    (customers_frame, {"columns": ["tier"]}),
    (get_all_orders, {"status": "shipped"}),
    (orders_frame, {"since": datetime(2026, 8, 1, tzinfo=UTC)}),
    (order_items_frame, {"status": "shipped"}),
    (select_customers, {"columns": ["id"]}),
    (select_customers, {"columns": ["id"], "segment": "champion"}),
    (select_customers, {"columns": ["id"], "birthday_within": 30}),
    (select_customers, {"columns": ["id"], "without_tags": ["vip"]}),
    (select_customers, {"columns": ["id"], "locked": True}),
    (select_customers, {"columns": ["id"], "locked": True, "tier": "bronze"}),
    (get_locked_customers, {}),
    (reconcile_sign_in_bans, {}),
    (doctor, {}),
]


class Told(list[tuple[int, int]]):
    """What a call has told, one after the other."""

    def __call__(self, done: int, total: int) -> None:
        self.append((done, total))

    def end(self) -> int:
        """Return the last figure, once it is sure that it was reached step by step."""
        assert [done for done, _ in self] == sorted(done for done, _ in self)
        assert all(0 <= done <= total for done, total in self)
        done, total = self[-1]
        assert done == total
        return done


@pytest.mark.parametrize(("read", "options"), READS, ids=lambda each: getattr(each, "__name__", None))
def test_a_read_tells_how_far_it_is(by_key, read, options):
    told = Told()
    found = by_key(read, **options, progress=told)
    assert told.end() > 0
    if read in {get_all_customers, customers_frame, get_all_orders, orders_frame}:
        assert told.end() == len(found)


def test_a_customers_data_are_sixteen_parts(by_key, customer):
    told = Told()
    by_key(get_customer_data, customer, progress=told)
    assert (told.end(), len(told)) == (16, 16)


def test_a_part_of_the_directory_tells_of_its_own_customers(by_key):
    for part in by_key(customer_partitions, 2):
        told = Told()
        if by_key.caller.name == "sync":
            assert len(part.read(by_key.crm, progress=told)) == told.end() > 0
            assert len(part.frame(by_key.crm, columns=["tier"], progress=told)) == told.end()


def test_a_download_tells_its_bytes_and_stops_where_the_callers_function_raises(by_key, customer):
    path = by_key(upload_customer_evidence, customer, b"x" * 100_000, file_name="a.txt")
    told = Told()
    assert len(by_key(download_customer_evidence, path, progress=told)) == told.end() == 100_000

    def enough(done: int, total: int) -> None:
        raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        by_key(download_customer_evidence, path, progress=enough)

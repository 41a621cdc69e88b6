"""What type checkers must infer; never run, only read by mypy and pyright."""

# pyright: reportUnnecessaryTypeIgnoreComment=error

from collections.abc import AsyncIterable, Callable, Coroutine, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, assert_type

import pandas as pd
import polars as pl
import pyarrow as pa
from matplotlib.axes import Axes

from admin_crm import (
    Address,
    AddressData,
    AdminCRM,
    AdminCRMError,
    AdminCustomer,
    AdminCustomerDetail,
    AdminNotes,
    AsyncAdminCRM,
    BanMismatch,
    BulkResult,
    CreatedCustomer,
    CustomerData,
    CustomerPartition,
    CustomerProfile,
    Evidence,
    Export,
    LoyaltyEntry,
    LoyaltyOffer,
    LoyaltyTier,
    Moderation,
    ModerationEntry,
    Order,
    Page,
    PermissionDeniedError,
    PrivacyOutcome,
    Problem,
    Referral,
    RequestEvent,
    ResponseEvent,
    Retry,
    TierProgress,
    UsedCoupon,
    WishlistItem,
    add_customer_address,
    add_customer_tags,
    adjust_loyalty_points,
    anonymize_customer,
    birthdays,
    birthdays_this_month,
    cohorts,
    create_customer_with_details,
    create_customers,
    customer_partitions,
    customers_frame,
    delete_customer,
    export_customers,
    export_orders,
    filter_customers,
    get_admin_customer_details,
    get_all_customers,
    get_all_orders,
    get_customer_coupons,
    get_customer_data,
    get_customer_timeline,
    get_customer_wishlist,
    get_locked_customers,
    get_loyalty_balance,
    get_loyalty_history,
    get_loyalty_offers,
    get_loyalty_tiers,
    get_moderation_history,
    get_referrals,
    iter_customers,
    iter_orders,
    list_customer_evidence,
    moderate_customer,
    moderate_customers,
    new_this_month,
    notify_customers,
    order_items_frame,
    orders_frame,
    paginate,
    plots,
    reconcile_sign_in_bans,
    retention,
    rfm_table,
    search_customers,
    segment_table,
    select_customers,
    set_custom_fields_of,
    set_default_address,
    tag_customers,
    tier_progress,
    timeline_frame,
    update_customer_address,
    update_customer_profile,
    update_customer_status,
    upload_evidence_files,
    whatsapp_link,
)
from admin_crm.testing import (
    Call,
    FakeAdminCRM,
    FakeAsyncAdminCRM,
    in_turn,
    make_customer,
    make_detail,
    make_order,
)


def sync_caller(crm: AdminCRM) -> None:
    assert_type(get_all_customers(crm), list[AdminCustomer])
    assert_type(search_customers(crm, "ana", page=2), Page[AdminCustomer])
    assert_type(get_admin_customer_details(crm, "id"), AdminCustomerDetail)
    assert_type(update_customer_status(crm, "id", "suspended", datetime.now(UTC)), CustomerProfile)
    assert_type(moderate_customer(crm, "id", "banned", reason="why"), Moderation)
    assert_type(moderate_customers(crm, get_locked_customers(crm), "active", reason="why"), BulkResult)
    assert_type(get_locked_customers(crm), list[CustomerProfile])
    assert_type(reconcile_sign_in_bans(crm, apply=True), list[BanMismatch])
    assert_type(add_customer_tags(crm, "id", ["vip"]), AdminNotes)
    assert_type(list_customer_evidence(crm, "id"), list[Evidence])
    assert_type(create_customer_with_details(crm, {}, method="admin"), CreatedCustomer)
    assert_type(update_customer_profile(crm, "id", phone=None), CustomerProfile)
    home = AddressData(street="Ocho", number="8", colony="Centro", zip_code="06000")
    assert_type(add_customer_address(crm, "id", home), Address)
    assert_type(update_customer_address(crm, "id", references=None), Address)
    assert_type(set_default_address(crm, "id", "id"), Address)
    assert_type(iter_customers(crm), Iterable[AdminCustomer])
    assert_type(paginate(get_all_customers(crm)), Page[AdminCustomer])
    assert_type(customers_frame(crm), pd.DataFrame)
    assert_type(customers_frame(get_all_customers(crm), columns=["tier"], backend="polars"), pl.DataFrame)
    assert_type(customers_frame(crm, personal=True, backend="arrow"), pa.Table)
    assert_type(export_customers(crm, "a.csv", dialect="excel", progress=True), Export)
    assert_type(export_orders(crm, "a.xlsx", since=datetime.now(UTC), status="delivered"), Export)
    assert_type(customer_partitions(crm, 4), list[CustomerPartition])
    assert_type(customer_partitions(crm, 4)[0].frame(), pd.DataFrame)
    assert_type(customer_partitions(crm, 4)[0].read(crm), list[AdminCustomer])
    assert_type(filter_customers(iter_customers(crm), "ana", segment="champion"), list[AdminCustomer])
    assert_type(birthdays_this_month(iter_customers(crm), time_zone="UTC"), list[AdminCustomer])
    assert_type(new_this_month(get_all_customers(crm)), list[AdminCustomer])
    assert_type(get_loyalty_balance(crm, "id"), int)
    assert_type(get_loyalty_history(crm, "id"), list[LoyaltyEntry])
    assert_type(get_moderation_history(crm, "id"), list[ModerationEntry])
    assert_type(adjust_loyalty_points(crm, "id", -5, "why"), LoyaltyEntry)
    assert_type(get_customer_coupons(crm, "id"), list[UsedCoupon])
    assert_type(get_loyalty_offers(crm, "id"), list[LoyaltyOffer])
    assert_type(get_referrals(crm, "id"), list[Referral])
    assert_type(get_customer_wishlist(crm, "id"), list[WishlistItem])
    assert_type(tier_progress(get_admin_customer_details(crm, "id"), tiers=get_loyalty_tiers(crm)), TierProgress)
    assert_type(get_loyalty_tiers(crm), list[LoyaltyTier])
    assert_type(whatsapp_link(get_admin_customer_details(crm, "id"), "Hola"), str)
    assert_type(notify_customers(crm, get_all_customers(crm), "a", "b", journal="journal"), BulkResult)
    assert_type(notify_customers(crm, customers_frame(crm), "a", "b", dry_run=True, progress=True), BulkResult)
    assert_type(create_customers(crm, "customers.csv", method="invite"), BulkResult)
    assert_type(create_customers(crm, [{"email": "a@x.example"}], passwords="passwords.csv"), BulkResult)
    assert_type(create_customers(crm, pl.DataFrame()), BulkResult)
    assert_type(upload_evidence_files(crm, {"id": ["front.jpg", "back.jpg"]}), BulkResult)
    assert_type(upload_evidence_files(crm, [(get_all_customers(crm)[0], "front.jpg")], journal="journal"), BulkResult)
    assert_type(tag_customers(crm, paginate(get_all_customers(crm)), add=["vip"]), BulkResult)
    assert_type(set_custom_fields_of(crm, ["id"], {"a": 1}).failed, dict[str, AdminCRMError])
    chosen = select_customers(crm, tags=("vip",), spent_min=5000, last_order_before=datetime.now(UTC), locked=False)
    assert_type(chosen, list[AdminCustomer])
    assert_type(get_all_orders(crm, since=datetime.now(UTC), status="delivered"), list[Order])
    assert_type(iter_orders(crm), Iterable[Order])
    with crm as same:
        assert_type(same, AdminCRM)


def privacy_caller(crm: AdminCRM) -> None:
    assert_type(get_customer_data(crm, "id"), CustomerData)
    assert_type(anonymize_customer(crm, "id", reason="why", dry_run=True, progress=True), PrivacyOutcome)
    assert_type(delete_customer(crm, "id", reason="why"), PrivacyOutcome)


def analyst(crm: AdminCRM) -> None:
    assert_type(orders_frame(crm, since=datetime.now(UTC), status="delivered"), pd.DataFrame)
    assert_type(orders_frame(get_all_orders(crm), columns=["total"], backend="polars"), pl.DataFrame)
    assert_type(order_items_frame(crm, until=datetime.now(UTC), backend="pyarrow"), pa.Table)
    assert_type(timeline_frame(crm, "id", limit=3), pd.DataFrame)
    assert_type(timeline_frame(get_customer_timeline(crm, "id"), backend="polars"), pl.DataFrame)
    assert_type(rfm_table(customers_frame(crm, backend="polars")), pd.DataFrame)
    assert_type(segment_table(get_all_customers(crm)), pd.DataFrame)
    assert_type(cohorts(orders_frame(crm, backend="pyarrow"), time_zone="UTC"), pd.DataFrame)
    assert_type(retention(get_all_orders(crm)), pd.DataFrame)
    assert_type(birthdays(get_all_customers(crm), within_days=14), list[AdminCustomer])
    assert_type(birthdays(customers_frame(crm, personal=True)), pd.DataFrame)
    assert_type(plots.segments(customers_frame(crm), language="en"), Axes)
    assert_type(plots.cohorts(iter_orders(crm), ax=plots.retention(get_all_orders(crm))), Axes)


async def async_caller(crm: AsyncAdminCRM) -> None:
    later = get_all_customers(crm)
    _ = assert_type(later, Coroutine[Any, Any, list[AdminCustomer]])
    assert_type(await later, list[AdminCustomer])
    assert_type(await search_customers(crm, "ana"), Page[AdminCustomer])
    assert_type(await get_loyalty_balance(crm, "id"), int)
    assert_type(await get_customer_data(crm, "id"), CustomerData)
    assert_type(await delete_customer(crm, "id", reason="why"), PrivacyOutcome)
    assert_type(iter_customers(crm), AsyncIterable[AdminCustomer])
    assert_type(await select_customers(crm, segment="champion"), list[AdminCustomer])
    assert_type(await get_all_orders(crm), list[Order])
    assert_type(iter_orders(crm, until=datetime.now(UTC)), AsyncIterable[Order])
    assert_type(await customers_frame(crm), pd.DataFrame)
    assert_type(await customers_frame(crm, backend="polars"), pl.DataFrame)
    assert_type(await orders_frame(crm, backend="polars"), pl.DataFrame)
    assert_type(await order_items_frame(crm), pd.DataFrame)
    assert_type(await timeline_frame(crm, "id", personal=True, backend="arrow"), pa.Table)
    assert_type(await customers_frame(crm, backend="pyarrow"), pa.Table)
    assert_type(await export_customers(crm, "a.parquet", columns=["id"]), Export)
    assert_type(await customer_partitions(crm, 4), list[CustomerPartition])
    assert_type(await create_customers(crm, pd.DataFrame()), BulkResult)
    assert_type(await upload_evidence_files(crm, "scans"), BulkResult)
    assert_type(await tag_customers(crm, ["id"], remove=["vip"]), BulkResult)
    async with crm as same:
        assert_type(same, AsyncAdminCRM)


def hooks(crm: AdminCRM) -> None:
    def before(event: RequestEvent) -> None:
        assert_type(event.attempt, int)

    def after(event: ResponseEvent) -> None:
        before(event)
        assert_type(event.status, int | None)

    def again(retry: Retry) -> None:
        assert_type(retry.reason, str)

    hooked = AdminCRM("url", "key", on_request=before, on_response=after, on_retry=again)
    assert_type(hooked.with_options(on_request=before), AdminCRM)
    assert_type(AsyncAdminCRM.from_env(on_response=after, on_retry=again), AsyncAdminCRM)
    assert_type(AdminCRM.sign_in("url", "key", "email", "password", on_response=after), AdminCRM)

    async def awaited(event: RequestEvent) -> None: ...

    crm.with_options(on_request=awaited)  # type: ignore[arg-type]
    crm.with_options(on_request=after)  # type: ignore[arg-type]


def problems(error: AdminCRMError, crm: AdminCRM, order: Order) -> None:
    assert_type(error.problem(), Problem)
    assert_type(error.http_status, int)
    assert_type(error.problem()["detail"], str)
    assert_type(crm.as_user("token"), AdminCRM)
    assert_type(order.total, Decimal | None)


def in_tests(answer: Callable[..., int]) -> None:
    balances = in_turn(100, PermissionDeniedError("no"), answer)
    fake = FakeAdminCRM(
        get_all_customers=[make_customer()],
        search_customers=Page(items=[make_customer()], total=1, page=1, page_size=15),
        get_loyalty_balance=balances,
        update_customer_status=PermissionDeniedError,
        iter_orders=[make_order()],
    )
    assert_type(get_all_customers(fake), list[AdminCustomer])
    assert_type(fake.calls, list[Call])
    assert_type(fake.as_user("token"), FakeAdminCRM)
    assert_type(make_detail(), AdminCustomerDetail)
    FakeAdminCRM(search_customer=1)  # type: ignore[call-arg]
    FakeAdminCRM(get_loyalty_balance="many")  # type: ignore[arg-type]
    local(fake)


def local(crm: AdminCRM) -> None:
    assert_type(get_loyalty_balance(crm, "id"), int)


async def in_async_tests() -> None:
    async def balance(customer_id: str) -> int:
        return len(customer_id)

    assert_type(await get_loyalty_balance(FakeAsyncAdminCRM(get_loyalty_balance=balance), "id"), int)


def rejected(crm: AdminCRM, later: AsyncAdminCRM) -> None:
    # An ignore that is not needed is itself an error, so each line proves that both checkers reject it.
    update_customer_status(crm, "id")  # type: ignore[call-overload]
    update_customer_profile(crm, "id", full_name=None)  # type: ignore[call-overload]
    export_customers(crm, "a", format="doc")  # type: ignore[call-overload]
    search_customers(crm, "a", "champion")  # type: ignore[call-overload]
    delete_customer(crm, "id")  # type: ignore[call-overload]
    search_customers(crm, text=5)  # type: ignore[call-overload]
    get_all_customers()  # type: ignore[call-overload]
    select_customers(crm, "champion")  # type: ignore[call-overload]
    select_customers(crm, locked="yes")  # type: ignore[call-overload]
    for _ in iter_orders(later):  # type: ignore[attr-defined]
        pass
    for _ in iter_customers(later):  # type: ignore[attr-defined]
        pass
    len(get_all_customers(later))  # type: ignore[arg-type]

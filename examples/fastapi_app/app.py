"""A back end for a shop's administrators: one connection for the process, and for each request the sender's own rights.

    uvicorn app:app --app-dir examples/fastapi_app --workers 2

The environment names the project, as for every program: SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY, with a secret key or
without. No request is made with the connection's own rights.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from math import ceil
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from admin_crm import (
    AccountStatus,
    AdminCRMError,
    AdminCustomer,
    AdminCustomerDetail,
    AsyncAdminCRM,
    CustomerProfile,
    DirectoryStats,
    Notification,
    Order,
    Page,
    Problem,
    Segment,
    get_admin_customer_details,
    get_customer_orders,
    get_directory_stats,
    search_customers,
    send_customer_notification,
    update_customer_status,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the connection when the process starts, and close it at its end."""
    async with AsyncAdminCRM.from_env() as app.state.crm:
        yield


app = FastAPI(
    title="Customers",
    lifespan=lifespan,
    responses={"default": {"model": Problem, "description": "Problem details (RFC 9457)"}},
)
session = HTTPBearer(description="The access token of a signed-in administrator's session.")


async def connection(request: Request) -> AsyncAdminCRM:
    """Return the connection of the process; tests put a fake in its place."""
    return cast("AsyncAdminCRM", request.app.state.crm)


async def rights_of_sender(
    crm: Annotated[AsyncAdminCRM, Depends(connection)],
    token: Annotated[HTTPAuthorizationCredentials, Depends(session)],
) -> AsyncAdminCRM:
    """Return the connection with the rights of whoever sent the request, and no others."""
    return crm.as_user(token.credentials)


CRM = Annotated[AsyncAdminCRM, Depends(rights_of_sender)]


class StatusChange(BaseModel):
    """Lock a customer's account, or unlock it."""

    status: AccountStatus
    suspension_end: datetime | None = None


class Message(BaseModel):
    """What a customer is told."""

    title: str
    message: str


@app.get("/customers")
async def customers(crm: CRM, q: str = "", segment: Segment | None = None, page: int = 1) -> Page[AdminCustomer]:
    """Search the directory."""
    return await search_customers(crm, q, segment=segment, page=page)


@app.get("/customers/{customer_id}")
async def customer(crm: CRM, customer_id: UUID) -> AdminCustomerDetail:
    """Read a customer's page."""
    return await get_admin_customer_details(crm, customer_id)


@app.get("/customers/{customer_id}/orders")
async def orders(crm: CRM, customer_id: UUID) -> list[Order]:
    """Read a customer's orders."""
    return await get_customer_orders(crm, customer_id)


@app.put("/customers/{customer_id}/status")
async def set_status(crm: CRM, customer_id: UUID, change: StatusChange) -> CustomerProfile:
    """Suspend, ban or reactivate a customer."""
    return await update_customer_status(crm, customer_id, change.status, suspension_end=change.suspension_end)


@app.post("/customers/{customer_id}/notifications", status_code=201)
async def notify(
    crm: CRM, customer_id: UUID, message: Message, idempotency_key: Annotated[str | None, Header()] = None
) -> Notification:
    """Notify a customer: once for each `Idempotency-Key`, however often the browser sends it."""
    return await send_customer_notification(
        crm, customer_id, message.title, message.message, idempotency_key=idempotency_key
    )


@app.get("/stats")
async def stats(crm: CRM) -> DirectoryStats:
    """Count the customers."""
    return await get_directory_stats(crm)


@app.exception_handler(AdminCRMError)
async def tell_problem(_: Request, error: Any) -> JSONResponse:
    """Answer every error of the library with its status and its problem details, which name nobody."""
    problem = error.problem()
    headers = {"Retry-After": str(ceil(problem["retry_after"]))} if "retry_after" in problem else {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem, error.http_status, headers, media_type="application/problem+json")

"""What a web back end pays for a user's rights in each request: a view of one connection, or a connection of its own.

.venv/bin/python bench/as_user.py
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from admin_crm import AsyncAdminCRM, get_admin_customer_notes
from admin_crm.local import LocalStack


async def timed(what: str, count: int, request: Callable[[], Awaitable[object]]) -> None:
    await request()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        await request()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:<60}{cpu / count * 1e6:10,.0f} µs CPU{wall / count * 1e6:10,.0f} µs")


async def main(stack: LocalStack) -> None:
    async with (
        AsyncAdminCRM(stack.url, stack.secret_key, anon_key=stack.publishable_key) as crm,
        await AsyncAdminCRM.sign_in(stack.url, stack.publishable_key, *stack.admins[0]) as ana,
    ):
        token = ana._link.rights.bearer  # noqa: SLF001

        async def view() -> None:
            crm.as_user(token)

        async def client() -> None:
            _ = crm.as_user(token).supabase

        async def notes(of: AsyncAdminCRM) -> None:
            await get_admin_customer_notes(of, stack.customer_id)

        async def opened() -> None:
            async with AsyncAdminCRM(stack.url, stack.publishable_key, access_token=token) as own:
                await notes(own)

        await timed("crm.as_user(token)", 20_000, view)
        await timed("crm.as_user(token).supabase", 2_000, client)
        await timed("a request with the connection's own rights", 300, lambda: notes(crm))
        await timed("a request with crm.as_user(token)", 300, lambda: notes(crm.as_user(token)))
        await timed("a request with a connection opened and closed for it", 300, opened)


if __name__ == "__main__":
    with LocalStack() as stack:
        asyncio.run(main(stack))

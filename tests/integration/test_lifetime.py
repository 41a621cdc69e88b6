"""Nothing is left behind and nothing is shared that must not be: threads, forks, loops, closing (R10)."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from admin_crm import (
    AdminCRM,
    AdminCRMError,
    AsyncAdminCRM,
    AuthenticationError,
    ClientStateError,
    get_admin_customer_details,
    get_all_customers,
    get_directory_stats,
    search_customers,
)
from admin_crm._core.connection import link_of

pytestmark = pytest.mark.once


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_threads_share_one_connection(stack):
    with AdminCRM(stack.url, stack.secret_key) as crm, ThreadPoolExecutor(8) as threads:
        wanted = [customer.id for customer in search_customers(crm, page_size=40)]
        found = list(threads.map(lambda each: get_admin_customer_details(crm, each).id, wanted))
    assert found == wanted


def test_the_first_use_from_many_threads_creates_one_client(stack):
    with AdminCRM(stack.url, stack.secret_key) as crm:
        together = threading.Barrier(8)

        def first_use(_: int) -> int:
            together.wait()
            return id(crm.supabase)

        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(first_use, range(8)))) == 1


def test_closing_leaves_no_socket_and_no_thread(stack):
    with AdminCRM(stack.url, stack.secret_key) as warm:
        get_directory_stats(warm)
    gc.collect()
    files, threads = open_files(), threading.active_count()
    for _ in range(5):
        with AdminCRM(stack.url, stack.secret_key) as crm:
            get_admin_customer_details(crm, stack.customer_id)
    gc.collect()
    assert open_files() <= files
    assert threading.active_count() <= threads  # one of another test may end meanwhile


def test_closing_leaves_no_socket_and_no_task_on_a_loop(stack):
    async def several() -> None:
        for _ in range(5):
            async with AsyncAdminCRM(stack.url, stack.secret_key) as crm:
                await get_admin_customer_details(crm, stack.customer_id)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(several())
    gc.collect()
    files = open_files()
    asyncio.run(several())
    gc.collect()
    assert open_files() <= files


def test_a_connection_used_on_a_second_loop_is_a_state_error(stack):
    crm = AsyncAdminCRM(stack.url, stack.secret_key)
    with asyncio.Runner() as runner:
        runner.run(get_admin_customer_details(crm, stack.customer_id))

        async def elsewhere() -> None:
            with pytest.raises(ClientStateError, match="another event loop"):
                await get_admin_customer_details(crm, stack.customer_id)

        thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
        thread.start()
        thread.join()
        runner.run(crm.close())


@pytest.mark.parametrize("rights", ["secret key", "signed in"])
def test_forked_processes_open_their_own_connections(stack, rights):
    def opened() -> AdminCRM:
        if rights == "secret key":
            return AdminCRM(stack.url, stack.secret_key)
        return AdminCRM.sign_in(stack.url, stack.publishable_key, stack.admin_email, stack.admin_password)

    with opened() as crm:
        expected = get_directory_stats(crm).total
        children = []
        for _ in range(3):
            child = os.fork()
            if child == 0:
                try:
                    same = all(get_directory_stats(crm).total == expected for _ in range(3))
                    os._exit(0 if same else 1)
                except BaseException:  # noqa: BLE001 (a child must not run the rest of the suite)
                    os._exit(2)
            children.append(child)
        assert get_directory_stats(crm).total == expected
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
        assert get_directory_stats(crm).total == expected


def test_a_session_outlives_a_forked_process_that_would_renew_it(stack):
    def expire() -> None:
        rights = link_of(crm).rights
        rights.session = rights.session.refused()

    with AdminCRM.sign_in(stack.url, stack.publishable_key, stack.admin_email, stack.admin_password) as crm:
        child = os.fork()
        if child == 0:
            try:
                for _ in range(2):  # an auth server takes the last refresh token but one, and none before it
                    expire()
                    with suppress(AuthenticationError):
                        get_directory_stats(crm)
            finally:  # a child must not run the rest of the suite
                os._exit(0)
        os.waitpid(child, 0)
        expire()
        assert get_directory_stats(crm).total


def test_closing_while_calls_run_ends_them_with_our_errors(stack):
    crm = AdminCRM(stack.url, stack.secret_key).with_options(attempts=2, deadline=60)
    ended: list[BaseException | None] = []
    begun = threading.Barrier(5)

    def work() -> None:
        begun.wait()
        try:
            while True:
                get_all_customers(crm)
        except BaseException as error:  # noqa: BLE001 (whatever it is, the test judges it)
            ended.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    begun.wait()
    search_customers(crm)
    crm.close()
    for worker in workers:
        worker.join(300)
    assert len(ended) == 4
    assert all(isinstance(error, AdminCRMError) for error in ended), ended


def test_closing_twice_is_harmless(caller, stack):
    crm = caller.open(stack.url, stack.secret_key)
    caller(search_customers, crm)
    caller.wait(crm.close())
    caller.wait(crm.close())

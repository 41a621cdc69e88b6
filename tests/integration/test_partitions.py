"""The directory in parts: complete, disjoint, and readable by whoever has the environment."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from admin_crm import (
    AdminCRM,
    PermissionDeniedError,
    customer_partitions,
    customers_dask,
    customers_frame,
    get_all_customers,
)
from helpers import user_id_of

WITHOUT_DASHBOARD = {"dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}
BETWEEN = "10000000-0000-4000-8000-"


@pytest.fixture
def environment(stack, no_environment, monkeypatch) -> None:
    """The environment of a worker somewhere else."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def numbered(stack) -> Iterator[None]:
    """Customers whose ids are numbers, one after the other."""
    values = ", ".join(
        f"('{BETWEEN}{number:012}', 'n{number}@clientes.example', '{{}}', 'authenticated', 'authenticated')"
        for number in range(400)
    )
    stack.execute_sql(f"insert into auth.users (id, email, raw_user_meta_data, aud, role) values {values}")
    yield
    stack.execute_sql(f"delete from auth.users where id::text like '{BETWEEN}%'")


@pytest.fixture(scope="module")
def cluster(stack, tmp_path_factory) -> Iterator[Any]:
    """Two processes, which know the shop by their environment."""
    from distributed import Client, LocalCluster

    folder = str(tmp_path_factory.mktemp("dask"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        with (
            LocalCluster(
                n_workers=2, threads_per_worker=1, host="127.0.0.1", local_directory=folder, **WITHOUT_DASHBOARD
            ) as processes,
            Client(processes) as client,
        ):
            yield client


def check_parts(ask, n: int) -> list[int]:
    """The parts together are all customers, and no two have one in common."""
    everybody = sorted(ask(get_all_customers), key=lambda each: each.id)
    parts = pickle.loads(pickle.dumps(ask(customer_partitions, n)))
    assert [part.number for part in parts] == list(range(n))
    read = [part.read(columns=["full_name"]) for part in parts]
    assert [each.id for part in read for each in part] == [each.id for each in everybody]
    assert [each.full_name for part in read for each in part] == [each.full_name for each in everybody]
    return [len(part) for part in read]


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("n", [1, 3, 16])
def test_the_parts_are_all_customers_and_disjoint(by_key, n):
    sizes = check_parts(by_key, n)
    assert max(sizes) - min(sizes) <= 2


@pytest.mark.usefixtures("environment", "numbered")
def test_ids_that_stand_close_together_are_cut_as_they_stand(by_key):
    sizes = check_parts(by_key, 3)
    assert max(sizes) - min(sizes) <= 2


@pytest.mark.usefixtures("environment")
def test_a_frame_of_a_part_has_its_customers(by_key):
    part = by_key(customer_partitions, 4)[2]
    frame = part.frame(columns=["id", "tier", "favorite_category_id"])
    assert frame["id"].tolist() == [str(each.id) for each in part.read()]
    assert str(frame["favorite_category_id"].dtype) == "string"


def test_a_part_is_read_with_a_connection_of_ones_own(by_admin, stack):
    part = by_admin(customer_partitions, 5)[0]
    with AdminCRM.sign_in(stack.url, stack.publishable_key, stack.admin_email, stack.admin_password) as crm:
        assert part.read(crm)
        assert set(part.frame(crm)["id"]) == {str(each.id) for each in part.read(crm)}


def test_neither_key_nor_address_travels_with_a_part(by_key, stack):
    carried = pickle.dumps(by_key(customer_partitions, 3))
    for secret in (stack.secret_key, stack.publishable_key, stack.url, stack.url.partition("//")[2]):
        assert secret.encode() not in carried


@pytest.mark.xdist_group("gated")
def test_a_view_that_shows_nothing_is_no_empty_part(caller, gated):
    crm = caller.open(gated.url, gated.secret_key)
    part = caller(customer_partitions, crm, 2)[0]
    with AdminCRM(gated.url, gated.secret_key) as connection:
        for read in (part.read, part.frame):
            with pytest.raises(PermissionDeniedError, match="signed-in administrator"):
                read(connection)


def test_a_signed_in_customer_reads_no_part(by_key, stack, stranger):
    email = stack.execute_sql(f"select email from auth.users where id = '{user_id_of(stranger.crm)}'")[0]["email"]
    with AdminCRM.sign_in(stack.url, stack.publishable_key, email, stack.customer_password) as crm:
        for part in by_key(customer_partitions, 3):
            for read in (part.read, part.frame):
                with pytest.raises(PermissionDeniedError, match="only a signed-in administrator"):
                    read(crm)


@pytest.mark.once
def test_a_cluster_of_two_processes_reads_all_customers(by_key, cluster):
    columns = ["id", "tier", "total_spent", "favorite_category_id"]
    whole = by_key(customers_frame, columns=columns)
    frame = by_key(customers_dask, 4, columns=columns)
    assert frame.npartitions == 4
    spent, ids = cluster.gather(cluster.compute([frame.groupby("tier")["total_spent"].sum(), frame["id"]]))
    assert spent.to_dict() == pytest.approx(whole.groupby("tier")["total_spent"].sum().to_dict())
    assert sorted(ids) == sorted(whole["id"])
    assert len(cluster.scheduler_info()["workers"]) == 2

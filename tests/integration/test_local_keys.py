"""The keys of a local stack: its own, random, kept where data is kept, and shown to nobody."""

from __future__ import annotations

import contextlib
import re
import stat
from pathlib import Path

import httpx
import pytest

from admin_crm.local import LocalStack, LocalStackError, installed
from shops import REAL_POSTGREST, local_only

pytestmark = [local_only, pytest.mark.xdist_group("local-closed")]

KEYS = ("publishable_key", "secret_key", "anon_jwt", "service_role_jwt", "jwt_secret", "administration_key")
keeping = pytest.mark.skipif(REAL_POSTGREST, reason="only the engine 'lite' keeps data")


def test_every_stack_has_keys_of_its_own_which_look_real(stack: LocalStack) -> None:
    with LocalStack() as other:
        for name in KEYS:
            assert getattr(stack, name) != getattr(other, name), name
        answer = httpx.get(
            f"{other.url}/rest/v1/orders", headers={"apikey": stack.secret_key}, trust_env=False, timeout=300
        )
        assert answer.status_code == 401
        answer = httpx.get(
            f"{other.url}/rest/v1/orders", headers={"apikey": stack.service_role_jwt}, trust_env=False, timeout=300
        )
        assert answer.status_code == 401
    assert re.fullmatch(r"sb_publishable_[\w-]{22}_[\w-]{8}", stack.publishable_key)
    assert re.fullmatch(r"sb_secret_[\w-]{22}_[\w-]{8}", stack.secret_key)
    assert len(stack.jwt_secret) >= 40
    assert len({getattr(stack, name) for name in KEYS}) == len(KEYS)


def test_no_key_shows_in_a_representation(stack: LocalStack) -> None:
    shown = f"{stack!r} {stack!s} {stack._answer!r} {vars(stack)!r}"
    assert not [name for name in KEYS if getattr(stack, name) in shown]


@keeping
def test_kept_data_has_the_same_keys_at_the_next_start_and_shows_them_to_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir(mode=0o755)
    found = []
    for _ in range(2):
        with LocalStack(data_dir=folder) as kept:
            found.append([getattr(kept, name) for name in KEYS])
            headers = {"apikey": found[0][1]}
            assert (
                httpx.get(
                    f"{kept.url}/rest/v1/orders?limit=1", headers=headers, trust_env=False, timeout=300
                ).status_code
                == 200
            )
    assert found[0] == found[1]
    holding = [file for file in folder.rglob("*") if file.is_file() and found[0][1].encode() in file.read_bytes()]
    assert len(holding) == 1
    assert stat.S_IMODE(holding[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(holding[0].parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) & 0o077 for each in folder.iterdir() if each.is_dir()} == {0}


def test_no_other_user_reads_the_files_of_a_stack(stack: LocalStack) -> None:
    assert stat.S_IMODE((Path(stack._folder) / "storage").stat().st_mode) == 0o700


@keeping
def test_keys_that_others_may_read_are_closed_again(tmp_path: Path) -> None:
    with LocalStack(data_dir=tmp_path):
        [keys] = tmp_path.rglob("keys.json")
    keys.chmod(0o644)
    keys.parent.chmod(0o755)
    with LocalStack(data_dir=tmp_path):
        assert stat.S_IMODE(keys.stat().st_mode) == 0o600
        assert stat.S_IMODE(keys.parent.stat().st_mode) == 0o700


@keeping
def test_keys_that_cannot_be_read_are_said_so(tmp_path: Path) -> None:
    with LocalStack(data_dir=tmp_path):
        [keys] = tmp_path.rglob("keys.json")
    keys.write_text('{"secret": ""}')
    with pytest.raises(LocalStackError, match=r"keys\.json"):
        LocalStack(data_dir=tmp_path).start()


def test_no_snapshot_holds_a_key(stack: LocalStack) -> None:
    searched = 0
    for snapshot in installed.cache_dir().rglob("*.tar"):
        with contextlib.suppress(FileNotFoundError):  # a stack of other sources removes those that are not its own
            content = snapshot.read_bytes()
            assert not [name for name in KEYS if getattr(stack, name).encode() in content]
            assert b"sb_secret_" not in content
            searched += 1
    assert searched

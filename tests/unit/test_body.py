"""A body that holds secrets, written only when it is sent."""

import asyncio
import json

from pydantic import SecretStr

from admin_crm._core.body import SecretBody


def test_a_body_is_the_json_of_its_values_and_shows_no_secret():
    body = SecretBody({"email": "ana@x.example", "password": SecretStr("secreto"), "data": {"a": 1}})
    written = b"".join(body)
    assert json.loads(written) == {"email": "ana@x.example", "password": "secreto", "data": {"a": 1}}
    assert len(body) == len(written)
    assert "secreto" not in repr(vars(body))

    async def read() -> bytes:
        return b"".join([part async for part in body])

    assert asyncio.run(read()) == written

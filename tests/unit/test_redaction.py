"""Secrets and personal data are masked in text."""

from __future__ import annotations

from admin_crm._core.redaction import redact, shape_of


def test_keys_tokens_and_addresses_are_masked_in_text():
    text = (
        "sb_secret_abc123 eyJhbGciOi.eyJzdWIi.c2ln Bearer xyz ana@tienda.example +52 55 1234 5678"
        ' invalid input syntax for type uuid: "Ana" Key (email)=(ana) exists'
    )
    masked = redact(text, limit=500)
    for secret in ("abc123", "eyJ", "xyz", "ana@", "1234", '"Ana"', "(ana)"):
        assert secret not in masked
    assert len(redact("a" * 500)) == 200
    assert shape_of(12.5) == "float '99.9'"

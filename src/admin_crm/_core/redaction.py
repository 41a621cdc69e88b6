"""Remove secrets and personal data from text before it reaches a message, a repr or a log."""

from __future__ import annotations

import re

_SECRETS = (
    (re.compile(r"\bsb_(secret|publishable)_[\w-]+"), r"sb_\1_…"),
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]*){0,2}"), "<token>"),
    (re.compile(r"(?i)\bbearer\s+\S+"), "Bearer …"),
    (re.compile(r"[^\s@\"'<>(),;:=]+@[^\s@\"'<>(),;:=]+"), "<email>"),
    (re.compile(r"(?<![\w-])\+?\d[\d ().-]{6,}\d(?![\w-])"), "<number>"),
    # Postgres quotes the offending value after a colon: invalid input syntax for type uuid: "…"
    (re.compile(r': "[^"]*"'), ': "…"'),
    (re.compile(r"=\([^)]*\)"), "=(…)"),
)


def redact(text: str, limit: int = 200) -> str:
    """Shorten a string, and mask keys, tokens, e-mail addresses, phone numbers and quoted values in it."""
    text = " ".join(text[: limit * 4].split())
    for pattern, mask in _SECRETS:
        text = pattern.sub(mask, text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shape_of(value: object, limit: int = 40) -> str:
    """Show the shape of a value without its content: letters become x, digits become 9."""
    text = str(value)[:limit]
    masked = "".join("9" if c.isdigit() else "x" if c.isalpha() else c for c in text)
    return f"{type(value).__name__} {masked!r}"

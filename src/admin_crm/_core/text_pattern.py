"""Regular expressions that find a text whatever its case and accents, and that Postgres and Python read alike.

Every spelling of a letter is listed, so nothing depends on the locale of the database: `ñ`, `Ñ`, `n` and `N` are
one letter, in one character (NFC) or with the accent as a second one (NFD).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import chain

EVERY_ACCENT = 0x2000
"""A plain letter finds its accented forms of every language with Latin, Greek or Cyrillic letters."""
WESTERN_ACCENTS = 0x100
"""A plain letter finds the accented forms of Western European languages; the pattern is half as long."""
NO_ACCENTS = 0x80
"""A plain letter finds its upper and lower case only."""

NOT_BLANK = r"[^\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
"""Finds a character that is no white space, as Python's `str.strip` understands it."""

_MARKS = "\u0300-\u036f"
_SPACES = "\t-\r \u00a0"
_NUMBER = re.compile(r"[0-9 \t\u00a0()+.-]+")
# Letters with a stroke or a hook, and æ, ð and þ, do not decompose: their names say which letters they stand for.
_NAME = re.compile(r"LATIN (?:SMALL|CAPITAL) LETTER (?:DOTLESS )?([A-Z]|AE|OE|ETH|THORN)(?: WITH .+)?")
_NAMED = {"ETH": "d", "THORN": "th"}


def text_pattern(text: str, *, reach: int = EVERY_ACCENT, length: int | None = None) -> str:
    """Return a regular expression that finds a text in another one.

    Args:
        text: the text to find; an accented letter also finds the plain one.
        reach: which accented letters a plain one finds.
        length: find only the beginning of the text, of this many letters.
    """
    # Most texts have the same pattern in both forms; Korean, for one, has not.
    forms = (unicodedata.normalize("NFC", text), text)
    return _any_of("".join(_tokens(form, reach)[:length]) for form in forms)


def number_pattern(text: str, *, length: int | None = None) -> str:
    """Return a regular expression that finds a text in a phone number; the punctuation of digits may differ."""
    literal = text_pattern(text, reach=NO_ACCENTS, length=length)
    digits = [char for char in text if char in "0123456789"]
    if len(digits) < 3 or not _NUMBER.fullmatch(text):
        return literal
    return _any_of((literal, "[^0-9]*".join(digits[:length])))


def _tokens(text: str, reach: int) -> list[str]:
    """Return a pattern for each letter with its marks, each run of spaces, and each other character."""
    tokens: list[str] = []
    start = 0
    while start < len(text):
        end = start + 1
        pair = text[start : start + 2]
        if pair[0].isspace():
            while text[end : end + 1].isspace():
                end += 1
            tokens.append(_spaces(text[start:end]))
        elif pair.isascii() and pair.lower() in _letters_of(reach):  # two letters that are also written as one: ss, ß
            end += 1
            tokens.append(_spelled(pair.lower(), (), reach))
        else:
            while end < len(text) and unicodedata.combining(text[end]):
                end += 1
            tokens.append(_token(text[start], text[start + 1 : end], reach))
        start = end
    return tokens


def _spaces(run: str) -> str:
    others = {char for char in run if not re.match(f"[{_SPACES}]", char)}
    return f"[{_SPACES}{''.join(sorted(others))}]+"


def _token(first: str, marks: str, reach: int) -> str:
    """Return the pattern of one character and the combining marks after it."""
    if not first.isalpha():
        cluster = first + marks
        return _any_of(map(_escaped, (cluster, unicodedata.normalize("NFC", cluster), _decomposed(cluster))))
    plain = _plain(first)
    if len(plain) > 1 and plain.isalpha():
        return _spelled(plain, (first, *marks), reach)
    return _letter(plain, (first, *marks), reach)


def _spelled(plain: str, own: Iterable[str], reach: int) -> str:
    """Return the pattern of several letters that one letter stands for, such as ``ss`` and ``ß``."""
    letters = "".join(_letter(each, (), reach) for each in plain)
    return _any_of((letters, _letter(plain, own, reach)))


def _letter(plain: str, own: Iterable[str], reach: int) -> str:
    """Return the pattern of a letter: in every case, with every accent, and as the text itself has it."""
    accented = _letters_of(reach).get(plain, frozenset())
    chars = {case for char in (plain, *own) for case in (char, char.lower(), char.upper()) if len(case) == 1}
    marks = {char for char in chars if unicodedata.combining(char)}
    chars -= marks
    for char in tuple(chars):
        decomposed = _decomposed(char)
        base, others = decomposed[0], decomposed[1:]
        if all(map(unicodedata.combining, others)):
            chars.add(base)
            marks.update(others)
    some_marks = f"[{_MARKS}{''.join(sorted(marks - _COMMON_MARKS))}]*" if accented or marks else ""
    return f"{_one_of(chars | accented)}{some_marks}"


@cache
def _letters_of(reach: int) -> dict[str, frozenset[str]]:
    """Return the accented letters, up to a code point, of each plain letter or pair of plain letters."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for code in chain(range(0x80, 0x250), range(0x370, 0x530), range(0x1E00, 0x2000)):
        char = chr(code)
        if code < reach and char.isalpha() and (plain := _plain(char)).isalpha() and plain != char:
            found[plain].add(char)
    return {plain: frozenset(chars) for plain, chars in found.items()}


def _plain(char: str) -> str:
    """Return a letter in lower case and without its accent; several letters for some, such as ``ss`` for ``ß``."""
    # Normalize before and after casefold: some characters (mathematical letters) gain a case by decomposition.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(_named(each) for each in folded if not unicodedata.combining(each))


def _named(char: str) -> str:
    named = None if char.isascii() else _NAME.fullmatch(unicodedata.name(char, ""))
    return char if named is None else _NAMED.get(named[1], named[1].lower())


def _one_of(chars: Iterable[str]) -> str:
    """Return a character class, with ranges for letters that follow one another."""
    ranges: list[list[str]] = []
    for char in sorted(chars):
        if ranges and ord(char) == ord(ranges[-1][-1]) + 1:
            ranges[-1].append(char)
        else:
            ranges.append([char])
    inside = "".join(f"{run[0]}-{run[-1]}" if len(run) > 3 else "".join(run) for run in ranges)
    return inside if len(inside) == 1 else f"[{inside}]"


def _any_of(patterns: Iterable[str]) -> str:
    first, *others = dict.fromkeys(patterns)
    return f"(?:{'|'.join((first, *others))})" if others else first


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char.isascii() and not char.isalnum() else char for char in text)


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


_COMMON_MARKS = frozenset(map(chr, range(0x300, 0x370)))

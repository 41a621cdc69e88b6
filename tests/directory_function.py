"""What the function of `sql/directory.sql` answers: rows of many customers each, and a last row that counts them."""

from __future__ import annotations

import json
from uuid import UUID

from helpers import REST

RPC = f"{REST}/rpc/customer_directory"


def customers(count, start=0):
    return [{"id": str(UUID(int=start + number)), "full_name": f"Ana {number}"} for number in range(count)]


def answer(*packs, announced=None, spaced=False):
    rows = [{"customers": each, "packed": len(each)} for each in packs]
    rows.append({"customers": None, "packed": len(packs) if announced is None else announced})
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(rows, ensure_ascii=False, separators=separators).encode()

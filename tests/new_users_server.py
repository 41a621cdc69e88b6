"""A project that is played: users, profiles and addresses of new customers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import respx

from helpers import PROFILES, REST
from sign_up_server import INVITE, USERS

ADDRESSES = f"{REST}/addresses"
HOME = {"street": "Ocho", "number": "8", "colony": "Centro", "zip_code": "01000"}
TAKEN = httpx.Response(422, json={"error_code": "email_exists", "msg": "already registered"})


def rows(*names: str) -> list[dict[str, Any]]:
    return [
        {"email": f"{name}@x.example", "full_name": name, "phone": "55", "whatsapp": "56", **HOME} for name in names
    ]


class AuthServer:
    """Users, profiles and addresses of a played project; answers to some requests are decided by a test."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.passwords: dict[str, str] = {}
        self.profiles: dict[str, Any] = {}
        self.addresses: dict[str, Any] = {}
        self.mails: list[str] = []
        self.plays: dict[str, list[Any]] = {}
        """What becomes of the next requests of a kind."""
        self.refused: dict[str, httpx.Response] = {}
        """Answers to who would create a user with an address."""
        respx.route(method="POST", url=USERS).mock(side_effect=self._playing("users", self._create))
        respx.route(method="PUT", url__startswith=f"{USERS}/").mock(side_effect=self._playing("users/id", self._set))
        respx.route(method="GET", url__startswith=USERS).mock(side_effect=self._playing("find", self._find))
        respx.route(method="POST", url__startswith=INVITE).mock(side_effect=self._playing("invite", self._invite))
        for url, table in ((PROFILES, self.profiles), (ADDRESSES, self.addresses)):
            name = url.rpartition("/")[2]
            respx.route(method="POST", url__startswith=url).mock(side_effect=self._playing(name, self._write(table)))
            respx.route(method="GET", url__startswith=url).mock(side_effect=self._read(table))
            respx.route(method="PATCH", url__startswith=url).mock(side_effect=lambda _: _rows([]))

    def _playing(self, name: str, answer: Any) -> Any:
        def play(request: httpx.Request) -> httpx.Response:
            plays = self.plays.get(name)
            play = plays.pop(0) if plays else None
            if isinstance(play, httpx.Response):
                return play
            answered = answer(request)
            if play is not None:  # it has arrived, and the answer is lost
                raise play
            return answered

        return play

    def know(self, email: str, **user: Any) -> None:
        self.users[email] = {"id": str(uuid4()), "email": email, "user_metadata": {}, **user}

    def _create(self, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        if sent["email"] in self.refused:
            return self.refused[sent["email"]]
        if sent["email"].lower() in self.users:
            return TAKEN
        self.passwords[sent["email"].lower()] = sent["password"]
        self.know(sent["email"].lower(), id=sent["id"], user_metadata=sent["user_metadata"])
        return httpx.Response(200, json=self.users[sent["email"].lower()])

    def _invite(self, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content)
        self.mails.append(sent["email"])
        if sent["email"] not in self.users:
            self.know(sent["email"], user_metadata=sent["data"])
        return httpx.Response(200, json=self.users[sent["email"]])

    def _set(self, request: httpx.Request) -> httpx.Response:
        user = next(each for each in self.users.values() if request.url.path.endswith(each["id"]))
        self.passwords[user["email"]] = json.loads(request.content)["password"]
        return httpx.Response(200, json=user)

    def _find(self, request: httpx.Request) -> httpx.Response:
        found = [user for email, user in self.users.items() if request.url.params["filter"] in email]
        return httpx.Response(200, json={"users": found})

    @staticmethod
    def _write(table: dict[str, Any]) -> Any:
        def write(request: httpx.Request) -> httpx.Response:
            sent = json.loads(request.content)
            rows = sent if isinstance(sent, list) else [sent]
            new = [row for row in rows if row["id"] not in table or "ignore" not in request.headers["prefer"]]
            table.update({row["id"]: row for row in new})
            return httpx.Response(201, json=new)

        return write

    @staticmethod
    def _read(table: dict[str, Any]) -> Any:
        def read(request: httpx.Request) -> httpx.Response:
            column = "id" if "id" in request.url.params else "customer_id"
            wanted = request.url.params[column]
            return _rows([row for row in table.values() if row[column] in wanted])

        return read


def _rows(found: list[Any]) -> httpx.Response:
    return httpx.Response(200, json=found, headers={"content-range": f"0-0/{len(found)}"})


def passwords_in(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["email"]: row["password"] for row in csv.DictReader(file)}

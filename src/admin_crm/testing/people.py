"""The people of the factories: names and numbers as customers in Mexico have them, and that belong to nobody."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from admin_crm.errors import InvalidTypeError

_FIRST = (
    "María", "José", "Guadalupe", "Sofía", "Luis", "Ximena", "Carlos", "Valentina", "Renata", "Ángel", "Óscar",
    "Fernanda", "Andrés", "Itzel", "Raúl", "Mónica", "Héctor", "Belén", "Rocío", "Begoña", "Íñigo",
)  # fmt: skip
_MIDDLE = (
    "Hernández", "García", "Martínez", "López", "Pérez", "Ramírez", "Cruz", "Muñoz", "Núñez", "Ordóñez", "Peña",
    "Ávila", "Zúñiga", "Castañeda", "Ibáñez",
)  # fmt: skip
_LAST = (
    "Morales", "Vázquez", "Jiménez", "Reyes", "Gutiérrez", "Díaz", "Mendoza", "Aguilar", "Yáñez", "Güemes", "Treviño",
    "Quiñones", "Salazar", "de la Rosa", "Bolaños", "Luna",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Person:
    """Who a customer is."""

    number: int
    id: UUID
    full_name: str
    email: str
    phone: str
    birthdate: date


def person(number: int) -> Person:
    """Return a person; the same number is the same person."""
    if not isinstance(number, int):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidTypeError(f"number must be an integer, not {type(number).__name__}", argument="number")
    random = Random(f"person {number}")  # noqa: S311 (the same for each number, not secret)
    first, middle, last = random.choice(_FIRST), random.choice(_MIDDLE), random.choice(_LAST)
    plain = unicodedata.normalize("NFD", f"{first}.{middle}").encode("ascii", "ignore").decode().lower()
    return Person(
        number=number,
        id=uuid5(NAMESPACE_URL, f"https://shop.example/customer {number}"),
        full_name=f"{first} {middle} {last}",
        email=f"{plain}.{number}@clientes.example",  # no such domain can exist (RFC 2606)
        phone=f"+52 55 0{random.randrange(1000):03} {random.randrange(10_000):04}",  # no number begins with 0 there
        birthdate=date(random.randint(1955, 2004), random.randint(1, 12), random.randint(1, 28)),
    )

"""Reads policies/contacts.toml: whom to call about a security incident.

A mistake is a PolicyError.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.strict import Table, read_toml

FILE = "contacts.toml"
OFFICER, HEAD = "officer", "head"
"""Of the school: who looks after its network security, and who answers for it."""
_ADCODE = re.compile(r"\d{2,6}")
_SCHOOL = re.compile(r"\d{10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """`who`: OFFICER, HEAD or an authority. Empty words are not known."""

    who: str
    schools: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()
    role: str = ""
    person: str = ""
    phone: str = ""
    address: str = ""

    @property
    def words(self) -> str:
        """`role person phone address`, as far as known."""
        return " ".join(word for word in (self.role, self.person, self.phone, self.address) if word)

    def nearness(self, school: str, adcode: str) -> int | None:
        """The greater the more it is about that school; None if it is not."""
        if self.schools:
            return 10 if school in self.schools else None
        if self.areas:
            return max((len(a) for a in self.areas if adcode.startswith(a)), default=None)
        return 0


def contact_for(contacts: Sequence[Contact], who: str, school: str, adcode: str) -> Contact | None:
    """The nearest; of two that are equally near the first."""
    found: tuple[int, Contact] | None = None
    for one in contacts:
        near = one.nearness(school, adcode) if one.who == who else None
        if near is not None and (found is None or near > found[0]):
            found = near, one
    return found[1] if found else None


def load_contacts(
    authorities: Collection[str], folder: PolicyFolder = POLICY_FOLDER
) -> tuple[Contact, ...]:
    path = folder / FILE
    with Table(read_toml(path), name_of(path)) as top:
        return tuple(_read(each, authorities) for each in top.tables("contact", optional=True))


def _read(top: Table, authorities: Collection[str]) -> Contact:
    with top as table:
        contact = Contact(
            who=table.choice("is", [OFFICER, HEAD, *authorities]),
            schools=frozenset(_shaped(table, "schools", _SCHOOL, "9934000001")),
            areas=tuple(_shaped(table, "areas", _ADCODE, "3401")),
            role=table.text("role", ""),
            person=table.text("person", ""),
            phone=table.text("phone", ""),
            address=table.text("address", ""),
        )
        if not (contact.phone or contact.address):
            raise table.error(
                "phone", "phone 与 address 至少要有一个", "a phone or an address is wanted"
            )
        return contact


def _shaped(table: Table, key: str, shape: re.Pattern[str], example: str) -> Sequence[str]:
    words = table.words(key, ())
    for word in words:
        if not shape.fullmatch(word):
            raise table.error(key, f"“{word}”应写成 {example}", f"{word!r} is not like {example}")
    return words

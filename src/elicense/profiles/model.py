"""What a licence type is: fields, boxes, limits and QR templates, as plain values."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from elicense import canonical
from elicense.canonical import Value
from elicense.errors import UsageError
from elicense.licence import Licence, tree

KINDS = (
    "text",
    "address",
    "title",
    "identifier",
    "date",
    "integer",
    "choice",
    "choices",
    "area",
    "imo-ship",
    "imo-company",
    "ship-identification",
    "mmsi",
    "resident-id",
    "uscc",
    "month",
    "money",
    "percent",
    "table",
)
CELL_KINDS = ("text", "date", "month", "integer", "money", "percent", "choice", "resident-id")


@dataclass(frozen=True, slots=True)
class Choice:
    """One coded value of a table: its code in ``licence.json``, its number in a QR."""

    code: str
    number: int
    zh: str
    en: str
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it may be printed under, the Chinese one first."""
        return (self.zh, self.en, *self.aliases)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a licence type.

    ``path`` leads to the value in ``licence.json``; ``kind`` is one of ``KINDS``;
    ``deciding`` fields are those a printed sheet must be compared in; a field
    that is not ``printed`` stands only in the data; a ``maskable`` one has a salted
    digest, so that a copy may hide it. ``choices`` are the coded values of kinds
    ``choice``, ``choices`` and ``title``, by code; ``columns`` those of a ``table``,
    whose rows are objects with the columns' keys.
    """

    key: str
    path: str
    kind: str
    zh: str
    en: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    deciding: bool = False
    printed: bool = True
    maskable: bool = True
    choices: Mapping[str, Choice] = field(default_factory=dict, repr=False)
    columns: tuple[Field, ...] = field(default=(), repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label a form may print before the value."""
        return (self.zh, self.en, *self.aliases)

    def label(self, lang: str) -> str:
        """The label in ``zh`` or ``en``."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Box:
    """One endorsement box 签注栏 of the form.

    ``anniversary`` is the k of an annual verification (0: not tied to one),
    ``window_months`` its tolerance on either side, ``extension_months`` the most
    an extension may add (0: not an extension). ``rule`` and ``paragraph`` name
    the clause.
    """

    kind: str
    number: int
    zh: str
    en: str
    aliases: tuple[str, ...] = ()
    rule: str = ""
    paragraph: str = ""
    anniversary: int = 0
    window_months: int = 0
    extension_months: int = 0
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class TermLimit:
    """The longest term under one regime, for licences issued from ``since`` on."""

    rule: str
    regime: str
    paragraph: str
    months: int
    since: datetime.date
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a type's own: ``zh`` and ``en`` say what holds in every licence of it.

    ``kind`` is one of ``elicense.profiles.rules.KINDS``, ``settings`` what it asks for,
    ``table`` the table whose every row it is applied to. ``broken`` is what a breach makes
    of a licence: ``fail`` for a contradiction in itself, ``unknown`` for what only the
    issuer can explain, ``warn`` for a remark. Issuing refuses every breach but a remark.
    """

    id: str
    kind: str
    zh: str
    en: str
    broken: str
    confirmed: bool
    table: str = ""
    settings: Mapping[str, str | int | tuple[str, ...]] = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str:
        """A setting that is one text; empty where it is not set."""
        value = self.settings.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A setting that is a list of texts; empty where it is not set."""
        value = self.settings.get(name, ())
        return value if isinstance(value, tuple) else ()

    def integer(self, name: str) -> int:
        """A setting that is a number; 0 where it is not set."""
        value = self.settings.get(name, 0)
        return value if isinstance(value, int) else 0


@dataclass(frozen=True, slots=True)
class QrTemplate:
    """The order of fields in a QR payload. Frozen once published."""

    template: int
    dictionary: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """A licence type. ``subject`` is ``company``, ``ship`` or ``person``.

    ``type_code`` 证照类型代码 is official only where ``type_code_confirmed``. ``word`` is
    what the form calls itself (证书 certificate, 凭证 voucher), ``statement`` what it
    certifies, with ``{key}`` where the value of a field belongs; each in zh and en.
    """

    id: str
    zh: str
    en: str
    acronym: str
    aliases: tuple[str, ...]
    subject: str
    type_code: str
    type_code_confirmed: bool
    status_required: bool
    states: tuple[str, ...]
    fields: tuple[Field, ...] = field(repr=False)
    boxes: tuple[Box, ...] = field(default=(), repr=False)
    limits: tuple[TermLimit, ...] = field(default=(), repr=False)
    templates: tuple[QrTemplate, ...] = field(default=(), repr=False)
    rules: tuple[Rule, ...] = field(default=(), repr=False)
    statement: tuple[str, str] = ("", "")
    word: tuple[str, str] = ("证书", "Certificate")

    def title(self, lang: str) -> str:
        """The licence type's name in ``zh`` or ``en``."""
        return self.zh if lang == "zh" else self.en

    def field(self, key: str) -> Field:
        """The field ``key``; UsageError if this type has none."""
        for item in self.fields:
            if item.key == key:
                return item
        raise UsageError("profile.field", f"{self.id} has no field {key!r}")

    def has(self, key: str) -> bool:
        """Does this type have a field ``key``?"""
        return any(item.key == key for item in self.fields)

    def box(self, kind: str) -> Box | None:
        """The endorsement box ``kind``, or None if the form has none."""
        return next((item for item in self.boxes if item.kind == kind), None)

    def values(self, licence: Licence) -> list[tuple[Field, Value]]:
        """Each field that ``licence`` gives a value, in the order of the form.

        Dates come as ISO texts, exactly as ``licence.json`` has them.
        """
        members = tree(licence)
        found = []
        for item in self.fields:
            try:
                found.append((item, canonical.value_at(members, item.path)))
            except KeyError:
                continue  # no value: missing() tells whether that matters
        return found

    def missing(self, licence: Licence) -> tuple[Field, ...]:
        """Required fields without a value, those hidden in a masked copy left out."""
        hidden = licence.source.hidden if licence.source else ()
        given = {item.key for item, value in self.values(licence) if value not in ("", ())}
        return tuple(
            item
            for item in self.fields
            if item.required and item.key not in given and item.path not in hidden
        )

    def unknown_fields(self, licence: Licence) -> tuple[str, ...]:
        """Paths below ``fields`` that this licence type does not know."""
        known = {item.path for item in self.fields}
        return tuple(path for key in licence.fields if (path := f"fields.{key}") not in known)

    def salted_paths(self, licence: Licence) -> tuple[str, ...]:
        """The paths that must have a salted digest: maskable fields with a value.

        Names and titles of officers in endorsements are among them.
        """
        maskable = [item.path for item, _ in self.values(licence) if item.maskable]
        officers = [
            f"endorsements.{index}.officer"
            for index, item in enumerate(licence.endorsements)
            if item.officer
        ]
        return (*maskable, *officers)

    def new_salts(self, licence: Licence) -> dict[str, bytes]:
        """A fresh random salt of 16 bytes for each of :meth:`salted_paths`."""
        import secrets

        return {path: secrets.token_bytes(16) for path in self.salted_paths(licence)}

    def limit(self, regime: str, issued: datetime.date) -> TermLimit | None:
        """The term limit of ``regime`` in force on ``issued``; None if none is known."""
        fitting = [x for x in self.limits if x.regime == regime and x.since <= issued]
        return max(fitting, key=lambda item: item.since, default=None)

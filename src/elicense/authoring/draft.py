"""A licence being changed, value by value, until it keeps or breaks a rule."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from elicense import licence as licences
from elicense.authoring import samples
from elicense.canonical import Value
from elicense.issuing import reading
from elicense.licence import Licence
from elicense.profiles import Field, Profile, Rule, breaches
from elicense.profiles.amounts import money, percent

Row = dict[str, Any] | None
Way = Callable[[], None]


class Draft:
    """A licence being changed: values by field key, or by a column's key in a row."""

    def __init__(self, profile: Profile, licence: Licence, rng: random.Random) -> None:
        self.profile = profile
        self.rng = rng
        self.members: dict[str, Any] = _thawed(licences.tree(licence))
        self.fields = {item.key: item for item in profile.fields}

    def licence(self) -> Licence:
        read = reading.from_members(self.members)
        if read.licence is None or read.faults:
            raise AssertionError(read.faults)
        return read.licence

    def broken(self) -> list[Rule]:
        found = {breach.rule.id for breach in breaches(self.profile, self.licence())}
        return [rule for rule in self.profile.rules if rule.id in found]

    def places(self, rule: Rule) -> Iterator[Row]:
        """Each row the rule is applied to, or None for the licence itself."""
        yield from self.rows(rule.table) if rule.table else (None,)

    def rows(self, key: str) -> list[dict[str, Any]]:
        found = self.get(key, None)
        return found if isinstance(found, list) else []

    def field(self, key: str, row: Row, table: str) -> tuple[Field | None, bool]:
        """The field of that key, and whether it is a column of the rule's table."""
        if row is not None and table in self.fields:
            for column in self.fields[table].columns:
                if column.key == key:
                    return column, True
        return self.fields.get(key), False

    def get(self, key: str, row: Row) -> Any:
        if row is not None and key in row:
            return row[key]
        here: Any = self.members
        for step in self.fields[key].path.split(".") if key in self.fields else ("",):
            here = here.get(step) if isinstance(here, Mapping) else None
        return here

    def put(self, rule: Rule, key: str, row: Row, value: Any) -> None:
        item, inside = self.field(key, row, rule.table)
        if item is None:
            return
        if inside and row is not None:
            row[key] = value
            if value is None:
                del row[key]
            return
        *parents, last = item.path.split(".")
        here = self.members
        for step in parents:
            here = here.setdefault(step, {})
        if value is None:
            here.pop(last, None)
        else:
            here[last] = value

    def amount(self, key: str, row: Row) -> Decimal:
        value = self.get(key, row)
        if isinstance(value, int):
            return Decimal(value)
        found = money(value)
        return found if found is not None else percent(value) or Decimal(0)

    def put_amount(self, rule: Rule, key: str, row: Row, value: Decimal) -> None:
        item, _ = self.field(key, row, rule.table)
        if item is None or value < 0:
            return
        if item.kind == "money":
            self.put(rule, key, row, f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP)}")
        elif item.kind == "integer":
            self.put(rule, key, row, int(value))
        elif item.kind == "percent" and value <= 100:
            text = f"{value.quantize(Decimal('0.0001')):f}"
            self.put(rule, key, row, text.rstrip("0").rstrip("."))

    def day(self, key: str, row: Row) -> datetime.date:
        text = str(self.get(key, row) or "")
        try:
            return datetime.date.fromisoformat(f"{text}-01" if len(text) == 7 else text)
        except ValueError:
            return datetime.date(2024, 6, 1)

    def put_day(self, rule: Rule, key: str, row: Row, day: datetime.date) -> None:
        item, _ = self.field(key, row, rule.table)
        if item is not None and item.kind in {"date", "month"}:
            self.put(rule, key, row, f"{day:%Y-%m}" if item.kind == "month" else day.isoformat())

    def another(self, rule: Rule, key: str, row: Row) -> None:
        """Some other value of the field's kind."""
        item, _ = self.field(key, row, rule.table)
        if item is None:
            return
        for _try in range(20):
            value = _thawed(samples.any_value(self.rng, item))
            if value != self.get(key, row):
                self.put(rule, key, row, value)
                return


def _thawed(value: Value) -> Any:
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, (tuple, list)) else value

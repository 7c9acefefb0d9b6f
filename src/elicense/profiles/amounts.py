"""Amounts of money and shares: exact decimals, and the ways a voucher prints them.

An amount is a text of yuan with two decimals (``"1234.50"``), a share of a hundred a
text without needless zeros (``"8"``, ``"0.5"``): JSON numbers would be rounded.
"""

from __future__ import annotations

import re
from decimal import Decimal

_MONEY = re.compile(r"(0|[1-9][0-9]{0,12})\.[0-9]{2}", re.ASCII)
_PERCENT = re.compile(r"(0|[1-9][0-9]{0,2})(\.[0-9]{0,3}[1-9])?", re.ASCII)
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def money(text: object) -> Decimal | None:
    """The yuan of ``"1234.50"``, exact; None for what is no amount, a negative one too."""
    return Decimal(text) if isinstance(text, str) and _MONEY.fullmatch(text) else None


def percent(text: object) -> Decimal | None:
    """The number of ``"8"`` or ``"0.5"`` (per cent); None for any other spelling."""
    found = Decimal(text) if isinstance(text, str) and _PERCENT.fullmatch(text) else None
    return found if found is not None and found <= 100 else None


def money_forms(text: str) -> tuple[str, ...]:
    """How an amount is printed, the usual way first; the last one is in words 大写."""
    amount = money(text)
    if amount is None:
        return ()
    grouped = f"{amount:,.2f}"
    plain = [grouped, text]
    if amount == amount.to_integral_value():
        plain += [f"{int(amount):,}", str(int(amount))]
    forms = [*plain, *(f"{mark}{form}" for mark in ("¥", "￥", "人民币") for form in plain)]
    forms += [f"{form}元" for form in plain]
    return tuple(dict.fromkeys([*forms, in_words(amount), f"人民币{in_words(amount)}"]))


def in_words(amount: Decimal) -> str:
    """壹仟贰佰叁拾肆元伍角整: as the rules for filling in bills 正确填写票据 ask for."""
    cents = int(amount * 100)
    yuan, rest = divmod(cents, 100)
    tenth, cent = divmod(rest, 10)
    text = f"{_integer(yuan)}元" if yuan or not rest else ""
    if not rest:
        return f"{text}整"
    if tenth:
        text += f"{_DIGITS[tenth]}角"
    elif yuan:
        text += "零"
    return text + (f"{_DIGITS[cent]}分" if cent else "整")


def _integer(number: int) -> str:
    """A number of yuan in words; a zero in between is spoken once."""
    if number == 0:
        return "零"
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text, gap = "", False
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if group == 0:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += "零"
        text, gap = text + _group(group) + _GROUPS[index], False
    return text


def _group(number: int) -> str:
    """1 to 9999 in words."""
    text, gap = "", False
    for index in range(3, -1, -1):
        digit = number // 10**index % 10
        if digit == 0:
            gap = bool(text)
            continue
        text, gap = text + ("零" if gap else "") + _DIGITS[digit] + _PLACES[index], False
    return text

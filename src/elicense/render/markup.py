"""HTML out of values: everything goes through :func:`text`, nothing else makes markup.

A value from a file may be markup, a script, an override of the writing direction or a
word of a million letters. It comes out as the characters it is made of.
"""

from __future__ import annotations

import base64
import html
import unicodedata

from elicense.render.width import safe

MOST = 2_000  # characters of one value
_MARKS = 4  # combining characters upon one another


class Markup(str):
    """Text that is markup already, and made here."""

    __slots__ = ()


Content = str | None
Attribute = str | int | float | None


def text(value: object) -> Markup:
    """Any value as harmless HTML text, for elements and quoted attributes alike."""
    if isinstance(value, Markup):
        return value
    shown = str(value)
    if len(shown) > MOST:
        shown = f"{shown[:MOST]} … (+{len(shown) - MOST})"
    return Markup(html.escape(_without_towers(safe(shown)), quote=True))


def _without_towers(value: str) -> str:
    """Without the marks piled on one letter that would hide the lines above and below."""
    if value.isascii():
        return value
    found: list[str] = []
    pile = 0
    for character in value:
        pile = pile + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if pile <= _MARKS:
            found.append(character)
    return "".join(found)


def element(tag: str, *children: Content, **attributes: Attribute) -> Markup:
    """One element. ``class_`` and ``for_`` lose their underscore, others get hyphens; an
    attribute or child that is None is left out."""
    head = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{head}>{join(*children)}</{tag}>")


def void(tag: str, **attributes: Attribute) -> Markup:
    """An element without an end tag (``img``, ``br``, ``meta``)."""
    return Markup(element(tag, **attributes).removesuffix(f"</{tag}>"))


def join(*children: Content) -> Markup:
    """Children one after the other, each escaped unless it is markup."""
    return Markup("".join(text(child) for child in children if child is not None))


def value(shown: object) -> Markup:
    """A value from a file, kept apart from the writing direction around it."""
    return element("bdi", text(shown))


def png_uri(data: bytes) -> Markup:
    """A PNG as the address of an image."""
    return data_uri(data, "image/png")


def data_uri(data: bytes, media: str) -> Markup:
    """A picture of a media type that we chose as the address of an image."""
    return Markup(f"data:{media};base64,{base64.b64encode(data).decode()}")

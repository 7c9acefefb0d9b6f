"""The frame of every HTML report: one file, no script, a strict policy, the verdict on top."""

from __future__ import annotations

import base64
import hashlib
import re
import string
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from elicense.policy import Policy
from elicense.render import summary
from elicense.render.html_evidence import rows, when
from elicense.render.markup import Content, Markup, element, text, value
from elicense.report import own_version
from elicense.trust.store import TrustStore

_SIGNS = {
    "VALID": ("circle", "M28 52 L44 68 L74 34"),
    "INVALID": ("octagon", "M34 34 L66 66 M66 34 L34 66"),
    "INDETERMINATE": ("triangle", "M39 47 C39 33 61 33 61 47 C61 56 50 55 50 66"),
}


def document(language: str, title: str, head: Markup, main: Markup, foot: Markup) -> str:
    """The whole page."""
    words = summary.words(language)
    style, style_hash = _style()
    return _template().substitute(
        lang=text(words["lang"]), title=text(title), style=style, style_hash=style_hash,
        skip=text(words["skip"]), head=head, main=main, foot=foot,
    )  # fmt: skip


@cache
def _template() -> string.Template:
    return string.Template(Path(__file__).with_name("report.html").read_text("utf-8"))


@cache
def _style() -> tuple[str, str]:
    """The style sheet and the hash that alone lets it in."""
    style = Path(__file__).with_name("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return style, f"sha256-{digest}"


def base_name(name: str) -> str:
    """The last part of a path of any system."""
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1] or name


def banner(word: str, sign: str, why: str, todo: str, words: Mapping[str, Any]) -> Markup:
    """Word, colour and shape each say the verdict alone."""
    return element(
        "header",
        element("p", words["title"], class_="product"),
        element(
            "div",
            _sign(sign),
            element(
                "div",
                element("h1", words[word]),
                element("p", why, class_="why"),
                element("p", f"{words['todo']}{todo}", class_="todo") if todo else None,
            ),
            class_=f"verdict {word}",
        ),
    )


def _sign(verdict: str) -> Markup:
    """A disc with a tick, an octagon with a cross, a triangle with a question mark."""
    kind, path = _SIGNS[verdict]
    if kind == "circle":
        shape = element("circle", cx=50, cy=50, r=48, class_="shape")
    elif kind == "octagon":
        shape = element(
            "polygon", points="30,2 70,2 98,30 98,70 70,98 30,98 2,70 2,30", class_="shape"
        )
    else:
        shape = element("polygon", points="50,4 99,92 1,92", class_="shape")
    dot = element("circle", cx=50, cy=80, r=5.5, class_="dot") if kind == "triangle" else None
    return element(
        "svg", shape, element("path", d=path, class_="sign"), dot, viewBox="0 0 100 100",
        aria_hidden="true",
    )  # fmt: skip


def test_note(trust: TrustStore, words: Mapping[str, Any]) -> Markup | None:
    """That the store's keys are public, where they are."""
    return element("p", words["test"], class_="test", role="note") if trust.test else None


def rests_on(
    trust: TrustStore, at: datetime, now: datetime, policy: Policy, words: Mapping[str, Any]
) -> list[tuple[str, Content]]:
    """What every answer rests on: trust store with its age, times, policy, version."""
    return [
        (words["trust"], value(trust.name)),
        (words["at"], when(at, words)),
        (words["trust_issued"], _age(trust, now, words)),
        (words["now"], when(now, words)),
        (words["trust_next"], _next(trust, now, words)),
        (words["policy"], value(policy.name)),
        (words["trust_digest"], element("span", trust.digest, class_="mono")),
        (words["software"], f"elicense {own_version()}"),
    ]


def about(pairs: list[tuple[str, Content]], words: Mapping[str, Any]) -> Markup:
    """The foot of a report."""
    return element(
        "footer", element("h2", words["about"], id="about"), rows(pairs, wide=True),
        aria_labelledby="about",
    )  # fmt: skip


def _age(trust: TrustStore, now: datetime, words: Mapping[str, Any]) -> str:
    if trust.issued is None:
        return str(words["undated"])
    days = (now - trust.issued).days
    return str(words["trust_age"]).format(date=when(trust.issued, words)[:10], days=days)


def _next(trust: TrustStore, now: datetime, words: Mapping[str, Any]) -> str:
    due = trust.next_update
    if due is None:
        return str(words["undated"])
    shown_date = when(due, words)[:10]
    return shown_date if now <= due else str(words["trust_late"]).format(date=shown_date)

"""Of every licence type, any choice of the fields that may be hidden leaves a copy VALID."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import copying
import elicense
import issue_world
from elicense import profiles
from elicense.issuing import copy_source
from elicense.issuing.credential import Credential
from issuing_world import desk
from pki.world import CHINA
from samples import matters

RECEIVER = "渤海银行股份有限公司天津分行"


@dataclass(frozen=True)
class Kind:
    """How a licence of one type is issued and copied here."""

    file: Callable[[], bytes] = field(repr=False)
    trust: Callable[[], elicense.TrustStore] = field(repr=False)
    maker: Callable[[], Credential] = field(repr=False)
    at: datetime


@functools.cache
def _offices() -> Any:
    return matters.offices(desk().world)


@functools.cache
def _store() -> elicense.TrustStore:
    store: elicense.TrustStore = _offices().store()
    return store


@functools.cache
def _matter(index: int) -> bytes:
    licence = matters.licence_of(matters.samples()[index], index)
    issued = licence.validity.issued
    assert issued is not None
    time = datetime(issued.year, issued.month, issued.day, 10, tzinfo=CHINA)
    offices = _offices()
    return elicense.issue(
        licence, seal=offices.seal(licence), signer=offices.credential(licence), time=time,
        timestamp=offices.stamp(time),
    )  # fmt: skip


@functools.cache
def kinds() -> dict[str, Kind]:
    found = {
        kind: Kind(functools.partial(copying.original, kind), issue_world.trust,
                   functools.partial(issue_world.credential, copying.MAKER), copying.AT)
        for kind in issue_world.TYPES
    }  # fmt: skip
    for index, path in enumerate(matters.samples()):
        licence = matters.licence_of(path, index)
        if licence.type not in found:
            found[licence.type] = Kind(
                functools.partial(_matter, index), _store,
                functools.partial(_offices().credential, licence, "copy"),
                datetime(2026, 3, 20, 9, tzinfo=CHINA),
            )  # fmt: skip
    return found


def test_every_licence_type_is_tried_here() -> None:
    assert set(kinds()) == {profile.id for profile in profiles.all()}


@functools.cache
def hideable(kind: str) -> tuple[str, ...]:
    found = copy_source.read_original(kinds()[kind].file()).hideable
    return tuple(item.name for item in found)


def made(kind: str, hide: set[str], form: str) -> elicense.Report:
    own = kinds()[kind]
    copy = elicense.make_copy(
        own.file(), purpose="办理贷款", receiver=RECEIVER, until=timedelta(days=10), hide=hide,
        signer=own.maker(), trust=own.trust(), time=own.at, format=form,  # type: ignore[arg-type]
    )  # fmt: skip
    report = elicense.verify(copy, trust=own.trust(), at=own.at, now=own.at, receiver=RECEIVER)
    assert report.licence is not None
    assert report.licence.source is not None
    assert len(report.licence.source.hidden) == len(hide)
    return report


def holds(report: elicense.Report) -> bool:
    """VALID; of an SMC, which rests on its company's DOC too, all but that."""
    return report.verdict == "VALID" or {f.code[:4] for f in report.deciding} == {"ism."}


@pytest.mark.parametrize("form", ["ofd", "pdf"])
@pytest.mark.parametrize("kind", [profile.id for profile in profiles.all()])
def test_all_and_none_of_it_hidden_verifies(kind: str, form: str) -> None:
    assert holds(made(kind, set(hideable(kind)), form))
    assert holds(made(kind, set(), form))


@settings(max_examples=30, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(data=st.data())
def test_any_choice_of_it_hidden_verifies(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(kinds())))
    hide = data.draw(st.sets(st.sampled_from(hideable(kind))))
    assert holds(made(kind, hide, data.draw(st.sampled_from(["ofd", "pdf"]))))

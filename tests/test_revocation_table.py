"""Every state of revocation and time, as a table: ``revocation_table.toml``."""

from __future__ import annotations

import datetime
import functools
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import extend_world as e
import trust_builders as b
from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.findings import Finding
from elicense.issuing import pdf_seal
from elicense.policy import DEFAULT, Policy
from elicense.trust.store import TrustStore
from issuing_world import desk
from samples import licences, sealing

ROWS = tomllib.loads(Path(__file__).with_name("revocation_table.toml").read_text("utf-8"))["row"]
KEYS = {"name", "at", "now", "sealer", "stamps", "crls", "root", "ocsps", "policy", "verdict",
        "found", "follows"}  # fmt: skip
ADDRESS = "http://crl.example/1.crl"


@dataclass(frozen=True, eq=False)
class World:
    made: dict[str, b.Made]
    trust: TrustStore


@functools.cache
def world() -> World:
    point = b.x.crl_distribution_point(ADDRESS)
    root = b.make("Table Root")
    ca = b.make("Table CA", root)
    term = (b.day(2024), b.day(2027))
    using = (*b.SIGNING, b.x.extended_key_usage(b.x.EKU_OCSP))
    no_check = b.x.extension("1.3.6.1.5.5.7.48.1.5", b"\x05\0")
    made = {
        "root": root, "ca": ca, "stranger": b.make("Table stranger"),
        "plain sealer": b.make("Table sealer", ca, *b.SIGNING, validity=term),
        "pointed sealer": b.make("Table sealer", ca, *b.SIGNING, point, validity=term,
                                 serial="pointed"),
        "status": b.make("Table status", root, *b.SIGNING),
        "nocheck": b.make("Table nocheck", ca, *using, no_check),
        "checked": b.make("Table checked", ca, *using),
        "expired": b.make("Table expired", ca, *using, no_check,
                          validity=(b.day(2024), b.day(2026, 10))),
        "plain": b.make("Table plain", ca, *b.SIGNING),
        "tsa": b.make("Table TSA", ca, *e.STAMPING, validity=(b.day(2024), b.day(2027, 6))),
        "long": b.make("Table long", ca, *e.STAMPING, validity=(b.day(2024), b.day(2034))),
        "ended": b.make("Table ended", ca, *e.STAMPING),
        "unlisted": b.make("Table unlisted", ca, *e.STAMPING),
    }  # fmt: skip
    own = {"authority": "天津海事局", "uscc": licences.TIANJIN_DOC.issuer.code}
    services = [b.listed("sealer", made[f"{n} sealer"], licence_types=("msa-doc",), **own)
                for n in ("plain", "pointed")]  # fmt: skip
    services += [
        b.listed("status", made["status"], **own), b.listed("timestamp", made["tsa"]),
        b.listed("timestamp", made["long"]),
        b.listed("timestamp", made["ended"], ends=b.day(2026, 2)),
    ]  # fmt: skip
    states = e.status_list.status_list(
        made["status"].credential(), uri=e.LIST, states={}, size=8, issued=e.SEALED,
        expires=b.day(2060),
    )  # fmt: skip
    trust = b.store(root, services=tuple(services), next_update=b.day(2060),
                    intermediates=(ca.certificate,), status_lists={e.LIST: states})  # fmt: skip
    return World(made, trust)


@functools.cache
def unsealed() -> bytes:
    return sealing.unsealed(desk(), e.world().licence(), "pdf", qr="")


@functools.cache
def evidence(sealer: str, stamps: tuple[str, ...]) -> Evidence:
    made = world().made
    first = next((s for s in stamps if not s.startswith("doc ")), "")
    file = pdf_seal.seal_pdf(
        unsealed(), credential=made[f"{sealer} sealer"].credential(made["ca"]), time=e.SEALED,
        stamp=_stamp(first) if first else None,
    )  # fmt: skip
    for stamp in stamps:
        if stamp.startswith("doc "):
            file = pdf_seal.timestamp_pdf(file, stamp=_stamp(stamp.removeprefix("doc ")))
    return examine(file)


def _stamp(text: str):
    name, day, *words = text.split()
    ask = e.timestamp.stamp(world().made[name].credential(world().made["ca"]), moment(day))
    return (lambda message: ask(message + b" another")) if words else ask


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=b.NOW.tzinfo)


def _crl(text: str, issuer: str, sealer: str) -> bytes:
    this, until, *words = text.split()
    if "garbage" in words:
        return b"0\x03garbage"
    made = world().made
    by = next((w.removeprefix("by=") for w in words if w.startswith("by=")), issuer)
    entries, extensions = [], []
    for word in words:
        if "@" in word:
            entries.append(_entry(word, sealer))
        elif word not in {"key=other", f"by={by}"}:
            extensions.append(_extension(word))
    return b.crl(
        made[by], *entries, this=moment(this), until=None if until == "-" else moment(until),
        extensions=tuple(extensions),
        signer=made["stranger"].key if "key=other" in words else None,
    )  # fmt: skip


def _entry(word: str, sealer: str) -> bytes:
    who, day, reason, invalid = re.fullmatch(
        r"(\w+)@([0-9-]+)(?::(\d))?(?:~([0-9-]+))?", word
    ).groups()  # type: ignore[union-attr]
    made = world().made[f"{sealer} sealer" if who == "sealer" else who]
    more = (b.x.extension("2.5.29.24", b.der.gentime(moment(invalid))),) if invalid else ()
    return b.entry(made, moment(day), int(reason or 1), *more)


def _extension(word: str) -> bytes:
    def point(*parts: bytes) -> bytes:
        return b.x.extension("2.5.29.28", b.der.seq(*parts), critical=True)

    def address(url: str) -> bytes:
        name = b.der.implicit(6, b.der.ia5(url), False)
        return point(b.der.explicit(0, b.der.explicit(0, name)))

    def flag(number: int) -> bytes:
        return point(b.der.implicit(number, b.der.boolean(True), False))

    return {
        "delta": lambda: b.x.extension("2.5.29.27", b.der.integer(1), critical=True),
        "critical": lambda: b.x.extension("2.999.7", b.der.null(), critical=True),
        "indirect": lambda: flag(4), "users": lambda: flag(1), "authorities": lambda: flag(2),
        "reasons": lambda: point(b.der.implicit(3, b.der.bits(b"\x40", 6), False)),
        "here": lambda: address(ADDRESS), "elsewhere": lambda: address("http://crl.example/2.crl"),
    }[word]()  # fmt: skip


def _ocsp(text: str, sealer: str) -> bytes:
    state, by, this, until, *words = text.split()
    made = world().made
    about = made["plain" if "other" in words else f"{sealer} sealer"]
    told = {"good": b.GOOD, "unknown": b.UNKNOWN_STATE}.get(state)
    if told is None:
        told = b.revoked_state(moment(state.removeprefix("revoked@")))
    single = b.single(about, made["ca"], told, this=moment(this),
                      until=None if until == "-" else moment(until))  # fmt: skip
    return b.ocsp(made[by], single, produced=moment(this))


def judged(row: dict):
    sealer, now = row.get("sealer", "plain"), row.get("now", "2026-11-01")
    root = row.get("root", [f"{now} 2060-01-01"])
    crls = [_crl(x, "ca", sealer) for x in row.get("crls", ())]
    crls += [_crl(x, "root", sealer) for x in root]
    trust = replace(world().trust, crls=tuple(crls),
                    ocsps=tuple(_ocsp(x, sealer) for x in row.get("ocsps", ())))  # fmt: skip
    policy = DEFAULT
    if "policy" in row:
        policy = Policy.from_toml(f'schema = "elicense-policy/1"\n{row["policy"]}\n')
    return b.verdict(
        evidence(sealer, tuple(row.get("stamps", ()))), trust=trust, policy=policy,
        at=moment(row.get("at", "2026-11-01")), now=moment(now),
    )  # fmt: skip


def shown(finding: Finding) -> str:
    return f"{finding.code} {finding.outcome} {finding.reason} {finding.detail}".strip()


@pytest.mark.parametrize("row", ROWS, ids=[r["name"] for r in ROWS])
def test_row(row: dict) -> None:
    assert set(row) <= KEYS
    report = judged(row)
    told = [shown(f) for f in report.findings]
    assert report.verdict == row["verdict"], b.told(report)
    for wanted in row.get("found", ()):
        parts = wanted.split()
        fits = [
            t for t in told
            if t.split()[: min(3, len(parts))] == parts[:3] and parts[-1] in t.split()
        ]  # fmt: skip
        assert fits, (wanted, told)


def test_the_table_is_whole() -> None:
    assert len(ROWS) >= 40 and len({r["name"] for r in ROWS}) == len(ROWS)
    assert all(re.search(r"\d", r["follows"]) for r in ROWS)
    assert {r["verdict"] for r in ROWS} == {"VALID", "INVALID", "INDETERMINATE"}
    for row in ROWS:
        if row["verdict"] != "VALID":
            assert row.get("found"), row["name"]

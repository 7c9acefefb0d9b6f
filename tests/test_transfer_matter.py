"""Matter 12, 安管人员安全生产考核变更: a certificate goes from Tianjin to Hebei."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import elicense
from elicense import licence as licences
from elicense import profiles
from elicense.issuing import reading, status_index, status_list
from elicense.licence import Licence
from elicense.registry import (
    changes,
    database,
    issuing,
    publish,
    records,
    transfer_checks,
    transfer_in,
    transfer_out,
)
from elicense.registry.transfers import Office
from elicense.trust.store import TrustStore
from issuing_world import desk
from pki.world import CHINA
from samples import matters
from transfer_world import World

TYPE = "water-safety-officer"
NOW = datetime(2026, 3, 20, 9, 0, tzinfo=CHINA)


def department(slug: str) -> matters.Department:
    return next(item for item in matters.DEPARTMENTS if item.slug == slug)


@cache
def trust() -> TrustStore:
    """The departments' store; each department's status lists are signed with a key of its own."""
    files = matters.offices(desk().world).files()
    text = files["trust.toml"].decode()
    for item in (department("water"), department("hebei-water")):
        text += (
            f'\n[[service]]\nservice = "status"\nregion = "{item.region}"\n'
            f'authority = "{item.name}"\nuscc = "{item.uscc}"\n'
            f'certificate = "matters/{item.slug}-sealer.pem"\n'
            "from = 2024-01-01\nuntil = 2044-01-01\n"
        )
    return TrustStore.from_files({**files, "trust.toml": text.encode()})


def office(folder: Path, slug: str) -> Office:
    registry = database.create(f"sqlite:///{folder / slug}.db", name=slug)
    with registry.change() as connection:
        changes.open_list(connection, uri(slug), size=1000, actor="x", now=NOW)
    key = matters.offices(desk().world).world.credential(f"matters/{slug}-sealer")
    return Office(registry, department(slug).uscc, trust(), key)


def uri(slug: str) -> str:
    return f"https://status.{slug}.example/1"


def asked_for(request: Path, slug: str, serial: str) -> Licence:
    """The sample request as an application to this department; it names no licence before it."""
    item, members = department(slug), json.loads(request.read_text("utf-8"))
    members |= {
        "serial": serial, "number": f"样例{serial}",
        "issuer": {"name": item.name, "code": item.uscc, "code_type": "001",
                   "region": item.region},
    }  # fmt: skip
    members["fields"].pop(transfer_checks.FIELD, None)
    read = reading.read_json(json.dumps(members, ensure_ascii=False).encode())
    assert read.licence is not None and not read.faults, read.faults
    return read.licence


def sealed_with(licence: Licence) -> dict[str, Any]:
    made = matters.offices(desk().world)
    return {
        "seal": made.seal(licence), "signer": made.credential(licence),
        "qr_signer": made.credential(licence, "qr"), "time": NOW, "formats": ("ofd",),
        "timestamp": made.stamp(NOW),
    }  # fmt: skip


def verified(side: Office, slug: str, file: bytes, now: datetime) -> elicense.Report:
    """As a window does it, with the list and the index this department publishes."""
    with side.registry.look() as connection:
        told = publish.content(connection, uri(slug))
        index = status_index.make(publish.index_entries(connection), signer=side.signer,
                                  issued=now)  # fmt: skip
    packed = status_list.pack(told.codes, told.size)
    made = status_list.Content(told.uri, packed, now, now + timedelta(days=1))
    known = replace(
        trust(), status_lists={uri(slug): status_list.sign(made, signer=side.signer)},
        status_indexes=(index,),
    )  # fmt: skip
    later = now + timedelta(minutes=5)
    return elicense.verify(file, trust=known, at=later, now=later)


def transfer(request: Path, folder: Path) -> tuple[World, Licence, Licence, bytes]:
    """From 天津市水务局 to 河北省水利厅: both sides, both licences, and the old file."""
    world = World(office(folder, "water"), office(folder, "hebei-water"), now=NOW)
    old = asked_for(request, "water", "202603120901")
    issuing.issue(world.old.registry, old, actor="x", now=NOW, **sealed_with(old))
    with world.old.registry.look() as connection:
        file = records.file(connection, records.needed(connection, old.identifier))
    assert file is not None and file.data is not None
    id = transfer_out.request(world.old, old.identifier, department("hebei-water").uscc,
                              reason="调动", actor="x", now=NOW).id  # fmt: skip
    world.settle()
    new = asked_for(request, "hebei-water", "202603120902")
    transfer_in.issue(world.new, id, new, actor="x", now=NOW, **sealed_with(new))
    world.settle()
    return world, old, new, file.data


def samples() -> list[Path]:
    return [path for path in matters.samples()
            if json.loads(path.read_text("utf-8"))["type"] == TYPE]  # fmt: skip


@pytest.mark.skipif(profiles.find(TYPE) is None or not samples(),
                    reason=f"no licence type {TYPE} with a sample request yet")  # fmt: skip
def test_a_safety_officer_goes_to_another_province(tmp_path: Path) -> None:
    for number, request in enumerate(samples()):
        folder = tmp_path / str(number)
        folder.mkdir()
        check(request, folder)


def check(request: Path, folder: Path) -> None:
    world, old, new, file = transfer(request, folder)
    now = NOW + timedelta(minutes=1)
    gone = verified(world.old, "water", file, now)
    (finding,) = [f for f in gone.findings if f.code == "status.licence"]
    assert (str(gone.verdict), finding.reason) == ("INVALID", "transferred")
    assert f"此证照已转出至河北省水利厅的 {new.identifier}" in finding.message("zh")
    with world.new.registry.look() as connection:
        came = records.file(connection, records.needed(connection, new.identifier))
    assert came is not None and came.data is not None
    report = verified(world.new, "hebei-water", came.data, now)
    assert str(report.verdict) == "VALID", [
        f"{f.code} {f.reason} {f.detail}" for f in report.findings if f.outcome.name != "PASS"
    ]
    assert report.licence is not None
    assert transfer_checks.named(report.licence) == old.identifier
    world.close()


def test_a_type_with_a_field_for_it_names_the_old_licence_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transfer_world as w

    text = Path(profiles.__file__).with_name("msa-doc.toml").read_text("utf-8")
    added = '[[field]]\nkey = "previous_identifier"\npath = "fields.previous_identifier"\n'
    added += 'kind = "text"\nzh = "原证照标识"\nen = "Identifier of the previous licence"\n\n'
    first = text.index("[[field]]")
    (tmp_path / "msa-doc.toml").write_text(text[:first] + added + text[first:], "utf-8")
    profile = profiles.load(tmp_path / "msa-doc.toml")
    monkeypatch.setattr(transfer_checks.profiles, "find", lambda type: profile)
    made = transfer_checks.naming(w.licence("shandong"), w.OLD)
    assert made.fields["previous_identifier"] == w.OLD and not made.extra
    assert transfer_checks.named(licences.load(licences.dump(made))) == w.OLD
    assert profile.unknown_fields(made) == ()
    w.refused("transfer.successor", lambda: transfer_checks.naming(made, w.OTHER))

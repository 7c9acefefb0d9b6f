"""Two authorities on the test PKI, each with a registry: a DOC goes from Tianjin to Shandong."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from elicense.identifiers import format_identifier
from elicense.issuing import signers
from elicense.issuing.credential import Credential
from elicense.licence import Licence, Party, Validity
from elicense.registry import (
    audit,
    changes,
    database,
    issuing,
    records,
    transfer_in,
    transfer_message,
    transfer_out,
    transfer_post,
    transfers,
)
from elicense.registry.records import Record
from elicense.registry.states import states
from elicense.registry.transfers import Office, Transfer
from elicense.trust.store import TrustStore
from issuing_world import CERTS, desk
from samples import sealing

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
CLERK = "clerk-7"
OFFICES = {
    "tianjin": ("1112000000000T122L", "天津海事局", "120000"),
    "shandong": ("1137000000000T376K", "山东海事局", "370000"),
    "guangdong": ("1144000000000T448N", "广东海事局", "440000"),
}
TIANJIN, SHANDONG, GUANGDONG = (OFFICES[name][0] for name in OFFICES)
HOLDER = Party(
    "渤海样例航运有限公司", name_en="Bohai Sample Shipping Co., Ltd.",
    address="天津市滨海新区样例路1号", address_en="No. 1 Yangli Road, Binhai New Area, Tianjin",
)  # fmt: skip


@functools.cache
def key(name: str) -> Credential:
    return signers.load(f"file:{CERTS}/keys/{name}.pem", certificate=f"{CERTS}/{name}.pem",
                        check=False)  # fmt: skip


@functools.cache
def trust() -> TrustStore:
    return TrustStore.load(CERTS / "trust")


@functools.cache
def seal(region: str) -> bytes:
    return sealing.seal_of(desk(), licence(region))


def licence(region: str, serial: int = 1, **changed: Any) -> Licence:
    """A DOC of this region's authority."""
    code, name, area = OFFICES[region]
    day = date(2026, 10, 20)
    made = Licence(
        type="msa-doc", number=f"样例DOC{serial:06}",
        identifier=format_identifier(
            type="11100000000019713D991", issuer=code, serial=f"2026{serial:06}", version=1
        ),
        issuer=Party(name, code=code, code_type="001", region=area), holder=HOLDER,
        validity=Validity(day, day, date(2030, 10, 19)),
        fields={
            "company_number": "9999126", "regime": "ISM", "state": "CN",
            "ship_types": ({"code": "bulk-carrier"},), "completion_date": f"{day}",
            "place_of_issue": name[:2], "officer": "王样例",
        },
    )  # fmt: skip
    return replace(made, **changed)


def sealed_with(region: str) -> dict[str, Any]:
    return {
        "seal": seal(region), "signer": key(f"sealers/{region}-doc-sm2"),
        "time": NOW - timedelta(hours=1), "formats": ("ofd",),
    }  # fmt: skip


def office(folder: Path, region: str) -> Office:
    """Open this authority's registry, made if it is not there."""
    url = f"sqlite:///{folder / region}.db"
    uscc = OFFICES[region][0]
    if (folder / f"{region}.db").exists():
        registry = database.open_registry(url)
    else:
        registry = database.create(url, name=region)
        with registry.change() as connection:
            changes.open_list(connection, f"https://status.{region}.example/1", size=1000,
                              actor=CLERK, now=NOW)  # fmt: skip
    return Office(registry, uscc, trust(), key(f"status/{region}-sm2"))


def enter(side: Office, serial: int = 1, **changed: Any) -> Record:
    """Issue a DOC in Tianjin."""
    record, _ = issuing.issue(
        side.registry, licence("tianjin", serial, **changed), actor=CLERK, now=NOW,
        **sealed_with("tianjin"),
    )  # fmt: skip
    return record


OLD, OTHER, NEW = (
    licence(region, serial).identifier
    for region, serial in (("tianjin", 1), ("tianjin", 2), ("shandong", 1))
)


@dataclass
class World:
    """Both sides, and the post between them. ``lost`` says which messages do not arrive
    (``to``) or whose answers do not (``back``)."""

    old: Office
    new: Office
    lost: set[str] = field(default_factory=set)
    now: datetime = NOW

    def send(self, to: str, data: bytes) -> bytes:
        target = {self.old.uscc: self.old, self.new.uscc: self.new}.get(to)
        if target is None or "to" in self.lost:
            raise ConnectionError("nobody answers")
        answer = transfer_post.receive(target, data, now=self.now).answer
        if "back" in self.lost:
            raise ConnectionError("the answer was lost")
        return answer

    def deliver(self, side: Office) -> tuple[transfer_post.Sent, ...]:
        return transfer_post.deliver(side, self.send, clock=lambda: self.now)

    def settle(self) -> None:
        """Send whatever is due until nothing is, on both sides."""
        for _ in range(5):
            if not [*self.deliver(self.old), *self.deliver(self.new)]:
                return
        raise AssertionError("it does not come to rest")

    def request(self, record: Record, receiver: str = SHANDONG) -> Transfer:
        return transfer_out.request(
            self.old, record.identifier, receiver, reason="公司迁往山东", actor=CLERK, now=self.now
        )

    def issue(self, id: str, serial: int = 1, **changed: Any) -> Transfer:
        return transfer_in.issue(
            self.new, id, licence("shandong", serial, **changed), actor=CLERK, now=self.now,
            **sealed_with("shandong"),
        )[2]  # fmt: skip

    def cancel(self, id: str, then: str = "valid") -> Transfer:
        return transfer_out.cancel(
            self.old, id, reason="申请人撤回", actor=CLERK, now=self.now, then=then
        )

    def refuse(self, id: str) -> Transfer:
        return transfer_in.refuse(self.new, id, reason="材料不符", actor=CLERK, now=self.now)

    def of_old(self, id: str) -> Transfer:
        with self.old.registry.look() as connection:
            return transfers.needed(connection, id, transfers.OUT)

    def of_new(self, id: str) -> Transfer:
        with self.new.registry.look() as connection:
            return transfers.needed(connection, id, transfers.IN)

    def close(self) -> None:
        self.old.registry.close()
        self.new.registry.close()


def record(side: Office, identifier: str) -> Record:
    with side.registry.look() as connection:
        return records.needed(connection, identifier)


def in_force(world: World) -> list[str]:
    """The licences of either registry that a verifier would find in force."""
    found = []
    for side in (world.old, world.new):
        with side.registry.look() as connection:
            audit.verify(connection)
            rows = records.by_holder(connection, "")
        found += [r.identifier for r in rows if states()[r.state].code == 0]
    return found


def refused(code: str, work: Callable[[], object]) -> None:
    """``work`` is refused with this code."""
    import pytest

    from elicense.errors import Error

    with pytest.raises(Error) as caught:
        work()
    assert caught.value.code == code, caught.value


STAGES = ("entered", "offered", "incoming", "issued", "let-go", "completed")
"""What has happened, on disk, after each step; transfer and licences are the same in all."""


@functools.cache
def stages(folder: Path) -> dict[str, Path]:
    """Both registries after each step, made once: a test goes on from a copy."""
    found: dict[str, Path] = {}
    work = folder / "work"
    work.mkdir()
    world = World(office(work, "tianjin"), office(work, "shandong"))
    enter(world.old)
    enter(world.old, 2)

    def keep(stage: str) -> None:
        world.close()
        found[stage] = folder / stage
        shutil.copytree(work, found[stage])

    keep("entered")
    id = world.request(record(world.old, OLD)).id
    keep("offered")
    world.deliver(world.old)
    keep("incoming")
    world.issue(id)
    keep("issued")
    world.lost.add("back")
    world.deliver(world.new)
    world.lost.clear()
    keep("let-go")
    world.settle()
    keep("completed")
    return found


def at(stage: str, base: Path, folder: Path) -> World:
    """A world of its own at this stage. ``base`` is where the stages are kept."""
    target = folder / stage
    shutil.copytree(stages(base)[stage], target)
    return World(office(target, "tianjin"), office(target, "shandong"))


def transfer_id(world: World) -> str:
    with world.old.registry.look() as connection:
        return transfers.of_licence(connection, OLD, transfers.OUT)[0].id


def said(world: World, kind: str) -> bytes:
    """The signed bytes of a message, from whoever made it."""
    for side, name in ((world.old, transfers.OUT), (world.new, transfers.IN)):
        with side.registry.look() as connection:
            for found in transfers.of_licence(connection, OLD, name):
                kept = found.message(kind)
                if kept is not None and kept.own:
                    return transfers.text_of(connection, found, kind) or b""
    raise AssertionError(f"nobody said {kind}")


def forged(raw: bytes, by: str = "", *, key_name: str = "", **changed: str) -> bytes:
    """``raw`` said anew: with other members, signed by another region or with another key."""
    message = transfer_message.read(raw)
    region = by or next(n for n, o in OFFICES.items() if o[0] == message.author)
    members = {
        "id": message.id, "sender": message.sender, "receiver": message.receiver,
        "identifier": message.identifier, "answers": message.answers, "note": message.note,
    }  # fmt: skip
    body = dict(message.body)
    for name, value in changed.items():
        (members if name in members else body)[name] = value
    return transfer_message.make(
        message.kind, signer=key(key_name or f"status/{region}-sm2"), now=message.time, body=body,
        **members,
    ).raw  # fmt: skip

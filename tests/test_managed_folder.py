"""A managed trust folder: durable, one whole or the other, and not to be fooled by its files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import list_publisher as p
from elicense.errors import UsageError
from elicense.trust import bundle, managed
from elicense.trust.bundle import Bundle
from elicense.trust.store import TrustStore

NOW = p.START + 10 * p.DAY
SOURCE = Path(__file__).parent.parent / "src"


def made(tmp_path: Path, operator: p.Operator) -> Path:
    folder = tmp_path / "trust"
    managed.create(folder, [operator.pin], "测试名录")
    return folder


def everything(operator: p.Operator) -> list[bytes]:
    return [operator.last, *p.lists_of(operator)]


def numbers(folder: Path) -> dict[str, int]:
    return {age.id: age.sequence for age in TrustStore.load(folder).lists}


def test_a_new_folder_trusts_nobody(tmp_path: Path) -> None:
    folder = made(tmp_path, p.country())
    store = TrustStore.load(folder)
    assert store.operators == (p.maker("operator A").der,)
    assert not store.services and not store.anchors and not store.lists


def test_an_update_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    operator = p.country()
    operator.publish()
    folder = made(tmp_path, operator)
    out = managed.update(folder, everything(operator), now=NOW)
    assert not out.refused and numbers(folder) == {"": 1, "120000": 1, "440000": 1}
    assert managed.state(folder) == out.state
    store = TrustStore.load(folder)
    assert store.name == "测试名录" and [a.der for a in store.anchors] == [p.ROOT.der]
    assert {s.list_id for s in store.services} == {"120000", "440000"}
    assert store.next_update == NOW - 9 * p.DAY + 30 * p.DAY  # the earliest of all


def test_what_was_kept_counts_in_the_next_update(tmp_path: Path) -> None:
    operator = p.country()
    first = operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, [operator.publish(), *p.lists_of(operator)], now=NOW)
    out = managed.update(folder, [first], now=NOW)
    assert p.codes(out.refused) == {"rollback"} and numbers(folder)[""] == 2


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    operator = p.country()
    operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, everything(operator), now=NOW)
    before = (folder / "lists.elt").stat().st_mtime_ns
    managed.update(folder, everything(operator), now=NOW + p.DAY)
    assert (folder / "lists.elt").stat().st_mtime_ns == before


def test_the_users_own_entries_stand_beside_the_lists(tmp_path: Path) -> None:
    operator = p.country()
    operator.publish()
    folder = made(tmp_path, operator)
    (folder / "own.cer").write_bytes(p.maker("own").der)
    with (folder / "trust.toml").open("a", encoding="utf-8") as file:
        file.write('[[service]]\nservice = "sealer"\nregion = "120000"\nauthority = "own"\n'
                   'licence_types = ["msa-doc"]\ncertificate = "own.cer"\n')  # fmt: skip
    managed.update(folder, everything(operator), now=NOW)
    own = [s for s in TrustStore.load(folder).services if not s.list_id]
    assert [s.authority for s in own] == ["own"]


def test_a_folder_of_another_kind_is_not_managed() -> None:
    plain = Path(__file__).parent.parent / "fixtures" / "certs" / "trust"
    before = sorted(x.name for x in plain.iterdir())
    with pytest.raises(UsageError, match="not managed"):
        managed.state(plain)
    assert sorted(x.name for x in plain.iterdir()) == before


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    operator = p.country()
    folder = made(tmp_path, operator)
    before = (folder / "operator-1.cer").read_bytes()
    with pytest.raises(UsageError, match="already"):
        managed.create(folder, [p.maker("stranger").der], "x")
    assert (folder / "operator-1.cer").read_bytes() == before
    with pytest.raises(UsageError):
        managed.create(tmp_path / "other", [b"no certificate"], "x")
    with pytest.raises(UsageError):
        managed.create(tmp_path / "other", [], "x")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        managed.update(tmp_path / "nowhere", [], now=NOW)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError):
        managed.create(tmp_path / "file" / "x", [p.maker("operator A").der], "x")


# -- killed, crowded, doctored --------------------------------------------------------------

WORKER = """
import sys
from datetime import datetime, timezone
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from elicense.trust import managed
folder, offers = Path(sys.argv[2]), sorted(Path(sys.argv[3]).iterdir())
print("ready", flush=True)
now = datetime(2027, 6, 1, tzinfo=timezone.utc)
for one in offers:
    managed.update(folder, [one.read_bytes()], now=now)
print("done", flush=True)
"""


def test_killed_at_any_moment_the_folder_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    operator = p.country("120000")
    operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, everything(operator), now=NOW)
    offers = tmp_path / "offers"
    offers.mkdir()
    for number in range(60):
        (offers / f"{number:03}.p7").write_bytes(operator.regions[0].publish())
    last, killed = 1, 0
    for round_ in range(12):
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(SOURCE), str(folder), str(offers)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
        time.sleep(0.015 * round_)
        killed += worker.poll() is None
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        found = TrustStore.load(folder)
        now = {age.id: age.sequence for age in found.lists}
        assert not found.refused and now[""] == 1 and now["120000"] >= last
        last = now["120000"]
    assert killed >= 6 and last > 1
    managed.update(folder, [], now=NOW)
    assert sorted(x.name for x in folder.iterdir()) == [
        ".lock", "lists.elt", "operator-1.cer", "trust.toml",
    ]  # fmt: skip


def test_two_updates_at_once_do_not_undo_each_other(tmp_path: Path) -> None:
    operator = p.country()
    operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, everything(operator), now=NOW)
    files = [operator.regions[n % 2].publish() for n in range(24)]

    def offer(data: bytes) -> None:
        managed.update(folder, [data], now=NOW + 90 * p.DAY)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(offer, files))
    assert numbers(folder) == {"": 1, "120000": 13, "440000": 13}


def doctor(folder: Path, change: dict[str, bytes]) -> None:
    files = bundle.entries((folder / "lists.elt").read_bytes())
    (folder / "lists.elt").write_bytes(bundle.pack({**files, **change}))


def test_a_doctored_folder_smuggles_nothing_in(tmp_path: Path) -> None:
    operator = p.country("120000")
    operator.publish()
    folder = made(tmp_path, operator)
    first = operator.regions[0].last
    managed.update(folder, [*everything(operator), operator.regions[0].publish()], now=NOW)
    region = operator.regions[0]
    region.sequence = 9
    doctor(folder, {"lists/120000.p7": p.signed(region.value(), p.maker("nobody"))})
    store = TrustStore.load(folder)
    assert p.codes(store.refused) == {"signer"} and not store.services
    doctor(folder, {"lists/120000.p7": first})
    store = TrustStore.load(folder)
    assert p.codes(store.refused) == {"rollback"} and not store.services
    out = managed.update(folder, [], now=NOW)
    assert p.codes(out.refused) == {"rollback"}


def test_an_older_copy_of_the_lists_under_the_newer_memory_is_refused(tmp_path: Path) -> None:
    operator = p.country("120000")
    operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, everything(operator), now=NOW)
    old = bundle.entries((folder / "lists.elt").read_bytes())
    managed.update(folder, [operator.publish()], now=NOW)
    new = bundle.entries((folder / "lists.elt").read_bytes())
    (folder / "lists.elt").write_bytes(bundle.pack({**old, "state.json": new["state.json"]}))
    store = TrustStore.load(folder)
    assert "rollback" in p.codes(store.refused) and not store.services and not store.anchors


@pytest.mark.parametrize("damage", [b"", b"PK", b"\x00" * 100])
def test_a_damaged_folder_is_an_error_not_a_fresh_start(tmp_path: Path, damage: bytes) -> None:
    operator = p.country("120000")
    operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, everything(operator), now=NOW)
    (folder / "lists.elt").write_bytes(damage)
    with pytest.raises(UsageError):
        TrustStore.load(folder)
    with pytest.raises(UsageError):
        managed.update(folder, everything(operator), now=NOW)


def test_a_link_in_place_of_the_lists_is_not_followed(tmp_path: Path) -> None:
    operator = p.country("120000")
    operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, everything(operator), now=NOW)
    shutil.move(folder / "lists.elt", tmp_path / "elsewhere.elt")
    os.symlink(tmp_path / "elsewhere.elt", folder / "lists.elt")
    with pytest.raises(UsageError, match="outside"):
        TrustStore.load(folder)


def test_the_memory_of_what_was_seen_is_plain_to_read(tmp_path: Path) -> None:
    operator = p.country("120000")
    operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, everything(operator), now=NOW)
    files = bundle.entries((folder / "lists.elt").read_bytes())
    assert sorted(files) == ["lists/120000.p7", "lists/lol-1.p7", "state.json"]
    memory = json.loads(files["state.json"])
    assert {id: seen["sequence"] for id, seen in memory["seen"].items()} == {"": 1, "120000": 1}


# -- bundles --------------------------------------------------------------------------------


def test_a_bundle_brings_a_folder_up_to_date_and_is_made_of_one(tmp_path: Path) -> None:
    operator = p.country()
    operator.publish()
    folder = made(tmp_path, operator)
    managed.update(folder, everything(operator), now=NOW)
    packed = bundle.write(managed.export(folder))
    store = TrustStore.load_bundle(packed, operators=[operator.pin])
    assert len(store.services) == 2 and not store.refused
    other = tmp_path / "other"
    managed.create(other, [operator.pin], "x")
    out = managed.update(other, bundle.read(packed), now=NOW)
    assert len(out.accepted) == 3
    assert bundle.write(managed.export(other)) == packed


def test_missed_key_changes_come_with_the_bundle(tmp_path: Path) -> None:
    """A folder that followed every change gives a device all the steps that it needs."""
    operator = p.country("120000")
    folder = made(tmp_path, operator)
    pin = operator.pin
    a, b_, c = operator.keys[0], p.maker("operator B"), p.maker("operator C")
    for keys, announced in (([a], [a, b_]), ([b_], [b_, c]), ([c], [c]), ([c], [c])):
        operator.keys, operator.announced = keys, announced
        managed.update(folder, [operator.publish(), *p.lists_of(operator)], now=NOW)
    found = managed.export(folder)
    assert sorted(found.lists) == ["120000", "lol-1", "lol-2", "lol-4"]
    store = TrustStore.load_bundle(bundle.write(found), operators=[pin])
    assert not store.refused and len(store.services) == 1


def test_a_bundle_is_no_way_to_plant_a_memory() -> None:
    operator = p.country("120000")
    operator.publish()
    packed = bundle.pack({
        "lists/lol-1.p7": operator.last, "state.json": b"{}",
    })  # fmt: skip
    with pytest.raises(UsageError, match="no such file belongs"):
        TrustStore.load_bundle(packed, operators=[operator.pin])


def test_a_folder_may_name_a_bundle_but_not_without_operators(tmp_path: Path) -> None:
    operator = p.country("120000")
    operator.publish()
    packed = bundle.write(Bundle({"lol-1": operator.last, "120000": operator.regions[0].last}))
    (tmp_path / "country.elt").write_bytes(packed)
    (tmp_path / "o.cer").write_bytes(operator.pin)
    head = 'schema = "elicense-trust/1"\nname = "x"\nbundle = "country.elt"\n'
    (tmp_path / "trust.toml").write_text(head)
    with pytest.raises(UsageError, match="without operators"):
        TrustStore.load(tmp_path)
    (tmp_path / "trust.toml").write_text(head + 'operators = ["o.cer"]\n')
    store = TrustStore.load(tmp_path)
    assert len(store.services) == 1 and store.name == "国家信任名录"
    (tmp_path / "trust.toml").write_text(head + "operators = []\n")
    with pytest.raises(UsageError):
        TrustStore.load(tmp_path)


def test_a_bundle_needs_its_operator() -> None:
    operator = p.country("120000")
    operator.publish()
    packed = bundle.write(Bundle({"lol-1": operator.last, "120000": operator.regions[0].last}))
    with pytest.raises(UsageError):
        TrustStore.load_bundle(packed, operators=[])
    with pytest.raises(UsageError):
        TrustStore.load_bundle(packed, operators=[b"x"])
    with pytest.raises(UsageError):
        TrustStore.load_bundle(b"x", operators=[operator.pin])
    with pytest.raises(UsageError):
        TrustStore.load_bundle("/nowhere/x.elt", operators=[operator.pin])
    wrong = TrustStore.load_bundle(packed, operators=[p.maker("stranger").der])
    assert not wrong.services and not wrong.anchors
    assert p.codes(wrong.refused) == {"signer", "no-list-of-lists"}


def test_a_bundle_is_loaded_from_a_path_with_a_pem_pin(tmp_path: Path) -> None:
    from pki.keys import pem

    operator = p.country("120000")
    operator.publish()
    packed = bundle.write(Bundle({"lol-1": operator.last, "120000": operator.regions[0].last}))
    (tmp_path / "x.elt").write_bytes(packed)
    pin = pem("CERTIFICATE", operator.pin).encode()
    store = TrustStore.load_bundle(tmp_path / "x.elt", operators=[pin])
    assert len(store.services) == 1 and store.name == "国家信任名录"
    again = TrustStore.from_files(store.sources)
    assert again == store and again.digest == store.digest
    assert store.digest != TrustStore.load_bundle(packed, operators=[operator.pin]).digest

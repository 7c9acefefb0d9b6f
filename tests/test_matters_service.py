"""Each of the 22 matters from end to end: a department's service issues the document, a service
of another region asks for it, and it is verified as OFD, as PDF and as a scan."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import elicense
from elicense import matters as catalogue
from elicense import profiles
from elicense.profiles.amounts import money
from elicense.registry import changes, credentials, database
from elicense.registry.credentials import SCOPES
from elicense.web.app import create_app
from elicense.web.settings import Settings
from issuing_world import desk
from pki.keys import pem
from samples import matters
from service_world import free_port, served
from test_peers import Side, tls

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
REQUESTS = {path.stem: path for path in matters.samples()}


@dataclass(frozen=True)
class Regions:
    """The departments' services by slug, and the one in Shandong that asks them."""

    offices: matters.Offices
    departments: dict[str, Side]
    shandong: Side


def list_uri(slug: str) -> str:
    return f"https://status.{slug}.example/1"


def settings(folder: Path, item: matters.Department, made: matters.Offices, peers: str) -> Settings:
    """A department's service: its seal, its keys and its registry in ``folder``."""
    folder.mkdir()
    (folder / "seal.esl").write_bytes(matters._seal(made, item))
    keys = {}
    for what in ("sealer", "qr", "status"):
        entity = made.world.entities[f"matters/{item.slug}-{what}"]
        (folder / f"{what}.key").write_text(pem("PRIVATE KEY", entity.key.pkcs8))
        (folder / f"{what}.pem").write_text(pem("CERTIFICATE", entity.certificate))
        keys[what] = (f'{{ key = "file:{folder}/{what}.key", '
                      f'certificate = "{folder}/{what}.pem" }}')  # fmt: skip
    (folder / "service.toml").write_text(
        f'schema = "elicense-service/1"\nregion = "{item.region}"\nauthority = "{item.name}"\n'
        f'uscc = "{item.uscc}"\nregistry = "sqlite:///registry.db"\n'
        f'trust = "{folder.parent / "trust"}"\nallow_test_trust = true\n'
        f'[issuing]\nseal = "{folder}/seal.esl"\nsigner = {keys["sealer"]}\n'
        f'qr_signer = {keys["qr"]}\n[publishing]\nsigner = {keys["status"]}\n'
        f'{peers}signer = {keys["status"]}\n[uploads]\nworkers = 1\n', "utf-8",
    )  # fmt: skip
    return Settings.load(folder / "service.toml")


def opened(own: Settings, slug: str) -> str:
    """A registry with a status list; the secret of a caller who may do anything."""
    registry, now = database.create(own.registry, name=slug), datetime.now(UTC)
    with registry.change() as connection:
        changes.open_list(connection, list_uri(slug), size=1000, actor="setup", now=now)
        secret = credentials.create(
            connection, "everything", name="all", scopes=SCOPES, actor="setup", now=now,
            per_minute=1_000_000,
        )  # fmt: skip
    registry.close()
    return secret


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regions]:
    folder = tmp_path_factory.mktemp("departments")
    pair, made = tls(folder), matters.offices(desk().world)
    asking = matters.Department("shandong", "山东省政务服务中心", "11370000999930015R", "370000")
    issuers = {matters.licence_of(path, 0).issuer.code for path in REQUESTS.values()}
    used = [item for item in matters.DEPARTMENTS if item.uscc in issuers]
    ports = {item.slug: free_port() for item in (*used, asking)}
    urls = {slug: f"https://127.0.0.1:{port}/api/peer/query" for slug, port in ports.items()}
    hosts = ", ".join(f'"127.0.0.1:{port}"' for port in ports.values())
    peers = f'[peers]\nca_file = "{pair[0]}"\nallow_hosts = [{hosts}]\n'
    (folder / "trust").mkdir()
    for name, data in made.files(endpoints=urls).items():
        (folder / "trust" / name).parent.mkdir(exist_ok=True)
        (folder / "trust" / name).write_bytes(data)
    sides = {}
    with ExitStack() as running:
        for item in used:
            own = settings(folder / item.slug, item, made, peers)
            tokens = {"all": opened(own, item.slug)}
            app = create_app(own)
            running.enter_context(served(app, ports[item.slug], pair))
            sides[item.slug] = Side(f"https://127.0.0.1:{ports[item.slug]}", tokens, app)
        own = asker(folder / "shandong", asking, peers)
        tokens = {"all": opened(own, "shandong")}
        app = create_app(own)
        running.enter_context(served(app, ports["shandong"], pair))
        yield Regions(made, sides, Side(f"https://127.0.0.1:{ports['shandong']}", tokens, app))


def asker(folder: Path, item: matters.Department, peers: str) -> Settings:
    """A service window that issues nothing."""
    folder.mkdir()
    (folder / "service.toml").write_text(
        f'schema = "elicense-service/1"\nregion = "{item.region}"\nauthority = "{item.name}"\n'
        f'uscc = "{item.uscc}"\nregistry = "sqlite:///registry.db"\n'
        f'trust = "{folder.parent / "trust"}"\nallow_test_trust = true\n'
        f"{peers}[uploads]\nworkers = 1\n", "utf-8",
    )  # fmt: skip
    return Settings.load(folder / "service.toml")


def application(path: Path, today: date) -> dict[str, Any]:
    """The sample as it would be applied for today, its term a few days shorter."""
    members: dict[str, Any] = json.loads(path.read_text("utf-8"))
    members.pop("status", None)  # the registry gives it
    validity, fields = members["validity"], members["fields"]
    before = validity["issued"]
    later = today - date.fromisoformat(before)
    members["fields"] = {k: today.isoformat() if v == before else v for k, v in fields.items()}
    for key, days in (("issued", 0), ("valid_from", 0), ("valid_until", -5)):
        if validity.get(key, "9999-12-30") != "9999-12-30":
            moved = date.fromisoformat(validity[key]) + later + timedelta(days=days)
            validity[key] = moved.isoformat()
    return members


def scanned(data: bytes) -> bytes:
    import pypdfium2

    picture = pypdfium2.PdfDocument(data)[0].render(scale=200 / 72, may_draw_forms=True).to_pil()
    out = io.BytesIO()
    picture.convert("RGB").save(out, "PNG", dpi=(200, 200))
    return out.getvalue()


def amounts(licence: elicense.Licence) -> dict[str, Decimal]:
    """Every amount of money in it, single ones and those of rows, exact."""
    found = {}
    for item, value in profiles.get(licence.type).values(licence):
        if item.kind == "money":
            found[item.key] = money(value)
        elif item.kind == "table" and isinstance(value, tuple):
            for index, row in enumerate(profiles.table_rows(value)):
                for column in item.columns:
                    if column.kind == "money":
                        found[f"{item.key}.{index}.{column.key}"] = money(row[column.key])
    assert None not in found.values()
    return {key: value for key, value in found.items() if value is not None}


def plain(value: Any) -> Any:
    """Values as JSON has them."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


CASES = [
    (matter.number, name)
    for matter in catalogue.all()
    for name in matter.types
    if f"{matter.number:02}-{name}" in REQUESTS
]


def test_every_matter_is_tried() -> None:
    assert {number for number, _ in CASES} == set(range(1, 23))
    lacking = {name for matter in catalogue.all() for name in matter.types} - {n for _, n in CASES}
    assert lacking == {"msa-doc-interim", "msa-smc-interim"}  # interim ones are tried elsewhere


@pytest.mark.parametrize(("number", "name"), CASES, ids=[f"{n:02}-{name}" for n, name in CASES])
def test_a_document_is_issued_asked_for_elsewhere_and_verified(
    regions: Regions, number: int, name: str
) -> None:
    wanted = application(REQUESTS[f"{number:02}-{name}"], datetime.now().date())
    code = wanted["issuer"]["code"]
    office = next(item for item in matters.DEPARTMENTS if item.uscc == code)
    side = regions.departments[office.slug]
    made = side.post("/api/licences", wanted)
    assert made.status_code == 201, made.text
    identifier = made.json()["identifier"]

    told = regions.shandong.get(f"/api/query/{identifier}", purpose="跨省通办").json()
    assert (told["state"], told["proven"], told["found"]) == ("answered", True, True), told
    assert (told["region"], told["licence"]["standing"]) == (office.region, "in-force")

    files = {form: side.get(f"/api/licences/{identifier}/file", format=form, purpose="x").content
             for form in ("ofd", "pdf")}  # fmt: skip
    lists = {list_uri(office.slug): side.get("/api/status/1").content}
    trust = elicense.TrustStore.from_files(regions.offices.files(lists=lists))
    for data in files.values():
        report = elicense.verify(data, trust=trust)
        assert report.verdict == "VALID", [f.code for f in report.deciding]
        assert report.licence is not None
        assert plain(report.licence.fields) == wanted["fields"]
    sheet = elicense.verify(scanned(files["pdf"]), trust=trust, compared=True)
    assert sheet.verdict == "VALID", [f"{f.code} {f.reason}" for f in sheet.deciding]
    assert sheet.licence is not None
    in_file, in_code = amounts(report.licence), amounts(sheet.licence)
    assert in_code.items() <= in_file.items()
    coded = profiles.get(name).templates[0].fields
    assert bool(in_code) == any(item.kind == "money" for item in coded)

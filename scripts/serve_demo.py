"""Two regions with sample licences, side by side on this machine: ``make serve-demo``.

Tianjin issues a DOC, withdraws another, and answers Shandong's queries with its signature.
Keys, seals and certificates are those of the test PKI: nothing here has legal effect.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from elicense.registry import changes, credentials, database

ROOT = Path(__file__).resolve().parent.parent
CERTS = ROOT / "fixtures" / "certs"
SCOPES = ("query", "search", "file", "issue", "endorse", "state")


@dataclass(frozen=True)
class Region:
    """One side: its code and offices, and where people (page) and regions (peer) reach it."""

    slug: str
    code: str
    name: str
    uscc: str
    page: int
    peer: int


REGIONS = (
    Region("tianjin", "120000", "天津海事局", "1112000000000T122L", 8120, 8121),
    Region("shandong", "370000", "山东海事局", "1137000000000T376K", 8370, 8371),
)


def settings(region: Region, folder: Path) -> str:
    """The settings of one region's service."""
    key = f"file:{CERTS}/keys"
    slug = region.slug
    hosts = ", ".join(f'"127.0.0.1:{other.peer}"' for other in REGIONS)
    signing = (
        f'signer = {{ key = "{key}/status/{slug}-sm2.pem", '
        f'certificate = "{CERTS}/status/{slug}-sm2.pem" }}'
    )
    issuing = f"""
[issuing]
seal = "{ROOT}/examples/seals/tianjin-doc-v4.esl"
signer = {{ key = "{key}/sealers/{slug}-doc-sm2.pem", certificate = "{CERTS}/sealers/{slug}-doc-sm2.pem" }}
qr_signer = {{ key = "{key}/qr/{slug}-sm2.pem", certificate = "{CERTS}/qr/{slug}-sm2.pem" }}
"""  # noqa: E501
    return f"""
schema = "elicense-service/1"
region = "{region.code}"
authority = "{region.name}"
uscc = "{region.uscc}"
registry = "sqlite:///{slug}.db"
trust = "trust"
allow_test_trust = true
public_url = "http://127.0.0.1:{region.page}"
{issuing if slug == "tianjin" else ""}
[publishing]
{signing}
[peers]
{signing}
ca_file = "tls.pem"
allow_hosts = [{hosts}]
[uploads]
workers = 1
per_minute = 600
"""


def tls(folder: Path) -> None:
    """A certificate for this machine, its own CA: for the two services to reach each other."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elicense demo")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                          serialization.NoEncryption())
    )  # fmt: skip


def trust(folder: Path) -> None:
    """The test trust store; its entries for states name where each region answers."""
    shutil.copytree(CERTS / "trust", folder / "trust")
    file = folder / "trust" / "trust.toml"
    text = file.read_text("utf-8")
    for region in REGIONS:
        head = f'service = "status"\nregion = "{region.code}"\n'
        url = f"https://127.0.0.1:{region.peer}/api/peer/query"
        text = text.replace(head, f'{head}endpoint = "{url}"\n')
    file.write_text(text, encoding="utf-8")


def prepare(region: Region, folder: Path) -> str:
    """Settings, registry, list and a credential; its secret."""
    (folder / f"{region.slug}.toml").write_text(settings(region, folder), encoding="utf-8")
    registry = database.create(f"sqlite:///{folder / region.slug}.db", name=f"{region.slug}-demo")
    now = datetime.now(UTC)
    with registry.change() as connection:
        uri = f"https://status.{region.slug}.example/demo/1"
        changes.open_list(connection, uri, size=10_000, actor="demo", now=now)
        token = credentials.create(connection, "demo-desk", name="demo", scopes=SCOPES,
                                   actor="demo", now=now)  # fmt: skip
    registry.close()
    return token


def start(region: Region, folder: Path, *, peer: bool) -> subprocess.Popen[bytes]:
    """One server: for people over HTTP, for the other region over TLS."""
    command = [sys.executable, "-m", "elicense", "serve", str(folder / f"{region.slug}.toml"),
               "--port", str(region.peer if peer else region.page)]  # fmt: skip
    if peer:
        command += ["--tls-cert", str(folder / "tls.pem"), "--tls-key", str(folder / "tls.key")]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)


def wait(region: Region) -> None:
    for _ in range(300):
        try:
            httpx.get(f"http://127.0.0.1:{region.page}/api/health", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SystemExit(f"the service of {region.name} did not start (is port {region.page} free?)")


def application(serial: int) -> dict[str, object]:
    """An approved application for a DOC."""
    today = datetime.now(UTC).date()
    return {
        "type": "msa-doc", "serial": f"{today.year}{serial:06}",
        "number": f"样例TJDOC{today.year}{serial:05}",
        "issuer": {"name": "天津海事局", "name_en": "Tianjin Maritime Safety Administration",
                   "code": "1112000000000T122L", "code_type": "001", "region": "120000"},
        "holder": {"name": "渤海样例航运有限公司", "name_en": "Bohai Sample Shipping Co., Ltd.",
                   "address": "天津市滨海新区样例路1号",
                   "address_en": "No. 1 Yangli Road, Binhai New Area, Tianjin"},
        "validity": {"issued": f"{today}", "valid_from": f"{today}",
                     "valid_until": f"{today.replace(year=today.year + 4, day=1)}"},
        "fields": {"company_number": "9999126", "regime": "ISM", "state": "CN",
                   "ship_types": [{"code": "bulk-carrier"}], "completion_date": f"{today}",
                   "place_of_issue": "天津", "officer": "王样例"},
    }  # fmt: skip


def story(tokens: dict[str, str], folder: Path) -> None:
    """Issue two, withdraw one, and ask for both from the other region."""
    tianjin, shandong = (f"http://127.0.0.1:{region.page}" for region in REGIONS)
    desk = httpx.Client(headers={"Authorization": f"Bearer {tokens['tianjin']}"}, timeout=60)
    window = httpx.Client(headers={"Authorization": f"Bearer {tokens['shandong']}"}, timeout=60)
    for serial, withdrawn in ((501, False), (502, True)):
        answer = desk.post(tianjin + "/api/licences", json=application(serial))
        if answer.status_code != 201:
            raise SystemExit(f"not issued: {answer.text}")
        found = answer.json()["identifier"]
        data = desk.get(f"{tianjin}/api/licences/{found}/file?purpose=demo&format=pdf").content
        path = folder / f"doc-{serial}.pdf"
        path.write_bytes(data)
        if withdrawn:
            desk.post(f"{tianjin}/api/licences/{found}/state",
                      json={"state": "withdrawn", "reason": "demo"})  # fmt: skip
        told = window.get(f"{shandong}/api/query/{found}?purpose=demo").json()
        standing = (told["licence"] or {}).get("standing")
        print(f"  {found}\n    file {path}\n    Shandong asks Tianjin: {told['state']}, "
              f"proven {told['proven']}, {standing}")  # fmt: skip


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="elicense-demo-"))
    tls(folder)
    trust(folder)
    tokens = {region.slug: prepare(region, folder) for region in REGIONS}
    running = [start(region, folder, peer=peer) for region in REGIONS for peer in (False, True)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for region in REGIONS:
            wait(region)
        time.sleep(1.0)  # the other two servers
        story(tokens, folder)
        print("\nThe inspector's page and the service of each region (test keys only):")
        for region in REGIONS:
            print(f"  {region.name}  http://127.0.0.1:{region.page}/   credential "
                  f"{tokens[region.slug]}")  # fmt: skip
        if "--once" not in sys.argv:
            print("Ctrl-C ends both.")
            while all(server.poll() is None for server in running):
                time.sleep(0.5)
    except KeyboardInterrupt:
        print("stopped")
    finally:
        for server in running:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)
        for server in running:
            server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

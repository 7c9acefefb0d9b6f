"""``elicense trust``: every command on real files, by exit code, output and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from elicense.cli import cli
from elicense.errors import Error, UsageError
from elicense.render import trust_diff, trust_lists, trust_view
from elicense.render.text import Style
from elicense.render.width import width
from elicense.trust import fetch, lists
from elicense.trust.store import TrustStore
from issuing_world import CERTS, ROOT, SAMPLES, desk

from pki import status_list  # isort: skip
from pki.world import day  # isort: skip

LISTS = CERTS / "lists"
OPERATOR = CERTS / "operator/operator-sm2.pem"
SIGNER = ("--key", f"file:{CERTS}/keys/list-signers/tianjin-sm2.pem",
          "--cert", f"{CERTS}/list-signers/tianjin-sm2.pem")  # fmt: skip
DOC = str(SAMPLES / "tianjin-doc.ofd")
AT = ("--allow-test-trust", "--at", "2026-11-01")


def run(*arguments: object, **environment: str) -> tuple[int, str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ELICENSE_")}
    done = subprocess.run(
        [sys.executable, "-m", "elicense", *map(str, arguments)], capture_output=True, cwd=ROOT,
        timeout=120, check=False, env={**clean, "LANG": "C.UTF-8", **environment},
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def source(tmp_path: Path, name: str = "120000", **changes: str) -> Path:
    """A source of the test PKI, with absolute names of files."""
    text = (LISTS / f"{name}.toml").read_text(encoding="utf-8")
    text = text.replace('"../', f'"{CERTS}/').replace('file = "', f'file = "{LISTS}/')
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


# -- make, sign -----------------------------------------------------------------------------


def test_from_a_source_to_a_signed_list_that_a_device_takes(tmp_path: Path) -> None:
    under, previous = LISTS / "list-of-lists.p7", LISTS / "120000.p7"
    made, signed = tmp_path / "120000.json", tmp_path / "120000.p7"
    code, out, err = run("trust", "make", source(tmp_path), "-o", made, "--previous", previous,
                         "--under", under)  # fmt: skip
    assert (code, out) == (0, "")
    assert "sequence 2, 3 authorities" in err
    code, out, err = run("trust", "sign", made, *SIGNER, "-o", signed, "--under", under,
                         "--previous", previous)  # fmt: skip
    assert (code, out) == (0, ""), err
    assert lists.read_list(signed.read_bytes()).sequence == 2
    folder = tmp_path / "device"
    assert run("trust", "init", folder, "--operator", OPERATOR, "--name", "d")[0] == 0
    assert run("trust", "update", folder, "--from", LISTS)[0] == 0
    code, out, _ = run("trust", "update", folder, "--from", signed)
    assert (code, out.splitlines()[0][:13]) == (0, "✓ 120000 no. ")
    assert run("verify", "-q", *AT, "--trust", folder, DOC)[0] == 3  # no CRL yet


def test_a_source_with_faults_makes_nothing_and_tells_them_all(tmp_path: Path) -> None:
    path = source(tmp_path, sealer="seeler", valid_days="valid_weeks")
    code, out, err = run("trust", "make", path, "-o", tmp_path / "out.json")
    assert (code, out) == (1, "")
    assert err.count("[service]") == 2  # SM2 and RSA
    assert "did you mean 'valid_days'?" in err
    assert err.splitlines()[-1] == "elicense: not made: 4 fault(s)"
    assert not (tmp_path / "out.json").exists()


def test_sign_refuses_in_the_readers_words(tmp_path: Path) -> None:
    other = ("--key", f"file:{CERTS}/keys/list-signers/shandong-sm2.pem",
             "--cert", f"{CERTS}/list-signers/shandong-sm2.pem")  # fmt: skip
    code, _, err = run("trust", "sign", LISTS / "120000.json", *other, "-o", tmp_path / "x.p7",
                       "--under", LISTS / "list-of-lists.p7")  # fmt: skip
    assert code == 1
    assert "none of its signatures is by a certificate that may sign this list" in err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    there = tmp_path / "there.json"
    there.write_text("mine")
    assert run("trust", "make", source(tmp_path), "-o", there)[0] == 2
    assert there.read_text() == "mine"
    assert run("trust", "make", source(tmp_path), "-o", there, "-f")[0] == 0


def test_key_change_on_the_command_line(tmp_path: Path) -> None:
    """A list of lists signed by the old and the new key: who pinned either takes it."""
    new = CERTS / "operator/operator-rsa.pem"
    both_keys = {'operator-sm2.pem"': f'operator-sm2.pem", "{new}"'}
    text = source(tmp_path, "list-of-lists", **both_keys)
    made, both = tmp_path / "lol.json", tmp_path / "lol.p7"
    previous = ("--previous", LISTS / "list-of-lists.p7")
    assert run("trust", "make", text, "-o", made, *previous)[0] == 0
    code, _, err = run(
        "trust", "sign", made, "-o", both, *previous,
        "--key", f"file:{CERTS}/keys/operator/operator-sm2.pem", "--cert", OPERATOR,
        "--also-key", f"file:{CERTS}/keys/operator/operator-rsa.pem", "--also-cert", new,
    )  # fmt: skip
    assert code == 0, err
    assert "signed by 2 key(s)" in err
    for number, pin in enumerate((OPERATOR, new)):
        folder = tmp_path / f"device-{number}"
        run("trust", "init", folder, "--operator", pin, "--name", "d")
        assert run("trust", "update", folder, "--from", both)[0] == 0


def test_openssl_reads_what_was_signed_by_rsa(tmp_path: Path) -> None:
    if not any(Path(p, "openssl").exists() for p in os.environ["PATH"].split(os.pathsep)):
        pytest.skip("the openssl command is not installed")
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-inform", "DER", "-in", LISTS / "440000.p7", "-noverify",
         "-out", tmp_path / "json"], capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "json").read_bytes())["id"] == "440000"


# -- show, diff -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "name", ["lists/120000.p7", "lists/120000.json", "lists/list-of-lists.p7", "managed", "trust"]
)
def test_show_says_who_may_do_what(name: str, language: str) -> None:
    code, out, err = run("trust", "show", CERTS / name, "--lang", language, "--now", "2026-11-01")
    assert (code, err) == (0, "")
    test = {"zh": "不得用于实际业务", "en": "never for real use"}[language]
    assert test in out
    assert ("天津海事局" in out) is True
    assert [line for line in out.splitlines() if width(line) > 80] == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("columns", [40, 80])
def test_the_account_fits_narrow_terminals(columns: int, language: str) -> None:
    style = Style(language, columns)
    data = (LISTS / "120000.p7").read_bytes()
    store = TrustStore.load(CERTS / "managed")
    now = day(2026, 11)
    signed = trust_view.of_list(
        lists.read(data), lists.enclosed(data), sha256="0" * 64, now=now
    )
    views = (trust_view.of_store(store, now=now), signed)
    for text in (*(trust_lists.render(view, style) for view in views),
                 trust_diff.render(trust_diff.compare(*views), style)):  # fmt: skip
        assert [line for line in text.splitlines() if width(line) > columns] == []


def test_show_json_has_every_service_with_its_certificate() -> None:
    code, out, _ = run("trust", "show", LISTS / "440000.p7", "--json", "--now", "2026-11-01")
    found = json.loads(out)
    assert (code, found["schema"], found["kind"]) == (0, "elicense-trust-view/1", "list")
    assert (found["sequence"], found["test"], found["scope"]) == (1, True, "440000")
    assert [signer["holds"] for signer in found["signed_by"]] == [True]
    own = found["authorities"][0]
    assert own["services"][0]["licence_types"] == ["msa-doc", "msa-doc-interim"]
    assert len(own["services"][0]["certificate"]["fingerprint"]) == 64
    assert {w["code"] for w in found["warnings"]} == {"test", "not-judged"}


def test_show_warns_of_age_of_a_bad_signature_and_of_a_foreign_operator(tmp_path: Path) -> None:
    codes = {w["code"] for w in shown(LISTS / "120000.p7", "--now", "2050-01-01")["warnings"]}
    assert {"stale", "expired"} <= codes
    data = (LISTS / "120000.p7").read_bytes()
    broken = tmp_path / "broken.p7"
    broken.write_bytes(data.replace(b"zz.tj.example", b"zz.tj.exbmple"))
    warned = shown(broken)["warnings"]
    assert "signature-bad" in {w["code"] for w in warned}
    lol = LISTS / "list-of-lists.p7"
    right = shown(lol, "--operator", OPERATOR)["warnings"]
    wrong = shown(lol, "--operator", CERTS / "operator/operator-rsa.pem")["warnings"]
    assert "by-operator" in {w["code"] for w in right}
    assert "not-operator" in {w["code"] for w in wrong}


def shown(path: Path, *options: object) -> dict[str, list[dict[str, str]]]:
    code, out, err = run("trust", "show", path, "--json", *options)
    assert code == 0, err
    found = json.loads(out)
    assert isinstance(found, dict)
    return found


def test_show_of_what_is_no_list_exits_4(tmp_path: Path) -> None:
    junk = tmp_path / "junk.p7"
    junk.write_bytes(b"junk")
    assert run("trust", "show", junk)[0] == 4
    assert run("trust", "show", SAMPLES / "tianjin-doc.pdf")[0] == 4


def test_diff_tells_added_removed_and_changed(tmp_path: Path) -> None:
    text = source(tmp_path, "440000").read_text(encoding="utf-8")
    text = text.replace('["msa-smc", "msa-smc-interim"]', '["msa-smc"]')
    text = text.replace("hosts = [\"zz.gd.example\"]", 'hosts = ["new.gd.example"]')
    text = text.replace('service = "copy"', 'service = "status"')
    changed = tmp_path / "440000.toml"
    changed.write_text(text, encoding="utf-8")
    made = tmp_path / "new.json"
    assert run("trust", "make", changed, "-o", made, "--previous", LISTS / "440000.p7")[0] == 0
    code, out, _ = run("trust", "diff", LISTS / "440000.p7", made, "--json")
    changes = json.loads(out)["changes"]
    assert code == 1
    assert changes["head"]["changed"][0]["members"]["sequence"] == {"old": 1, "new": 2}
    assert [i["what"].split(": ")[1] for i in changes["services"]["removed"]] == ["copy"]
    assert [i["what"].split(": ")[1] for i in changes["services"]["added"]] == ["status"]
    assert all(i["members"] == {"licence_types": {"old": ["msa-smc", "msa-smc-interim"],
                                                  "new": ["msa-smc"]}}
               for i in changes["services"]["changed"])  # fmt: skip
    assert len(changes["services"]["changed"]) == 2
    for language, word in (("zh", "服务"), ("en", "Services")):
        code, out, _ = run("trust", "diff", LISTS / "440000.p7", made, "--lang", language)
        assert code == 1
        assert word in out.splitlines()
        assert "-msa-smc-interim" in out
        assert "+new.gd.example -zz.gd.example" in out


def test_diff_of_equals_says_so() -> None:
    code, out, _ = run("trust", "diff", CERTS / "managed", CERTS / "device.elt",
                       "--operator", OPERATOR, "--json")  # fmt: skip
    assert code == 1  # their names differ, and nothing else
    assert list(json.loads(out)["changes"]) == ["head"]
    assert run("trust", "diff", LISTS / "120000.p7", LISTS / "120000.p7", "--lang", "zh") == (
        0, "没有差别\n", "",
    )  # fmt: skip


# -- a folder of one's own ------------------------------------------------------------------


def build_own(folder: Path) -> None:
    """The commands by which one builds a folder that judges Tianjin's DOCs."""
    revoke = [a for n in ("test-root", "tianjin", "national")
              for a in ("--crl", CERTS / f"trust/crls/{n}-sm2.crl")]  # fmt: skip
    code, out, err = run(
        "trust", "add", CERTS / "sealers/tianjin-doc-sm2.pem", "--to", folder, "--role", "sealer",
        "--type", "msa-doc", "--anchor", CERTS / "roots/test-root-sm2.pem",
        "--intermediate", CERTS / "ca/national-sm2.pem", *revoke,
        "--intermediate", CERTS / "ca/tianjin-sm2.pem",
        "--status", CERTS / "trust/status/tj-1.p7", "--test", "--name", "Mine",
    )  # fmt: skip
    assert code == 0, err
    assert "sealer for 天津海事局 (120000)" in out
    assert "read from the certificate: authority, uscc, region" in out
    for file, role, *more in (
        ("makers/tianjin-sm2.pem", "seal-maker"),
        ("qr/tianjin-sm2.pem", "qr", "--type", "msa-doc", "--host", "zz.tj.example"),
        ("status/tianjin-sm2.pem", "status", "--type", "msa-doc"),
        ("tsa/tsa-sm2.pem", "timestamp"),
    ):
        code, _, err = run("trust", "add", CERTS / file, "--to", folder, "--role", role, *more)
        assert code == 0, err


def test_a_folder_built_by_trust_add_finds_a_licence_valid(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    build_own(folder)
    store = TrustStore.load(folder)
    assert (store.name, store.test, len(store.services)) == ("Mine", True, 5)
    assert run("verify", "-q", *AT, "--trust", folder, DOC)[0] == 0
    assert run("verify", "-q", *AT, "--trust", folder, SAMPLES / "guangdong-smc.pdf")[0] == 3


def test_trust_add_refuses_all_at_once_and_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    build_own(folder)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    junk = tmp_path / "junk.pem"
    junk.write_bytes(b"junk")
    code, out, err = run(
        "trust", "add", CERTS / "ca/tianjin-sm2.pem", CERTS / "sealers/tianjin-doc-sm2.pem", junk,
        CERTS / "rogue/root-sm2.pem", "--to", folder, "--role", "sealer",
        "--anchor", CERTS / "sealers/tianjin-doc-sm2.pem", "--crl", junk, "--status", junk,
    )  # fmt: skip
    assert (code, out) == (1, "")
    codes = [line.rpartition("[")[2].rstrip("]") for line in err.splitlines()[:-1]]
    assert codes == [
        "not-a-ca", "list.text", "outside-region", "no-types", "twice", "list.certificate",
        "list.text", "outside-region", "no-types", "list.crl", "list.status",
    ]  # fmt: skip
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_ca_is_bound_to_one_authority(tmp_path: Path) -> None:
    folder, ca = tmp_path / "mine", CERTS / "ca/tianjin-sm2.pem"
    base = ("trust", "add", ca, "--to", folder, "--role", "sealer", "--type", "msa-doc")
    assert run(*base)[0] == 1
    assert run(*base, "--authority", "天津海事局", "--region", "120000")[0] == 0
    (entry,) = TrustStore.load(folder).services
    assert (entry.ca is not None, dict(entry.subject)) == (True, {"organization": "天津海事局"})


def test_a_status_list_takes_the_place_of_an_older_one_only(tmp_path: Path) -> None:
    folder, uri = tmp_path / "mine", "https://status.tj.example/lists/1"
    build_own(folder)
    made = {
        year: status_list.status_list(
            desk().world.credential("status/tianjin-sm2"), uri=uri, states={}, size=4096,
            issued=day(year), expires=day(2046),
        )
        for year in (2025, 2026)
    }  # fmt: skip
    old, new = tmp_path / "old.p7", tmp_path / "new.p7"
    old.write_bytes(made[2025])
    new.write_bytes(made[2026])
    code, _, err = run("trust", "add", "--to", folder, "--status", old)
    assert code == 1
    assert "[rollback]" in err
    assert run("trust", "add", "--to", folder, "--status", new)[0] == 0
    assert run("trust", "add", "--to", folder, "--status", CERTS / "trust/status/gd-1.p7")[0] == 0
    found = TrustStore.load(folder).status_lists
    assert set(found) == {uri, "https://status.gd.example/lists/1"}
    assert found[uri] == made[2026]


# -- init, update, bundle -------------------------------------------------------------------


@pytest.fixture
def device(tmp_path: Path) -> Path:
    folder = tmp_path / "device"
    code, out, err = run("trust", "init", folder, "--operator", OPERATOR, "--name", "Device")
    assert (code, out) == (0, "")
    fingerprint = "7e8b6ed238b44c6b8579c42efa7a10261e0d20df934ff2857492cbb2617cb1b7"
    assert fingerprint in err
    return folder


def test_a_device_updated_from_a_bundle_verifies_offline(device: Path, tmp_path: Path) -> None:
    assert run("verify", "-q", *AT, "--trust", device, DOC)[0] == 3
    code, out, err = run("trust", "update", device, "--from", CERTS / "device.elt")
    assert (code, err) == (0, "")
    assert out.count("✓") == 6
    assert out.splitlines()[-1] == (
        f"{device}: lists 5, CRLs 10, OCSP responses 1, status lists 3, status indexes 1"
    )
    assert run("verify", "-q", *AT, "--trust", device, DOC)[0] == 0
    code, out, _ = run("trust", "update", device, "--from", CERTS / "device.elt", "--lang", "zh")
    assert code == 0
    assert "没有更新的名录" in out
    made = tmp_path / "again.elt"
    assert run("trust", "bundle", device, "-o", made)[0] == 0
    assert made.read_bytes() == (CERTS / "device.elt").read_bytes()


def test_what_is_not_signed_by_those_who_may_is_refused(device: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    run("trust", "init", foreign, "--operator", CERTS / "operator/operator-rsa.pem", "--name", "f")
    said = {"en": "by a certificate that may sign it", "zh": "没有任何一个签名"}
    for language, words in said.items():
        code, out, _ = run("trust", "update", foreign, "--from", LISTS, "--lang", language)
        assert code == 1
        assert words in out.replace("\n ", "")
        assert "✓" not in out
    code, out, _ = run("trust", "update", device, "--from", CERTS / "extra/rogue-tj-1.p7")
    assert code == 1
    assert "[unreadable]" in out


def test_one_bad_source_does_not_stop_the_others(device: Path, tmp_path: Path) -> None:
    junk = tmp_path / "junk.elt"
    junk.write_bytes(b"PK\x03\x04 junk")
    code, out, _ = run("trust", "update", device, "--from", junk, "--from", LISTS)
    assert code == 1
    assert f"✗{junk}" in "".join(out.split())  # a long path is folded
    assert out.count("✓") == 6


def test_update_says_what_is_past_its_next_update(device: Path) -> None:
    code, out, _ = run("trust", "update", device, "--from", LISTS, "--now", "2050-01-01")
    assert code == 0
    assert out.count("[stale]") == 6


def test_update_from_another_managed_folder(device: Path) -> None:
    code, out, _ = run("trust", "update", device, "--from", CERTS / "managed")
    assert code == 0
    assert "CRLs 10" in out


def test_a_bundle_of_an_empty_folder_and_a_second_init_are_refused(
    device: Path, tmp_path: Path
) -> None:
    assert run("trust", "bundle", device, "-o", tmp_path / "x.elt")[0] == 2
    assert run("trust", "init", device, "--operator", OPERATOR, "--name", "again")[0] == 2
    assert run("trust", "update", CERTS / "trust", "--from", LISTS)[0] == 2
    assert not (CERTS / "trust/.lock").exists()


def test_a_bundle_takes_crls_and_status_lists_that_are_given(device: Path, tmp_path: Path) -> None:
    run("trust", "update", device, "--from", LISTS)
    out = tmp_path / "out.elt"
    crls = [a for p in sorted((CERTS / "trust/crls").iterdir()) for a in ("--crl", p)]
    status = ("--status", CERTS / "trust/status/tj-1.p7")
    assert run("trust", "bundle", device, "-o", out, *crls, *status)[0] == 0
    names = zipfile.ZipFile(out).namelist()
    assert sum(name.startswith("crls/") for name in names) == 10
    assert run("verify", "-q", *AT, "--trust", out, "--operator", OPERATOR, DOC)[0] == 0


# -- trust options of the other commands ----------------------------------------------------


def test_a_bundle_needs_the_operators_certificate() -> None:
    bundle = CERTS / "device.elt"
    code, out, err = run("verify", "-q", *AT, "--trust", bundle, DOC)
    assert (code, out) == (2, "")
    assert "--operator" in err
    assert run("verify", "-q", *AT, "--trust", bundle, "--operator", OPERATOR, DOC)[0] == 0
    other = CERTS / "operator/operator-rsa.pem"
    assert run("verify", "-q", *AT, "--trust", bundle, "--operator", other, DOC)[0] == 3
    assert run("verify", *AT, "--trust", CERTS / "managed", "--operator", other, DOC)[0] == 2
    managed = ("--trust", CERTS / "managed", "--operator", OPERATOR)
    assert run("verify", "-q", *AT, *managed, DOC)[0] == 0
    both = os.pathsep.join((str(other), str(OPERATOR)))
    assert run("verify", "-q", *AT, "--trust", bundle, DOC, ELICENSE_OPERATOR=both)[0] == 0


def test_the_bundle_serves_the_other_commands_too(tmp_path: Path) -> None:
    bundle = ("--trust", CERTS / "device.elt", "--operator", OPERATOR, "--allow-test-trust")
    pair = ("--doc", DOC, "--smc", SAMPLES / "tianjin-smc-interim.ofd", "-q", "--at", "2026-11-01")
    by_hand = ("--trust", CERTS / "trust", "--allow-test-trust")
    found = run("inspect-ship", *bundle, *pair)
    assert found == run("inspect-ship", *by_hand, *pair)
    assert found[0] != 4
    seal = tmp_path / "office.esl"
    made = run(
        "seal", "make", "-o", seal, "--name", "天津海事局", "--id", "12000020260001",
        "--signer", CERTS / "sealers/tianjin-doc-sm2.pem", "--valid-until", "2036-01-01",
        "--valid-from", "2026-01-01", "--created", "2026-01-01",
        "--key", f"file:{CERTS}/keys/makers/tianjin-sm2.pem",
        "--cert", CERTS / "makers/tianjin-sm2.pem",
    )  # fmt: skip
    assert made[0] == 0, made[2]
    assert run("seal", "check", *bundle, "--at", "2026-11-01", seal)[0] == 0


@pytest.mark.parametrize("command", [("verify",), ("inspect-ship",), ("qr", "verify"),
                                     ("seal", "check"), ("issue",), ("endorse",)])  # fmt: skip
def test_every_command_that_judges_takes_the_same_trust_options(command: tuple[str, ...]) -> None:
    out = CliRunner().invoke(cli, [*command, "--help"]).output
    for option in ("--trust DIR|FILE.elt", "--operator FILE", "--allow-test-trust"):
        assert option in out


# -- over the network -----------------------------------------------------------------------

LOL_URL = "https://trust.national.example/lol.p7"


def served(pages: Mapping[str, bytes], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answers by address instead of a network; what was asked for is kept."""
    asked: list[str] = []

    def get(url: str, *, caps: fetch.Caps = fetch.DEFAULT_CAPS) -> fetch.Answer:
        asked.append(url)
        if url not in pages:
            raise Error("fetch.status", "the answer is 404", place=url)
        assert len(pages[url]) <= caps.size
        return fetch.Answer("application/pkcs7-mime", pages[url])

    monkeypatch.setattr(fetch, "get", get)
    return asked


def test_https_needs_online_and_asks_only_the_host_it_was_given(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = "https://trust.national.example/lists/"
    pages = {f"{base}{p.stem}.p7": p.read_bytes() for p in LISTS.glob("*.p7")}
    pages[LOL_URL] = (LISTS / "list-of-lists.p7").read_bytes()
    asked = served(pages, monkeypatch)
    offline = CliRunner().invoke(cli, ["trust", "update", str(device), "--from", LOL_URL])
    assert isinstance(offline.exception, UsageError)
    assert "--online" in str(offline.exception)
    assert asked == []
    done = CliRunner().invoke(
        cli, ["trust", "update", str(device), "--from", LOL_URL, "--online", "--lang", "en"]
    )
    assert done.exit_code == 0, done.output
    assert done.output.count("✓") == 6
    assert asked == [LOL_URL, *(f"{base}{name}.p7" for name in
                                ("120000", "370000", "440000", "survey", "national"))]  # fmt: skip


def test_lists_on_other_hosts_are_named_and_not_asked(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = "https://mirror.example/lol.p7"
    asked = served({elsewhere: (LISTS / "list-of-lists.p7").read_bytes()}, monkeypatch)
    done = CliRunner().invoke(
        cli, ["trust", "update", str(device), "--from", elsewhere, "--online", "--lang", "zh"]
    )
    assert done.exit_code == 0
    assert asked == [elsewhere]
    assert done.output.count("另一主机") == 5


def test_an_address_that_does_not_answer_is_told_and_plain_http_refused(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served({}, monkeypatch)
    done = CliRunner().invoke(cli, ["trust", "update", str(device), "--from", LOL_URL, "--online"])
    assert done.exit_code == 1
    assert "404" in done.output
    plain = LOL_URL.replace("https", "http")
    done = CliRunner().invoke(cli, ["trust", "update", str(device), "--from", plain, "--online"])
    assert isinstance(done.exception, UsageError)

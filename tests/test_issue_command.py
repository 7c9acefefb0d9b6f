"""``elicense issue`` and ``reissue``: files whole or not at all, batches that go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import elicense
from elicense.crypto import keys
from elicense.errors import IssueRefused, UsageError
from elicense.issuing import many
from elicense.issuing.files import write_new
from elicense.issuing.many import Key, Setup, issue_all
from elicense.issuing.reading import as_json, read_lines
from elicense.issuing.reissue import next_version, reissue
from elicense.licence import StatusReference, Validity, data_digest
from issue_world import AT, TYPES, options, seal, trust
from issuing_world import CERTS, ROOT, SAMPLES
from samples import licences as x
from serve_tsa import serving

DOC = TYPES["msa-doc"]
SEALER = "sealers/tianjin-doc-sm2"
KEY = ("--key", f"file:{CERTS}/keys/{SEALER}.pem", "--cert", f"{CERTS}/{SEALER}.pem")
TRUST = ("--trust", f"{CERTS}/trust", "--allow-test-trust")
AS_OF = ("--time", "2026-03-01T10:00")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ELICENSE_")}
    clean |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8", **environment}
    command = [sys.executable, "-m", "elicense", *map(str, arguments)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, encoding="utf-8", env=clean,
        stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seal and a request."""
    made = tmp_path_factory.mktemp("desk")
    (made / "office.esl").write_bytes(seal(SEALER))
    (made / "doc.json").write_text(as_json(DOC), encoding="utf-8")
    return made


def desk(folder: Path) -> tuple[str, ...]:
    return ("--seal", f"{folder}/office.esl", *KEY, *AS_OF)


@pytest.mark.parametrize("form", ["ofd", "pdf"])
def test_a_licence_is_issued_and_verifies(folder: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"doc.{form}"
    qr = ("--qr-key", f"file:{CERTS}/keys/qr/tianjin-sm2.pem", "--qr-cert",
          f"{CERTS}/qr/tianjin-sm2.pem")  # fmt: skip
    done = run("issue", folder / "doc.json", *desk(folder), *TRUST, *qr, "--format", form,
               "-o", out)  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "verified" in done.stderr
    report = elicense.verify(out, trust=trust(), at=AT)
    assert report.verdict == "VALID"
    assert report.licence == DOC


def test_faults_are_listed_and_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    wrong = json.loads(as_json(DOC))
    wrong["fields"]["company_number"] = "1234567"
    wrong["validity"]["valid_until"] = "2036-01-01"
    del wrong["status"]
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(wrong), encoding="utf-8")
    done = run("issue", path, *desk(folder), "-o", tmp_path / "out.ofd")
    assert done.returncode == 1
    for field in ("fields.company_number", "validity.valid_until", "status"):
        assert f"{field}: " in done.stderr
    assert "3 faults" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["wrong.json"]


def test_faults_of_reading_and_of_content_come_together(folder: Path, tmp_path: Path) -> None:
    wrong = json.loads(as_json(DOC))
    wrong["validity"]["issued"] = "March"
    wrong["fields"]["company_number"] = "1"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(wrong), encoding="utf-8")
    done = run("issue", path, *desk(folder), "-o", tmp_path / "out.ofd")
    assert done.returncode == 1
    assert "validity.issued: " in done.stderr
    assert "fields.company_number: " in done.stderr


def test_what_is_there_is_not_overwritten_unless_asked(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "doc.ofd"
    out.write_bytes(b"mine")
    arguments = ("issue", folder / "doc.json", *desk(folder), "-o", out)
    done = run(*arguments)
    assert (done.returncode, out.read_bytes()) == (2, b"mine")
    assert "output.exists" in done.stderr
    assert run(*arguments, "-f").returncode == 0
    assert elicense.verify(out, trust=trust(), at=AT).verdict == "VALID"
    assert [p.name for p in tmp_path.iterdir()] == ["doc.ofd"]


def test_a_wrong_key_or_seal_is_told_with_the_rest(folder: Path, tmp_path: Path) -> None:
    wrong = ("--key", f"file:{CERTS}/keys/sealers/tianjin-smc-sm2.pem", "--cert",
             f"{CERTS}/{SEALER}.pem")  # fmt: skip
    done = run("issue", folder / "doc.json", "--seal", folder / "office.esl", *wrong, *AS_OF,
               "-o", tmp_path / "x.ofd")  # fmt: skip
    assert done.returncode == 1
    assert "signer.mismatch" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-o", "x.ofd"), 2),
        (("doc.json",), 2),
        (("doc.json", "--batch", "doc.json", "-o", "x"), 2),
        (("absent.json", "-o", "x.ofd"), 2),
        (("--batch", "doc.json", "-o", "x"), 2),
    ],
)
def test_usage(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    named = [str(folder / a) if a.endswith(".json") else a for a in arguments]
    done = run("issue", *desk(folder), *named)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_password_comes_from_the_environment_and_is_never_shown(
    folder: Path, tmp_path: Path
) -> None:
    plain = keys.load_private_key((CERTS / "keys" / f"{SEALER}.pem").read_bytes())
    locked = tmp_path / "locked.pem"
    locked.write_bytes(keys.save_private_key_pem(plain, b"hunter2"))
    arguments = ("issue", folder / "doc.json", "--seal", folder / "office.esl", "--key",
                 f"file:{locked}", "--cert", f"{CERTS}/{SEALER}.pem", *AS_OF, "-o",
                 tmp_path / "doc.ofd")  # fmt: skip
    done = run(*arguments)
    assert (done.returncode, "key.password" in done.stderr) == (2, True)
    assert run(*arguments, ELICENSE_KEY_PASSWORD="wrong").returncode == 2
    other = run(*arguments, "--password-env", "OFFICE_PASSWORD", OFFICE_PASSWORD="hunter2")
    assert other.returncode == 0, other.stderr
    assert "hunter2" not in other.stderr + done.stderr


def test_a_timestamp_from_an_authority_on_loopback(folder: Path, tmp_path: Path) -> None:
    with serving("sm2", time=x_time()) as address:
        arguments = ("issue", folder / "doc.json", *desk(folder), *TRUST, "--tsa", address,
                     "--format", "pdf", "-o", tmp_path / "doc.pdf")  # fmt: skip
        refused = run(*arguments)
        assert (refused.returncode, "fetch.address" in refused.stderr) == (2, True)
        assert not (tmp_path / "doc.pdf").exists()
        done = run(*arguments, "--allow-loopback", "--crl", CERTS / "trust/crls/tianjin-sm2.crl")
    assert done.returncode == 0, done.stderr
    shown = elicense.open(tmp_path / "doc.pdf", pages=False).signatures[0]
    assert len(shown.timestamps) == len(shown.crls) == 1


def x_time() -> Any:
    return options(DOC)["time"]


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_new(path, b"one")
    with pytest.raises(UsageError) as caught:
        write_new(path, b"two")
    assert (caught.value.code, path.read_bytes()) == ("output.exists", b"one")
    write_new(path, b"three", overwrite=True)
    assert path.read_bytes() == b"three"
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    with pytest.raises(UsageError):
        write_new(tmp_path / "no" / "a", b"")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# -- many -----------------------------------------------------------------------------------


def numbered(count: int) -> list[Any]:
    """The DOC under other numbers and serials."""
    from elicense import identifiers, profiles

    code = profiles.get("msa-doc").type_code
    return [
        replace(
            DOC,
            number=f"样例TJ/{number:05d}",
            identifier=identifiers.format_identifier(
                type=code, issuer=DOC.issuer.code,
                serial=f"2026{500_000 + number:06d}",
                version=1,
            ),
            status=StatusReference("https://status.tj.example/lists/1", 1000 + number),
        )
        for number in range(1, count + 1)
    ]


def setup_for(folder: Path, **changes: Any) -> Setup:
    key = Key(f"file:{CERTS}/keys/{SEALER}.pem", f"{CERTS}/{SEALER}.pem")
    given: dict[str, Any] = {
        "folder": folder, "signer": key, "seal": seal(SEALER), "trust": trust(),
        "options": {"time": x_time()},
    }  # fmt: skip
    return Setup(**{**given, **changes})


def lines(licences: list[Any]) -> Any:
    text = "\n".join(as_json(item) for item in licences)
    return read_lines(text.encode(), place="m.jsonl")


def test_a_batch_is_resumed_and_keeps_the_order(tmp_path: Path) -> None:
    licences = numbered(5)
    setup = setup_for(tmp_path / "out")
    first = list(issue_all(lines(licences[:3]), setup))
    assert [r.state for r in first] == ["issued"] * 3
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").iterdir()}
    second = list(issue_all(lines(licences), setup, jobs=2))
    assert [r.state for r in second] == ["present"] * 3 + ["issued"] * 2
    assert [r.number for r in second] == [item.number for item in licences]
    assert all(p.stat().st_mtime_ns == before for p, before in stamps.items())
    assert {Path(r.file).name for r in second} == {f"样例TJ_{n:05d}-001.ofd" for n in range(1, 6)}
    for result in second:
        assert elicense.verify(result.file, trust=trust(), at=AT).verdict == "VALID"


def test_a_file_that_does_not_verify_or_says_otherwise_is_not_taken_for_done(
    tmp_path: Path,
) -> None:
    licences = numbered(2)
    setup = setup_for(tmp_path)
    results = list(issue_all(lines(licences), setup))
    broken = Path(results[0].file)
    broken.write_bytes(broken.read_bytes()[:-400])
    changed = [licences[0], replace(licences[1], holder=replace(DOC.holder, name="另一家公司"))]
    again = list(issue_all(lines(changed), setup))
    assert [r.state for r in again] == ["failed", "failed"]
    over = list(issue_all(lines(changed), replace(setup, overwrite=True)))
    assert [r.state for r in over] == ["issued", "issued"]


def test_one_bad_request_does_not_stop_the_others(tmp_path: Path) -> None:
    good = numbered(2)
    bad = replace(good[1], fields={**good[1].fields, "company_number": "1"}, number="bad")
    text = "\n".join([as_json(good[0]), "{", as_json(bad), as_json(good[0]), as_json(good[1])])
    results = list(issue_all(read_lines(text.encode(), place="m"), setup_for(tmp_path)))
    assert [r.state for r in results] == ["issued", "refused", "refused", "refused", "issued"]
    assert {f.path for f in results[2].faults} == {"fields.company_number"}
    assert results[3].faults[0].code == "batch.twice"
    assert len(list(tmp_path.iterdir())) == 2


def test_names_of_files_are_plain(tmp_path: Path) -> None:
    odd = replace(DOC, number='../..\\a b:c*"\n' + "长" * 100)
    name = many.file_name(odd, "pdf")
    assert (tmp_path / name).parent == tmp_path
    assert not set(name) & set('/\\:*?"<>|\n ')
    assert len(name) < 100
    assert many.file_name(replace(DOC, number="..."), "ofd") == "licence-001.ofd"


def test_the_batch_command_prints_a_line_a_licence(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "many.jsonl"
    source.write_text("\n".join(as_json(n) for n in numbered(3)) + "\n{\n", encoding="utf-8")
    arguments = ("issue", "--batch", source, *desk(folder), *TRUST, "-o", tmp_path / "out",
                 "-j", "2", "--json")  # fmt: skip
    done = run(*arguments)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["state"] for r in results] == ["issued"] * 3 + ["refused"]
    assert (done.returncode, "3 issued, 1 refused" in done.stderr) == (1, True)
    again = run(*arguments)
    assert "3 present, 1 refused" in again.stderr


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="POSIX signals")
def test_ctrl_c_leaves_only_whole_files_and_the_next_run_goes_on(
    folder: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "many.jsonl", tmp_path / "out"
    source.write_text("\n".join(as_json(n) for n in numbered(200)), encoding="utf-8")
    command = [sys.executable, "-m", "elicense", "issue", "--batch", source, *desk(folder),
               "-o", out, "-j", "2"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        list(map(str, command)), env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
        # a test run in the background inherits a SIGINT that is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(list(out.glob("*.ofd"))) < 3:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "goes on from here" in errors
    assert "Traceback" not in errors
    made = sorted(out.iterdir())
    assert 3 <= len(made) < 200
    assert not [p for p in made if p.suffix != ".ofd"]
    for path in made:
        assert elicense.verify(path, trust=trust(), at=AT).verdict == "VALID"


# -- the next version -----------------------------------------------------------------------

NEW_STATUS = {"status": {"list": "https://status.tj.example/lists/1", "index": 77}}
ISSUED = date(2026, 3, 1)


def test_the_next_version_names_the_one_before_by_its_digest() -> None:
    old = SAMPLES / "tianjin-doc.ofd"
    data = elicense.open(old, pages=False).claims.data
    assert data is not None
    made = reissue(old, {**NEW_STATUS, "fields": {"officer": "张样例"}}, issued=ISSUED,
                   **options(DOC, trust=trust()))  # fmt: skip
    report = elicense.verify(made, trust=trust(), at=AT)
    assert report.verdict == "VALID"
    new = report.licence
    assert new is not None
    assert (new.version, new.number) == (2, DOC.number)
    assert new.identifier.split(".")[-2] == "002"
    assert new.fields["officer"] == "张样例"
    from elicense import canonical

    digest = canonical.b64url(data_digest(data).value)
    assert new.extra["supersedes"] == {
        "identifier": DOC.identifier, "version": 1, "digest": {"algorithm": "sm3", "value": digest},
    }  # fmt: skip


def test_the_third_version_names_the_second() -> None:
    first = (SAMPLES / "tianjin-doc.pdf").read_bytes()
    second = reissue(first, NEW_STATUS, issued=ISSUED, **options(DOC))
    third = next_version(second, {"status": {"index": 78}}, issued=ISSUED)
    assert third.version == 3
    assert dict(third.extra["supersedes"])["version"] == 2  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, "status"),
        ({**NEW_STATUS, "version": 7}, "version"),
        ({**NEW_STATUS, "identifier": "x"}, "identifier"),
        ({**NEW_STATUS, "type": "msa-smc"}, "type"),
        ({**NEW_STATUS, "supersedes": {"identifier": "x"}}, "supersedes"),
        ({**NEW_STATUS, "validity": {"valid_until": "never"}}, "validity.valid_until"),
    ],
)
def test_what_a_reissue_may_not_change(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(IssueRefused) as caught:
        next_version(SAMPLES / "tianjin-doc.ofd", changes, issued=ISSUED)
    assert path in {fault.path for fault in caught.value.faults}


@pytest.mark.parametrize(
    "name", ["tampered-page.ofd", "tampered-page.pdf", "unsealed.ofd", "uncovered-page.ofd"]
)
def test_a_licence_whose_seal_does_not_hold_has_no_next_version(name: str) -> None:
    with pytest.raises(elicense.InputError) as caught:
        next_version(SAMPLES / name, NEW_STATUS)
    assert caught.value.code == "reissue.previous"


def test_under_a_trust_store_only_its_authorities_files_are_reissued() -> None:
    assert next_version(SAMPLES / "rogue.ofd", NEW_STATUS).version == 2
    with pytest.raises(elicense.InputError, match=r"chain\.path"):
        next_version(SAMPLES / "rogue.ofd", NEW_STATUS, trust=trust())
    # one that has run out may be followed by another
    assert next_version(SAMPLES / "expired.ofd", NEW_STATUS, trust=trust()).version == 2


def test_the_reissue_command(folder: Path, tmp_path: Path) -> None:
    changes = tmp_path / "changes.json"
    changes.write_text(json.dumps(NEW_STATUS))
    out = tmp_path / "v2.pdf"
    done = run("reissue", SAMPLES / "tianjin-doc.ofd", changes, *desk(folder), *TRUST,
               "--issued", "2026-03-01", "--format", "pdf", "-o", out)  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = elicense.verify(out, trust=trust(), at=AT)
    assert report.licence is not None
    assert (report.verdict, report.licence.version) == ("VALID", 2)
    changes.write_text("[]")
    refused = run("reissue", SAMPLES / "tianjin-doc.ofd", changes, *desk(folder), "-o", out, "-f")
    assert (refused.returncode, "reissue.changes" in refused.stderr) == (2, True)


def test_a_renewed_term_is_checked_too() -> None:
    late = {**NEW_STATUS, "validity": {"valid_until": "2033-01-01"}}
    made = next_version(SAMPLES / "tianjin-doc.ofd", late, issued=ISSUED)
    assert made.validity == Validity(ISSUED, date(2026, 3, 1), date(2033, 1, 1))
    with pytest.raises(IssueRefused) as caught:
        reissue(SAMPLES / "tianjin-doc.ofd", late, issued=ISSUED, **options(x.TIANJIN_DOC))
    assert {f.code for f in caught.value.faults} == {"dates.term"}

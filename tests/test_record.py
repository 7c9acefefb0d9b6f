"""A verdict can be replayed: same bytes, trust, policy and times give the same report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

import elicense
import trust_builders as b
from elicense import record
from elicense.cli import cli
from elicense.errors import InputError
from elicense.policy import Policy
from elicense.render import replayed
from elicense.render.text import Style
from elicense.verdict import Verdict
from judging import AT, EXPECTED, ROOT, SAMPLES, judge, sample, trust
from recording import again, apart, doctored, made

NAMES = sorted(EXPECTED["samples"])
ASKED = ["--trust", str(ROOT / "fixtures/certs/trust"), "--allow-test-trust",
         "--at", AT.isoformat(), "--now", AT.isoformat()]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_replays_to_the_same_report(name: str) -> None:
    data = sample(name)
    report = judge(SAMPLES / name)
    first = record.make(report, data, language="zh")
    assert first == record.make(report, data, language="zh"), "a record is made one way only"
    found = again(first)
    assert found and found.verdict is report.verdict and found.differences == ()
    said = {k: v for k, v in report.to_dict(language="zh").items() if k != "environment"}
    assert record.dump(found.report) == record.dump(said)


def _reports(**environment: str) -> list[str]:
    """Every sample's report as the command prints it in another environment."""
    command = [sys.executable, "-m", "elicense", "verify", "--json", "--lang", "en", *ASKED,
               str(SAMPLES)]  # fmt: skip
    base = {k: v for k, v in os.environ.items() if not k.startswith("ELICENSE_")}
    done = subprocess.run(
        command, cwd=ROOT, env={**base, "PYTHONPATH": str(ROOT / "src"), **environment},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr.decode()
    return done.stdout.decode().splitlines()


def test_hash_seed_time_zone_and_locale_change_nothing() -> None:
    here = _reports(PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    there = _reports(PYTHONHASHSEED="4711", TZ="America/St_Johns", LC_ALL="zh_CN.UTF-8")
    assert len(here) == len(NAMES) and here == there
    twice = [judge(SAMPLES / name).to_json() for name in NAMES]
    for printed, line in zip(here, twice, strict=True):
        ours, theirs = json.loads(line), json.loads(printed)
        assert ours.pop("file").endswith(theirs.pop("file").rsplit("/", 1)[1])
        assert ours == theirs


def test_a_record_replays_in_another_environment(tmp_path) -> None:
    path = tmp_path / "r.elrec"
    path.write_bytes(made("tianjin-doc-endorsed.ofd", language="zh"))
    command = [sys.executable, "-m", "elicense", "replay", str(path), "--allow-test-trust"]
    base = {k: v for k, v in os.environ.items() if not k.startswith("ELICENSE_")}
    for more in ({"PYTHONHASHSEED": "5", "TZ": "Asia/Tokyo"}, {"LC_ALL": "zh_CN.UTF-8"}):
        done = subprocess.run(
            command, env={**base, "PYTHONPATH": str(ROOT / "src"), **more}, check=False,
            capture_output=True, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()


# -- all that an answer follows from ---------------------------------------------------------


def test_policy_times_and_companions_are_kept() -> None:
    own = Policy.load(ROOT / "examples/policies/shandong.toml")
    doc, smc = SAMPLES / "guangdong-doc-sign.ofd", SAMPLES / "guangdong-smc.pdf"
    at, now = AT + timedelta(days=3, microseconds=7), AT + timedelta(days=5)
    report = judge(smc, companions=[doc, SAMPLES / "no-such.ofd"], policy=own, at=at, now=now)
    data = record.make(report, smc.read_bytes(), companions=[doc.read_bytes(), None])
    found = again(data)
    assert found and found.verdict is Verdict.VALID
    assert (found.question.at, found.question.now) == (at, now)
    assert found.question.policy == own
    assert found.report["companions"][0]["verdict"] == "VALID"


def test_a_joint_report_and_its_ship_are_kept() -> None:
    doc, smc = ((name, sample(name)) for name in ("guangdong-doc-sign.ofd", "guangdong-smc.ofd"))
    report = elicense.verify_together(doc=doc[1], smc=smc[1], ship="imo=9990442,name=岭南样例明珠",
                                      trust=trust(), at=AT, now=AT)  # fmt: skip
    assert report
    found = again(record.make_joint(report, doc=("(bytes)", doc[1]), smc=("(bytes)", smc[1])))
    assert found and found.verdict is Verdict.VALID
    other = record.make_joint
    with pytest.raises(elicense.UsageError):  # names are part of the report
        other(report, doc=doc, smc=smc)


@pytest.mark.parametrize("given", [b"no licence at all", None])
def test_a_joint_report_with_a_file_that_cannot_be_read(tmp_path, given) -> None:
    path = tmp_path / "doc.ofd"
    if given is not None:
        path.write_bytes(given)
    smc = SAMPLES / "guangdong-smc.ofd"
    report = elicense.verify_together(doc=path, smc=smc, trust=trust(), at=AT, now=AT)
    found = again(
        record.make_joint(report, doc=(str(path), given), smc=(str(smc), smc.read_bytes()))
    )
    assert found and found.verdict is Verdict.INDETERMINATE


def test_that_a_file_cannot_be_read_is_recorded_too() -> None:
    data = b"PK\x03\x04 and no more"
    with pytest.raises(InputError) as caught:
        judge(data)
    told = {"trust": trust(), "at": AT, "now": AT}
    found = again(record.make_unreadable(caught.value, "x.ofd", data, **told))
    assert found and found.verdict is None
    with pytest.raises(elicense.UsageError):
        record.make_unreadable(InputError("other.code", "made up"), "x.ofd", data, **told)


def test_trust_that_was_added_to_in_memory_is_kept() -> None:
    store = trust()
    crls, lists = (*store.crls[1:], b"no list"), {"https://a.example": b"x"}
    more = replace(store, crls=crls, status_lists=lists)
    for own in (more, elicense.TrustStore.empty()):
        report = judge(SAMPLES / "tianjin-doc.ofd", trust=own)
        assert not report
        assert again(record.make(report, sample("tianjin-doc.ofd")))
    altered = b.with_services(store, lambda entry: replace(entry, region="national"))
    report = judge(SAMPLES / "tianjin-doc.ofd", trust=altered)
    with pytest.raises(elicense.UsageError) as caught:
        record.make(report, sample("tianjin-doc.ofd"))
    assert caught.value.code == "record.trust"


def test_a_record_of_other_bytes_than_those_judged_is_not_made() -> None:
    report = judge(SAMPLES / "tianjin-doc.ofd")
    with pytest.raises(elicense.UsageError) as caught:
        record.make(report, sample("tianjin-doc.pdf"))
    assert caught.value.code == "record.differs"
    with pytest.raises(elicense.UsageError):
        record.make(report, sample("tianjin-doc.ofd"), companions=[b"x"])


def test_only_digests_are_kept_where_that_is_asked() -> None:
    data = sample("tianjin-doc.ofd")
    small = made(include_files=False)
    assert data not in small and data in made()
    for files in ((), (sample("tianjin-doc.pdf"),)):
        with pytest.raises(elicense.UsageError) as caught:
            again(small, files=files)
        assert caught.value.code == "record.file"
    assert again(small, files=[data]) and again(made(), files=[data])


def test_test_anchors_need_consent_again() -> None:
    with pytest.raises(elicense.UsageError) as caught:
        record.replay(made())
    assert caught.value.code == "trust.test"


def test_whose_trust_it_was_is_compared_where_one_is_given() -> None:
    assert again(made(), trust=trust())
    found = again(made(), trust=elicense.TrustStore.empty())
    assert not found and [x.place for x in found.differences] == ["trust"]


def test_steps_limited_in_time_get_more_of_it_on_replay(monkeypatch) -> None:
    """A page that was drawn in time must not be missing because this machine is slower."""
    from elicense.limits import Limits

    asked: list[float] = []
    real = record.verify_bytes

    def spy(data: bytes, *, limits: Limits, **more):
        asked.append(limits.render_seconds)
        return real(data, limits=limits, **more)

    data = made("tianjin-doc.pdf")
    monkeypatch.setattr(record, "verify_bytes", spy)
    assert again(data) and asked == [10.0]


def test_a_step_that_ran_out_of_time_is_recorded_and_tried_within_the_same_time() -> None:
    own = replace(elicense.Limits(), render_seconds=0.0)  # every page takes longer than this
    report = judge(SAMPLES / "tianjin-doc.pdf", limits=own)
    assert report.evidence.qr_problem and not report.evidence.qr
    data = record.make(report, sample("tianjin-doc.pdf"), limits=own)
    # nought seconds stay nought, however often: so a limit of its own for the test
    assert again(data)

    def late(entries, about):
        about["timed"] = True
        about["limits"]["render_seconds"] = 2.0

    found = again(doctored(data, late))
    assert not found and found.question.timed
    assert "ran out of time" in replayed.render(found, Style(columns=200))


# -- what was tampered with is told ----------------------------------------------------------


def _report_says_valid(entries, _about) -> None:
    report = entries["report.json"]
    assert b'"INVALID"' in report
    entries["report.json"] = report.replace(b'"INVALID"', b'"VALID"')


def _finding_dropped(entries, _about) -> None:
    report = json.loads(entries["report.json"])
    report["findings"] = [f for f in report["findings"] if f["outcome"] != "FAIL"]
    entries["report.json"] = record.dump(report)


def _finding_reworded(entries, _about) -> None:
    report = json.loads(entries["report.json"])
    report["findings"][0]["message"] = "all is well"
    entries["report.json"] = record.dump(report)


def _findings_swapped(entries, _about) -> None:
    report = json.loads(entries["report.json"])
    report["findings"].reverse()
    entries["report.json"] = record.dump(report)


def _members_swapped(entries, _about) -> None:
    report = json.loads(entries["report.json"])
    entries["report.json"] = record.dump(dict(reversed(report.items())))


def _other_file(entries, about) -> None:
    entries["input/1"] = sample("tianjin-doc.ofd")
    about["files"][0]["sha256"] = b.evidence("tianjin-doc.ofd").sha256


def _other_time(_entries, about) -> None:
    about["at"] = "2040-01-01T00:00:00+00:00"


def _other_policy(entries, _about) -> None:
    entries["policy.toml"] = Policy.load("strict").to_toml().encode()


def _other_name(_entries, about) -> None:
    about["files"][0]["name"] = "other.ofd"


DOCTORED = [
    (_report_says_valid, "verdict"), (_finding_dropped, "findings"),
    (_finding_reworded, "findings"), (_findings_swapped, "findings (order)"),
    (_members_swapped, "order"), (_other_file, "verdict"), (_other_time, "at"),
    (_other_policy, "policy"), (_other_name, "file"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "place"), DOCTORED, ids=lambda x: getattr(x, "__name__", x))
def test_a_record_that_was_doctored_gives_another_report(change, place) -> None:
    found = again(doctored(made("withdrawn.ofd"), change))
    assert not found
    assert place in {one.place for one in found.differences}
    if "verdict" in {one.place for one in found.differences}:
        assert found.differences[0].place == "verdict"
    for language in ("zh", "en"):
        shown = replayed.render(found, Style(language, 200))
        assert place in shown
    assert replayed.as_dict(found)["same"] is False


def test_another_trust_store_is_told() -> None:
    def without_crl(entries, about):
        told = about["trust"]["files"]
        text = entries[told["trust.toml"]].decode()
        entries[told["trust.toml"]] = text.replace("370000", "210000").encode()

    with pytest.raises(InputError) as caught:
        again(doctored(made(), without_crl))
    assert caught.value.code == "record.trust"

    def and_digest(entries, about):
        without_crl(entries, about)
        files = {name: entries[entry] for name, entry in about["trust"]["files"].items()}
        digest = elicense.TrustStore.from_files(files).digest
        about["trust"] |= {"digest": digest, "files_digest": digest}

    found = again(doctored(made(), and_digest))
    assert not found and [x.place for x in found.differences] == ["trust.digest"]


def test_many_differences_are_counted_on_the_terminal() -> None:
    def nothing_found(entries, _about):
        report = json.loads(entries["report.json"])
        report["findings"] = []
        entries["report.json"] = record.dump(report)

    found = again(doctored(made(), nothing_found))
    assert len(found.differences) > 20
    assert f"{len(found.differences) - 20} more differences" in replayed.render(
        found, Style(columns=200)
    )


# -- the command line ------------------------------------------------------------------------


def run(*arguments: str):
    return CliRunner().invoke(cli, list(arguments))


def test_verify_records_and_replay_answers_with_its_exit_code(tmp_path) -> None:
    expected = {"tianjin-doc.ofd": 0, "withdrawn.ofd": 1, "rogue.pdf": 3}
    folder = tmp_path / "records"
    files = [str(SAMPLES / name) for name in expected]
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"no PDF")
    shown = run("verify", *files, str(broken), *ASKED, "-q", "--record", f"{folder}/", "-j", "2")
    assert shown.exit_code == 1
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        f"{name}.elrec" for name in (*expected, "broken.pdf")
    )
    for name, code in {**expected, "broken.pdf": 4}.items():
        shown = run("replay", str(folder / f"{name}.elrec"), "--allow-test-trust", "--lang", "en")
        assert shown.exit_code == code, shown.output
        assert shown.output.startswith("SAME REPORT")


def test_replay_tells_a_difference_with_exit_code_5(tmp_path) -> None:
    path = tmp_path / "r.elrec"
    path.write_bytes(doctored(made("withdrawn.ofd"), _report_says_valid))
    shown = run("replay", str(path), "--allow-test-trust", "--lang", "en")
    assert shown.exit_code == 5 and shown.output.startswith("ANOTHER REPORT")
    assert "recorded: VALID" in shown.output and "now: INVALID" in shown.output
    shown = run("replay", str(path), "--allow-test-trust", "--json")
    assert shown.exit_code == 5
    told = json.loads(shown.output)
    assert told["schema"] == "elicense-replay/1" and told["same"] is False
    assert told["differences"][0] == {"place": "verdict", "recorded": "VALID", "now": "INVALID"}


def test_replay_of_what_is_no_record(tmp_path) -> None:
    path = tmp_path / "r.elrec"
    path.write_bytes(b"nothing")
    assert run("replay", str(path)).exit_code == 4
    assert run("replay", str(tmp_path / "absent.elrec")).exit_code == 4


def test_a_record_without_the_file(tmp_path) -> None:
    path, file = tmp_path / "r.elrec", str(SAMPLES / "tianjin-doc.ofd")
    shown = run("verify", file, *ASKED, "-q", "--record", str(path), "--record-without-file")
    assert shown.exit_code == 0
    consent = ["--allow-test-trust", "-q"]
    assert isinstance(run("replay", str(path), *consent).exception, elicense.UsageError)
    assert run("replay", str(path), file, *consent).exit_code == 0
    other = run("replay", str(path), str(SAMPLES / "tianjin-doc.pdf"), *consent)
    assert isinstance(other.exception, elicense.UsageError)
    assert run("verify", file, *ASKED, "--record-without-file").exit_code == 2
    assert run("verify", file, *ASKED, "--record", str(SAMPLES / "x.ofd")).exit_code == 2


def test_inspect_ship_records_both_files(tmp_path) -> None:
    path = tmp_path / "ship.elrec"
    pair = ["--doc", str(SAMPLES / "withdrawn.ofd"), "--smc",
            str(SAMPLES / "tianjin-smc-interim.ofd"), "--ship", "imo=9990129"]  # fmt: skip
    assert run("inspect-ship", *pair, *ASKED, "-q", "--record", str(path)).exit_code == 1
    assert {"input/1", "input/2"} <= set(apart(path.read_bytes()))
    shown = run("replay", str(path), "--allow-test-trust", "--lang", "zh", "--trust",
                str(ROOT / "fixtures/certs/trust"))  # fmt: skip
    assert shown.exit_code == 1
    assert shown.output.startswith("结论一致") and "就是您给出的名录" in shown.output


def test_whose_word_it_is_that_the_sheet_was_compared_is_kept() -> None:
    """``compared`` and the other switches are part of the question."""
    data = sample("tianjin-doc.ofd")
    report = judge(SAMPLES / "tianjin-doc.ofd", ocr=False)
    found = again(record.make(report, data, ocr=False))
    assert found and (found.question.options.ocr, found.question.options.compared) == (False, False)
    unread = judge(SAMPLES / "tianjin-doc.ofd", pages=False)
    assert not unread
    assert again(record.make(unread, data, pages=False)).question.options.pages is False
    with pytest.raises(elicense.UsageError):
        record.make(unread, data)

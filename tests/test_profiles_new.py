"""A licence type of one's own: a folder of profiles, and `elicense profiles new`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import elicense
import own_types
import service_world
from elicense import profiles
from elicense.authoring import trial
from elicense.cli import cli
from elicense.errors import UsageError
from elicense.profiles import rules
from elicense.profiles.model import KINDS
from elicense.web import context

TYPE = """id = "tj-fishing"
zh = "捕捞许可证"
en = "Fishing Permit"
subject = "person"
[type_code]
value = "11120000999910041H901"
confirmed = false
[status]
required = true
states = ["valid", "withdrawn"]
[[field]]
key = "title"
required = true
[[field]]
key = "number"
required = true
[[qr]]
template = 10001
dictionary = 1
fields = ["number"]
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def error(*words: str) -> UsageError:
    found = run(*words).exception
    assert isinstance(found, UsageError), found
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "tj-fishing.toml").write_text(TYPE, "utf-8")
    monkeypatch.setenv("ELICENSE_PROFILES", str(tmp_path / "own"))
    return tmp_path / "own"


def test_a_type_of_the_own_folder_is_listed_and_shown_like_any_other(folder: Path) -> None:
    listed = run("profiles", "--lang", "zh").output
    assert "tj-fishing" in listed and "捕捞许可证" in listed and "msa-doc" in listed
    assert "10001" in run("profiles", "show", "tj-fishing").output
    assert profiles.by_template(10001) is not None
    assert profiles.origin("tj-fishing") == folder / "tj-fishing.toml"


def test_without_the_folder_the_type_is_unknown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert profiles.find("tj-fishing") is not None
    monkeypatch.delenv("ELICENSE_PROFILES")
    assert profiles.find("tj-fishing") is None
    assert profiles.by_template(10001) is None
    assert error("profiles", "show", "tj-fishing").code == "profile.unknown"


def test_a_folder_can_be_named_by_the_program_and_by_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ELICENSE_PROFILES")
    assert "tj-fishing" in run("profiles", "--folder", str(folder)).output
    profiles.use()
    assert profiles.find("tj-fishing") is None
    profiles.use(folder)
    assert profiles.find("tj-fishing") is not None
    (folder / "tj-fishing.toml").write_text(TYPE.replace("捕捞许可证", "渔业许可证"), "utf-8")
    profiles.use(folder)
    assert profiles.get("tj-fishing").zh == "渔业许可证"
    profiles.use()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('id = "tj-fishing"', 'id = "tax-paid-proof"', "tax-paid-proof"),
        ("11120000999910041H901", "11100000999900062N914", "11100000999900062N914"),
        ("template = 10001", "template = 140", "140"),
    ],
)
def test_no_own_type_takes_the_place_of_a_shipped_one(
    folder: Path, old: str, new: str, what: str
) -> None:
    path = folder / "tj-fishing.toml"
    text = path.read_text("utf-8").replace(old, new)
    path.unlink()
    name = "tax-paid-proof.toml" if what == "tax-paid-proof" else "tj-fishing.toml"
    (folder / name).write_text(text, "utf-8")
    found = error("profiles")
    assert found.code == "profile.clash"
    assert what in found.detail
    assert str(folder / name) in found.detail
    assert found.detail.count("tax-paid-proof.toml") == 1 + (name == "tax-paid-proof.toml")


def test_a_file_is_called_by_its_id_and_own_templates_have_their_range(folder: Path) -> None:
    (folder / "tj-fishing.toml").rename(folder / "other.toml")
    assert "other.toml" in error("profiles").detail
    (folder / "other.toml").rename(folder / "tj-fishing.toml")
    text = TYPE.replace("template = 10001", "template = 999")
    (folder / "tj-fishing.toml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="from 10000 on"):
        profiles.use(folder)
    profiles.use()


def test_a_service_knows_the_types_of_its_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ELICENSE_PROFILES")
    monkeypatch.setenv("ELICENSE_PROFILES", "")
    text = service_world.settings_text(tmp_path, top='profiles = "own"')
    (tmp_path / "service.toml").write_text(text, "utf-8")
    service_world.database.create("sqlite:///" + str(tmp_path / "registry.db"), name="x").close()
    settings = service_world.Settings.load(tmp_path / "service.toml")
    assert any("licence types" in line for line in context.check(settings))
    assert profiles.find("tj-fishing") is not None
    (folder / "tj-fishing.toml").write_text("id = 3", "utf-8")
    with pytest.raises(UsageError, match=r"tj-fishing\.toml"):
        list(context.check(settings))


def test_a_folder_that_is_not_there_is_told(folder: Path) -> None:
    assert error("profiles", "--folder", str(folder / "none")).code == "profile.folder"
    assert profiles.find("tj-fishing") is not None  # what was known before is known still


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a = " + "[" * 5000, ""),
        ("a = " + "9" * 9000, ""),
        ("\0", ""),
        ('id = "x"\nid = "y"', ""),
        ("field = 3", "field"),
        ("field = [3]", "field[0]"),
        ('[[field]]\nkey = "a"\npath = "hull.colour"\nkind = "text"\nzh = "一"\nen = "A"',
         "field[0].path"),
        (('[[field]]\nkey = "number"\n[[field]]\nkey = "b"\npath = "number"\nkind = "text"\n'
          'zh = "一"\nen = "A"'), "field"),
        (('[[field]]\nkey = "number"\n[[rule]]\nid = "r"\nkind = "range"\nof = "number"\n'
          'most = "many"\nzh = "一"\nen = "A"'), "rule[0].most"),
        ("[[qr]]\ntemplate = 99999999999\ndictionary = 1\nfields = []", "qr[0].template"),
        ("[[qr]]\ntemplate = 10001\ndictionary = 7\nfields = []", "qr[0].dictionary"),
        ("page = 1", "page"),
        ('[page]\nstatement_zh = "{none}"', "page.statement_zh"),
        ("[table]\ncolour = 1", "table.colour"),
        ("[table.colour]\nred = 1", "table.colour.red"),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_wrong_files_are_told_by_file_and_key(tmp_path: Path, text: str, place: str) -> None:
    head = 'id = "x"\nzh = "一"\nen = "A"\nsubject = "person"\n'
    rest = ('[type_code]\nvalue = "11120000999910041H901"\nconfirmed = false\n'
            '[status]\nrequired = true\nstates = ["valid"]\n')  # fmt: skip
    own = tmp_path / "x.toml"
    own.write_text(head + text + "\n" + rest if "\n" not in text and "[[" not in text
                   and not text.startswith("[") else head + rest + text, "utf-8")  # fmt: skip
    with pytest.raises(UsageError) as caught:
        profiles.load(own)
    assert caught.value.code in {"profile.invalid", "profile.unreadable"}
    assert caught.value.place == place, caught.value
    assert "x.toml" in caught.value.detail


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    own = tmp_path / "x.toml"
    own.write_text("# " + "x" * 2_000_000, "utf-8")
    with pytest.raises(UsageError) as caught:
        profiles.load(own)
    assert caught.value.code == "profile.unreadable"


# -- new ---------------------------------------------------------------------------------

NEW = ("profiles", "new", "tj-net", "--zh", "渔网许可证", "--en", "Net Permit")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ELICENSE_PROFILES", "")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("subject", ["person", "company", "ship"])
def test_a_new_type_is_valid_at_once(desk: Path, subject: str) -> None:
    assert run(*NEW, "--subject", subject).output.split() == ["tj-net.toml", "tj-net.sample.json"]
    profile = profiles.load(desk / "tj-net.toml")
    assert (profile.zh, profile.en, profile.subject) == ("渔网许可证", "Net Permit", subject)
    assert not profile.type_code_confirmed
    assert profile.templates[0].template >= profiles.OWN_TEMPLATES
    done = run("profiles", "check", "tj-net.toml", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert {item["code"] for item in told["findings"]} == {"type-code.unconfirmed"}
    assert told["tried"] == ["ofd", "pdf", "scan"] and told["sample"] == "file"
    assert run("profiles", "--folder", str(desk)).output.count("tj-net") == 1


def test_every_example_of_the_new_file_can_be_used(desk: Path) -> None:
    run(*NEW)
    (desk / "tj-net.toml").write_text(own_types.whole(), "utf-8")
    (desk / "tj-net.sample.json").unlink()
    profile = profiles.load(desk / "tj-net.toml")
    used = {item.kind for item in profile.fields}
    assert set(KINDS) - used == {"imo-company", "ship-identification", "mmsi"}
    assert {rule.kind for rule in profile.rules} == {
        "sum", "order", "distinct", "range", "requires",
    }  # fmt: skip
    done = run("profiles", "check", "tj-net.toml", "--lang", "en")
    assert done.exit_code == 0, done.output
    assert "issued and verified: OFD, PDF, scan, masked copies" in done.output
    assert "60 rows" in done.output


def test_every_kind_of_field_and_rule_is_named_in_the_new_file(desk: Path) -> None:
    run(*NEW)
    text = (desk / "tj-net.toml").read_text("utf-8")
    for name in (*KINDS, *rules.KINDS):
        if name != "title":
            assert name in text, name


def test_nothing_is_overwritten_unless_forced(desk: Path) -> None:
    run(*NEW)
    (desk / "tj-net.toml").write_text("mine", "utf-8")
    assert error(*NEW).code == "file.exists"
    assert (desk / "tj-net.toml").read_text("utf-8") == "mine"
    (desk / "tj-net.toml").unlink()
    assert error(*NEW).place.endswith("tj-net.sample.json")
    assert run(*NEW, "--force").exit_code == 0
    assert profiles.load(desk / "tj-net.toml").id == "tj-net"


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("new", "TJ", "--zh", "证", "--en", "A"), "ID"),
        (("new", "../x", "--zh", "证", "--en", "A"), "ID"),
        (("new", "tax-paid-proof", "--zh", "证", "--en", "A"), "ID"),
        (("new", "tj-a", "--zh", "Permit", "--en", "A"), "--zh"),
        (("new", "tj-a", "--zh", "证", "--en", "证"), "--en"),
        (("new", "tj-a", "--zh", '证"\nx = "', "--en", "A"), "--zh"),
        (("new", "tj-a", "--zh", "证", "--en", "A", "--type-code", "1"), "--type-code"),
        (("new", "tj-a", "--zh", "证", "--en", "A", "-o", "b.toml"), "-o"),
        (("new", "tj-a", "--zh", "证", "--en", "A", "-o", "none/tj-a.toml"), "none/tj-a.toml"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(
    desk: Path, words: tuple[str, ...], place: str
) -> None:
    assert error("profiles", *words).place == place
    assert not list(desk.glob("*.toml"))


# -- another party without the file --------------------------------------------------------


def test_who_has_not_the_file_is_told_so_and_never_that_it_is_forged(desk: Path) -> None:
    run(*NEW)
    assert run("profiles", "check", "tj-net.toml", "--keep", "trial").exit_code == 0
    kept = desk / "trial" / "tj-net"
    assert not [p for p in kept.rglob("*.*") if b"PRIVATE KEY" in p.read_bytes()]
    trust = elicense.TrustStore.load(kept / "trust")
    at = datetime(2026, 3, 2, 11, tzinfo=timezone(timedelta(hours=8)))
    made = (kept / "sample.pdf").read_bytes()
    sheet = trial.picture(made)

    def judged(data: bytes, **more: bool) -> elicense.Report:
        return elicense.verify(data, trust=trust, at=at, now=at, ocr=False, **more)

    for data in (made, (kept / "sample.ofd").read_bytes(), (kept / "copy.ofd").read_bytes()):
        report = judged(data)
        assert report.verdict == "INDETERMINATE"
        reasons = {(f.code, f.reason) for f in report.findings}
        assert {("licence.fields", "type-unknown"), ("qr.signature", "type-unknown")} <= reasons
        assert not [f for f in report.findings if f.outcome == "FAIL"]
    report = judged(sheet, compared=True)
    assert report.verdict == "INDETERMINATE"
    assert not [f for f in report.findings if f.outcome == "FAIL"]
    (told,) = [f for f in report.findings if f.reason == "type-unknown"]
    assert "template" in told.detail and "不认识" in told.message("zh")
    assert ".toml" in told.advice("en") and ".toml" in told.advice("zh")
    profiles.use(desk)
    assert judged(made).verdict == "VALID"
    assert judged(sheet, compared=True).verdict == "VALID"

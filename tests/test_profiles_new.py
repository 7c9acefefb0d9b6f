"""A licence type of one's own: a folder of profiles, and `elicense profiles new`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import service_world
from elicense import profiles
from elicense.cli import cli
from elicense.errors import UsageError
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


_ = json

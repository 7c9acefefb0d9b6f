"""``elicense status``: lists and indexes are made, changed and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import trust_builders as b
from elicense.cli import cli
from elicense.errors import Error, InputError, UsageError
from elicense.trust.status import read_status_list
from elicense.trust.status_index import read_status_index
from issue_world import x

URI = "https://status.tj.example/lists/9"
CERTS = b.CERTS
KEY = ("--key", f"file:{CERTS}/keys/status/tianjin-sm2.pem", "--cert",
       f"{CERTS}/status/tianjin-sm2.pem")  # fmt: skip
OTHER = ("--key", f"file:{CERTS}/keys/status/guangdong-rsa.pem", "--cert",
         f"{CERTS}/status/guangdong-rsa.pem")  # fmt: skip
TRUST = ("--trust", f"{CERTS}/trust", "--allow-test-trust", "--at", "2026-11-01", "--lang", "en")
INDEX = CERTS / "trust/status/tj-index.p7"


def run(*arguments: object, code: int = 0) -> Any:
    result = CliRunner().invoke(
        cli, ["status", *(str(a) for a in arguments)], standalone_mode=False
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def made(tmp_path: Path) -> Path:
    out = tmp_path / "list.p7"
    run("make", URI, "--size", 1000, "--set", "17=withdrawn", "--set", "18=暂扣", *KEY, "-o", out,
        "--time", "2026-10-29")  # fmt: skip
    return out


def shown(*arguments: object, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("show", *arguments, "--json", code=code).stdout)
    return found


def change(path: Path, *arguments: object, time: str = "2026-10-30") -> None:
    run("set", path, *arguments, *KEY, "--time", time)


def test_a_made_list_says_what_was_set_and_is_valid_for_a_week(made: Path) -> None:
    found = read_status_list(made.read_bytes())
    assert (found.uri, found.size, found.ttl) == (URI, 1000, 86400)
    assert [found.state(n) for n in (16, 17, 18, 999)] == [
        "valid", "withdrawn", "suspended", "valid",
    ]  # fmt: skip
    assert found.expires is not None and (found.expires - found.issued).days == 7


def test_it_decides_a_verdict(made: Path, tmp_path: Path) -> None:
    reference = x.TIANJIN_DOC.status
    assert reference is not None
    out = tmp_path / "own.p7"
    run("make", reference.list, "--size", 200, *KEY, "-o", out, "--set",
        f"{reference.index}=suspended", "--time", "2026-10-31")  # fmt: skip
    data = (b.SAMPLES / "tianjin-doc.ofd").read_bytes()
    import elicense

    told = {"trust": b.sample_trust(), "at": b.NOW, "now": b.NOW}
    assert elicense.verify(data, **told)
    report = elicense.verify(data, status=out.read_bytes(), **told)
    assert [(f.code, f.reason) for f in report.deciding] == [("status.licence", "suspended")]


def test_show_counts_and_never_lists_unasked(made: Path) -> None:
    facts = shown(made, *TRUST)
    assert facts["states"] == {"valid": 998, "withdrawn": 1, "suspended": 1}
    assert facts["may_speak"] is True and facts["authorities"] == ["天津海事局"]
    assert facts["signature"] is True and facts["in_validity"] is True
    assert "indices" not in facts
    assert shown(made, *TRUST, "--indices", "撤销")["indices"] == [17]


@pytest.mark.parametrize(
    ("index", "code", "state"),
    [(0, 0, "valid"), (17, 1, "withdrawn"), (18, 1, "suspended"), (1000, 3, None)],
)
def test_the_state_of_one_entry(made: Path, index: int, code: int, state: str | None) -> None:
    assert shown(made, "--index", index, *TRUST, code=code)["entry"] == {
        "index": index, "state": state,
    }  # fmt: skip


def test_without_trust_nothing_is_proven_and_the_text_says_so(made: Path) -> None:
    run("show", made, "--index", 0, code=3)
    assert "not judged (no trust store)" in run("show", made, "--lang", "en").stdout
    assert "未判断（没有信任名录）" in run("show", made, "--lang", "zh").stdout
    assert shown(made)["may_speak"] is None


def test_who_may_not_speak(made: Path, tmp_path: Path) -> None:
    rogue = CERTS / "extra/rogue-tj-1.p7"
    facts = shown(rogue, *TRUST, code=3)
    assert facts["may_speak"] is False and facts["problem"] == "signer-not-trusted"
    assert "no: " in run("show", rogue, *TRUST, code=3).stdout
    late = (*TRUST[:3], "--at", "2026-12-01", "--lang", "en")
    assert shown(made, *late, code=3)["problem"] == "past-its-validity"
    data = made.read_bytes()
    at = data.index(b'"sub"') + 8
    broken = tmp_path / "broken.p7"
    broken.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert shown(broken, *TRUST, code=1)["problem"] == "broken"
    assert shown(broken, *TRUST, "--index", 0, code=3)["signature"] is False
    run("show", b.SAMPLES / "tianjin-doc.ofd", *TRUST, code=4)


def test_a_suspension_ends_and_the_list_lives_as_long_as_before(made: Path) -> None:
    change(made, "--index", 18, "--state", "valid")
    found = read_status_list(made.read_bytes())
    assert found.state(18) == "valid" and found.state(17) == "withdrawn"
    assert found.expires is not None and (found.expires - found.issued).days == 7
    assert shown(made, *TRUST)["states"] == {"valid": 999, "withdrawn": 1}


def test_a_list_is_renewed_without_a_change(made: Path) -> None:
    before = read_status_list(made.read_bytes())
    change(made)
    after = read_status_list(made.read_bytes())
    assert after.states == before.states and after.issued > before.issued


LIFE = ("valid", "withdrawn", "suspended", "superseded", "transferred")
MAY = {
    ("valid", "withdrawn"), ("valid", "suspended"), ("valid", "superseded"),
    ("valid", "transferred"), ("suspended", "valid"), ("suspended", "withdrawn"),
}  # fmt: skip


@pytest.mark.parametrize("old", LIFE)
@pytest.mark.parametrize("new", LIFE)
def test_the_life_cycle(tmp_path: Path, old: str, new: str) -> None:
    out = tmp_path / "l.p7"
    run("make", URI, "--size", 8, "--set", f"3={old}", *KEY, "-o", out, "--time", "2026-10-29")
    before = out.read_bytes()
    if old == new or (old, new) in MAY:
        change(out, "--index", 3, "--state", new)
    else:
        with pytest.raises(UsageError) as caught:
            change(out, "--index", 3, "--state", new)
        assert caught.value.code == "status.change" and out.read_bytes() == before
        change(out, "--index", 3, "--state", new, "--force")
    assert read_status_list(out.read_bytes()).state(3) == new


def test_the_registry_knows_the_same_life_cycle() -> None:
    """What the registry publishes never needs --force."""
    from elicense.issuing.status_list import FOLLOWS
    from elicense.trust.status import state_name

    states = pytest.importorskip("elicense.registry.states").states()
    for state in states.values():
        before = state_name(state.code)
        for name in state.next:
            after = state_name(states[name].code)
            assert before == after or after in FOLLOWS[before], (state.name, name)


def test_tables(tmp_path: Path) -> None:
    table = tmp_path / "states.csv"
    table.write_text("index,state\n5,superseded\n6,已转出\n", "utf-8")
    out = tmp_path / "l.p7"
    run("make", URI, "--size", 10, "--from", table, "--set", "7=撤销", *KEY, "-o", out)
    found = read_status_list(out.read_bytes())
    assert [found.state(n) for n in (4, 5, 6, 7)] == [
        "valid", "superseded", "transferred", "withdrawn",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("index,state\n5,gone\n", "status.state"), ("index,state\nx,valid\n", "status.csv"),
        ("index,state\n5,valid\n5,valid\n", "status.csv"), ("index\n5\n", "status.csv"),
        ("index,state,more\n", "status.csv"), ("index,state\n5\n", "status.csv"),
        ("index,state\n5,valid,x\n", "status.csv"), ("index,state\n-1,valid\n", "status.csv"),
        ("index,state\n10,valid\n", "status.index"), ("", "status.csv"),
        ('index,state\n"5,valid\n', "status.csv"), ("index,state\n\xb2,valid\n", "status.csv"),
    ],
)  # fmt: skip
def test_bad_tables_name_the_line(tmp_path: Path, text: str, code: str) -> None:
    table = tmp_path / "states.csv"
    table.write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        run("make", URI, "--size", 10, "--from", table, *KEY, "-o", tmp_path / "l.p7")
    assert caught.value.code == code and not (tmp_path / "l.p7").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--index", 1000, "--state", "withdrawn"), "status.index"),
        (("--index", 5, "--state", "gone"), "status.state"),
        (("--set", "5"), "status.set"), (("--set", "x=valid"), "status.set"),
        (("--set", "5=valid", "--set", "5=withdrawn"), "status.set"),
    ],
)
def test_bad_changes_leave_the_list_alone(made: Path, arguments: Any, code: str) -> None:
    before = made.read_bytes()
    with pytest.raises(UsageError) as caught:
        change(made, *arguments)
    assert caught.value.code == code and made.read_bytes() == before


def test_time_never_goes_back(made: Path) -> None:
    with pytest.raises(UsageError) as caught:
        change(made, time="2026-10-29")
    assert caught.value.code == "status.time"


def test_another_offices_list_is_not_ours_to_sign(made: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run("set", made, *OTHER, "--time", "2026-10-30")
    assert caught.value.code == "status.signer"
    run("set", made, *OTHER, "--time", "2026-10-30", "--force")
    found = read_status_list(made.read_bytes()).signature.signer
    assert found is not None and "广东" in found.display


def test_a_list_whose_signature_fails_is_not_made_true_by_signing_it(made: Path) -> None:
    data = made.read_bytes()
    at = data.index(b'"lst":"') + 12
    made.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.raises(InputError):
        change(made, "--force")


def test_what_is_there_is_not_overwritten(made: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run("make", URI, "--size", 10, *KEY, "-o", made)
    assert caught.value.code == "output.exists"


def head(path: Path, sequence: int, digest: str = "ab" * 32, registry: str = "tj") -> Path:
    path.write_text(json.dumps({"registry": registry, "sequence": sequence, "algorithm": "sha256",
                                "digest": digest}))  # fmt: skip
    return path


def test_the_audit_head_is_signed_in_and_never_goes_back(made: Path, tmp_path: Path) -> None:
    name = tmp_path / "head.json"
    change(made, "--audit-head", head(name, 7))
    assert shown(made)["audit_head"] == json.loads(name.read_text())
    assert f"tj #7 sha256 {'ab' * 32}" in run("show", made, "--lang", "en").stdout
    change(made, time="2026-10-31")  # kept where none is given
    kept = read_status_list(made.read_bytes()).audit_head
    assert kept is not None and (kept.registry, kept.sequence) == ("tj", 7)
    for wrong in ((6,), (7, "cd" * 32), (8, "ab" * 32, "other")):
        with pytest.raises(UsageError) as caught:
            change(made, "--audit-head", head(name, *wrong), time="2026-11-01")
        assert caught.value.code == "status.head"
    change(made, "--audit-head", head(name, 9), time="2026-11-01")
    assert read_status_list(made.read_bytes()).audit_head.sequence == 9  # type: ignore[union-attr]


GOOD_HEAD = {"registry": "a", "sequence": 1, "algorithm": "sha256", "digest": "ab" * 32}


@pytest.mark.parametrize(
    "value",
    [
        None, [], {}, {"registry": "a"}, {**GOOD_HEAD, "registry": ""},
        {**GOOD_HEAD, "sequence": -1}, {**GOOD_HEAD, "sequence": True},
        {**GOOD_HEAD, "algorithm": "md5", "digest": "ab" * 16},
        {**GOOD_HEAD, "digest": "AB" * 32}, {**GOOD_HEAD, "digest": "ab" * 31},
    ],
)  # fmt: skip
def test_audit_heads_that_are_none(made: Path, tmp_path: Path, value: Any) -> None:
    name = tmp_path / "head.json"
    name.write_text(json.dumps(value))
    with pytest.raises(Error):
        change(made, "--audit-head", name)


# -- indexes ---------------------------------------------------------------------------------


def test_a_bare_number_and_a_bare_identifier() -> None:
    number = x.SUPERSEDED.number
    facts = shown(number, "--index-file", INDEX, *TRUST)
    assert [(f["version"], f["state"]) for f in facts["found"]] == [(1, "superseded"), (2, "valid")]
    old = shown(x.SUPERSEDED.identifier, *TRUST, code=1)  # the trust store has the index too
    assert [(f["state"], f["latest"]) for f in old["found"]] == [("superseded", 2)]
    assert shown(x.TIANJIN_DOC.identifier, *TRUST)["found"][0]["state"] == "valid"
    assert shown(x.WITHDRAWN.number, *TRUST, code=1)["found"][0]["state"] == "withdrawn"


def test_a_version_older_than_all_that_the_index_lists_is_superseded() -> None:
    from elicense.identifiers import format_identifier, parse_identifier

    own = parse_identifier(x.TIANJIN_ENDORSED.identifier)  # version 003, the only one listed
    first, fourth = (
        format_identifier(type=own.type, issuer=own.issuer, serial=own.serial, version=version)
        for version in (1, 4)
    )
    (found,) = shown(first, *TRUST, code=1)["found"]
    assert (found["state"], found["latest"], found["list"]) == ("superseded", 3, None)
    assert "version 001  superseded" in run("show", first, *TRUST, code=1).stdout
    (found,) = shown(first, "--index-file", INDEX, code=3)["found"]
    assert (found["state"], found["problem"]) == (None, "signer-not-trusted")
    assert shown(fourth, *TRUST, code=3)["found"] == []


def test_unknown_is_not_proven_and_a_number_proves_no_sheet() -> None:
    assert shown("样例TJDOC209900001", *TRUST, code=3)["found"] == []
    for language, words in (("en", "not of the sheet"), ("zh", "不说明写有它的文件")):
        found = run("show", "样例TJDOC209900001", *TRUST[:-1], language, code=3).stdout
        assert words in found


def test_without_trust_a_number_has_no_state() -> None:
    facts = shown(x.TIANJIN_DOC.number, "--index-file", INDEX, code=3)
    assert [(f["state"], f["problem"]) for f in facts["found"]] == [(None, "signer-not-trusted")]


def test_a_number_without_an_index_is_a_mistake() -> None:
    with pytest.raises(UsageError) as caught:
        run("show", "nowhere")
    assert caught.value.code == "status.index"


def test_a_transfer_names_where_to() -> None:
    from pki import indexes

    entry = indexes.INDEXES[0].entries[-1]
    facts = shown(entry.identifier, *TRUST, code=1)["found"][0]
    assert facts["state"] == "transferred"
    assert facts["successor"] == {
        "state": "transferred", "identifier": indexes.TRANSFERRED_TO.identifier,
        "authority": "广东海事局",
    }  # fmt: skip
    text = run("show", entry.identifier, *TRUST, code=1).stdout
    assert f"→ 广东海事局 {indexes.TRANSFERRED_TO.identifier}" in text


def test_an_index_is_made_from_a_table(tmp_path: Path) -> None:
    table, out = tmp_path / "ids.csv", tmp_path / "index.p7"
    new = x.SUPERSEDED.identifier.rsplit(".", 2)[0]
    from elicense.identifiers import parse_identifier

    first = parse_identifier(x.TIANJIN_DOC.identifier)
    table.write_text(
        "identifier,number,list,index,successor,successor_state,successor_authority\n"
        f"{x.TIANJIN_DOC.identifier},{x.TIANJIN_DOC.number},{URI},17,"
        f"{x.GUANGDONG_DOC.identifier},transferred,广东海事局\n", "utf-8",
    )  # fmt: skip
    run("index", "make", table, *KEY, "-o", out, "--time", "2026-10-30")
    found = read_status_index(out.read_bytes())
    assert [(r.version, r.list, r.index) for r in found.of_identifier(first)] == [(1, URI, 17)]
    assert new.encode() not in out.read_bytes()
    assert "广东".encode() not in out.read_bytes()
    facts = shown(out, *TRUST)
    assert (facts["kind"], facts["rows"], facts["may_speak"]) == ("status-index", 2, True)


def test_a_list_at_hand_answers_for_a_number(made: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "ids.csv", tmp_path / "index.p7"
    table.write_text(f"identifier,number,list,index\n{x.TIANJIN_DOC.identifier},N 1,{URI},17\n")
    run("index", "make", table, *KEY, "-o", out, "--time", "2026-10-30")
    asked = ("n-1", "--index-file", out, *TRUST)
    assert shown(*asked, code=3)["found"][0]["problem"] == "list-absent"
    facts = shown(*asked, "--list-file", made, code=1)
    assert facts["found"][0]["state"] == "withdrawn"

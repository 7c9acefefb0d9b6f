"""Sources of trust lists: every fault at once, each with its line and its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from elicense.errors import IssueRefused
from elicense.issuing import cms_together, trust_list
from elicense.trust import list_state, lists
from issuing_world import CERTS, desk

LISTS = CERTS / "lists"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TIANJIN, GUANGDONG = "1112000000000T122L", "1144000000000T448N"
HEAD = f"""schema = "elicense-list/1"
id = "120000"
scope = {{ region = "120000" }}
name = "Tianjin"
test = true
valid_days = 90

[[authority]]
uscc = "{TIANJIN}"
name = "天津海事局"
"""
SEALER = f"""
[[authority.service]]
service = "sealer"
certificate = "{CERTS}/sealers/tianjin-doc-sm2.pem"
licence_types = ["msa-doc"]
"""


def faults(tmp_path: Path, text: str, **options: bytes) -> list[str]:
    """``place [code]`` of each fault of a source; empty if it is made."""
    source = tmp_path / "source.toml"
    source.write_text(text, encoding="utf-8")
    try:
        trust_list.make(source, now=NOW, **options)
    except IssueRefused as refused:
        return [f"{fault.path} [{fault.code}]" for fault in refused.faults]
    return []


def made(tmp_path: Path, text: str, **options: bytes) -> dict[str, object]:
    source = tmp_path / "source.toml"
    source.write_text(text, encoding="utf-8")
    found = json.loads(trust_list.make(source, now=NOW, **options))
    assert isinstance(found, dict)
    return found


def test_a_list_is_made_with_dates_sequence_and_certificates_in_it(tmp_path: Path) -> None:
    found = made(tmp_path, HEAD + SEALER + "from = 2024-01-01\n")
    assert (found["sequence"], found["issued"]) == (1, "2026-11-01T00:00:00Z")
    assert found["next_update"] == "2027-01-30T00:00:00Z"
    authority = found["authorities"][0]  # type: ignore[index]
    assert authority["region"] == "120000"
    # midnight in China
    assert authority["services"][0]["from"] == "2023-12-31T16:00:00Z"
    assert lists.parse(json.dumps(found).encode()).sequence == 1


def test_the_sequence_goes_on_from_the_list_before(tmp_path: Path) -> None:
    before = (LISTS / "120000.p7").read_bytes()
    assert made(tmp_path, HEAD + SEALER, previous=before)["sequence"] == 2


def test_every_fault_is_told_at_once_with_line_and_place(tmp_path: Path) -> None:
    text = (
        HEAD.replace("valid_days = 90", 'valid_days = "soon"')
        .replace('name = "Tianjin"', 'nmae = "Tianjin"')
        + 'hosts = ["Not A Host"]\n'
        + f'\n[[authority.service]]\nservice = "sealer"\nca = "{CERTS}/ca/tianjin-sm2.pem"\n'
        + 'licence_types = ["msa-doc"]\n'
        + '\n[[authority.service]]\nservice = "sealer"\ncertificate = "nowhere.pem"\n'
        + 'licence_types = []\nfrom = "2024-01-01"\n'
        + f'\n[[authority]]\nuscc = "{TIANJIN}"\nname = "Again"\n'
        + f'\n[[authority.service]]\nservice = "seeler"\n'
          f'certificate = "{CERTS}/sealers/tianjin-doc-sm2.pem"\n'
        + "from = 2030-01-01\nuntil = 2029-01-01\n"
    )  # fmt: skip
    assert faults(tmp_path, text) == [
        "line 4: nmae [list.unknown-key]",
        "line 6: valid_days [list.number]",
        "line 11: authority[0].hosts [list.text]",
        "line 15: authority[0].service[0].ca [ca-unconstrained]",
        "line 20: authority[0].service[1].certificate [list.file]",
        "line 21: authority[0].service[1].licence_types [no-types]",
        "line 22: authority[0].service[1].from [list.date]",
        "line 25: authority[1].uscc [authority-twice]",
        "line 29: authority[1].service[0].service [service]",
        "line 32: authority[1].service[0].until [dates]",
        "name [list.text]",
    ]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("", "[[oops", "(file) [list.toml]"),
        ("elicense-list/1", "elicense-list/2", "line 1: schema [list.schema]"),
        ('{ region = "120000" }', '"120000"', "line 3: scope [list.scope]"),
        ('{ region = "120000" }', '{ region = "990000" }', "line 3: scope [scope]"),
        ('{ region = "120000" }', '{ region = "440000" }', None),
        ('id = "120000"', 'id = "天津"', "line 2: id [list.text]"),
        (TIANJIN, TIANJIN[:-1] + "A", "line 9: authority[0].uscc [uscc]"),
        (f'uscc = "{TIANJIN}"', f'uscc = "{GUANGDONG}"\nregion = "440000"',
         "line 10: authority[0].region [outside-region]"),
        (f'uscc = "{TIANJIN}"', f'uscc = "{TIANJIN}"\nregion = "national"',
         "line 10: authority[0].region [outside-region]"),
        ("licence_types", 'subject = { organization = "x" }\nlicence_types',
         "line 12: authority[0].service[0] [constraint]"),
        ("licence_types", f'ca = "{CERTS}/ca/tianjin-sm2.pem"\nlicence_types',
         "line 12: authority[0].service[0] [list.certificate]"),
        ("licence_types", 'state = "suspended"\nlicence_types',
         "line 12: authority[0].service[0].history [history]"),
        ("licence_types", 'state = "asleep"\nlicence_types',
         "line 15: authority[0].service[0].state [state]"),
        ("sealers/tianjin-doc-sm2.pem", "README.md",
         "line 14: authority[0].service[0].certificate [list.certificate]"),
        ("certificate =", f'uscc = "{TIANJIN}"\nca =',
         "line 15: authority[0].service[0].ca [not-a-ca]"),
    ],
)  # fmt: skip
def test_a_source_with_one_fault_is_refused_for_it(
    tmp_path: Path, old: str, new: str, wanted: str | None
) -> None:
    text = (HEAD + SEALER).replace(old, new, 1) if old else new + HEAD + SEALER
    # an authority without a region of its own is of the list's region
    assert faults(tmp_path, text) == ([wanted] if wanted else [])


def test_histories_are_read_and_kept_in_order(tmp_path: Path) -> None:
    active, suspended = (
        '{ since = 2024-01-01, state = "active" }', '{ since = 2026-01-01, state = "suspended" }'
    )
    good = HEAD + SEALER + f'state = "suspended"\nhistory = [{active}, {suspended}]\n'
    service = made(tmp_path, good)["authorities"][0]["services"][0]  # type: ignore[index]
    assert [item["state"] for item in service["history"]] == ["active", "suspended"]
    for wrong in (f"[{suspended}, {active}]", f"[{active}]", f"[{suspended}]"):
        text = HEAD + SEALER + f'state = "suspended"\nhistory = {wrong}\n'
        assert faults(tmp_path, text)
        assert "[history]" in faults(tmp_path, text)[0]


# -- under the operator's list --------------------------------------------------------------


def under() -> bytes:
    return (LISTS / "list-of-lists.p7").read_bytes()


def test_a_list_that_stays_within_its_delegation_is_made(tmp_path: Path) -> None:
    assert faults(tmp_path, HEAD + SEALER, under=under()) == []


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ('["msa-doc"]', '["msa-doc", "fishing"]',
         "line 15: authority[0].service[0].licence_types [type-not-delegated]"),
        ('service = "sealer"', 'service = "timestamp"',
         "line 13: authority[0].service[0].service [service-not-delegated]"),
        ('{ region = "120000" }', '{ region = "120100" }', "line 3: scope [scope-differs]"),
        ("test = true", "test = false", "line 5: test [test-differs]"),
        ('id = "120000"', 'id = "310000"', "line 2: id [unknown]"),
        (TIANJIN, "5310000000000T5366", "line 9: authority[0].uscc [authority-elsewhere]"),
    ],
)  # fmt: skip
def test_what_is_not_delegated_is_refused_before_it_is_signed(
    tmp_path: Path, old: str, new: str, wanted: str
) -> None:
    assert faults(tmp_path, (HEAD + SEALER).replace(old, new, 1), under=under()) == [wanted]


# -- the list of lists ----------------------------------------------------------------------


def operators_list(**changes: tuple[str, str]) -> str:
    text = (LISTS / "list-of-lists.toml").read_text(encoding="utf-8")
    text = text.replace('"../', f'"{CERTS}/').replace('file = "', f'file = "{LISTS}/')
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_a_signed_file_of_any_shape_is_a_fault_and_no_accident(tmp_path: Path) -> None:
    """What a region hands in is anybody's bytes: the maker of the list of lists says so."""
    signer = desk().world.credential("list-signers/tianjin-sm2")
    good = json.loads((LISTS / "120000.json").read_bytes())
    shapes: list[dict[str, object]] = [
        {"schema": "elicense-list/1", "sequence": 1}, {**good, "authorities": "all"},
        {**good, "authorities": [1]}, {**good, "scope": []}, {**good, "sequence": "1"},
        {**good, "schema": "elicense-list-of-lists/1"},
    ]  # fmt: skip
    for shape in shapes:
        data = cms_together.sign((signer,), content=json.dumps(shape).encode(), time=NOW)
        (tmp_path / "shape.p7").write_bytes(data)
        text = operators_list(one=(f"{LISTS}/120000.p7", f"{tmp_path}/shape.p7"))
        assert [f.partition(" [")[2] for f in faults(tmp_path, text)] == ["list.file]"]


@pytest.mark.parametrize("name", ["120000", "list-of-lists"])
def test_a_value_of_any_kind_at_any_place_is_a_fault_and_no_accident(
    tmp_path: Path, name: str
) -> None:
    text = operators_list() if name == "list-of-lists" else (
        (LISTS / f"{name}.toml").read_text(encoding="utf-8").replace('"../', f'"{CERTS}/')
    )  # fmt: skip
    lines = text.splitlines()
    keys = {line.partition(" = ")[0]: n for n, line in enumerate(lines) if " = " in line}
    for key, number in keys.items():
        for odd in ("1", "-1", "1.5", "true", '""', '"\\u0000"', "[]", "[1]", '["x", "x"]', "{}",
                    "[[]]", "[{}]", "{ a = 1 }", "2026-01-01", "00:00:00", "9999-12-31",
                    "0001-01-01", '"' + "x" * 5000 + '"'):  # fmt: skip
            changed = [*lines[:number], f"{key} = {odd}", *lines[number + 1 :]]
            faults(tmp_path, "\n".join(changed))  # refused or made, and nothing else


def test_the_operators_list_pins_the_signed_lists_by_their_files(tmp_path: Path) -> None:
    import hashlib

    found = made(tmp_path, operators_list())
    entry = found["lists"][0]  # type: ignore[index]
    data = (LISTS / "120000.p7").read_bytes()
    assert (entry["sequence"], entry["sha256"]) == (1, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (('"sealer", "seal-maker", "qr",', '"seal-maker", "qr",'), "service-not-delegated"),
        (("list-signers/tianjin-sm2.pem", "list-signers/shandong-sm2.pem"), "signer"),
        (('id = "370000"', 'id = "120000"'), "twice"),
        (('id = "120000"', 'id = "lol-1"'), "id"),
        (("test = true", "test = false"), "test-differs"),
        (('authorities = ["5310000000000T5366"]\n', ""), "national-unbounded"),
        (('["5310000000000T5366"]', '["1210000000000T106K"]'), "authority-twice"),
        (("lists/370000.p7", "lists/120000.p7"), "unknown"),
        (("lists/120000.p7", "lists/120000.json"), "list.file"),
        (("operators = [", "operators = []\nignored = ["), "empty"),
    ],
)
def test_an_operators_list_with_a_fault_is_refused_for_it(
    tmp_path: Path, change: tuple[str, str], code: str
) -> None:
    found = faults(tmp_path, operators_list(one=change))
    assert any(f"[{code}]" in fault for fault in found), found


def test_an_authority_in_two_lists_at_hand_is_refused(tmp_path: Path) -> None:
    """Shandong's list claims Tianjin's authority."""
    source = (LISTS / "370000.toml").read_text(encoding="utf-8").replace('"../', f'"{CERTS}/')
    source = source.replace('name_en', 'region = "370000"\nname_en')
    (tmp_path / "370000.toml").write_text(source.replace("1137000000000T376K", TIANJIN),
                                          encoding="utf-8")  # fmt: skip
    text = trust_list.make(tmp_path / "370000.toml", now=NOW)
    signer = desk().world.credential("list-signers/shandong-sm2")
    signed = trust_list.sign(text, signers=(signer,), time=NOW)
    (tmp_path / "370000.p7").write_bytes(signed)
    old = f"{LISTS}/370000.p7"
    found = faults(tmp_path, operators_list(one=(old, str(tmp_path / "370000.p7"))))
    assert [f.partition(" [")[2] for f in found] == ["authority-elsewhere]"] * 2


# -- what the reader makes of it ------------------------------------------------------------


def test_a_device_takes_the_lists_of_the_test_pki() -> None:
    operator = desk().world.entities["operator/operator-sm2"].certificate
    files = [path.read_bytes() for path in sorted(LISTS.glob("*.p7"))]
    outcome = list_state.step(list_state.start((operator,)), files, now=NOW)
    assert (outcome.refused, outcome.stale) == ((), ())
    assert {item.id for item in outcome.accepted} == {
        "", "120000", "370000", "440000", "survey", "national",
    }  # fmt: skip


def test_two_keys_sign_one_list_and_either_suffices() -> None:
    world = desk().world
    json_text = (LISTS / "list-of-lists.json").read_bytes()
    old, new = world.credential("operator/operator-sm2"), world.credential("operator/operator-rsa")
    both = trust_list.sign(json_text, signers=(old, new), time=NOW)
    for credential in (old, new):
        state = list_state.start((credential.certificate,))
        assert not list_state.step(state, (both,), now=NOW).refused
    nobody = list_state.start((world.entities["rogue/tianjin-doc-sm2"].certificate,))
    assert [r.code for r in list_state.step(nobody, (both,), now=NOW).refused] == ["signer"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("bad/expired-sm2", "signer-expired"), ("bad/wrong-usage-rsa", "signer-usage"),
     ("bad/weak-rsa1024", "weak-algorithm")],
)  # fmt: skip
def test_a_key_that_no_reader_would_believe_signs_nothing(name: str, code: str) -> None:
    json_text = (LISTS / "120000.json").read_bytes()
    with pytest.raises(IssueRefused) as caught:
        trust_list.sign(json_text, signers=(desk().world.credential(name),), time=NOW)
    assert [(f.path, f.code) for f in caught.value.faults] == [("signer", code)]


def test_the_key_of_another_list_is_refused_under_the_operators_list() -> None:
    json_text = (LISTS / "120000.json").read_bytes()
    signer = desk().world.credential("list-signers/shandong-sm2")
    with pytest.raises(IssueRefused) as caught:
        trust_list.sign(json_text, signers=(signer,), time=NOW, under=under())
    assert [fault.code for fault in caught.value.faults] == ["signer"]


def test_a_list_issued_in_the_future_is_not_signed() -> None:
    world = desk().world
    value = json.loads((LISTS / "list-of-lists.json").read_bytes())
    value["issued"] = "2026-11-01T01:00:00Z"
    signer = world.credential("operator/operator-sm2")
    with pytest.raises(IssueRefused) as caught:
        trust_list.sign(json.dumps(value).encode(), signers=(signer,), time=NOW)
    assert [fault.code for fault in caught.value.faults] == ["future"]
    later = NOW + timedelta(hours=2)
    assert trust_list.sign(json.dumps(value).encode(), signers=(signer,), time=later)


def test_key_change_by_overlap_and_no_other_way(tmp_path: Path) -> None:
    """The new operator's key may sign once the old one has announced it, not before."""
    world = desk().world
    old, new = world.credential("operator/operator-sm2"), world.credential("operator/operator-rsa")
    announced = operators_list(
        one=("sm2.pem", f'sm2.pem", "{CERTS}/operator/operator-rsa.pem')
    )
    first = under()
    second = trust_list.sign(
        json.dumps(made(tmp_path, announced, previous=first)).encode(), signers=(old,), time=NOW,
        previous=first,
    )  # fmt: skip
    third = json.dumps(made(tmp_path, announced, previous=second)).encode()
    with pytest.raises(IssueRefused) as caught:
        trust_list.sign(third, signers=(new,), time=NOW, previous=first)
    assert [fault.code for fault in caught.value.faults] == ["signer"]
    assert trust_list.sign(third, signers=(new,), time=NOW, previous=second)


def test_a_hostile_json_is_refused_in_the_readers_words() -> None:
    signer = desk().world.credential("list-signers/tianjin-sm2")
    good = (LISTS / "120000.json").read_text(encoding="utf-8")
    for old, new, code in (
        ('"sequence": 1,', '"sequence": 1.5,', "json.number"),
        ('"sequence": 1,', '"sequence": 1, "sequence": 2,', "json.duplicate-key"),
        ('"sequence": 1,', '"sequence": 0,', "list.json"),
        ('"sequence": 1,', '"sequence": 1, "more": 1,', "list.json"),
        ('"issued": "2025', '"issued": "2055', "dates"),
    ):
        with pytest.raises(IssueRefused) as caught:
            trust_list.sign(good.replace(old, new, 1).encode(), signers=(signer,), time=NOW)
        assert [fault.code for fault in caught.value.faults] == [code]

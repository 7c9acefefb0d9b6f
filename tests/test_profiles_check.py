"""`elicense profiles check`: what is wrong with a licence type's file, all at once."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import own_types
from elicense import profiles
from elicense.authoring import checking, rule_samples, trial
from elicense.authoring.finding import catalogue, line_of
from elicense.authoring.new import sample_text
from elicense.cli import cli
from elicense.profiles import loader, rules, toml_table
from elicense.qr import dictionary

SHIPPED = sorted(path for _, path in profiles.packaged().values())
# told of shipped types too: codes nobody has published, and fields a code has no room for
ALLOWED = {"type-code.unconfirmed", "qr.deciding"}


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["profiles", "check", *words])


def found(text: str, folder: Path, *, name: str = "tj-net", tried: bool = False) -> dict[str, str]:
    """Code → place of everything told of a file."""
    path = folder / f"{name}.toml"
    path.write_text(text, "utf-8")
    checked = checking.check(path, tried=tried)
    for item in checked.findings:
        for words in (item.message("zh"), item.message("en"), item.advice("zh"), item.advice("en")):
            assert words and "{" not in words and "“”" not in words, (item, words)
        assert item.line <= len(text.splitlines())
    return {item.code: item.place for item in checked.findings}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_type_passes(path: Path) -> None:
    checked = checking.check(path, tried=False)
    assert checked.good, [item.message("en") for item in checked.findings]
    assert {item.code for item in checked.findings} <= ALLOWED
    assert checked.pages


@pytest.mark.slow
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_type_is_issued_scanned_copied_and_verified(path: Path) -> None:
    checked = checking.check(path)
    assert checked.good, [item.message("en") for item in checked.findings]
    assert checked.tried == ("ofd", "pdf", "scan")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_sample_keeps_every_rule_and_each_rule_can_be_broken(path: Path) -> None:
    profile = profiles.load(path)
    for seed in range(3):
        made = rule_samples.good(profile, seed=seed)
        assert made is not None
        assert profiles.breaches(profile, made) == ()
        for rule in profile.rules:
            broken = rule_samples.breaking(profile, rule, base=made, seed=seed)
            assert broken is not None
            assert rule.id in {item.rule.id for item in profiles.breaches(profile, broken)}


def test_every_kind_of_rule_has_a_way_to_be_kept_and_broken() -> None:
    assert set(rules.KINDS) == set(rule_samples._WAYS) == set(rule_samples._BREAKS)


PLAIN = [
    # (what stands in the new file, what is put there, code, place)
    ('zh = "许可范围"', 'zh = ""', "file.empty", "field[9].zh"),
    ('zh = "许可范围"\n', "", "file.missing", "field[9].zh"),
    ('zh = "许可范围"', "zh = 3", "file.type", "field[9].zh"),
    ('kind = "text"', 'kind = "txt"', "file.not-one-of", "field[9].kind"),
    ('kind = "text"', 'kind = "choice"\ntable = "colour"', "file.no-table", "field[9].table"),
    ('kind = "text"', 'kind = "table"', "file.no-columns", "field[9].columns"),
    ('key = "scope"', 'key = "scope"\npath = "a.b"', "file.path", "field[9].path"),
    ('key = "scope"', 'key = "Scope"', "file.shape", "field[9].key"),
    ('key = "scope"', 'key = "scope"\ncolour = 1', "file.unknown-key", "field[9].colour"),
    ('    "scope",', '    "skope",', "file.no-field", "qr[0].fields"),
    ('    "scope",', '    "number",', "file.twice", "qr[0].fields"),
    ("dictionary = 1", "dictionary = 2", "file.dictionary", "qr[0].dictionary"),
    ("dictionary = 1", "dictionary = -1", "file.negative", "qr[0].dictionary"),
    ("dictionary = 1", "dictionary = 3000000000", "file.large", "qr[0].dictionary"),
    ("aliases = []", 'aliases = [""]', "file.texts", "aliases"),
    ("[page]", "[page]\nword_zh = [", "file.toml", ""),
    ('id = "tj-net"', 'id = "tj-other"', "file.name", "id"),
    ('subject = "person"', 'subject = "person"\nlimit = [3]', "file.not-table", "limit[0]"),
    ('zh = "许可范围"\nen = "Scope"', 'zh = "Scope"\nen = "许可范围"', "label.swapped",
     "field[9].zh"),
    ('zh = "许可范围"', 'zh = "Scope"', "label.same", "field[9].zh"),
    ('zh = "许可范围"', 'zh = "Range"', "label.zh", "field[9].zh"),
    ('en = "Scope"', 'en = "范围 scope"', "label.en", "field[9].en"),
    ('en = "Scope"', 'en = "Officer"\naliases = ["签发人"]', "label.shared", "field[13]"),
    ('en = "Scope"', 'en = "Scope"\naliases = ["甲", "甲"]', "label.repeated", "field[9].aliases"),
    ('statement_en = "This', '# "', "label.half", "page.statement_en"),
    ('[[field]]\nkey = "issuer_code"\nrequired = true\nprinted = false\n', "", "field.missing",
     "field"),
    ('key = "issuer_code"\nrequired = true\n', 'key = "issuer_code"\n', "field.required",
     "field[5].required"),
    ('key = "number"\nrequired = true', 'key = "number"\nrequired = true\nprinted = false',
     "field.deciding", "field[2].deciding"),
    ("maskable = false", "maskable = true", "field.maskable", "field[11].maskable"),
    ("deciding = true", "deciding = false", "field.none-deciding", "field"),
    ('value = "11000000999993366Q901"', 'value = "110000009999933661901"', "type-code",
     "type_code.value"),
    ("confirmed = false", "confirmed = false", "type-code.unconfirmed", "type_code.confirmed"),
    ('"suspended"', '"sleeping"', "state", "status.states"),
    ('"valid", ', "", "state.valid", "status.states"),
    ('id = "tj-net"', 'id = "tax-paid-proof"', "clash.id", "id"),
    ('value = "11000000999993366Q901"', 'value = "11100000999900062N914"', "clash.type-code",
     "type_code.value"),
    ('zh = "渔网许可证"', 'zh = "税收完税证明"', "clash.name", "zh"),
    ("template = ", "template = 140 # ", "clash.template", "qr[0].template"),
    ("template = ", "template = 9999 # ", "qr.range", "qr[0].template"),
    ('    "issuer_name",\n', "", "qr.lacks", "qr[0].fields"),
    ('    "scope",\n', "", "qr.deciding", "qr[0].fields"),
]


@pytest.mark.parametrize(("old", "new", "code", "place"), PLAIN, ids=[
    f"{code}-{number}" for number, (_, _, code, _) in enumerate(PLAIN)
])  # fmt: skip
def test_each_fault_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, code: str, place: str
) -> None:
    text = own_types.plain()
    assert old in text
    told = found(text.replace(old, new, -1 if code == "field.none-deciding" else 1), tmp_path)
    assert code in told, told
    assert told[code] == place


WHOLE = [
    ('of = "lines.amount"', 'of = "lines.month"', "file.not-one-of", "rule[0].of"),
    ('of = "lines.month"', 'of = "lines.day"', "file.no-field", "rule[2].of"),
    ('least = "1"', 'least = "many"', "file.number", "rule[3].least"),
    ('least = "1"', 'least = "900"', "rule.bounds", "rule[3].least"),
    ('is = ["first"]', "is = []", "rule.is", "rule[4].is"),
    ('is = ["first"]', 'is = ["third"]', "file.not-one-of", "rule[4].is"),
    ('least = "1"\nmost = "500"', "", "rule.unbreakable", "rule[3]"),
    ('id = "months"\nkind = "order" ', 'id = "months"\ntable = "lines"\nkind = "order" ', "", ""),
    ('zh = "一级"', 'zh = "二级"', "label.shared", "table.grade.second"),
    ('[table.grade.second]\nnumber = 2', '[table.grade.second]\nnumber = 1', "file.twice",
     "table.grade.number"),
    ('zh = "终止月份"', f'zh = "{"很长的标签" * 60}"', "page.sample", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "place"), WHOLE, ids=[
    f"{code}-{number}" for number, (_, _, code, _) in enumerate(WHOLE)
])  # fmt: skip
def test_each_fault_of_rules_tables_and_page_is_told(
    tmp_path: Path, old: str, new: str, code: str, place: str
) -> None:
    text = own_types.whole()
    assert old in text
    told = found(text.replace(old, new, 1), tmp_path)
    if not code:  # a rule of the rows may name fields of the licence
        assert set(told) <= ALLOWED | {"rule.unbreakable"}, told
        return
    assert code in told, told
    assert told[code] == place


def test_many_faults_are_told_at_once_and_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = own_types.plain().replace('zh = "许可范围"', 'zh = ""').replace("[status]", "[stat]")
    text = text.replace("dictionary = 1", "dictionary = 9").replace('key = "officer"', "")
    (tmp_path / "tj-net.toml").write_text(text, "utf-8")
    done = run(str(tmp_path / "tj-net.toml"), "--json")
    assert done.exit_code == 1
    faults = [item for item in json.loads(done.output)["findings"] if item["severity"] == "fault"]
    assert {item["place"] for item in faults} >= {
        "status", "stat", "field[9].zh", "field[13].key", "qr[0].dictionary",
    }  # fmt: skip
    lines = [item["line"] for item in faults]
    assert lines == sorted(lines)
    assert "zh =" in text.splitlines()[
        next(i["line"] for i in faults if i["place"] == "field[9].zh") - 1
    ]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"scope": "', '"skope": "', "sample.refused"),
        ('"valid_until": "2031', '"valid_until": "2021', "sample.refused"),
        ("110101199003070134", "110101199003070135", "sample.refused"),
        ('"type": "tj-net"', '"type": "msa-doc"', "sample.other-type"),
        ('"issued": "2026-', '"issued": "0001-', "sample.day"),
        ('"2026-03-02",\n    "valid_from": "2026-03-02",\n    "valid_until": "2031-03-01"',
         '"9998-01-02",\n    "valid_until": "9999-12-30"', "sample.day"),
        ('"holder": {', '"holder": 3, "x": {', "sample.unreadable"),
        ("{", "[", "sample.unreadable"),
    ],
)
def test_a_wrong_sample_is_told(tmp_path: Path, old: str, new: str, code: str) -> None:
    text = sample_text(own_types.WANTED)
    assert old in text
    (tmp_path / "tj-net.sample.json").write_text(text.replace(old, new, 1), "utf-8")
    assert code in found(own_types.plain(), tmp_path, tried=True)


def test_a_sample_whose_values_are_of_other_kinds_is_told_and_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "tj-net.sample.json").write_text(sample_text(own_types.WANTED), "utf-8")
    for kind in ("money", "month", "percent", "integer", "date", "uscc", "table"):
        old = 'en = "Scope"\nrequired = true\ndeciding = true\n'
        column = '[[field.columns]]\nkey = "a"\nkind = "text"\nzh = "甲"\nen = "A"\n'
        text = own_types.plain().replace('kind = "text"', f'kind = "{kind}"')
        text = text.replace(old, old + column if kind == "table" else old)
        assert "sample.refused" in found(text, tmp_path, tried=True), kind


def test_an_amount_that_is_none_is_refused_by_its_field(tmp_path: Path) -> None:
    path = tmp_path / "tj-net.toml"
    path.write_text(own_types.plain().replace('kind = "text"', 'kind = "money"'), "utf-8")
    profile = profiles.load(path)
    made = rule_samples.good(profile)
    assert made is not None
    wrong = replace(made, fields={**made.fields, "scope": "many"})
    assert [item.code for item in trial.run(profile, wrong).findings] == ["sample.refused"]


def test_what_follows_from_a_fault_is_not_a_second_one(tmp_path: Path) -> None:
    text = own_types.plain()
    told = found(text.replace("required = true", "requird = true"), tmp_path)
    assert set(told) == {"file.unknown-key", "file.missing", "type-code.unconfirmed"}
    assert set(found(text.replace('zh = "渔网许可证"', 'zh = "渔'), tmp_path)) == {"file.toml"}
    told = found(text.replace('    "issuer_code",\n', ""), tmp_path, tried=True)
    assert set(told) == {"qr.lacks", "type-code.unconfirmed"}
    told = found(text.replace('subject = "person"', 'subject = "people"'), tmp_path)
    assert told == {"file.not-one-of": "subject", "type-code.unconfirmed": "type_code.confirmed"}


def test_a_region_that_is_none_does_not_stop_the_trial(tmp_path: Path) -> None:
    text = own_types.plain().replace('[[field]]\nkey = "issuer_region"\nprinted = false\n', "")
    sample = json.loads(sample_text(own_types.WANTED))
    sample["issuer"]["region"] = "12"
    (tmp_path / "tj-net.sample.json").write_text(json.dumps(sample), "utf-8")
    assert set(found(text, tmp_path, tried=True)) >= {"type-code.unconfirmed"}


def test_rules_that_contradict_each_other_leave_no_sample(tmp_path: Path) -> None:
    text = own_types.whole()
    more = '[[rule]]\nid = "none"\nkind = "range"\nof = "persons"\nleast = "600"\nmost = "700"\n'
    more += 'zh = "人数"\nen = "Persons"\n'
    told = found(text.replace("\n[[qr]]\n", f"\n{more}[[qr]]\n"), tmp_path)
    assert "sample.none" in told


def test_a_code_that_holds_too_much_is_told(tmp_path: Path) -> None:
    """Six rows of long cells beside all else: no symbol has room, or no scanner reads it."""
    text = own_types.whole().replace('    "scope",', '    "scope",\n    "lines",')
    text = text.replace("[[field]]\nkey = \"issued\"", "".join(
        f'[[field.columns]]\nkey = "c{n}"\nkind = "text"\nzh = "列{n}"\nen = "Col {n}"\n'
        for n in range(4)
    ) + "[[field]]\nkey = \"issued\"")  # fmt: skip
    sample = json.loads(sample_text(own_types.WANTED))
    rng = random.Random(1)  # what deflate cannot shorten
    rows = [
        {"month": f"2026-0{row}", "amount": "1.00"}
        | {f"c{n}": "".join(rng.choices("0123456789ABCDEF", k=150)) for n in range(4)}
        for row in range(1, 7)
    ]
    sample["fields"] |= {"lines": rows, "total": "6.00"}
    (tmp_path / "tj-net.sample.json").write_text(json.dumps(sample), "utf-8")
    told = found(text, tmp_path, tried=True)
    assert set(told) & {"trial.issue", "trial.scan"}, told


def test_a_folder_is_checked_whole_and_its_types_against_each_other(tmp_path: Path) -> None:
    text = own_types.plain()
    (tmp_path / "tj-net.toml").write_text(text, "utf-8")
    (tmp_path / "tj-two.toml").write_text(text.replace('id = "tj-net"', 'id = "tj-two"'), "utf-8")
    done = run(str(tmp_path), "--no-trial", "--lang", "en")
    assert done.exit_code == 1
    assert done.output.count("is also that of") == 2  # the name
    assert done.output.count("is that of") == 4  # type code and template, both ways
    assert "tj-two.toml" in done.output and "2 type(s): 6 fault(s)" in done.output


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_both_languages_are_whole(tmp_path: Path, lang: str) -> None:
    text = own_types.plain().replace('en = "Scope"', 'en = "范围"')
    (tmp_path / "tj-net.toml").write_text(text, "utf-8")
    said = run(str(tmp_path / "tj-net.toml"), "--lang", lang).output
    assert ("不是英文" in said) == (lang == "zh")
    assert ("is not English" in said) == (lang == "en")
    assert "→" in said


def test_what_is_not_there_is_a_fault_of_usage(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none.toml"):
        assert getattr(run(str(place)).exception, "code", "").startswith("profile.")


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"\0" * 100, b"a = " + b"[" * 5000, b"# " + b"x" * 2_000_000,
     b"a." * 3000 + b"b = 1", "[[field]]\nkey = \"\u202e\"".encode(), b"[[qr]]\n" * 2000,
     b"".join(b"[[field]]\nkey = 'k%d'\n" % n for n in range(9_000))],
    ids=range(9),
)  # fmt: skip
def test_hostile_files_are_told_and_nothing_falls_over(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    done = run(str(path), "--json")
    assert done.exit_code == 1, done.exception
    assert len(done.output) < 100_000


def test_every_word_of_reading_has_its_sentence() -> None:
    assert {f"file.{kind}" for kind in toml_table._WORDS} <= set(catalogue())
    assert set(loader.DICTIONARIES) == set(dictionary.SHA256)


def test_every_sentence_is_there_in_both_languages_and_every_code_is_used() -> None:
    source = "".join(p.read_text("utf-8") for p in Path(checking.__file__).parent.glob("*.py"))
    for code, words in catalogue().items():
        assert set(words) - {"severity"} == {"zh", "en", "do_zh", "do_en"}, code
        for lang in ("", "do_"):
            assert re.search(r"[\u3400-\u9fff]", words[f"{lang}zh"])
            assert not re.search(r"[\u3400-\u9fff]", words[f"{lang}en"])
        assert code.startswith("file.") or f'"{code}"' in source, code


def test_lines_are_found_by_place() -> None:
    text = own_types.whole()
    lines = text.splitlines()
    for place, wanted in (
        ("zh", 'zh = "渔网许可证"'), ("type_code.value", "value = "), ("field[9].kind", "kind = "),
        ("table.grade.second.en", 'en = "Second grade"'), ("qr[0].template", "template = "),
        ("rule[1].then", 'then = "last_month"'),
    ):  # fmt: skip
        assert lines[line_of(text, place) - 1].startswith(wanted), place
    columns = next(n for n, f in enumerate(profiles_of(text)) if f == "lines")
    assert lines[line_of(text, f"field[{columns}].columns[1].key") - 1] == 'key = "amount"'
    assert line_of(text, "none.at[7].all") == 0


def profiles_of(text: str) -> list[str]:
    import tomllib

    return [item["key"] for item in tomllib.loads(text)["field"]]

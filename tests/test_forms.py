"""Licences in other people's forms: nothing is lost, every fault is named."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import canonical, forms, profiles
from elicense.canonical import Value
from elicense.errors import UsageError
from elicense.forms import Reading
from elicense.licence import Licence
from issuing_world import ROOT  # noqa: F401 - makes the fixtures importable
from licence_samples import sample

from samples import licences  # isort: skip

TYPES = [item.id for item in profiles.all()]
WAYS = {
    "gbt36903": (forms.to_gbt36903, forms.from_gbt36903),
    "compendium": (forms.to_compendium, forms.from_compendium),
}


def through_json(value: Any) -> Any:
    """As a file would hold it: arrays become tuples, nothing else survives but JSON."""
    return canonical.parse(json.dumps(value).encode(), max_size=1 << 20, max_depth=16)


def names(reading: Reading) -> dict[str, str]:
    return {fault.path: fault.code for fault in reading.faults}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "licence",
    [licences.TIANJIN_DOC, licences.TIANJIN_ENDORSED, licences.GUANGDONG_SMC,
     licences.SHANDONG_INTERIM, licences.TIANJIN_SMC_INTERIM, licences.TIANJIN_2025],
    ids=lambda item: item.number if isinstance(item, Licence) else str(item),
)  # fmt: skip
def test_a_licence_comes_back_as_it_was(way: str, licence: Licence) -> None:
    write, read = WAYS[way]
    found = read(through_json(write(licence)))
    assert found.faults == ()
    assert found.licence == licence


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("type", TYPES)
def test_made_up_licences_of_every_type_come_back(way: str, type: str) -> None:
    if way == "compendium" and not type.startswith("msa-"):
        pytest.skip("the IMO data set is of ship and company certificates")
    write, read = WAYS[way]
    for seed in range(30):
        licence = sample(seed, type, endorsed=seed % 2)
        assert read(through_json(write(licence))).licence == licence


def test_the_standards_names_say_what_they_mean() -> None:
    found = forms.to_gbt36903(licences.TIANJIN_DOC)
    assert list(found)[:4] == ["ZZBS", "ZZMC", "ZZLXDM", "ZZBH"]
    assert found["ZZMC"] == "符合证明"
    assert found["ZZBS"] == licences.TIANJIN_DOC.identifier
    assert found["ZZLXDM"] == "11100000000019713D991"
    assert (found["ZZBFJG"], found["ZZBFRQ"]) == ("天津海事局", "2026-03-01")
    assert (found["CZZT"], found["CZZTDM"]) == ("渤海样例航运有限公司", licences.BOHAI.code)
    assert (found["CZZTDMLX"], found["CZZTDMLXDM"]) == ("统一社会信用代码", "001")
    assert (found["ZZYXQQSRQ"], found["ZZYXQJZRQ"]) == ("2026-03-01", "2031-02-28")
    assert found["KZ_COMPANY_NUMBER"] == licences.COMPANY_NUMBERS[licences.BOHAI.name]


def test_other_spellings_of_the_standards_names_are_read() -> None:
    given = dict(forms.to_gbt36903(licences.GUANGDONG_SMC))
    given |= {
        "ZZBFRQ": "20260301", "ZZYXQJZRQ": "2031年2月28日", "CZZT": (given["CZZT"],),
        "KZ_GROSS_TONNAGE": "61,287", "KZ_SHIP_TYPE": "油轮", "KZ_STATE": "China",
    }  # fmt: skip
    del given["CZZTDMLXDM"], given["ZZLXDM"]  # they follow from CZZTDMLX and ZZMC
    found = forms.from_gbt36903(given)
    assert found.faults == ()
    assert found.licence == licences.GUANGDONG_SMC


def test_what_belongs_to_a_seal_or_a_copy_is_kept_beside() -> None:
    given = {**forms.to_gbt36903(licences.TIANJIN_DOC), "JZJZZSY": "开户", "ZZQZR": "王样例"}
    found = forms.from_gbt36903(given)
    assert found.faults == ()
    assert found.beside == {"JZJZZSY": "开户", "ZZQZR": "王样例"}


def test_every_fault_of_a_mapping_is_named_at_once() -> None:
    given = dict(forms.to_gbt36903(licences.TIANJIN_DOC))
    del given["ZZBH"], given["KZ_PLACE_OF_ISSUE"]
    given |= {
        "ZZBFRQ": "2026-02-30", "CZZTDMLXDM": "777", "KZ_COMPANY_NUMBER": "1234567",
        "KZ_SHIP_TYPES": ("飞艇",), "KZ_COLOUR": "red", "CZZT": ("甲", "乙"),
    }  # fmt: skip
    assert names(forms.from_gbt36903(given)) == {
        "CZZT": "form.repeated",
        "ZZBFRQ": "form.kind",
        "KZ_COMPANY_NUMBER": "form.check",
        "KZ_SHIP_TYPES": "form.unknown-code",
        "KZ_COLOUR": "form.unknown",
        "CZZTDMLXDM": "form.unknown-code",
        "ZZBH": "form.missing",
        "fields.place_of_issue": "form.missing",
    }


@pytest.mark.parametrize(
    ("changes", "name", "code"),
    [
        ({"ZZMC": "出生证明", "ZZLXDM": "X", "ZZBS": ""}, "ZZMC", "form.type"),
        ({"ZZMC": "", "ZZLXDM": "", "ZZBS": ""}, "ZZMC", "form.type"),
        ({"ZZMC": "安全管理证书"}, "ZZLXDM", "form.disagrees"),
        ({"ZZLXDM": "11100000000019713D555"}, "ZZLXDM", "form.disagrees"),
        ({"CZZTDMLX": "公民身份号码"}, "CZZTDMLX", "form.disagrees"),
        ({"CZZTDMLX": "会员号", "CZZTDMLXDM": ""}, "CZZTDMLX", "form.unknown-code"),
    ],
)
def test_names_that_contradict_each_other_are_named(
    changes: dict[str, Value], name: str, code: str
) -> None:
    given = {**forms.to_gbt36903(licences.TIANJIN_DOC), **changes}
    assert names(forms.from_gbt36903(given))[name] == code


def test_the_data_set_of_the_imo_has_its_elements_and_ours_beside_them() -> None:
    found: Any = forms.to_compendium(
        licences.GUANGDONG_SMC, state="suspended", state_since=datetime.date(2026, 5, 1)
    )
    assert found["certificate"] == {
        "identifier": licences.GUANGDONG_SMC.number,
        "issue_date": "2026-03-01",
        "expiry_date": "2031-02-28",
        "issuing_nation": "CN",
        "issuer_name": "广东海事局",
        "acronym": "SMC",
        "category": "C",
        "status": "S",
        "status_date": "2026-05-01",
        "issue_location": {"name": "广州", "locode": "CNCAN"},
    }
    assert found["elicense"]["document_of_compliance"] == {
        "number": licences.GUANGDONG_DOC.number,
        "identifier": licences.GUANGDONG_DOC.identifier,
    }
    doc: Any = forms.to_compendium(licences.TIANJIN_ENDORSED)
    assert doc["certificate"]["last_endorsement_date"] == "2026-05-20"
    assert "status" not in doc["certificate"]  # a licence does not know its own state
    assert doc["elicense"]["doc_coverage"][1]["limitation"] == "闪点60℃以上"
    assert [row["kind"] for row in doc["elicense"]["endorsements"]] == ["annual-1", "annual-2"]
    read = forms.from_compendium(through_json(found))
    assert read.beside == {"state": "suspended", "state_since": "2026-05-01"}


def test_a_bare_data_set_is_read_and_what_it_lacks_is_named() -> None:
    whole: Any = forms.to_compendium(licences.TIANJIN_SMC_INTERIM)
    bare: Any = {"certificate": dict(whole["certificate"])}
    bare["certificate"] |= {"acronym": "SMC", "issue_location": "CNTSN", "status": "Q", "seal": 1}
    found = forms.from_compendium(bare)
    told = names(found)
    assert told["certificate.status"] == "form.unknown-code"
    assert told["certificate.seal"] == "form.unknown"
    assert told["holder.name"] == told["fields.ship_name"] == "form.missing"
    assert told["elicense.licence_identifier"] == "form.missing"
    assert not any("place_of_issue" in name or "issue_location" in name for name in told)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"certificate": "no object"}, "certificate"),
        ({"elicense": {"type": "driving-licence"}}, "elicense.type"),
        ({"certificate": {"acronym": "ABC"}}, "certificate.acronym"),
        ({"other": {}}, "other"),
        ({"elicense": {"type": "msa-doc", "colour": 1}}, "elicense.colour"),
        ({"elicense": {"type": "msa-doc", "particulars": {"a.b.c": 1}}},
         "elicense.particulars.a.b.c"),
        ({"elicense": {"type": "msa-doc"}, "certificate": {"issue_location": {
            "locode": "CNTSN", "name": "大连"}}}, "certificate.issue_location"),
        ({"elicense": {"type": "msa-doc"}, "certificate": {"issue_location": {"locode": "XX"}}},
         "certificate.issue_location"),
    ],
)  # fmt: skip
def test_a_broken_data_set_names_its_fault(change: dict[str, Value], name: str) -> None:
    assert name in names(forms.from_compendium(change))


@pytest.mark.parametrize("way", WAYS)
def test_what_a_form_has_no_place_for_is_refused_by_name(way: str) -> None:
    odd = replace(licences.TIANJIN_DOC, extra={"note": {"of": ("the", "issuer")}})
    if way == "compendium":
        odd = replace(odd, extra={"renews": {"deep": {"er": 1}}, "format": "x"})
    write, read = WAYS[way]
    try:
        found = read(through_json(write(odd)))
    except UsageError as error:
        assert error.code == "form.loss" and "note" in error.detail
    else:
        assert found.licence == replace(odd, extra={"renews": {"deep": {"er": 1}}})


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        forms.to_compendium(licences.TIANJIN_DOC, state="lost")
    assert caught.value.code == "form.state"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**17) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_any_mapping_gives_a_licence_or_its_faults(way: str, data: st.DataObject) -> None:
    write, read = WAYS[way]
    given: Any = dict(write(licences.GUANGDONG_SMC))
    if way == "compendium":
        part = data.draw(st.sampled_from(sorted(given)))
        given[part] = dict(given[part]) if isinstance(given[part], dict) else given[part]
        target = given[part] if isinstance(given[part], dict) else given
    else:
        target = given
    for name in data.draw(st.lists(st.sampled_from(sorted(target)), min_size=1, max_size=3)):
        target[name] = data.draw(_JSON)
    found = read(given)
    assert found.licence is not None or found.faults

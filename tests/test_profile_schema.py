"""The JSON Schema of each licence type, against real and broken licence.json."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from elicense import licence as lic
from elicense import profiles
from elicense.profiles.schema import json_schema
from issuing_world import ROOT  # noqa: F401 - makes the fixtures importable
from licence_samples import sample

from samples import licences  # isort: skip

TYPES = [item.id for item in profiles.all()]


def validator(type: str) -> Any:
    schema = json_schema(profiles.get(type))
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


@pytest.mark.parametrize("type", TYPES)
def test_issued_licences_fit_the_schema_of_their_type(type: str) -> None:
    judge = validator(type)
    for seed in range(20):
        licence = sample(seed, type, endorsed=seed % 2)
        data = lic.dump(licence, salts=profiles.get(type).new_salts(licence))
        assert list(judge.iter_errors(json.loads(data))) == []
        others = [other for other in TYPES if other != type]
        assert not any(validator(other).is_valid(json.loads(data)) for other in others)


def test_a_masked_copy_still_fits() -> None:
    data = licences.data_of(licences.GUANGDONG_SMC)
    masked = lic.mask(data, hide=["fields.mmsi", "holder.address_en"])
    assert validator("msa-smc").is_valid(json.loads(masked))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", "elicense-licence/2"), ("type", "msa-smc"), ("identifier", "1.2.3"),
        ("number", ""), ("number", None), ("version", 0), ("version", "1"), ("issuer", None),
        ("issuer.name", None), ("issuer.region", "12"), ("holder.address", None),
        ("validity.valid_until", "2031-2-28"), ("validity.issued", "2026-02-30"),
        ("validity.issued", None), ("fields.company_number", "12345"), ("fields.state", "XX"),
        ("fields.ship_types", []), ("fields.ship_types", ["oil-tanker"]),
        ("fields.ship_types", [{"code": "airship"}]), ("status", None),
        ("status", {"list": "x", "index": -1}), ("endorsements", None),
        ("endorsements", [{"kind": "intermediate", "state": "signed"}]),
        ("endorsements", [{"kind": "annual-1", "state": "perhaps"}]),
        ("digests", {"values": {}}), ("salts", {"x": "not base64!"}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(path: str, value: object) -> None:
    members: Any = json.loads(lic.dump(licences.TIANJIN_DOC))
    *parents, last = path.split(".")
    here = members
    for step in parents:
        here = here[step]
    if value is None:
        del here[last]
    else:
        here[last] = value
    assert not validator("msa-doc").is_valid(members)


@pytest.mark.parametrize("type", TYPES)
def test_labels_and_unconfirmed_codes_stand_in_the_schema(type: str) -> None:
    profile, schema = profiles.get(type), json_schema(profiles.get(type))
    assert schema["x-type-code"] == {"value": profile.type_code, "x-confirmed": False}
    for item in profile.fields:
        here: Any = schema
        for step in item.path.split("."):
            here = here["properties"][step]
        assert here["title"] == f"{item.zh} {item.en}"

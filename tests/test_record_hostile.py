"""A record from a stranger: any bytes in, an InputError or an honest answer out."""

from __future__ import annotations

import io
import random
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import elicense
from elicense import record
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS
from elicense.record import archive
from judging import judge, sample
from recording import again, apart, doctored, made


def refused(data: bytes, code: str = "") -> InputError:
    with pytest.raises(InputError) as caught:
        again(data)
    assert not code or caught.value.code == code
    return caught.value


def zipped(entries: dict[str, bytes], **options) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", **options) as made_zip:
        for name, data in entries.items():
            made_zip.writestr(zipfile.ZipInfo(name), data, options.get("compression"))
    return target.getvalue()


def test_zip_tricks_are_refused() -> None:
    good = made()
    entries = apart(good)
    for bad in (
        b"", b"PK\x03\x04", good[:-1], good + b"\0", b"\0" + good, good[:200],
        good[:-2] + b"\x01\x00x",  # a comment
        zipped(entries, compression=zipfile.ZIP_DEFLATED),
        archive.write({**entries, "input/2": b"more"}),
    ):  # fmt: skip
        refused(bad)
    with zipfile.ZipFile(io.BytesIO(good)) as as_others_read_it:
        assert as_others_read_it.testzip() is None
        assert set(as_others_read_it.namelist()) == set(entries)


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "input/0", "input/01", "input/1/..", "trust/100000", "Record.json",
     "report.json\0", "input\\1", "policy.toml ", "", "输入/1"],
)  # fmt: skip
def test_entries_of_other_names_are_refused(name: str) -> None:
    raw = name.encode()
    entries = apart(made())
    body = archive.write({**entries, "more/9": b"x"})
    bad = body.replace(b"more/9", raw[:6].ljust(6, b"/"))
    refused(bad, "record.zip")


def test_an_entry_twice_is_refused() -> None:
    entries = apart(made())
    body = archive.write({**entries, "input/2": b"x"})
    refused(body.replace(b"input/2", b"input/1"), "record.zip")


def test_sizes_that_lie_are_refused() -> None:
    good = made()
    for offset in (18, 22):  # the sizes in the first local header
        for size in (0, 1, 0xFFFFFFFF, 0x7FFFFFFF, len(good)):
            bad = good[:offset] + size.to_bytes(4, "little") + good[offset + 4 :]
            refused(bad)


def test_more_entries_or_bytes_than_a_record_has_are_refused() -> None:
    many = archive.write({f"trust/{n}": b"" for n in range(1, archive.MAX_ENTRIES + 2)})
    with pytest.raises(LimitError):
        again(many)
    with pytest.raises(LimitError):
        again(made(), limits=replace(DEFAULT_LIMITS, file_size=1000))


def test_a_single_bit_anywhere_is_told() -> None:
    good = made("unsealed.pdf")
    chance = random.Random(7)  # a fixed choice of places
    for place in chance.sample(range(len(good)), 300):
        bad = bytearray(good)
        bad[place] ^= 1 << chance.randrange(8)
        refused(bytes(bad))


def _set(path: str, value):
    def change(entries, about):
        at = about
        *parents, last = path.split(".")
        for key in parents:
            at = at[int(key)] if key.isdigit() else at[key]
        at[last] = value

    return change


def _drop(name: str):
    def change(entries, about):
        about.pop(name, None)
        entries.pop(name, None)

    return change


HOSTILE = [
    *(_set(f"limits.{key}", value) for key, value in (
        ("file_size", 10**18), ("render_seconds", 1e9), ("render_seconds", float("nan")),
        ("render_seconds", -1), ("signatures", "64"), ("signatures", True), ("no_such", 1),
    )),
    *(_set("at", value) for value in ("", "tomorrow", "2026-11-01", "2026-11-01T00:00:00", 7, None,
                                      "9999-12-31T23:59:59-23:59")),
    *(_set("files", value) for value in ([], None, {}, [{}], "x", [None])),
    *(_set("files.0.entry", value) for value in ("", "input/2", "record.json", 3, None)),
    *(_set("files.0.role", value) for value in ("doc", "", "companion")),
    *(_set("files.0.sha256", value) for value in ("", "00", None)),
    *(_set("trust.files", value) for value in (None, [], {"trust.toml": "input/1"}, {"x": "y"})),
    *(_set("trust.more", value) for value in (None, {"crls": ["no/1"]}, {"crls": 3},
                                              {"status_lists": []}, {"crls": [[]]})),
    *(_set("ship", value) for value in ({"imo": "1"}, {"no": "x"}, [], "x")),
    *(_set("kind", value) for value in ("inspect-ship", "", None, [])),
    *(_set("options", value) for value in (None, {"pages": 1}, {"no": True}, [])),
    *(_set("made_with", value) for value in (None, [], 3)),
    *(_set("language", value) for value in ("fr", None, [])),
    *(_set("schema", value) for value in ("elicense-record/2", None)),
    *(_drop(name) for name in ("report.json", "policy.toml", "kind", "limits", "trust", "files")),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_record_that_says_nonsense_is_refused(number: int) -> None:
    try:
        bad = doctored(made(), HOSTILE[number])
    except ValueError:
        pytest.skip("cannot even be written")
    try:
        found = again(bad)
    except (InputError, elicense.UsageError):
        return
    assert not found, "an answer, and told to be another"


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"null", b'{"a":1,"a":1}', b'{ "a":1}', b'{"a":NaN', b"\xff\xfe{}", b"{}" * 9,
     b"[" * 100_000, b'{"a":' * 50_000, b'{"a":1' + b"0" * 5000 + b"}", b"{}"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["report.json", "policy.toml", "record.json"])
def test_json_and_toml_of_strangers(name: str, text: bytes) -> None:
    def change(entries, _about):
        entries[name] = text

    if name == "record.json":
        entries = apart(made())
        entries[name] = text
        refused(archive.write(entries))
        return
    try:
        found = again(doctored(made(), change))
    except InputError:
        return
    assert not found


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 3))
def test_any_bytes(tail: bytes, kind: int) -> None:
    head = (b"", b"PK\x03\x04", made_head(), made_head()[:40])[kind]
    refused(head + tail)


def made_head() -> bytes:
    return _HEAD


_HEAD = archive.write({"record.json": b"{}"})[:60]


def test_a_name_that_no_text_can_hold_is_kept() -> None:
    from elicense.verifying import judge as judge_evidence

    usual = judge(sample("unsealed.pdf"))
    odd = judge_evidence(usual.evidence, name="a\udcff.pdf", trust=usual.trust, at=usual.at,
                         now=usual.now)  # fmt: skip
    assert again(record.make(odd, sample("unsealed.pdf")))

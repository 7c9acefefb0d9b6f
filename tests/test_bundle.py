"""Trust bundles: what is written is read back, and a hostile ZIP is refused."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS
from elicense.trust import bundle
from elicense.trust.bundle import Bundle

FULL = Bundle(
    {"lol-1": b"one", "lol-2": b"two", "120000": b"three"}, (b"crl 1", b"crl 2"), (b"ocsp",),
    (b"status 1", b"status 2"), (b"index",),
)  # fmt: skip


def zipped(entries: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return target.getvalue()


def code(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        bundle.read(data)
    return caught.value.code


def same(one: Bundle, two: Bundle) -> bool:
    return (
        dict(one.lists) == dict(two.lists)
        and all(sorted(getattr(one, name)) == sorted(getattr(two, name))
                for name in ("crls", "ocsps", "status", "indexes"))
    )  # fmt: skip


def test_what_is_written_is_read_back() -> None:
    assert same(bundle.read(bundle.write(FULL)), FULL)
    assert same(bundle.read(bundle.write(Bundle({}))), Bundle({}))


def test_the_same_content_is_the_same_file() -> None:
    turned = Bundle(dict(reversed(FULL.lists.items())), FULL.crls[::-1], FULL.ocsps,
                    FULL.status[::-1], FULL.indexes)  # fmt: skip
    assert bundle.write(turned) == bundle.write(FULL)
    assert bundle.write(replace(FULL, crls=(b"crl 1", b"crl 1", b"crl 2"))) == bundle.write(FULL)


def test_an_archivers_own_zip_is_read() -> None:
    """Compressed, with folder entries, in another order: as ``zip -r`` writes it."""
    data = zipped([("lists/", b""), ("lists/lol-1.p7", b"one" * 100), ("status/index-a.p7", b"i"),
                   ("status/", b""), ("status/b.p7", b"s")])  # fmt: skip
    found = bundle.read(data)
    assert found.lists == {"lol-1": b"one" * 100}
    assert (found.indexes, found.status) == ((b"i",), (b"s",))


@pytest.mark.parametrize("name", [
    "lists/../../x.p7", "/lists/x.p7", "lists\\x.p7", "lists/x/y.p7", "C:/lists/x.p7", "x.p7",
    "lists/x.crl", "crls/x.p7", "lists/.p7", "lists/.hidden.p7", "state.json", "trust.toml",
    "lists/名录.p7", "lists/" + "x" * 200 + ".p7", "lists/x.p7\n", "keys/x.p7", "LISTS/x.p7",
    "status/x.json", "lists/x.p7.exe",
])  # fmt: skip
def test_a_name_that_does_not_belong_there_is_refused(name: str) -> None:
    assert code(zipped([(name, b"x")])).startswith("bundle.")


def test_a_name_given_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("lists/a.p7", b"1"), ("lists/a.p7", b"2")])
    assert code(data) == "bundle.duplicate-entry"
    assert code(zipped([("lists/a.p7", b"1"), ("lists/A.p7", b"2")])) == "bundle.case-variant-entry"


def test_a_link_is_refused() -> None:
    info = zipfile.ZipInfo("lists/a.p7")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert code(target.getvalue()) == "bundle.symlink"


def test_bytes_that_no_entry_explains_are_refused() -> None:
    good = bundle.write(FULL)
    assert code(b"MZ" + good).startswith("bundle.")
    assert code(good + b"tail").startswith("bundle.")
    assert code(good + b"\n").startswith("bundle.")


def test_a_hidden_local_entry_is_refused() -> None:
    good, other = zipped([("lists/a.p7", b"1")]), zipped([("lists/b.p7", b"2")])
    body = other[: other.index(b"PK\x01\x02")]
    assert code(body + good).startswith("bundle.")


def test_headers_that_disagree_are_refused() -> None:
    good = bytearray(zipped([("lists/a.p7", b"1" * 50)], zipfile.ZIP_STORED))
    renamed = good.replace(b"lists/a.p7", b"lists/b.p7", 1)
    assert code(bytes(renamed)) == "bundle.local-name"
    wrong = bytearray(good)
    wrong[good.index(b"1" * 50)] ^= 1
    assert code(bytes(wrong)) == "bundle.crc"


def test_an_encrypted_entry_is_refused() -> None:
    good = bytearray(zipped([("lists/a.p7", b"1")]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = good.index(mark) + at
        good[place] |= 1
    assert code(bytes(good)) == "bundle.encrypted-entry"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_of_compression_are_refused(method: int) -> None:
    assert code(zipped([("lists/a.p7", b"1" * 50)], method)) == "bundle.compression-method"


def peak(data: bytes) -> tuple[str, int]:
    tracemalloc.start()
    try:
        return code(data), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_list_of_100_megabytes_is_refused_before_it_is_read() -> None:
    """Told by the directory: nothing of it is inflated."""
    found, memory = peak(zipped([("lists/a.p7", bytes(100 * 1024 * 1024))]))
    assert found == "bundle.size" and memory < 5_000_000
    too_large = bytes(DEFAULT_LIMITS.trust_list_size + 1)
    assert code(zipped([("lists/a.p7", too_large)])) == "bundle.size"


def test_a_bomb_elsewhere_is_refused_before_it_is_read() -> None:
    found, memory = peak(zipped([("status/a.p7", bytes(60 * 1024 * 1024))]))
    assert found == "bundle.ratio" and memory < 5_000_000
    found, _ = peak(zipped([("status/a.p7", bytes(DEFAULT_LIMITS.bundle_entry + 1))]))
    assert found == "bundle.entry-size"


def test_a_size_that_lies_does_not_get_past_the_cap() -> None:
    """The directory says 1 KiB, the stream holds 60 MiB."""
    content = bytes(60 * 1024 * 1024)
    data = zipped([("status/a.p7", content)])
    real, said = struct.pack("<I", len(content)), struct.pack("<I", 1024)
    assert data.count(real) == 2
    found, memory = peak(data.replace(real, said))
    assert found.startswith("bundle.") and memory < 5_000_000


def test_the_sum_of_entries_has_a_cap() -> None:
    many = [(f"status/{n}.p7", bytes(1000)) for n in range(20)]
    small = replace(DEFAULT_LIMITS, bundle_size=10_000)
    with pytest.raises(LimitError):
        bundle.read(zipped(many), limits=small)


def test_too_many_entries_are_refused() -> None:
    small = replace(DEFAULT_LIMITS, bundle_entries=10)
    with pytest.raises(LimitError):
        bundle.read(zipped((f"crls/{n}.crl", b"") for n in range(11)), limits=small)


def test_overlapping_entries_are_refused() -> None:
    """One stream that two entries of the directory share."""
    one = zipped([("lists/a.p7", b"1" * 50)])
    start, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    record = one[start:end]
    second = record.replace(b"lists/a.p7", b"lists/b.p7")
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, len(record) * 2, start, 0)
    assert code(one[:start] + record + second + tail).startswith("bundle.")


@pytest.mark.parametrize("data", [
    b"", b"PK", b"PK\x05\x06" + bytes(18) + b"x", b"not a zip" * 100, b"%PDF-1.7", bytes(1000),
])  # fmt: skip
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    assert code(data).startswith("bundle.")


def test_what_could_not_be_read_back_is_not_written() -> None:
    for name in ("../x", "a/b", "", "名录", ".x", "x" * 65):
        with pytest.raises(InputError):
            bundle.write(Bundle({name: b"x"}))
    with pytest.raises(InputError):
        bundle.write(Bundle({"a": b"1", "A": b"2"}))
    with pytest.raises(LimitError):
        bundle.write(Bundle({"a": bytes(DEFAULT_LIMITS.trust_list_size + 1)}))


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_mangled_bundles_end_in_a_value_or_an_input_error(data: st.DataObject) -> None:
    files = [("lists/lol-1.p7", b"one" * 9), ("status/index-a.p7", b"i"), ("crls/c.crl", b"c")]
    method = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    mangled = bytearray(zipped(files, method))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mangled) - 1))
        mangled[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        found = bundle.read(bytes(mangled))
    except InputError:
        return
    contents = {zlib.crc32(content) for _, content in files}
    assert all(zlib.crc32(c) in contents for c in (*found.lists.values(), *found.crls))

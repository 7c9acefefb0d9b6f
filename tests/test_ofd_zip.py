"""The strict ZIP reader: what it takes, what it names, where it refuses."""

from __future__ import annotations

import struct

import pytest

from elicense.containers.ofd.log import Log
from elicense.containers.ofd.zip import fold, read_archive
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS, Limits
from ofd_sample import Raw, pack, write


def read(data: bytes, limits: Limits = DEFAULT_LIMITS):
    log = Log()
    return read_archive(data, limits=limits, log=log), log


def kinds(items):
    return [item.kind for item in items]


def test_plain_zip_is_read_without_a_word():
    entries = {"a.xml": b"one", "b/c.xml": b"two" * 1000, "empty": b""}
    archive, log = read(pack(entries))
    assert archive.entries == entries
    assert log.faults == () and log.notes == ()


def test_stored_entries_and_folders_are_read():
    archive, log = read(write([Raw("d/", b"", method=0), Raw("d/a", b"x", method=0)]))
    assert archive.entries == {"d/a": b"x"}
    assert log.faults == ()


def test_folder_with_content_is_a_fault():
    _, log = read(write([Raw("d/", b"hidden content", method=0)]))
    assert kinds(log.faults) == ["folder-with-content"]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("signature", [b"PK\x07\x08", b""])
def test_data_descriptors_are_understood(wide, signature):
    import zlib

    data = b"content"
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = maker.compress(data) + maker.flush()
    after = signature + struct.pack(
        "<IQQ" if wide else "<III", zlib.crc32(data), len(packed), len(data)
    )
    archive, log = read(write([Raw("a", data, flags=0x808, after=after), Raw("b", b"2")]))
    assert archive.entries == {"a": data, "b": b"2"}
    assert log.faults == ()


def test_data_descriptor_that_lies_is_a_fault():
    after = struct.pack("<4sIII", b"PK\x07\x08", 1, 2, 3)
    _, log = read(write([Raw("a", b"content", flags=0x808, after=after)]))
    assert "data-descriptor" in kinds(log.faults)


def test_leading_bytes_are_noted_when_offsets_count_from_the_zip():
    _, log = read(write([Raw("a", b"1")], lead=b"#!/bin/sh\n", shift=10))
    assert kinds(log.notes) == ["leading-bytes"] and log.faults == ()


def test_leading_bytes_are_noted_when_offsets_count_from_the_file():
    archive, log = read(write([Raw("a", b"1")], lead=b"some bytes"))
    assert archive.entries == {"a": b"1"}
    assert kinds(log.notes) == ["leading-bytes"] and log.faults == ()


def test_blank_bytes_at_the_end_are_noted_and_others_a_fault():
    _, blank = read(pack({"a": b"1"}) + b"\r\n\0")
    assert kinds(blank.notes) == ["trailing-bytes"] and blank.faults == ()
    _, other = read(pack({"a": b"1"}) + b"%PDF-1.7")
    assert kinds(other.faults) == ["trailing-bytes"]


def test_several_volumes_are_a_fault():
    data = bytearray(pack({"a": b"1"}))
    data[-18:-16] = b"\x01\x00"
    _, log = read(bytes(data))
    assert "multi-disk" in kinds(log.faults)


def test_directory_that_counts_wrong_is_a_fault():
    data = bytearray(pack({"a": b"1", "b": b"2"}))
    data[-14:-10] = b"\x01\x00\x01\x00"
    _, log = read(bytes(data))
    assert "directory-count" in kinds(log.faults)


def _with_zip64_end(data: bytes, *, count: int = 1) -> bytes:
    end = data[-22:]
    size, offset = struct.unpack_from("<II", end, 12)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(data) - 22, 1)
    marked = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, size, 0xFFFFFFFF, 0)
    return data[:-22] + record + locator + marked


def test_zip64_end_record_that_agrees_is_taken():
    archive, log = read(_with_zip64_end(pack({"a": b"1"})))
    assert archive.entries == {"a": b"1"} and log.faults == ()


def test_zip64_end_record_that_contradicts_is_a_fault():
    data = bytearray(_with_zip64_end(pack({"a": b"1"})))
    data[-14:-10] = b"\x07\x00\x07\x00"
    _, log = read(bytes(data))
    assert "zip64" in kinds(log.faults)


def test_zip64_local_sizes_that_agree_are_taken():
    import zlib

    extra = struct.pack("<HHQQ", 1, 16, 3, len(zlib.compress(b"abc", 9, -15)))
    data = bytearray(write([Raw("a", b"abc", local_extra=extra)]))
    data[18:26] = b"\xff" * 8
    archive, log = read(bytes(data))
    assert archive.entries == {"a": b"abc"} and log.faults == ()


def test_gbk_names_are_read_and_noted():
    archive, log = read(write([Raw("证照.xml".encode("gbk"), b"1", flags=0)]))
    assert list(archive.entries) == ["证照.xml"]
    assert kinds(log.notes) == ["name-encoding"]


def test_names_that_fold_together_are_a_fault():
    assert fold("Ｄoc") == fold("doc")
    _, log = read(pack({"é": b"1", "e\u0301": b"2"}))
    assert "case-variant-entry" in kinds(log.faults)


def test_entry_that_grows_past_its_stated_size_is_not_offered():
    archive, log = read(write([Raw("a", b"x" * 1000, size=10), Raw("b", b"2")]))
    assert list(archive.entries) == ["b"]
    assert "entry-size" in kinds(log.faults)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(file_size=10), "ofd.file-size"),
        (Limits(zip_entries=1), "ofd.entries"),
        (Limits(zip_entry_inflated=3), "ofd.entry-size"),
        (Limits(zip_total_inflated=7), "ofd.total-size"),
    ],
)
def test_limits_hold(limits, code):
    with pytest.raises(LimitError) as caught:
        read(pack({"a": b"1234", "b": b"5678"}), limits)
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06", b"%PDF-1.7\n" * 100, bytes(100)])
def test_what_is_no_zip_is_refused(data):
    with pytest.raises(InputError):
        read(data)


def test_flags_may_differ_where_they_say_nothing():
    data = bytearray(pack({"a": b"1"}))
    data[6:8] = b"\x00\x00"  # the UTF-8 flag of an ASCII name, in the local header only
    _, log = read(bytes(data))
    assert log.faults == ()


def test_unicode_path_in_the_local_header_only_is_compared_too():
    body = struct.pack("<BI", 1, 0) + b"OFD.xml"
    extra = struct.pack("<HH", 0x7075, len(body)) + body
    _, log = read(write([Raw("harmless.xml", b"1", local_extra=extra)]))
    assert kinds(log.faults) == ["unicode-path"]


def test_folder_that_leaves_the_package_is_a_fault():
    _, log = read(write([Raw("../evil/", b"", method=0), Raw("a", b"1")]))
    assert kinds(log.faults) == ["path-escape"]

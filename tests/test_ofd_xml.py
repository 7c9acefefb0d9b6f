"""Hostile XML, ST_Loc paths and signing times."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from elicense.containers.ofd import paths, xml
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.times import parse_time
from elicense.containers.ofd.zip import Archive, fold
from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS, Limits

CHINA = timezone(timedelta(hours=8))


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS, log: Log | None = None):
    return xml.parse(data, place="x.xml", limits=limits, log=log or Log())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<!DOCTYPE a><a/>", "xml.doctype"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "http://example.org/">]><a>&b;</a>', "xml.doctype"),
        ("<a/>".encode("utf-16"), "xml.encoding"),
        ("<a/>".encode("utf-32-be"), "xml.encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "xml.encoding"),
        (b'<?xml version="1.0" encoding="IBM037"?><a/>', "xml.encoding"),
        (b"<a>&unknown;</a>", "xml.malformed"),
        (b"<a/><b/>", "xml.malformed"),
        (b"<x:a/>", "xml.malformed"),
        (b'<a b="1" b="2"/>', "xml.malformed"),
        (b"", "xml.malformed"),
        (b"\xff\xff", "xml.malformed"),
    ],
)
def test_bad_xml_is_refused(data, code):
    with pytest.raises(InputError) as caught:
        parse(data)
    assert caught.value.code == code and caught.value.place == "x.xml"


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (b"<a>" * 70 + b"</a>" * 70, DEFAULT_LIMITS, "xml.depth"),
        (b"<a>" + b"<b/>" * 20 + b"</a>", Limits(xml_nodes=10), "xml.nodes"),
        (b"<a>" + b" " * 100 + b"</a>", Limits(xml_size=50), "xml.size"),
    ],
)
def test_large_xml_is_refused(data, limits, code):
    with pytest.raises(LimitError) as caught:
        parse(data, limits)
    assert caught.value.code == code


def test_depth_up_to_the_limit_is_taken():
    assert parse(b"<a>" * 64 + b"</a>" * 64) is not None


def test_elements_are_found_by_local_name_in_any_namespace():
    root = parse(b'<a xmlns:x="u"><x:b>1</x:b><b>2</b><cb/></a>')
    assert [xml.text(item) for item in xml.children(root, "b")] == ["1", "2"]
    assert xml.child(root, "c") is None


def test_comments_do_not_split_text():
    assert xml.text(parse(b"<a>ab<!-- x -->cd</a>")) == "abcd"


def test_second_element_of_a_kind_is_ambiguous():
    log = Log()
    root = parse(b"<a><b>1</b><b>2</b></a>")
    xml.sole(root, "b", place="x.xml", log=log)
    assert [fault.kind for fault in log.faults] == ["ambiguous-element"]


def test_foreign_namespace_and_encoding_are_noted():
    log = Log()
    parse('<?xml version="1.0" encoding="GBK"?><a>证</a>'.encode("gbk"), log=log)
    assert [note.kind for note in log.notes] == ["xml-encoding", "namespace"]


@pytest.mark.parametrize(
    ("loc", "base", "name"),
    [
        ("a.xml", "Doc_0", "Doc_0/a.xml"),
        ("/a.xml", "Doc_0", "a.xml"),
        ("//a.xml", "Doc_0", "a.xml"),
        ("./a.xml", "Doc_0", "Doc_0/a.xml"),
        ("../a.xml", "Doc_0/x", "Doc_0/a.xml"),
        ("x//y.xml", "", "x/y.xml"),
        ("../a.xml", "", None),
        ("/../a.xml", "Doc_0", None),
        ("a/../../../b", "Doc_0", None),
        ("", "", None),
        ("..", "Doc_0", None),
    ],
)
def test_paths_are_resolved_inside_the_package(loc, base, name):
    assert paths.normalise(loc, base=base) == name


def _archive(*names):
    return Archive(dict.fromkeys(names, b""), {fold(name): name for name in names})


def test_other_letter_case_is_found_and_noted():
    log = Log()
    found = paths.locate(
        _archive("Doc_0/Tpls/a.xml"), "TPLS/a.xml", bases=("Doc_0",), place="p", log=log
    )
    assert found == ("Doc_0/Tpls/a.xml", "Doc_0/TPLS/a.xml")
    assert [note.kind for note in log.notes] == ["case-differs"]


def test_path_written_from_the_root_is_found_and_noted():
    log = Log()
    found, _ = paths.locate(
        _archive("Doc_0/a.xml"), "Doc_0/a.xml", bases=("Doc_0", ""), place="p", log=log
    )
    assert found == "Doc_0/a.xml"
    assert [note.kind for note in log.notes] == ["path-fallback"]


def test_path_to_the_network_is_a_fault():
    log = Log()
    found, _ = paths.locate(_archive(), "http://example.org/a.png", bases=("",), place="p", log=log)
    assert found is None
    assert [fault.kind for fault in log.faults] == ["external-reference"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2020-10-23 19:45:37", datetime(2020, 10, 23, 19, 45, 37, tzinfo=CHINA)),
        ("2020-10-23T19:45:37", datetime(2020, 10, 23, 19, 45, 37, tzinfo=CHINA)),
        ("2020-10-23 19:45:37.25", datetime(2020, 10, 23, 19, 45, 37, 250000, tzinfo=CHINA)),
        ("20200817111329Z", datetime(2020, 8, 17, 19, 13, 29, tzinfo=CHINA)),
        ("20200817111329.123Z", datetime(2020, 8, 17, 19, 13, 29, 123000, tzinfo=CHINA)),
        ("20201010151120", datetime(2020, 10, 10, 15, 11, 20, tzinfo=CHINA)),
        ("2020-10-23T19:45:37+09:00", datetime(2020, 10, 23, 18, 45, 37, tzinfo=CHINA)),
        ("1597662809", datetime(2020, 8, 17, 19, 13, 29, tzinfo=CHINA)),
        ("1597662809000", datetime(2020, 8, 17, 19, 13, 29, tzinfo=CHINA)),
        ("2020年1月2日 03:04:05", datetime(2020, 1, 2, 3, 4, 5, tzinfo=CHINA)),
        ("2020-13-01 00:00:00", None),
        ("2020-10-23", None),
        ("yesterday", None),
        ("", None),
        ("20201010151120+99:99", None),
    ],
)
def test_signing_times_in_the_forms_of_real_files(raw, expected):
    found = parse_time(raw)
    assert found == expected
    assert found is None or found.utcoffset() == timedelta(hours=8)

"""Attacks on OFD files: each takes the bytes of a sealed OFD and gives those of a forged one.

They work on any sealed OFD, not only on the sample of these tests. None of the
results may be taken for what the issuer sealed.
"""

from __future__ import annotations

import functools
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace

from ofd_sample import Entries, Raw, pack, write

Attack = Callable[[bytes], bytes]

ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    ATTACKS[function.__name__] = function
    return function


def unpack(data: bytes) -> Entries:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {
            item.filename: package.read(item) for item in package.infolist() if not item.is_dir()
        }


def raws(data: bytes) -> list[Raw]:
    return [Raw(name, content) for name, content in unpack(data).items()]


def _document(entries: Entries) -> str:
    found = re.search(rb"<(?:\w+:)?DocRoot>\s*/?([^<\s]+)\s*</", entries["OFD.xml"])
    assert found is not None
    return found[1].decode()


def _first_page(entries: Entries) -> str:
    document = _document(entries)
    found = re.search(rb"<(?:\w+:)?Page\b[^>]*BaseLoc=\"/?([^\"]+)\"", entries[document])
    assert found is not None
    loc = found[1].decode()
    return loc if loc in entries else f"{document.rpartition('/')[0]}/{loc}"


def signature_file(entries: Entries) -> str:
    return next(name for name in entries if name.endswith("/Signature.xml"))


def _evil_copy(entries: Entries) -> str:
    """Adds a second document that looks like the first and shows another page; its name."""
    document = _document(entries)
    folder = document.rpartition("/")[0]
    page = f"{folder}/Pages/Evil/Content.xml"
    entries[page] = entries[_first_page(entries)] + b"\n<!-- other content -->"
    evil = f"{folder}/Document_evil.xml"
    entries[evil] = re.sub(
        rb"(<(?:\w+:)?Page\b[^>]*BaseLoc=\")[^\"]+(\")",
        rb"\g<1>Pages/Evil/Content.xml\g<2>",
        entries[document],
        count=1,
    )
    return evil


# --- what OFD.xml points at


@attack
def docroot_swapped(data: bytes) -> bytes:
    entries = unpack(data)
    evil = _evil_copy(entries).encode()
    old = _document(entries).encode()
    entries["OFD.xml"] = entries["OFD.xml"].replace(old, evil, 1)
    return pack(entries)


@attack
def version_swapped(data: bytes) -> bytes:
    entries = unpack(data)
    evil = _evil_copy(entries)
    entries["Doc_0/Versions/V_1.xml"] = (
        '<ofd:DocVersion xmlns:ofd="http://www.ofdspec.org/2016" ID="1">'
        f"<ofd:DocRoot>/{evil}</ofd:DocRoot></ofd:DocVersion>"
    ).encode()
    versions = (
        b'<ofd:Versions xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Version ID="1" Index="0" '
        b'Current="true" BaseLoc="Doc_0/Versions/V_1.xml"/></ofd:Versions>'
    )
    entries["OFD.xml"] = re.sub(
        rb"(</(?:\w+:)?DocBody>)", versions + rb"\g<1>", entries["OFD.xml"], count=1
    )
    return pack(entries)


@attack
def second_docbody(data: bytes) -> bytes:
    entries = unpack(data)
    body = f"<DocBody><DocRoot>{_evil_copy(entries)}</DocRoot></DocBody>".encode()
    entries["OFD.xml"] = re.sub(
        rb"(</(?:\w+:)?OFD>)", body + rb"\g<1>", entries["OFD.xml"], count=1
    )
    return pack(entries)


@attack
def second_docroot(data: bytes) -> bytes:
    entries = unpack(data)
    root = f"<DocRoot>{_evil_copy(entries)}</DocRoot>".encode()
    entries["OFD.xml"] = re.sub(
        rb"(</(?:\w+:)?DocBody>)", root + rb"\g<1>", entries["OFD.xml"], count=1
    )
    return pack(entries)


# --- the references


@attack
def zero_references(data: bytes) -> bytes:
    entries = unpack(data)
    name = signature_file(entries)
    entries[name] = re.sub(
        rb"<(\w+:)?Reference\b.*</(\w+:)?Reference>", b"", entries[name], flags=re.S
    )
    return pack(entries)


@attack
def case_variant_reference(data: bytes) -> bytes:
    entries = unpack(data)
    name = signature_file(entries)
    entries[name] = entries[name].replace(b"/Content.xml", b"/content.xml", 1)
    return pack(entries)


@attack
def escaping_reference(data: bytes) -> bytes:
    entries = unpack(data)
    name = signature_file(entries)
    entries[name] = re.sub(
        rb"FileRef=\"[^\"]*\"", b'FileRef="/../../etc/hosts"', entries[name], count=1
    )
    return pack(entries)


@attack
def page_changed(data: bytes) -> bytes:
    entries = unpack(data)
    name = _first_page(entries)
    entries[name] += b"\n"
    return pack(entries)


@attack
def page_removed(data: bytes) -> bytes:
    entries = unpack(data)
    del entries[_first_page(entries)]
    return pack(entries)


@attack
def page_added(data: bytes) -> bytes:
    """A page that no reference names, and a Document.xml that shows it."""
    entries = unpack(data)
    document = _document(entries)
    entries[f"{document.rpartition('/')[0]}/Pages/More.xml"] = entries[_first_page(entries)]
    entries[document] = re.sub(
        rb"(</(?:\w+:)?Pages>)",
        rb'<Page ID="7777" BaseLoc="Pages/More.xml"/>\g<1>',
        entries[document],
        count=1,
    )
    return pack(entries)


@attack
def signed_value_removed(data: bytes) -> bytes:
    entries = unpack(data)
    for name in [item for item in entries if item.lower().endswith("value.dat")]:
        del entries[name]
    return pack(entries)


@attack
def signature_unlisted(data: bytes) -> bytes:
    entries = unpack(data)
    for name in [item for item in entries if item.endswith("Signatures.xml")]:
        entries[name] = re.sub(rb"<(?:\w+:)?Signature\b[^>]*/>", b"", entries[name])
    return pack(entries)


@attack
def signature_list_broken(data: bytes) -> bytes:
    entries = unpack(data)
    for name in [item for item in entries if item.endswith("Signatures.xml")]:
        entries[name] = entries[name][:-9]
    return pack(entries)


# --- the ZIP


@attack
def duplicate_entry(data: bytes) -> bytes:
    found = raws(data)
    return write([*found, replace(found[0], data=b"other content")])


@attack
def duplicate_entry_in_front(data: bytes) -> bytes:
    found = raws(data)
    return write([replace(found[0], data=b"other content"), *found])


@attack
def case_variant_entry(data: bytes) -> bytes:
    found = raws(data)
    page = _first_page(unpack(data))
    return write([*found, Raw(page.upper(), b"<other/>")])


@attack
def ghost_local_header(data: bytes) -> bytes:
    found = raws(data)
    page = _first_page(unpack(data))
    return write([*found, Raw(page, b"<other/>", listed=False)])


@attack
def ghost_local_header_in_front(data: bytes) -> bytes:
    page = _first_page(unpack(data))
    return write([Raw(page, b"<other/>", listed=False), *raws(data)])


@attack
def whole_zip_in_front(data: bytes) -> bytes:
    other = page_changed(data)
    return write(raws(data), lead=other)


@attack
def second_directory_in_comment(data: bytes) -> bytes:
    plain = write(raws(data))
    start = struct.unpack_from("<I", plain, len(plain) - 6)[0]
    return write(raws(data), comment=plain[start:])


@attack
def other_local_name(data: bytes) -> bytes:
    found = raws(data)
    return write([replace(found[0], local_name=b"x" * len(str(found[0].name))), *found[1:]])


@attack
def other_local_size(data: bytes) -> bytes:
    found = raws(data)
    return write([replace(found[0], local_size=3), *found[1:]])


@attack
def size_understated(data: bytes) -> bytes:
    found = raws(data)
    return write([replace(found[0], size=5), *found[1:]])


@attack
def wrong_crc(data: bytes) -> bytes:
    found = raws(data)
    return write([replace(found[0], crc=12345), *found[1:]])


@attack
def hidden_tail_in_entry(data: bytes) -> bytes:
    found = raws(data)
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = maker.compress(found[0].data) + maker.flush() + b"hidden"
    return write([replace(found[0], packed=packed), *found[1:]])


@attack
def overlapping_entries(data: bytes) -> bytes:
    found = raws(data)
    return write([*found, replace(found[0], name="Doc_0/x.xml", written=False, offset=0)])


@attack
def bytes_between_entries(data: bytes) -> bytes:
    found = raws(data)
    return write([replace(found[0], after=b"unexplained"), *found[1:]])


@attack
def directory_offset_past_end(data: bytes) -> bytes:
    found = raws(data)
    return write([replace(found[0], offset=0x7FFFFFFF), *found[1:]])


@attack
def zip64_contradiction(data: bytes) -> bytes:
    found = raws(data)
    extra = struct.pack("<HHQQ", 1, 16, 7, 7)
    return write([replace(found[0], extra=extra), *found[1:]])


@attack
def compression_method_unknown(data: bytes) -> bytes:
    found = raws(data)
    return write([replace(found[0], method=12), *found[1:]])


def _with_name(data: bytes, name: str | bytes, **more) -> bytes:
    return write([*raws(data), Raw(name, b"evil", **more)])


@attack
def zip_slip(data: bytes) -> bytes:
    return _with_name(data, "Doc_0/../../evil.xml")


@attack
def absolute_path(data: bytes) -> bytes:
    return _with_name(data, "/etc/evil.xml")


@attack
def backslash_path(data: bytes) -> bytes:
    return _with_name(data, "Doc_0\\evil.xml")


@attack
def drive_letter(data: bytes) -> bytes:
    return _with_name(data, "C:/evil.xml")


@attack
def nul_in_name(data: bytes) -> bytes:
    return _with_name(data, "OFD.xml\0.png")


@attack
def dot_at_end_of_name(data: bytes) -> bytes:
    return _with_name(data, "OFD.xml.")


@attack
def file_and_folder(data: bytes) -> bytes:
    return _with_name(data, "OFD.xml/evil.xml")


@attack
def symlink(data: bytes) -> bytes:
    return _with_name(data, "Doc_0/link", system=3, attributes=0o120777 << 16)


@attack
def encrypted_entry(data: bytes) -> bytes:
    return _with_name(data, "Doc_0/secret", flags=0x801)


@attack
def unicode_path_differs(data: bytes) -> bytes:
    body = struct.pack("<BI", 1, 0) + b"OFD.xml"
    extra = struct.pack("<HH", 0x7075, len(body)) + body
    return _with_name(data, "Doc_0/harmless.xml", extra=extra)


@attack
def zip_bomb(data: bytes) -> bytes:
    return write([*raws(data), Raw("Doc_0/bomb.xml", bytes(8 << 20))])


# --- the XML


def with_page(data: bytes, content: bytes) -> bytes:
    """The file with its first page replaced."""
    entries = unpack(data)
    entries[_first_page(entries)] = content
    return pack(entries)


def _page_after_prologue(data: bytes, inserted: bytes) -> bytes:
    entries = unpack(data)
    name = _first_page(entries)
    root = re.search(rb"<[A-Za-z]", entries[name])
    assert root is not None
    content = entries[name]
    entries[name] = content[: root.start()] + inserted + content[root.start() :]
    return pack(entries)


@attack
def doctype(data: bytes) -> bytes:
    return _page_after_prologue(data, b"<!DOCTYPE Page>")


@attack
def doctype_in_root(data: bytes) -> bytes:
    entries = unpack(data)
    entries["OFD.xml"] = b"<!DOCTYPE OFD>" + re.sub(rb"\A.*?<\?xml.*?\?>", b"", entries["OFD.xml"])
    return pack(entries)


@attack
def external_entity(data: bytes) -> bytes:
    return with_page(
        data,
        b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><Page><Content>&x;</Content>'
        b"</Page>",
    )


@attack
def billion_laughs(data: bytes) -> bytes:
    lines = [b'<!ENTITY a0 "ha">']
    for number in range(1, 12):
        body = b"&a%d;" % (number - 1) * 10
        lines.append(b'<!ENTITY a%d "%s">' % (number, body))
    return with_page(data, b"<!DOCTYPE p [" + b"".join(lines) + b"]><Page>&a11;</Page>")


@attack
def billion_laughs_utf16(data: bytes) -> bytes:
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE p [<!ENTITY a "b">]><Page>&a;</Page>'
    return with_page(data, text.encode("utf-16"))


@attack
def nested_depth(data: bytes) -> bytes:
    return with_page(data, b"<Page>" + b"<a>" * 200 + b"</a>" * 200 + b"</Page>")


@attack
def nested_depth_extreme(data: bytes) -> bytes:
    return with_page(data, b"<a>" * 400_000)


@attack
def huge_xml(data: bytes) -> bytes:
    """More elements than allowed, in lines that do not compress to a bomb."""
    return with_page(data, _many_elements())


@functools.cache
def _many_elements() -> bytes:
    body = b"".join(b"<a%x/>" % (number * 7919 % 1048573) for number in range(600_000))
    return b"<Page>" + body + b"</Page>"


@attack
def broken_page(data: bytes) -> bytes:
    return with_page(data, b"<Page><Content></Page>")

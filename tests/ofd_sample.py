"""A small hand-made OFD for tests, and a ZIP writer that can also write what no ZIP should be."""

from __future__ import annotations

import base64
import functools
import struct
import zlib
from dataclasses import dataclass, replace

from elicense.crypto.sm3 import sm3

Entries = dict[str, bytes]

_NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SIGNS = "Doc_0/Signs/Signatures.xml"
PAGE = "Doc_0/Pages/Page_0/Content.xml"
TEMPLATE = "Doc_0/Tpls/Tpl_0/Content.xml"
ANNOTATION = "Doc_0/Annots/Page_0/Annotation.xml"
FONT = "Doc_0/Res/font.ttf"
IMAGE = "Doc_0/Res/qr.png"
LICENCE = "Doc_0/Attachs/licence.json"
DOCUMENT = "Doc_0/Document.xml"


def xml(text: str) -> bytes:
    return (_HEAD + text.replace("NS", _NS, 1)).encode()


def ofd_xml(*, body: str = "", amount: str = "318.00", docroot: str = DOCUMENT) -> bytes:
    return xml(
        '<ofd:OFD NS Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        "<ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID><ofd:Title>符合证明</ofd:Title>"
        f'<ofd:CustomDatas><ofd:CustomData Name="金额">{amount}</ofd:CustomData>'
        '<ofd:CustomData Name="ZZBH">DOC-2025-001</ofd:CustomData></ofd:CustomDatas>'
        f"</ofd:DocInfo><ofd:DocRoot>{docroot}</ofd:DocRoot>"
        f"<ofd:Signatures>{SIGNS}</ofd:Signatures>{body}</ofd:DocBody></ofd:OFD>"
    )


def text_object(text: str, *, x: float, y: float, size: float = 4.0, extra: str = "") -> str:
    return (
        f'<ofd:TextObject ID="{int(x * 100 + y)}" Boundary="{x} {y} 100 6" Font="3" '
        f'Size="{size}" {extra}><ofd:TextCode X="0" Y="{size}" DeltaX="g {len(text) - 1} {size}">'
        f"{text}</ofd:TextCode></ofd:TextObject>"
    )


def page_xml(*objects: str, template: str = "9") -> bytes:
    use = f'<ofd:Template TemplateID="{template}" ZOrder="Background"/>' if template else ""
    return xml(
        "<ofd:Page NS><ofd:Area><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:Area>"
        f'{use}<ofd:Content><ofd:Layer ID="2">{"".join(objects)}</ofd:Layer></ofd:Content>'
        "</ofd:Page>"
    )


def unsigned() -> Entries:
    """A licence of one page that has one of everything."""
    return {
        "OFD.xml": ofd_xml(),
        DOCUMENT: xml(
            "<ofd:Document NS><ofd:CommonData><ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea>"
            "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
            "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes>"
            "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
            '<ofd:TemplatePage ID="9" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData>'
            '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>'
            "<ofd:Annotations>Annots/Annotations.xml</ofd:Annotations>"
            "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>"
            "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags></ofd:Document>"
        ),
        "Doc_0/PublicRes.xml": xml(
            '<ofd:Res NS BaseLoc="Res"><ofd:Fonts><ofd:Font ID="3" FontName="宋体">'
            "<ofd:FontFile>font.ttf</ofd:FontFile></ofd:Font></ofd:Fonts></ofd:Res>"
        ),
        "Doc_0/DocumentRes.xml": xml(
            '<ofd:Res NS BaseLoc="Res"><ofd:MultiMedias><ofd:MultiMedia ID="6" Type="Image">'
            "<ofd:MediaFile>qr.png</ofd:MediaFile></ofd:MultiMedia></ofd:MultiMedias></ofd:Res>"
        ),
        FONT: b"\x00\x01\x00\x00 a font",
        IMAGE: b"\x89PNG\r\n\x1a\n a picture",
        TEMPLATE: page_xml(text_object("证书编号", x=20, y=20), template=""),
        PAGE: page_xml(
            text_object("DOC-2025-001", x=40, y=20),
            text_object("浙江海事局", x=20, y=40),
            '<ofd:ImageObject ID="8" CTM="20 0 0 20 0 0" Boundary="8.5 3.5 20 20" ResourceID="6"/>',
        ),
        "Doc_0/Annots/Annotations.xml": xml(
            '<ofd:Annotations NS><ofd:Page PageID="1"><ofd:FileLoc>Page_0/Annotation.xml'
            "</ofd:FileLoc></ofd:Page></ofd:Annotations>"
        ),
        ANNOTATION: xml(
            '<ofd:PageAnnot NS><ofd:Annot Type="Watermark" ID="7"><ofd:Appearance '
            f'Boundary="10 100 50 10">{text_object("批注", x=0, y=0)}</ofd:Appearance>'
            "</ofd:Annot></ofd:PageAnnot>"
        ),
        "Doc_0/Attachs/Attachments.xml": xml(
            '<ofd:Attachments NS><ofd:Attachment ID="20" Name="licence.json" Format="json" '
            'Visible="false"><ofd:FileLoc>licence.json</ofd:FileLoc></ofd:Attachment>'
            "</ofd:Attachments>"
        ),
        LICENCE: b'{"number":"DOC-2025-001"}',
        "Doc_0/Tags/CustomTags.xml": xml(
            '<ofd:CustomTags NS><ofd:CustomTag TypeID="zz"><ofd:FileLoc>Tag.xml</ofd:FileLoc>'
            "</ofd:CustomTag></ofd:CustomTags>"
        ),
        "Doc_0/Tags/Tag.xml": b"<zz/>",
    }


def signature_xml(
    entries: Entries,
    names: list[str],
    *,
    method: str = "SM3",
    digest=sm3,
    time: str = "2025-03-01 10:00:00",
    stamp: str = '<ofd:StampAnnot ID="1" PageRef="1" Boundary="150 240 40 40"/>',
    refs: str | None = None,
) -> bytes:
    if refs is None:
        refs = "".join(
            f'<ofd:Reference FileRef="/{name}"><ofd:CheckValue>'
            f"{base64.b64encode(digest(entries[name])).decode()}"
            "</ofd:CheckValue></ofd:Reference>"
            for name in names
        )
    return xml(
        '<ofd:Signature NS><ofd:SignedInfo><ofd:Provider ProviderName="test" Version="1"/>'
        "<ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{time}</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{method}">{refs}</ofd:References>{stamp}'
        "<ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>"
        "<ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    )


def signed(
    entries: Entries | None = None, *, leave_out: tuple[str, ...] = (), number: int = 0, **more
) -> Entries:
    """The entries with one more seal over all of them but ``leave_out`` and the list."""
    found = dict(unsigned() if entries is None else entries)
    names = [name for name in found if name != SIGNS and name not in leave_out]
    folder = f"Doc_0/Signs/Sign_{number}"
    found[f"{folder}/Seal.esl"] = b"a seal"
    names.append(f"{folder}/Seal.esl")
    found[f"{folder}/Signature.xml"] = signature_xml(found, names, **more)
    found[f"{folder}/SignedValue.dat"] = b"a signed value"
    listed = "".join(
        f'<ofd:Signature ID="{index + 1}" Type="Seal" BaseLoc="Sign_{index}/Signature.xml"/>'
        for index in range(number + 1)
    )
    found[SIGNS] = xml(f"<ofd:Signatures NS>{listed}</ofd:Signatures>")
    return found


def sample(**more) -> bytes:
    """A sealed licence as a file."""
    return pack(signed(**more))


# --- the ZIP writer


@dataclass(frozen=True)
class Raw:
    """One entry, with every field that a forger may set apart from the truth."""

    name: str | bytes
    data: bytes
    local_name: str | bytes | None = None
    method: int = 8
    flags: int = 0x800
    listed: bool = True  # False: a ghost, only a local header
    written: bool = True  # False: only in the central directory
    crc: int | None = None
    size: int | None = None  # in the directory
    packed_size: int | None = None  # in the directory
    local_size: int | None = None
    offset: int | None = None
    attributes: int = 0
    system: int = 0
    extra: bytes = b""
    local_extra: bytes = b""
    packed: bytes | None = None
    after: bytes = b""  # bytes after the content: a descriptor or a gap


def _bytes(name: str | bytes) -> bytes:
    return name if isinstance(name, bytes) else name.encode()


@functools.lru_cache(maxsize=64)
def _deflate(data: bytes) -> bytes:
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    return maker.compress(data) + maker.flush()


def write(raws: list[Raw], *, lead: bytes = b"", shift: int = 0, comment: bytes = b"") -> bytes:
    """A ZIP; ``shift`` is taken off every stated offset (0: offsets count from the file)."""
    out = bytearray(lead)
    directory = bytearray()
    count = 0
    for raw in raws:
        packed = raw.packed
        if packed is None:
            packed = _deflate(raw.data) if raw.method == 8 else raw.data
        crc = zlib.crc32(raw.data) if raw.crc is None else raw.crc
        offset = len(out) if raw.offset is None else raw.offset
        if raw.written:
            name = _bytes(raw.name if raw.local_name is None else raw.local_name)
            size = len(raw.data) if raw.local_size is None else raw.local_size
            sizes = (0, 0, 0) if raw.flags & 8 else (crc, len(packed), size)
            out += struct.pack(
                "<4s5H3I2H",
                b"PK\3\4",
                20,
                raw.flags,
                raw.method,
                0,
                33,
                *sizes,
                len(name),
                len(raw.local_extra),
            )
            out += name + raw.local_extra + packed
            if raw.flags & 8 and not raw.after:
                out += struct.pack("<4sIII", b"PK\7\x08", crc, len(packed), len(raw.data))
            out += raw.after
        if raw.listed:
            name = _bytes(raw.name)
            count += 1
            directory += struct.pack(
                "<4sBB5H3I5H2I",
                b"PK\1\2",
                20,
                raw.system,
                20,
                raw.flags,
                raw.method,
                0,
                33,
                crc,
                len(packed) if raw.packed_size is None else raw.packed_size,
                len(raw.data) if raw.size is None else raw.size,
                len(name),
                len(raw.extra),
                0,
                0,
                0,
                raw.attributes,
                offset - shift,
            )
            directory += name + raw.extra
    start = len(out)
    out += directory
    out += struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), start - shift, len(comment)
    )
    return bytes(out + comment)


def pack(entries: Entries) -> bytes:
    return write([Raw(name, data) for name, data in entries.items()])


def with_raw(entries: Entries, name: str, **changes) -> list[Raw]:
    """The raws of ``entries`` with some fields of one entry changed."""
    return [
        replace(Raw(key, data), **changes) if key == name else Raw(key, data)
        for key, data in entries.items()
    ]

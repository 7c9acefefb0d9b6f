"""PDF samples for the tests: small files of our own, signed by pyHanko or by hand."""

from __future__ import annotations

import datetime as dt
import functools
import io
import zlib
from dataclasses import dataclass

from elicense.containers import pdf
from elicense.containers.pdf.lexer import Ref
from elicense.containers.pdf.objects import view_of

PAGE = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
    b"/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>"
)
TEXT = b"BT /F1 18 Tf 72 760 Td (Licence 110000-001) Tj 0 -40 Td (Ship EXAMPLE STAR) Tj ET"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
LICENCE = b'{"schema":"test","number":"110000-001"}'
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
    b' rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:el="https://example.org/el#">'
    b"<xmp:ModifyDate>2025-01-01T00:00:00Z</xmp:ModifyDate><el:number>110000-001</el:number>"
    b'</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def stream(data: bytes, entries: bytes = b"", *, deflate: bool = False) -> bytes:
    """A stream object's body."""
    if deflate:
        data, entries = zlib.compress(data), entries + b"/Filter/FlateDecode"
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def base_objects() -> dict[int, bytes]:
    """One page, an attached licence.json, XMP."""
    return {
        1: b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R/AF[7 0 R]"
        b"/Names<</EmbeddedFiles<</Names[(licence.json)7 0 R]>>>>>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: PAGE,
        4: stream(TEXT),
        5: FONT,
        6: stream(XMP, b"/Type/Metadata/Subtype/XML"),
        7: b"<</Type/Filespec/F(licence.json)/UF(licence.json)/AFRelationship/Data"
        b"/EF<</F 8 0 R/UF 8 0 R>>>>",
        8: stream(LICENCE, b"/Type/EmbeddedFile", deflate=True),
        9: b"<</Title(Licence 110000-001)/ModDate(D:20250101000000Z)>>",
    }


def build(
    objects: dict[int, bytes] | None = None,
    *,
    trailer: bytes = b"/Root 1 0 R/Info 9 0 R",
    xref_stream: bool = False,
    stray: bytes = b"",
) -> bytes:
    """A whole file of one revision; ``stray`` are bytes between objects and table."""
    objects = base_objects() if objects is None else objects
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    return _finish(out, objects, trailer=trailer, xref_stream=xref_stream, stray=stray)


def _finish(
    out: bytearray,
    objects: dict[int, bytes],
    *,
    trailer: bytes,
    xref_stream: bool,
    stray: bytes = b"",
    size: int = 0,
    free: tuple[int, ...] = (),
    at: dict[int, int] | None = None,
) -> bytes:
    offsets: dict[int, int] = dict(at or {})
    for num, body in objects.items():
        offsets[num] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (num, body)
    out += stray
    size = max([size, *(n + 1 for n in offsets)])
    start = len(out)
    if xref_stream:
        offsets[size] = start
        listed = sorted({*offsets, *free})
        pairs = b" ".join(b"%d 1" % n for n in listed)
        rows = b"".join(
            bytes(6) if n in free else b"\x01" + offsets[n].to_bytes(4, "big") + b"\0"
            for n in listed
        )
        entries = b"/Type/XRef/W[1 4 1]/Index[%s]/Size %d%s" % (pairs, size + 1, trailer)
        out += b"%d 0 obj\n%s\nendobj\n" % (size, stream(rows, entries, deflate=True))
    else:
        out += b"xref\n0 1\n0000000000 65535 f \n"
        for num in sorted({*offsets, *free}):
            if num in free:
                out += b"%d 1\n0000000000 00001 f \n" % num
            else:
                out += b"%d 1\n%010d 00000 n \n" % (num, offsets[num])
        out += b"trailer\n<</Size %d%s>>\n" % (size, trailer)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


@dataclass(frozen=True)
class State:
    """What an attacker reads from a file before appending to it."""

    size: int
    root: int
    page: int
    contents: int
    startxref: int
    is_stream: bool
    trailer: bytes


def state(data: bytes) -> State:
    """The last revision's numbers, read by the reader under test."""
    document = pdf.read(data)
    revision = document.revisions[-1]
    view = view_of(document.file, document.revisions, revision.index)
    root = revision.trailer["Root"]
    catalog = view.dictionary(root)
    kids = view.array(view.dictionary(catalog["Pages"])["Kids"])
    page = view.dictionary(kids[0])
    contents = page["Contents"]
    contents = contents[0] if isinstance(contents, list) else contents
    extra = b"/Root %d 0 R" % root.num
    if "Info" in revision.trailer:
        extra += b"/Info %d 0 R" % revision.trailer["Info"].num
    return State(
        size=revision.trailer["Size"],
        root=root.num,
        page=kids[0].num,
        contents=contents.num,
        startxref=revision.sections[0].start,
        is_stream=revision.sections[0].number >= 0,
        trailer=extra,
    )


def write(value: object) -> bytes:
    """A value as PDF source (for objects that an update rewrites)."""

    if isinstance(value, Ref):
        return b"%d %d R" % value
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, (int, float)):
        return str(value).encode()
    if isinstance(value, str):
        plain = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+")
        raw = value.encode("latin-1")
        return b"/" + b"".join(bytes((c,)) if c in plain else b"#%02x" % c for c in raw)
    if isinstance(value, bytes):
        return b"<" + value.hex().encode() + b">"
    if isinstance(value, list):
        return b"[" + b" ".join(write(v) for v in value) + b"]"
    if isinstance(value, dict):
        return b"<<" + b" ".join(write(k) + b" " + write(v) for k, v in value.items()) + b">>"
    raise TypeError(type(value))


def current(data: bytes, num: int) -> dict:
    """An object's dictionary in the last revision."""

    document = pdf.read(data)
    view = view_of(document.file, document.revisions, document.revisions[-1].index)
    return dict(view.dictionary(Ref(num, 0)))


def update(
    data: bytes,
    objects: dict[int, bytes],
    *,
    trailer: bytes = b"",
    stray: bytes = b"",
    free: tuple[int, ...] = (),
    at: dict[int, int] | None = None,
) -> bytes:
    """A proper incremental update: changed objects, cross-reference, trailer."""
    now = state(data)
    body = now.trailer + trailer + b"/Prev %d" % now.startxref
    out = bytearray(data if data.endswith((b"\n", b"\r")) else data + b"\n")
    return _finish(
        out,
        objects,
        trailer=body,
        xref_stream=now.is_stream,
        stray=stray,
        size=now.size,
        free=free,
        at=at,
    )


def seal_by_hand(
    data: bytes,
    *,
    field: str = "Seal2",
    rect: tuple[int, int, int, int] = (400, 60, 500, 160),
    value: bytes = b"\x30\x03\x02\x01\x05",
    kind: bytes = b"/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached",
    extra: bytes = b"",
    widget: bytes = b"",
    appearance: bytes = b"0 0 1 rg 0 0 100 100 re f",
    objects: dict[int, bytes] | None = None,
) -> bytes:
    """A further signature field and dictionary with a right /ByteRange (its value is no CMS)."""
    now = state(data)
    sig, fld, look = now.size, now.size + 1, now.size + 2
    root = current(data, now.root)
    form = root.get("AcroForm")
    changed: dict[int, bytes] = dict(objects or {})

    entries = current(data, form.num) if isinstance(form, Ref) else dict(form or {"Fields": []})
    entries["Fields"] = [*entries["Fields"], Ref(fld, 0)]
    entries["SigFlags"] = 3
    if isinstance(form, Ref):
        changed[form.num] = write(entries)
    else:
        changed[now.root] = write({**root, "AcroForm": entries})
    page = current(data, now.page)
    annots = page.get("Annots", [])
    annots = list(pdf_array(data, annots))
    changed.setdefault(now.page, write({**page, "Annots": [*annots, Ref(fld, 0)]}))
    changed[sig] = b"<<%s%s/ByteRange [0 0000000001 0000000002 0000000003]/Contents <%s>>>" % (
        kind,
        extra,
        b"0" * 512,
    )
    changed[fld] = (
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%s)/Rect[%d %d %d %d]/P %d 0 R/F 132/V %d 0 R"
        b"/AP<</N %d 0 R>>%s>>" % (field.encode(), *rect, now.page, sig, look, widget)
    )
    changed[look] = stream(appearance, b"/Type/XObject/Subtype/Form/BBox[0 0 100 100]")
    return fill_range(update(data, changed), value)


def pdf_array(data: bytes, value: object) -> list:
    document = pdf.read(data)
    view = view_of(document.file, document.revisions, document.revisions[-1].index)
    return view.array(value)


def fill_range(data: bytes, value: bytes) -> bytes:
    """Writes the ranges and the value into the placeholders of :func:`seal_by_hand`."""
    low = data.rindex(b"/Contents <" + b"0" * 512) + 10
    high = low + 514
    ranges = b"[0 %010d %010d %010d]" % (low, high, len(data) - high)
    data = data[: low + 1] + value.hex().encode().ljust(512, b"0") + data[high - 1 :]
    return data.replace(b"[0 0000000001 0000000002 0000000003]", ranges)


@functools.cache
def _signer() -> object:
    from asn1crypto import keys
    from asn1crypto import x509 as asn1_x509
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from pyhanko.sign import signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "elicense test signer")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.KeyUsage(*(True, True, *(False,) * 7)), critical=True)
        .sign(key, hashes.SHA256())
    )
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    loaded = asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
    return signers.SimpleSigner(
        signing_cert=loaded,
        signing_key=keys.PrivateKeyInfo.load(der),
        cert_registry=SimpleCertificateStore.from_certs([loaded]),
    )


def sign(
    data: bytes,
    *,
    field: str = "Seal1",
    box: tuple[int, int, int, int] | None = (400, 60, 500, 160),
    level: int | None = None,
    lock: object = None,
    reason: str = "issued",
    existing: bool = False,
) -> bytes:
    """Signed by pyHanko with an RSA certificate made for the test run."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        reason=reason,
        location="Beijing",
        certify=level is not None,
        docmdp_permissions=fields.MDPPerm(level or 2),
        md_algorithm="sha256",
    )
    spec = None
    if not existing:
        spec = fields.SigFieldSpec(field, on_page=0, box=box, field_mdp_spec=lock)
    out = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    signers.sign_pdf(writer, metadata, signer=_signer(), new_field_spec=spec, output=out)
    return out.getvalue()


@functools.cache
def signed(*, xref_stream: bool = False, level: int | None = None) -> bytes:
    """The base sample, signed once."""
    return sign(build(xref_stream=xref_stream), level=level)


def oracle(data: bytes) -> tuple[bool, bool]:
    """pyHanko on the last signature: intact, and nothing but allowed changes after any."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    reader = PdfFileReader(io.BytesIO(data))
    context = ValidationContext(trust_roots=[_signer().signing_cert])
    results = [validate_pdf_signature(s, context) for s in reader.embedded_regular_signatures]
    intact = bool(results) and all(r.intact and r.valid for r in results)
    return intact, intact and all(bool(r.docmdp_ok) and r.bottom_line for r in results)

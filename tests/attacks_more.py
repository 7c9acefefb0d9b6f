"""Attacks that need a key: hostile files with a sound seal, and seals put upon forged files.

The issuer's own key is used where the attack is a fault of what was sealed, a rogue or
another authority's key where somebody else seals what the issuer did not.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pdf_samples
from elicense.containers import pdf
from elicense.crypto.sm3 import sm3
from elicense.issuing import cms, ofd_package, ofd_seal, pdf_seal, ses
from elicense.issuing.page import Spot
from issuing_world import CERTS, desk
from ofd_attacks import unpack
from samples import licences, sealing
from samples.sealing import sealing_time

DOC = licences.TIANJIN_DOC
SIGNER = "sealers/tianjin-doc-sm2"
OTHER = "sealers/guangdong-doc-sm2"
ROGUE = "rogue/tianjin-doc-sm2"
Bytes = Callable[[bytes], bytes]
SMALL = Spot(1, 20, 240, 30, 30)


@functools.cache
def plain_pdf() -> bytes:
    return sealing.unsealed(desk(), DOC, "pdf")


@functools.cache
def plain_ofd() -> bytes:
    return sealing.unsealed(desk(), DOC, "ofd")


def seal_pdf(data: bytes, **options) -> bytes:
    """Sealed by the issuer (SM2), as the samples are."""
    told = {"profile": "adbe.pkcs7.detached", "stamped": False, **options}
    return sealing.seal_pdf(desk(), DOC, data, **told)


def seal_ofd(data: bytes, **options) -> bytes:
    return sealing.seal_ofd(desk(), DOC, data, stamped=False, **options)


def further_seal(data: bytes, *, signer: str, spot: Spot = SMALL, field: str = "Seal2") -> bytes:
    """One more seal on a PDF, small unless told otherwise."""
    return pdf_seal.seal_pdf(
        data,
        credential=desk().world.credential(signer),
        time=sealing_time(DOC) + timedelta(hours=1),
        profile="adbe.pkcs7.detached",
        appearance=pdf_seal.Appearance(sealing.picture_of(DOC), spot),
        field=field,
    )


def further_ofd_seal(data: bytes, *, signer: str, seal_signer: str = "") -> bytes:
    """One more seal on an OFD, by somebody's key."""
    return ofd_seal.seal_ofd(
        data,
        seal=sealing.seal_of(desk(), DOC, signer=seal_signer or signer),
        credential=desk().world.credential(signer),
        time=sealing_time(DOC) + timedelta(hours=1),
        spots=(SMALL,),
    )


# --- certified and locked PDFs: pyHanko writes them, the issuer's RSA key seals


@functools.cache
def _rsa_signer() -> object:
    from pyhanko.sign import signers

    return signers.SimpleSigner.load(
        str(CERTS / "keys/sealers/tianjin-doc-rsa.pem"),
        str(CERTS / "sealers/tianjin-doc-rsa.pem"),
        ca_chain_files=[str(CERTS / "ca/tianjin-rsa.pem")],
    )


@functools.cache
def certified(level: int) -> bytes:
    """The licence certified at P1, P2 or P3."""
    return _by_pyhanko(plain_pdf(), level=level)


def _by_pyhanko(data: bytes, *, level: int | None = None, lock: object = None) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    metadata = signers.PdfSignatureMetadata(
        field_name="Seal1",
        certify=level is not None,
        docmdp_permissions=fields.MDPPerm(level or 2),
        md_algorithm="sha256",
    )
    spec = fields.SigFieldSpec("Seal1", on_page=0, box=(60, 60, 140, 140), field_mdp_spec=lock)
    out = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    signers.sign_pdf(writer, metadata, signer=_rsa_signer(), new_field_spec=spec, output=out)
    return out.getvalue()


@functools.cache
def locked() -> bytes:
    """An empty field Seal2, and a seal that locks it."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields

    writer = IncrementalPdfFileWriter(io.BytesIO(plain_pdf()))
    fields.append_signature_field(writer, fields.SigFieldSpec("Seal2", box=(200, 60, 280, 140)))
    out = io.BytesIO()
    writer.write(out)
    lock = fields.FieldMDPSpec(fields.FieldMDPAction.INCLUDE, fields=["Seal2"])
    return _by_pyhanko(out.getvalue(), lock=lock)


def fill_locked_field(data: bytes) -> bytes:
    """The locked field gets a value."""
    from elicense.containers.pdf.fields import signature_fields
    from elicense.containers.pdf.objects import view_of

    document = pdf.read(data)
    view = view_of(document.file, document.revisions, document.revisions[-1].index)
    field = next(f for f in signature_fields(view, []) if f.name == "Seal2")
    size = pdf_samples.state(data).size
    value = (
        b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached"
        b"/ByteRange [0 0000000001 0000000002 0000000003]/Contents <%s>>>" % (b"0" * 512)
    )
    entries = pdf_samples.write({**field.own, "V": pdf_samples.Ref(size, 0)})
    updated = pdf_samples.update(data, {field.ref.num: entries, size: value})
    return pdf_samples.fill_range(updated, b"\x30\x03\x02\x01\x05")


# --- another value in /Contents, over the same bytes


def _with_value(data: bytes, make: Callable[[bytes], bytes]) -> bytes:
    signature = pdf.read(data).signatures[0]
    low, high = signature.byte_range[1], signature.byte_range[2]
    value = make(b"".join(bytes(part) for part in signature.segments))
    return data[: low + 1] + value.hex().encode().ljust(high - low - 2, b"0") + data[high - 1 :]


def _signed(content: bytes, **options) -> bytes:
    credential = desk().world.credential(SIGNER)
    told = {"attributes": cms.Attributes(signing_time=sealing_time(DOC)), **options}
    return cms.sign(credential, content=content, **told)


def foreign_content(data: bytes) -> bytes:
    """A CMS that carries other content, and signs that."""
    return _with_value(data, lambda _: _signed(b"other content", attached=True))


def own_content_carried(data: bytes) -> bytes:
    """A detached signature that carries its content all the same (a short one)."""
    return _with_value(data, lambda covered: _signed(sm3(covered), attached=True))


def second_signer(data: bytes) -> bytes:
    from asn1crypto import cms as asn1

    def make(covered: bytes) -> bytes:
        found = asn1.ContentInfo.load(_signed(covered))
        other = asn1.ContentInfo.load(
            cms.sign(desk().world.credential(ROGUE), content=covered, attributes=cms.Attributes())
        )
        infos = found["content"]["signer_infos"]
        infos.append(other["content"]["signer_infos"][0])
        return found.dump(force=True)

    return _with_value(data, make)


def rogue_value(data: bytes) -> bytes:
    """The issuer's certificate beside a value by another key."""
    world = desk().world
    forged = replace(world.credential(SIGNER), sign=world.credential(ROGUE).sign)
    return _with_value(
        data, lambda covered: cms.sign(forged, content=covered, attributes=cms.Attributes())
    )


def copied_timestamp(data: bytes) -> bytes:
    """A genuine token, made for another signature."""
    token = desk().stamp(sealing_time(DOC))(b"another signature's value")
    return _with_value(data, lambda covered: _signed(covered, stamp=lambda _: token))


# --- content that was hostile before it was sealed


def sealed_with_catalog(extra: dict) -> bytes:
    data = plain_pdf()
    root = pdf_samples.state(data).root
    source = pdf_samples.write({**pdf_samples.current(data, root), **extra})
    # our own writer refuses to seal such a file
    return _by_pyhanko(pdf_samples.update(data, {root: source}))


def sealed_external_stream() -> bytes:
    data = plain_pdf()
    now = pdf_samples.state(data)
    stream = pdf_samples.stream(b"", b"/F(http://example.org/page)")
    return _by_pyhanko(pdf_samples.update(data, {now.contents: stream}))


def seal_without_signature() -> bytes:
    """The seal's picture in a field of its own, and nobody's signature behind it."""
    data = seal_pdf(plain_pdf())
    source = re.sub(rb"/V \d+ \d+ R", lambda m: b" " * len(m[0]), data)
    start = pdf.read(data).signatures[0].offset
    end = data.index(b"endobj", start)
    return source[:start] + re.sub(rb"<<.*>>", _blank, source[start:end], flags=re.S) + source[end:]


def _blank(match: re.Match[bytes]) -> bytes:
    return b"null".ljust(len(match[0]))


def sealed_licence_data(stream: bytes) -> bytes:
    """The issuer's seal over a licence.json stream of the attacker's making."""
    data = plain_pdf()
    document = pdf.read(data)
    attached = next(a for a in document.attachments() if a.name == "licence.json")
    return seal_pdf(pdf_samples.update(data, {attached.object: stream}))


def sealed_page_content(objects: Callable[[int, int], dict[int, bytes]]) -> bytes:
    """The issuer's seal over page content; given are the content's number and a free one."""
    data = plain_pdf()
    now = pdf_samples.state(data)
    return seal_pdf(pdf_samples.update(data, objects(now.contents, now.size)))


# --- OFD: sealed by the issuer, but not everything


def seal_ofd_over(data: bytes, change: Bytes) -> bytes:
    """The issuer's seal with a Signature.xml that ``change`` rewrote before it was signed."""
    signed = unpack(seal_ofd(data))
    folder = "Doc_0/Signs/Sign_0"
    xml = change(signed[f"{folder}/Signature.xml"])
    signed[f"{folder}/Signature.xml"] = xml
    signed[f"{folder}/SignedValue.dat"] = ses.sign(
        signed[f"{folder}/Seal.esl"],
        credential=desk().world.credential(SIGNER),
        time=sealing_time(DOC),
        data_hash=sm3(xml),
        property_info=f"/{folder}/Signature.xml",
    )
    return ofd_package.pack(signed)


def leave_out(*names: str) -> Bytes:
    """Takes the references to these entries out of a Signature.xml."""

    def change(xml: bytes) -> bytes:
        root = ofd_package.parse(xml, "Signature.xml")
        found = [
            item
            for item in root.iter(ofd_package.tag("Reference"))
            if any(item.get("FileRef").endswith(name) for name in names)
        ]
        assert len(found) == len(names)
        for item in found:
            item.getparent().remove(item)
        return ofd_package.serialise(root)

    return change


def no_references(xml: bytes) -> bytes:
    return re.sub(rb"<ofd:Reference [^>]*>.*</ofd:Reference>", b"", xml, flags=re.S)


def replaced(data: bytes, changes: dict[str, Bytes | None]) -> bytes:
    """The package with entries rewritten, or removed (None)."""
    entries = unpack(data)
    for name, change in changes.items():
        if change is None:
            del entries[name]
        else:
            entries[name] = change(entries[name])
    return ofd_package.pack(entries)


def unsealed_again(data: bytes) -> bytes:
    """An OFD without its seals: what somebody who re-seals begins with."""
    entries = unpack(data)
    kept = {name: body for name, body in entries.items() if "/Signs/" not in name}
    kept["OFD.xml"] = re.sub(rb"<ofd:Signatures>[^<]*</ofd:Signatures>", b"", kept["OFD.xml"])
    return ofd_package.pack(kept)

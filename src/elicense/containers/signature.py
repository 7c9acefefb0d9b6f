"""From the bytes of one signature to evidence: CMS or SES, told by the shape of the DER.

The container says what was to be protected; this module puts beside it what the
signer recorded. Nothing is judged here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from elicense.crypto import der, ses, sm2
from elicense.crypto.algorithms import digest_all, signature_algorithm
from elicense.crypto.certificate import Certificate, read_certificates
from elicense.crypto.cms import (
    ATTR_TIMESTAMP,
    Cms,
    SignerInfo,
    archived_revocation,
    named_certificate_problem,
    read_cms,
    signer_digest,
)  # fmt: skip
from elicense.crypto.timestamp import TimestampToken, read_token
from elicense.errors import InputError
from elicense.evidence import Coverage, Digest, Fault, Note, Seal, Signature, SignedValue

Chunks = tuple[bytes | memoryview, ...]
_MAX_TIMESTAMPS = 16  # each costs a signature to verify


@dataclass(frozen=True, slots=True)
class Protected:
    """What the container says this signature protects: the bytes, and their name."""

    name: str  # "ByteRange", or the path of Signature.xml
    chunks: Chunks = field(repr=False)
    _memo: dict[str, bytes] = field(repr=False, default_factory=dict, compare=False)

    def digest(self, name: str) -> bytes:
        """Digest of the protected bytes (computed once for each algorithm)."""
        if name not in self._memo:
            self._memo[name] = digest_all(name, self.chunks)
        return self._memo[name]


@dataclass(frozen=True, slots=True)
class Extra:
    """Certificates and revocation data found elsewhere in the file (PDF DSS)."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a reader of one kind gives back; the container adds the rest."""

    kind: str
    algorithm: str
    signer: Certificate | None
    values: tuple[SignedValue, ...]
    digests: tuple[Digest, ...]
    seal: Seal | None = None
    certificates: tuple[Certificate, ...] = ()
    timestamps: tuple[TimestampToken, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    claimed_time: datetime | None = None
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()
    property_info: str | None = None


def read_signature(
    contents: bytes,
    protected: Protected,
    *,
    index: int,
    place: str,
    profile: str,
    container: str,
    coverage: Coverage,
    extra: Extra | None = None,
    detached_only: bool = False,
    digest_content: str = "",
) -> tuple[Signature, str | None]:
    """Evidence of one signature, and the propertyInfo of an SES_Signature (else None).

    ``container`` is ``pdf``, ``ofd`` or ``attached`` (the CMS content itself is
    what is protected, as in a status list). ``digest_content`` names the digest
    where the content is a digest of the protected bytes (adbe.pkcs7.sha1). Unreadable
    contents are evidence too (kind ``unreadable``, with a fault), never an exception.
    """
    try:
        form = _Form(place, container, detached_only, digest_content)
        parts = _dispatch(contents, protected, form)
    except InputError as exc:
        parts = _unreadable(place, exc)
    extra = extra or Extra()
    more, _problems = read_certificates(list(extra.certificates))
    signature = Signature(
        index=index, kind=parts.kind, profile=profile, place=place, algorithm=parts.algorithm,
        signer=parts.signer, values=parts.values, digests=parts.digests, coverage=coverage,
        seal=parts.seal,
        certificates=(*parts.certificates, *(c for c in more if c not in parts.certificates)),
        timestamps=parts.timestamps, crls=parts.crls + extra.crls,
        ocsps=parts.ocsps + extra.ocsps, claimed_time=parts.claimed_time,
        faults=parts.faults, notes=parts.notes,
    )  # fmt: skip
    return signature, parts.property_info


def _unreadable(place: str, exc: InputError) -> _Parts:
    fault = Fault("signature.value", "unreadable", place, str(exc))
    return _Parts("unreadable", "", None, (), (), faults=(fault,))


@dataclass(frozen=True, slots=True)
class _Form:
    """Where the signature stands and what forms are admitted there."""

    place: str
    container: str
    detached_only: bool
    digest_content: str


def _dispatch(contents: bytes, protected: Protected, form: _Form) -> _Parts:
    place = form.place
    top = der.parse(contents, ber=True)
    if top.tag != der.SEQUENCE:
        raise top.fail("shape", "neither CMS nor SES_Signature")
    members = top.children()
    tags = [node.tag for node in members]
    if tags[:1] == [der.OID]:
        return _from_cms(read_cms(contents), protected, form)
    if ses.shape(top) == "signature":
        return _from_ses(ses.read_signature(contents, place=place), protected, place)
    if tags == [der.INTEGER, der.INTEGER]:
        return _bare(contents, protected, place)
    raise top.fail("shape", "neither CMS nor SES_Signature")


def _bare(contents: bytes, protected: Protected, place: str) -> _Parts:
    """A signature value by itself: whose it is cannot be known from the file."""
    value = SignedValue(
        "signer", protected.chunks, contents, "1.2.156.10197.1.501", "sm3", None
    )  # fmt: skip
    fault = Fault(
        "signature.value", "no-certificate", place,
        "a bare signature value without a certificate", fatal=False,
    )  # fmt: skip
    return _Parts("bare", "SM3withSM2", None, (value,), (), faults=(fault,))


# -- SES ---------------------------------------------------------------------
def _from_ses(signature: ses.SesSignature, protected: Protected, place: str) -> _Parts:
    algorithm = signature_algorithm(signature.algorithm)
    notes = [note for note in signature.notes if note.kind not in ses.OPEN_QUESTIONS]
    faults = [
        Fault("seal.file", note.kind, note.place, note.detail, fatal=False)
        for note in signature.notes if note.kind in ses.OPEN_QUESTIONS
    ]  # fmt: skip
    if signature.signer is None:
        faults.append(
            Fault("signature.value", "no-certificate", place, signature.signer_problem, fatal=False)
        )
    message = signature.tbs
    digests = _data_hash(signature, algorithm.digest or "sm3", protected, notes)
    value = SignedValue(
        "signer", message, signature.signature, signature.algorithm, algorithm.digest,
        signature.signer.spki if signature.signer else None,
        instead=b"".join(protected.chunks) if _small(protected) else None,
    )  # fmt: skip
    stamps = _timestamp(signature.timestamp, signature.signature, place, faults)
    own = tuple(c for c in (signature.signer, signature.seal.maker) if c is not None)
    # an SES_Signature has no place for them but its timestamp; each has its own signature
    certificates = (*own, *(c for stamp in stamps for c in stamp.certificates if c not in own))
    return _Parts(
        kind=f"ses-v{signature.version}",
        algorithm=_algorithm_name(signature.algorithm, algorithm.digest, signature.signer),
        signer=signature.signer, values=(value,), digests=digests, seal=signature.seal,
        certificates=certificates, timestamps=stamps,
        crls=tuple(crl for stamp in stamps for crl in stamp.crls),
        ocsps=tuple(ocsp for stamp in stamps for ocsp in stamp.ocsps),
        claimed_time=signature.time,
        faults=tuple(faults), notes=tuple(notes), property_info=signature.property_info,
    )  # fmt: skip


def _small(protected: Protected) -> bool:
    return sum(len(chunk) for chunk in protected.chunks) <= 1 << 20


def _data_hash(
    signature: ses.SesSignature, name: str, protected: Protected, notes: list[Note]
) -> tuple[Digest, ...]:
    """dataHash against the protected bytes, with the digest of the signature algorithm.

    An RSA signer with an SM3 dataHash, and SM3(ZA ‖ data) of one known scheme,
    are recognised by their value and noted.
    """
    expected = signature.data_hash
    digest = Digest(protected.name, name, expected, protected.digest(name))
    if digest.matches:
        return (digest,)
    if name != "sm3" and protected.digest("sm3") == expected:
        notes.append(Note("data-hash-algorithm", protected.name, "dataHash is SM3, not " + name))
        return (Digest(protected.name, "sm3", expected, expected),)
    za = za_of(signature.signer)
    if za is not None and digest_all("sm3", (za, *protected.chunks)) == expected:
        notes.append(Note("za-data-hash", protected.name, "dataHash is SM3(ZA ‖ data)"))
        return (Digest(protected.name, "sm3", expected, expected),)
    return (digest,)


def za_of(signer: Certificate | None) -> bytes | None:
    """ZA (GB/T 32918.2 section 5.5) of an SM2 signer under the default ID, else None."""
    if signer is None or signer.key.kind != "sm2":
        return None
    return sm2.za(signer.key.point) if len(signer.key.point) == 65 else None


# -- CMS ---------------------------------------------------------------------
def _from_cms(cms: Cms, protected: Protected, form: _Form) -> _Parts:
    place = form.place
    faults: list[Fault] = []
    notes: list[Note] = []
    if cms.ber:
        notes.append(Note("ber", place, "the CMS is BER, not DER"))
    if len(cms.signers) != 1:
        detail = f"the CMS has {len(cms.signers)} signers, one is needed"
        return _Parts(
            "cms", "", None, (), (),
            faults=(Fault("signature.value", "signer-count", place, detail),),
        )  # fmt: skip
    signer = cms.signers[0]
    certificates, problems = read_certificates(list(cms.certificates))
    notes += [Note("certificate-unreadable", place, problem) for problem in problems]
    own = next((c for c in certificates if signer.matches(c)), None)
    if own is None:
        detail = "the certificate of the signer is not in the CMS"
        faults.append(Fault("signature.value", "no-certificate", place, detail, fatal=False))
    elif problem := named_certificate_problem(signer, own):
        detail = "the signed attribute names another certificate"
        faults.append(Fault("signature.value", problem, place, detail))
    digests, message = _content(cms, signer, protected, form, faults)
    digest = signer_digest(signer)
    value = SignedValue(
        "signer", message, signer.signature, signer.algorithm, digest,
        own.spki if own else None, signer.pss,
    )  # fmt: skip
    if signer.algorithm == "1.2.156.10197.1.301":
        notes.append(Note("curve-as-algorithm", place, "the curve stands for the algorithm"))
    if signer.attributes_der is None and not cms.gm:
        notes.append(Note("no-signed-attributes", place, "the value is over the content itself"))
    crls, ocsps = archived_revocation(signer)
    tokens = signer.unsigned.get(ATTR_TIMESTAMP, ())
    stamps: tuple[TimestampToken, ...] = ()
    if len(tokens) > _MAX_TIMESTAMPS:
        detail = f"{len(tokens)} timestamps; the first {_MAX_TIMESTAMPS} are looked at"
        faults.append(Fault("time.proof", "timestamps-many", place, detail, fatal=False))
    for token in tokens[:_MAX_TIMESTAMPS]:
        stamps += _timestamp(token, signer.signature, place, faults)
    return _Parts(
        kind="gbt-35275" if cms.gm else "cms",
        algorithm=_algorithm_name(signer.algorithm, digest, own),
        signer=own, values=(value,), digests=digests, certificates=certificates,
        timestamps=stamps, crls=cms.crls + crls, ocsps=cms.ocsps + ocsps,
        claimed_time=_signing_time(signer, place, faults),
        faults=tuple(faults), notes=tuple(notes),
    )  # fmt: skip


def _signing_time(signer: SignerInfo, place: str, faults: list[Fault]) -> datetime | None:
    try:
        return signer.signing_time
    except InputError as exc:
        faults.append(Fault("signature.value", "signing-time", place, str(exc), fatal=False))
        return None


def _content(
    cms: Cms, signer: SignerInfo, protected: Protected, form: _Form, faults: list[Fault]
) -> tuple[tuple[Digest, ...], bytes | Chunks]:
    """The digests to compare and the bytes signed, by the form of the CMS.

    detached: messageDigest over the protected bytes, or the bytes themselves
    signed where there are no attributes. GB/T 35275: the content is the digest of
    the protected bytes, present or implied.
    """
    name, place = signer.digest, form.place
    if not name:
        unknown = Digest(protected.name, signer.digest_oid, b"", None, "digest-unknown")
        return (unknown,), signer.attributes_der or b""
    digests: list[Digest] = []
    content = cms.content
    if form.container == "attached":
        pass  # the content itself is what is protected
    elif form.digest_content:
        expected = content or b""
        actual = protected.digest(form.digest_content)
        digests.append(Digest(protected.name, form.digest_content, expected, actual))
    elif content is not None and (form.detached_only or not cms.gm):
        kind = "econtent-empty" if not content else "econtent-present"
        detail = "the CMS of a detached signature carries content of its own"
        faults.append(Fault("signature.value", kind, place, detail))
    elif content is not None:
        digests.append(Digest(protected.name, name, content, protected.digest(name)))
    if signer.attributes_der is None:
        return _without_attributes(cms, name, protected, form, digests)
    recorded = _message_digest(signer, place, faults)
    if recorded is not None:
        of_content = form.digest_content or (content is not None and cms.gm)
        actual = protected.digest(name)
        if of_content and form.container != "attached" and actual != recorded:
            actual = digest_all(name, (content or b"",))
        digests.append(Digest(protected.name, name, recorded, actual))
    if (signer.content_type or cms.content_type) != cms.content_type:
        detail = "the signed content type is not that of the content"
        faults.append(Fault("signature.value", "content-type", place, detail))
    return tuple(digests), signer.attributes_der


def _without_attributes(
    cms: Cms, name: str, protected: Protected, form: _Form, digests: list[Digest]
) -> tuple[tuple[Digest, ...], bytes | Chunks]:
    """No signed attributes: the content itself, or the protected bytes, are signed."""
    if form.container != "attached" and cms.content is not None and (cms.gm or form.digest_content):
        return tuple(digests), cms.content
    if cms.gm and form.container == "ofd":
        # the content is not carried: it is the digest of Signature.xml (GM/T 0099)
        return (), protected.digest(name)
    return (), protected.chunks


def _message_digest(signer: SignerInfo, place: str, faults: list[Fault]) -> bytes | None:
    try:
        found = signer.message_digest
    except InputError as exc:
        faults.append(Fault("integrity.digest", "message-digest", place, str(exc)))
        return None
    if found is None:
        detail = "the signed attributes hold no message digest"
        faults.append(Fault("integrity.digest", "no-message-digest", place, detail))
    return found


def _timestamp(
    token: bytes | None, covered: bytes, place: str, faults: list[Fault]
) -> tuple[TimestampToken, ...]:
    if token is None:
        return ()
    try:
        return (read_token(token, covered, place=place),)
    except InputError as exc:
        faults.append(Fault("time.proof", "timestamp-unreadable", place, str(exc), fatal=False))
        return ()


def read_document_timestamp(
    contents: bytes, protected: Protected, *, index: int, place: str, profile: str,
    coverage: Coverage,
) -> Signature:  # fmt: skip
    """A PDF document timestamp (ISO 32000-2 12.8.5): a token over the byte range."""
    faults: tuple[Fault, ...] = ()
    stamps: tuple[TimestampToken, ...] = ()
    try:
        stamps = (read_token(contents, protected.chunks, place=place),)
    except InputError as exc:
        faults = (Fault("time.proof", "timestamp-unreadable", place, str(exc)),)
    return Signature(
        index=index, kind="document-timestamp", profile=profile, place=place, algorithm="",
        signer=stamps[0].signer if stamps else None, values=(), digests=(), coverage=coverage,
        timestamps=stamps, certificates=stamps[0].certificates if stamps else (), faults=faults,
    )  # fmt: skip


def _algorithm_name(oid: str, digest: str, signer: Certificate | None) -> str:
    named = signature_algorithm(oid)
    if named.family == "sm2":
        return "SM3withSM2"
    if not named.family or not digest:
        return named.name
    size = f"-{signer.key.bits}" if signer and named.family.startswith("rsa") else ""
    family = {"rsa": "RSA", "rsa-pss": "RSASSA-PSS", "ecdsa": "ECDSA"}.get(named.family, "")
    return f"{digest.upper().replace('_', '-')}with{family}{size}" if family else named.name


"""An issuing office for a trial: a CA, sealer, QR key, copies, seal maker, time-stamping and
status list, made in memory and gone with it. Its trust store is marked as a test one.

No private key leaves this module's objects; the files of :meth:`Office.files` are public.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from elicense.crypto import algorithms, der, sm2
from elicense.crypto.ses import CHINA
from elicense.issuing import cms, fonts, seal_picture, ses, status_list
from elicense.issuing.credential import (
    DIGEST_OIDS,
    SM3_WITH_SM2,
    Credential,
    Stamp,
    algorithm_identifier,
)
from elicense.issuing.ses import SealContent

_EC_PUBLIC_KEY, _SM2_CURVE = "1.2.840.10045.2.1", "1.2.156.10197.1.301"
_POLICY = "2.999.1.3161"  # of the time stamps: an example OID
_TIMESTAMPING = "1.3.6.1.5.5.7.3.8"
_DIGITAL_SIGNATURE, _NON_REPUDIATION, _CERT_SIGN, _CRL_SIGN = 0x80, 0x40, 0x04, 0x02
SIZE = 1024  # of the status list
LIST = "https://status.example/trial/1"
_WHO = ("sealer", "qr", "copy", "maker", "tsa", "status")


@dataclass(frozen=True, slots=True)
class _Party:
    """A key with its certificate and name."""

    name: bytes
    spki: bytes
    secret: bytes = field(repr=False)
    public: bytes = field(repr=False)
    certificate: bytes = field(repr=False, default=b"")

    @property
    def identifier(self) -> bytes:
        return hashlib.sha1(b"\x04" + self.public[-64:], usedforsecurity=False).digest()

    def sign(self, message: bytes) -> bytes:
        with sm2.allow_python_signer():  # the key lives for a minute: its time tells nobody
            return sm2.sign(self.secret, message, public_key=self.public)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whom the office stands in for: the issuer of the licences that are tried."""

    name: str
    uscc: str
    region: str = "national"


@dataclass(frozen=True, slots=True)
class Office:
    """The office; ``start`` is when its certificates begin, ``end`` when they end (aware)."""

    issuer: Issuer
    start: datetime
    end: datetime
    parties: dict[str, _Party] = field(repr=False)

    def credential(self, who: str) -> Credential:
        """The key of ``sealer``, ``qr``, ``copy``, ``maker``, ``tsa`` or ``status``."""
        party = self.parties[who]
        return Credential(party.certificate, party.sign, "sm2", (self.parties["ca"].certificate,))

    def seal(self) -> bytes:
        """An SESeal of 40 mm that the sealer may use, marked as a trial's."""
        content = SealContent(
            id=f"TRIAL{secrets.randbelow(10**9):09}",
            name=f"{self.issuer.name}（试签）",
            signers=(self.parties["sealer"].certificate,),
            created=self.start + timedelta(days=1),
            valid_from=self.start + timedelta(days=1),
            valid_until=self.end,
            picture=seal_picture.draw("试签印章不具效力", font=fonts.load(), caption="TRIAL"),
        )
        return ses.make_seal(content, maker=self.credential("maker"), version=4)

    def stamp(self, time: datetime) -> Stamp:
        """A time-stamping authority that says ``time``."""
        return lambda message: _token(self.credential("tsa"), message, time)

    def files(self, types: tuple[str, ...]) -> dict[str, bytes]:
        """The trust folder that lists this office for these licence types; no key in it."""
        found = {f"{who}.pem": _pem(self.parties[who].certificate)
                 for who in ("root", "ca", *_WHO)}  # fmt: skip
        for who in ("root", "ca"):
            found[f"{who}.crl"] = _crl(self.parties[who], self.start, self.end)
        found["status.p7"] = status_list.make(
            LIST, {}, size=SIZE, signer=self.credential("status"), issued=self.start,
            expires=self.end,
        )  # fmt: skip
        found["trust.toml"] = self._toml(types).encode()
        return found

    def _toml(self, types: tuple[str, ...]) -> str:
        names = ", ".join(f'"{name}"' for name in types)
        parts = [
            "# A trial: keys that are gone. It proves nothing to anybody.",
            'schema = "elicense-trust/1"\nname = "trial (throw-away keys)"\ntest = true',
            f"issued = {_stamp(self.start)}\nnext_update = {_stamp(self.end)}",
            '[[anchor]]\nfile = "root.pem"',
            '[[intermediate]]\nfile = "ca.pem"',
        ]
        words = {"maker": "seal-maker", "tsa": "timestamp"}
        for who in _WHO:
            typed = f"licence_types = [{names}]\n" if who in {"sealer", "qr", "copy"} else ""
            parts.append(
                f'[[service]]\nservice = "{words.get(who, who)}"\n'
                f'region = "{self.issuer.region or "national"}"\n'
                f"authority = {_quoted(self.issuer.name)}\nuscc = {_quoted(self.issuer.uscc)}\n"
                f'certificate = "{who}.pem"\n{typed}'
                f"from = {_stamp(self.start)}\nuntil = {_stamp(self.end)}"
            )
        parts.append('[revocation]\ncrls = ["root.crl", "ca.crl"]\nocsps = []')
        parts.append(f'[[status_list]]\nuri = "{LIST}"\nfile = "status.p7"')
        return "\n\n".join(parts) + "\n"


def office(issuer: Issuer, *, start: datetime, end: datetime) -> Office:
    """New keys for ``issuer``, with certificates good from ``start`` to ``end`` (aware)."""
    span = start.astimezone(CHINA).replace(microsecond=0), end.astimezone(CHINA)
    parties: dict[str, _Party] = {}
    ca = (_constraints(ca=True), _usage(_CERT_SIGN | _CRL_SIGN))
    parties["root"] = _certified(_party("试签根 Trial root", issuer), None, span, ca)
    parties["ca"] = _certified(_party("试签 Trial CA", issuer), parties["root"], span, ca)
    leaf = _constraints(ca=False)
    signing = (leaf, _usage(_DIGITAL_SIGNATURE))
    sealing = (leaf, _usage(_DIGITAL_SIGNATURE | _NON_REPUDIATION))
    stamping = (*signing, _extension("2.5.29.37", der.seq(der.oid(_TIMESTAMPING)), critical=True))
    uses = {"qr": signing, "status": signing, "tsa": stamping}
    for who in _WHO:
        party = _party(f"试签 trial {who}", issuer)
        parties[who] = _certified(party, parties["ca"], span, uses.get(who, sealing))
    return Office(issuer, span[0], span[1], parties)


def _party(common: str, issuer: Issuer) -> _Party:
    secret = sm2.generate_private_key()
    with sm2.allow_python_signer():
        public = sm2.public_key(secret)
    algorithm = der.seq(der.oid(_EC_PUBLIC_KEY), der.oid(_SM2_CURVE))
    pairs = [("2.5.4.6", der.printable("CN")), ("2.5.4.10", der.utf8(issuer.name)),
             ("2.5.4.3", der.utf8(common))]  # fmt: skip
    if issuer.uscc.isascii() and issuer.uscc.isalnum():
        pairs.append(("2.5.4.5", der.printable(issuer.uscc)))
    name = der.seq(*(der.set_(der.seq(der.oid(oid), value)) for oid, value in pairs))
    return _Party(name, der.seq(algorithm, der.bits(public)), secret, public)


def _certified(
    party: _Party, above: _Party | None, span: tuple[datetime, datetime], more: tuple[bytes, ...]
) -> _Party:
    """The party with an X.509 v3 certificate (RFC 5280, GM/T 0015) by ``above``, or itself."""
    signer = above or party
    known = (*more, _extension("2.5.29.14", der.octets(party.identifier)))
    if above is not None:
        key = der.seq(der.implicit(0, der.octets(above.identifier), False))
        known += (_extension("2.5.29.35", key),)
    algorithm = algorithm_identifier(SM3_WITH_SM2)
    tbs = der.seq(
        der.explicit(0, der.integer(2)),
        der.integer(secrets.randbits(119) | 1 << 119),
        algorithm,
        signer.name,
        der.seq(*map(_moment, span)),
        party.name,
        party.spki,
        der.explicit(3, der.seq(*known)),
    )
    certificate = der.seq(tbs, algorithm, der.bits(signer.sign(tbs)))
    return _Party(party.name, party.spki, party.secret, party.public, certificate)


def _crl(issuer: _Party, start: datetime, end: datetime) -> bytes:
    """A CRL of nobody (RFC 5280 §5)."""
    algorithm = algorithm_identifier(SM3_WITH_SM2)
    key = der.seq(der.implicit(0, der.octets(issuer.identifier), False))
    extensions = der.seq(_extension("2.5.29.35", key), _extension("2.5.29.20", der.integer(1)))
    tbs = der.seq(der.integer(1), algorithm, issuer.name, _moment(start), _moment(end),
                  der.explicit(0, extensions))  # fmt: skip
    return der.seq(tbs, algorithm, der.bits(issuer.sign(tbs)))


def _token(authority: Credential, message: bytes, time: datetime) -> bytes:
    """A DER TimeStampToken over ``message`` (RFC 3161, GM/T 0033)."""
    digest = authority.digest
    info = der.seq(
        der.integer(1),
        der.oid(_POLICY),
        der.seq(algorithm_identifier(DIGEST_OIDS[digest]),
                der.octets(algorithms.digest(digest, message))),
        der.integer(secrets.randbits(63)),
        der.gentime(time),
        der.seq(der.integer(1)),
    )  # fmt: skip
    return cms.sign(
        authority, content=info, attached=True, content_type=cms.TST_INFO,
        attributes=cms.Attributes(signing_time=time),
    )  # fmt: skip


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.seq(der.oid(oid), der.boolean(True) if critical else b"", der.octets(value))


def _constraints(*, ca: bool) -> bytes:
    return _extension("2.5.29.19", der.seq(der.boolean(True) if ca else b""), critical=True)


def _usage(bits: int) -> bytes:
    unused = (bits & -bits).bit_length() - 1
    return _extension("2.5.29.15", der.bits(bytes((bits,)), unused), critical=True)


def _moment(value: datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime after (RFC 5280 §4.1.2.5)."""
    return der.utctime(value) if value.astimezone(UTC).year < 2050 else der.gentime(value)


def _stamp(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _pem(data: bytes) -> bytes:
    body = base64.encodebytes(data).replace(b"\n", b"")
    lines = b"\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"\n-----END CERTIFICATE-----\n"

"""Who signed a trust list: exactly one of the certificates that may, or nobody.

No path is built: the certificates are pinned by the user or announced in the list of
lists, byte for byte. What the file brings along in certificates is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from elicense.crypto.algorithms import WEAK_DIGESTS, digest
from elicense.crypto.certificate import Certificate, read_certificate
from elicense.crypto.cms import Cms, SignerInfo, named_certificate_problem, signer_digest
from elicense.crypto.verify import check
from elicense.errors import Error, InputError
from elicense.limits import DEFAULT_LIMITS
from elicense.trust.list_model import Refusal
from elicense.trust.path import weak_key

_USAGES = frozenset({"digitalSignature", "nonRepudiation"})


def problems(
    cms: Cms, allowed: Iterable[bytes], *, issued: datetime, what: str
) -> tuple[Refusal, ...]:
    """Empty if one signer of ``cms`` is among ``allowed`` (DER) and its signature of the
    enclosed content holds; else why not. ``issued`` is the time its certificate must have
    been valid at (the list's own date)."""
    if len(cms.signers) > DEFAULT_LIMITS.trust_signers:
        return (Refusal("signers-many", what, f"{len(cms.signers)} signers"),)
    found: list[Refusal] = []
    for certificate in _readable(allowed):
        for signer in cms.signers:
            if not signer.matches(certificate):
                continue
            code, detail = _problem(cms, signer, certificate, issued)
            if not code:
                return ()
            found.append(Refusal(code, what, detail))
    detail = "none of its signatures is by a certificate that may sign this list"
    return tuple(found) or (Refusal("signer", what, detail),)


def _readable(items: Iterable[bytes]) -> Iterator[Certificate]:
    """One that cannot be read cannot have signed anything either."""
    for item in items:
        try:
            yield read_certificate(item)
        except InputError:
            continue


def _problem(
    cms: Cms, signer: SignerInfo, certificate: Certificate, issued: datetime
) -> tuple[str, str]:
    """Why this signature proves nothing, as (code, detail); both empty if it holds."""
    try:
        return _judge(cms, signer, certificate, issued)
    except Error as exc:  # an attribute that is not what it must be
        return "signature", str(exc)


def _judge(
    cms: Cms, signer: SignerInfo, certificate: Certificate, issued: datetime
) -> tuple[str, str]:
    who = certificate.display
    if signer.attributes_der is None or signer.signing_time is None:
        return "signature", "the signed attributes hold no signing time"
    if signer.content_type != cms.content_type:
        return "signature", "the signed content type is not that of the content"
    if named_certificate_problem(signer, certificate):
        return "signature", "the signed attribute names another certificate"
    name = signer_digest(signer)
    if not name or {name, signer.digest} & WEAK_DIGESTS:
        return "weak-algorithm", f"the digest {name or signer.digest_oid} proves nothing"
    if weak_key(certificate):
        return "weak-algorithm", f"the key of {who} is too weak ({weak_key(certificate)})"
    assert cms.content is not None
    if signer.message_digest != digest(signer.digest or name, cms.content):
        return "signature", "the signed digest is not that of the list"
    answer = check(
        certificate.spki, signer.attributes_der, signer.signature,
        algorithm=signer.algorithm, digest=name, pss=signer.pss,
    )  # fmt: skip
    if not answer.ok:
        return "signature", f"the signature does not hold under the key of {who} ({answer.problem})"
    usage = certificate.extensions.key_usage
    if usage is not None and not usage & _USAGES:
        return "signer-usage", f"the certificate of {who} is not for signing"
    if not certificate.not_before <= issued <= certificate.not_after:
        return "signer-expired", f"the certificate of {who} was not valid on {issued:%Y-%m-%d}"
    return "", ""

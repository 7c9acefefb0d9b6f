"""What a judgement lacks and the network could give: open questions of revocation, and the
status list that the sealed licence names. Pure; :mod:`elicense.trust.online` asks.
"""

from __future__ import annotations

from collections.abc import Iterator

from elicense.checks import qr, status_signer
from elicense.checks.case import Case, JudgedSignature, JudgedToken
from elicense.checks.standing import Standing
from elicense.errors import InputError
from elicense.trust.needs import Need, Needs
from elicense.trust.status import StatusList
from elicense.trust.status_added import lists_for
from elicense.trust.status_index import read_status_index


def needs(case: Case) -> Needs:
    """In the order of the checks. Only for paths that end in the trust store, and a list only
    if a seal that holds, of a signer who is in the store's reach, covers its URI."""
    found = dict.fromkeys(need for one in _standings(case) for need in _open(one))
    return Needs(tuple(found), tuple(_lists(case)))


def _standings(case: Case) -> Iterator[Standing]:
    for judged in case.judged:
        yield from _of_signature(judged)
    yield from _of_tokens(case.document_tokens)
    yield from qr.standings(case)
    yield from _of_status(case)


def _of_signature(judged: JudgedSignature) -> Iterator[Standing]:
    if judged.standing is not None and judged.answer.ok:
        yield judged.standing
    if judged.maker_standing is not None and judged.maker_answer and judged.maker_answer.ok:
        yield judged.maker_standing
    tokens = judged.tokens if judged.maker_token is None else (*judged.tokens, judged.maker_token)
    yield from _of_tokens(tokens)


def _of_tokens(tokens: tuple[JudgedToken, ...]) -> Iterator[Standing]:
    """A token with another fault proves nothing, however its signer stands."""
    for token in tokens:
        if token.standing is not None and token.problem == "revocation-unknown":
            yield token.standing


def _of_status(case: Case) -> Iterator[Standing]:
    """Whoever signed the lists and indexes at hand for this licence."""
    reference = case.licence.status if case.licence is not None else None
    if reference is None:
        return
    signed = [item.signature for item in lists_for(case.world.trust, reference.list)[0]]
    for raw in case.world.trust.status_indexes:
        try:
            signed.append(read_status_index(raw).signature())
        except InputError:
            continue  # status.version says so
    for signature in signed:
        if signature.signer is not None:
            yield status_signer.signer_standing(signature.signer, signature, case.world)


def _open(found: Standing) -> Iterator[Need]:
    if found.question is None or not found.reached:
        return
    for item in found.unknown:
        if item.issuer is not None:
            yield Need(item.certificate, item.issuer, found.question)


def _lists(case: Case) -> Iterator[str]:
    reference = case.licence.status if case.licence is not None else None
    if reference is None or not _vouched(case):
        return
    at_hand = lists_for(case.world.trust, reference.list)[0]
    if not any(_speaks(found, reference.list, reference.index, case) for found in at_hand):
        yield reference.list


def _vouched(case: Case) -> bool:
    """Does someone whom the store reaches stand for the data with the URI in it?"""
    if case.evidence.sheet:
        return any(found.reached for found in qr.standings(case))
    return case.evidence.claims.data_covered and any(map(_sealed, case.signatures))


def _sealed(judged: JudgedSignature) -> bool:
    return judged.answer.ok and judged.standing is not None and judged.standing.reached


def _speaks(found: StatusList, uri: str, index: int, case: Case) -> bool:
    """Is it the list, still in its term, and long enough?"""
    expires = found.expires or found.issued + case.policy.status_age
    return found.uri == uri and expires >= case.world.now and found.state(index) is not None



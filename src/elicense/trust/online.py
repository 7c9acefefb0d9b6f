"""Asking the network for what is missing, where the user allows it: CRLs, OCSP answers and
status lists. What comes back is added to the trust store and judged like anything else.

Only addresses in certificates that chain to the store are asked (an address in a stranger's
certificate could reach into a network, or tell the stranger who is reading), and only those
hosts for status lists that the store or the user names. :func:`plan` says what would be
asked and touches nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from threading import Lock

from elicense.crypto.certificate import EKU_OCSP, Certificate
from elicense.errors import Error, InputError, UsageError
from elicense.trust import fetch, ocsp_request, path, revocation
from elicense.trust.crl import read_crl
from elicense.trust.fetched import Fetch
from elicense.trust.needs import Need, Needs
from elicense.trust.ocsp import read_ocsp
from elicense.trust.revocation import Sources
from elicense.trust.status import read_status_list
from elicense.trust.store import TrustStore, pem_or_der

_MAX_ADDRESSES = 8  # of one certificate
_SILENT = {"fetch.timeout", "fetch.connection", "fetch.tls"}


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the network; ``refused`` is a word where it may not be asked."""

    kind: str
    url: str
    subject: str
    need: Need | None = field(repr=False, default=None)
    refused: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Requests with one key have one answer: a list is the same for everybody."""
        if self.kind != "ocsp" or self.need is None:
            return self.kind, self.url
        return self.kind, self.url, self.need.certificate.fingerprint().hex()


def plan(
    needs: Needs, trust: TrustStore, *, hosts: Collection[str] = (), tried: Collection[object] = ()
) -> tuple[Request, ...]:
    """The next question for each need: its CRLs, then its OCSP responders, then the CRLs of
    those responders that answered. ``hosts`` (``host:port``) may be asked for status lists,
    beside those of the store; ``tried`` holds the keys of requests that were made."""
    found: dict[tuple[str, ...], Request] = {}
    for uri in needs.status_lists:
        request = _status_request(uri, {*_status_hosts(trust), *hosts})
        if request.key not in tried:
            found.setdefault(request.key, request)
    for need in needs.certificates:
        following = next((r for r in _requests(need, trust) if r.key not in tried), None)
        if following is not None:
            found.setdefault(following.key, following)
    return tuple(found.values())


def _status_hosts(trust: TrustStore) -> Iterator[str]:
    for service in trust.services:
        for host in service.hosts if service.service == "status" else ():
            with contextlib.suppress(UsageError):  # what is no host allows nobody
                yield from _with_port(host)


def _status_request(uri: str, allowed: Collection[str]) -> Request:
    try:
        refused = "" if fetch.host_of(uri) in allowed else "host-not-listed"
    except UsageError:
        refused = "no-web-address"
    return Request("status-list", uri, uri, refused=refused)


def _requests(need: Need, trust: TrustStore) -> Iterator[Request]:
    extensions = need.certificate.extensions
    name = need.certificate.display
    listed = [("crl", url) for url in extensions.crl_urls]
    listed += [("ocsp", url) for url in extensions.ocsp_addresses]
    listed += [("crl", url) for d in _delegates(need, trust) for url in d.extensions.crl_urls]
    web = [item for item in dict.fromkeys(listed) if _is_web(item[1])][:_MAX_ADDRESSES]
    if not web:
        yield Request("crl", f"certificate {need.certificate.fingerprint().hex()}", name, need,
                      refused="no-address")  # fmt: skip
    for kind, url in web:
        yield Request(kind, url, name, need)


def _is_web(url: str) -> bool:
    try:
        return bool(fetch.host_of(url))
    except UsageError:
        return False  # LDAP, or nothing readable


def _delegates(need: Need, trust: TrustStore) -> Iterator[Certificate]:
    """Responders that the issuer certified, of answers about this very certificate."""
    for raw in trust.ocsps:
        try:
            response = read_ocsp(raw)
            about = any(r.about(need.certificate, need.issuer) for r in response.responses)
        except InputError:
            continue
        if about:
            yield from (
                c for c in response.certificates
                if EKU_OCSP in (c.extensions.extended_key_usage or ())
                and path.signed_by(c, need.issuer)
            )  # fmt: skip


def _with_port(host: str) -> tuple[str, ...]:
    """``host:port`` in small letters; without a port, those of http and https."""
    try:
        found = tuple(fetch.host_of(f"{scheme}://{host}") for scheme in ("https", "http"))
    except UsageError as error:
        raise UsageError("network.host", "a host, or host:port, is needed", place=host) from error
    if set(host) & set("/?#@"):
        raise UsageError("network.host", "a host, or host:port, is needed", place=host)
    return found


@dataclass(slots=True)
class Budget:
    """What one file may still cost. ``tried`` are the keys of requests made for it."""

    deadline: float
    requests: int
    tried: set[tuple[str, ...]] = field(default_factory=set)


class Online:
    """Leave to open connections, for one run: which hosts, how much, and what came back.

    ``hosts`` (``host`` or ``host:port``) may be asked for status lists although the store
    does not name them, and may have private addresses. ``seconds`` bound one exchange,
    ``total_seconds`` and ``requests`` those for one file, ``size`` one answer and ``held``
    all that is kept, in bytes. Each address is asked once, whatever comes of it, and a host
    that does not answer is left alone; use a new object for a new run. Safe to share among
    threads. ``notify`` is told each question in a line.
    """

    def __init__(
        self, *, hosts: Iterable[str] = (), seconds: float = 10.0, total_seconds: float = 30.0,
        requests: int = 32, size: int = 16 * 1024 * 1024, held: int = 256 * 1024 * 1024,
        notify: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        self.hosts = frozenset(full for host in hosts for full in _with_port(host))
        self.seconds = seconds
        self.total_seconds = total_seconds
        self.requests = requests
        self.size = size
        self._left = held
        self._notify = notify
        self._lock = Lock()
        self._answers: dict[tuple[str, ...], Future[bytes]] = {}
        self._silent: set[str] = set()

    def begin(self) -> Budget:
        """What the next file may cost."""
        return Budget(time.monotonic() + self.total_seconds, self.requests)

    def collect(self, needs: Needs, trust: TrustStore, budget: Budget) -> TrustStore | None:
        """``trust`` with the answers to the next question for each need; None if there is
        nothing left to ask. Never raises for what the network does."""
        planned = plan(needs, trust, hosts=self.hosts, tried=budget.tried)
        if not planned:
            return None
        for request in planned:
            budget.tried.add(request.key)
            trust = with_fetch(trust, *self._ask(request, trust, budget))
        return trust

    def _ask(self, request: Request, trust: TrustStore, budget: Budget) -> tuple[Fetch, bytes]:
        """What came of it, and what is to be judged (nothing where nothing can be read)."""
        told = Fetch(request.kind, request.url, request.subject)
        refused = request.refused or self._refusal(request, budget)
        if refused:
            return replace(told, problem=refused, asked=False), b""
        try:
            body = self._answer(request, budget)
        except Error as error:
            return replace(told, problem=error.code, detail=str(error)), b""
        told = replace(told, sha256=hashlib.sha256(body).hexdigest())
        try:
            data = pem_or_der(body) if request.kind == "crl" else body
            problem, detail = _read(request, data, trust)
        except Error as error:
            return replace(told, problem="unreadable", detail=str(error)), b""
        return replace(told, problem=problem, detail=detail), data

    def _refusal(self, request: Request, budget: Budget) -> str:
        with self._lock:
            if request.key in self._answers:
                return ""  # it costs nothing
            if fetch.host_of(request.url) in self._silent:
                return "host-silent"
            # what is left must do for an answer: a failure is remembered for the whole run
            enough = budget.deadline - time.monotonic() >= min(1.0, self.seconds)
            if budget.requests <= 0 or not enough or self._left <= 0:
                return "limit"
            budget.requests -= 1
            return ""

    def _answer(self, request: Request, budget: Budget) -> bytes:
        """From this run's memory, else from the network: once, also where it fails."""
        with self._lock:
            known = self._answers.get(request.key)
            waiting = known or self._answers.setdefault(request.key, Future())
        if known is not None:
            return known.result()
        try:
            waiting.set_result(self._exchange(request, budget))
        except BaseException as error:
            waiting.set_exception(error)
            if not isinstance(error, Error):
                raise
        return waiting.result()

    def _exchange(self, request: Request, budget: Budget) -> bytes:
        if self._notify is not None:
            self._notify(f"{request.kind}: {request.url}")
        left = max(0.1, min(self.seconds, budget.deadline - time.monotonic()))
        caps = fetch.Caps(seconds=left, size=self.size, hosts=self.hosts)
        try:
            if request.kind == "ocsp" and request.need is not None:
                body = _post(request.url, request.need, caps)
            else:
                body = fetch.get(request.url, caps=caps).body
        except Error as error:
            if error.code in _SILENT and (error.code != "fetch.timeout" or left >= self.seconds):
                with self._lock:
                    self._silent.add(fetch.host_of(request.url))
            raise
        with self._lock:
            self._left -= len(body)
        return body


def _post(url: str, need: Need, caps: fetch.Caps) -> bytes:
    nonce = secrets.token_bytes(ocsp_request.NONCE_SIZE)
    question = ocsp_request.request(need.certificate, need.issuer, nonce=nonce)
    body = fetch.post(url, question, content_type=ocsp_request.REQUEST, caps=caps).body
    with contextlib.suppress(InputError):  # what it is instead is told when it is read
        ocsp_request.check_nonce(body, nonce)
    return body


def _read(request: Request, data: bytes, trust: TrustStore) -> tuple[str, str]:
    """A word and a detail for what cannot answer the question. Error if it cannot be read."""
    need = request.need
    if need is None:
        uri = read_status_list(data).uri
        return ("", "") if uri == request.url else ("another-list", f"sub is {uri[:200]!r}")
    if request.kind == "crl":
        read_crl(data)
    else:
        read_ocsp(data)
    sources = Sources(crls=(data,)) if request.kind == "crl" else Sources(trust.crls, (data,))
    found = revocation.judge(
        need.certificate, need.issuer, sources=sources, store=trust, question=need.question
    )
    if found.state != "unknown" or found.problem == "responder-revocation-unknown":
        return "", ""  # that the responder's own CRL settles, if it can be had
    return "of-others" if found.problem == "nothing-found" else found.problem, found.detail


def with_fetch(trust: TrustStore, told: Fetch, data: bytes) -> TrustStore:
    """The store with one answer more; its digest names it, ``before`` is the one configured."""
    digest = hashlib.sha256(b"fetched\0" + trust.digest.encode() + data).hexdigest()
    more = replace(
        trust, fetches=(*trust.fetches, told), before=trust.before or trust,
        digest=digest if data else trust.digest,
    )  # fmt: skip
    if data and told.kind == "crl":
        return replace(more, crls=_added(trust.crls, data))
    if data and told.kind == "ocsp":
        return replace(more, ocsps=_added(trust.ocsps, data))
    if data:
        return replace(more, more_status_lists=_added(trust.more_status_lists, data))
    return more


def _added(known: tuple[bytes, ...], data: bytes) -> tuple[bytes, ...]:
    return known if data in known else (*known, data)

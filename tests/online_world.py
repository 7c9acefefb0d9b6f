"""A small network on loopback for the tests of ``--online``: a CA that answers over HTTP, and
PDFs sealed under it. Everything but the clock and the network card is real."""

from __future__ import annotations

import datetime
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trust_builders as b
from elicense.crypto import der
from elicense.issuing import pdf_seal
from elicense.licence import Licence, StatusReference
from elicense.trust.store import TrustStore
from issuing_world import desk
from pki import status_list, timestamp
from samples import licences, sealing

Handle = Callable[[BaseHTTPRequestHandler, bytes], None]
FAMILY = "p256"


def reply(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Server:
    """``answers`` by path: bytes, or a function. ``asked`` counts requests by path."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Handle] = {}
        self.asked: Counter[str] = Counter()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self, b"")

            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                outer.answer(self, self.rfile.read(size))

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.host = f"127.0.0.1:{self.http.server_address[1]}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked[handler.path] += 1
        found = self.answers.get(handler.path)
        try:
            if found is None:
                reply(handler, b"nothing here", 404)
            elif isinstance(found, bytes):
                reply(handler, found)
            else:
                found(handler, body)
        except OSError:
            return  # whoever asked went away

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@dataclass
class Network:
    """The server, the authorities behind it, and their trust store."""

    server: Server
    root: b.Made
    ca: b.Made
    status: b.Made
    tsa: b.Made
    sealers: dict[str, b.Made]
    trust: TrustStore
    states: dict[b.Made, bytes] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.server.host

    @property
    def list_uri(self) -> str:
        return f"{self.server.url}/status/1"

    def serve(self) -> None:
        """Everything as it should be: nobody revoked, the licence valid."""
        self.server.answers.clear()
        self.server.asked.clear()
        self.states.clear()
        self.server.answers |= {
            "/ca.crl": b.crl(self.ca), "/root.crl": b.crl(self.root),
            "/ocsp": self.respond, "/status/1": self.states_of({}),
        }  # fmt: skip

    def states_of(
        self, states: dict[int, int], *, issued: datetime.datetime = b.NOW,
        expires: datetime.datetime = b.SOON, uri: str = "", size: int = 64,
    ) -> bytes:  # fmt: skip
        return status_list.status_list(
            self.status.credential(), uri=uri or self.list_uri, states=states, size=size,
            issued=issued, expires=expires,
        )  # fmt: skip

    def respond(self, handler: BaseHTTPRequestHandler, question: bytes) -> None:
        reply(handler, self.answer(question), Content_Type="application/ocsp-response")

    def answer(
        self, question: bytes, *, nonce: bytes | None = None, responder: b.Made | None = None,
        about: b.Made | None = None,
    ) -> bytes:  # fmt: skip
        """An OCSP response to this very question, by the CA unless another responder is given."""
        request = der.parse(question).children()[0].children()
        identifier = request[0].children()[0].children()[0]
        asked = request[1].only().children()[0].children()[1].octets()
        serial = identifier.children()[3].integer()
        made = about or next(m for m in self.everybody if m.certificate.serial == serial)
        by = responder or self.ca
        single = b.single(made, self.ca, self.states.get(made, b.GOOD), digest="sha1")
        extension = der.seq(der.oid("1.3.6.1.5.5.7.48.1.2"), der.octets(nonce or asked))
        tbs = der.seq(
            der.explicit(1, by.subject), der.gentime(b.NOW), der.seq(single),
            der.explicit(1, der.seq(extension)),
        )  # fmt: skip
        basic = der.seq(tbs, b.x.signature_algorithm(by.key), der.bits(by.key.sign(tbs)),
                        der.explicit(0, der.seq(by.der)))  # fmt: skip
        body = der.seq(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octets(basic))
        return der.seq(der.enumerated(0), der.explicit(0, body))

    @property
    def everybody(self) -> list[b.Made]:
        return [*self.sealers.values(), self.status, self.tsa, self.ca]

    def licence(self) -> Licence:
        return replace(licences.TIANJIN_DOC, status=StatusReference(self.list_uri, 5))

    def pdf(self, sealer: str = "crl", *, stamped: bool = False) -> bytes:
        """A licence sealed by one of ``sealers``: how its certificate says who may be asked."""
        licence = self.licence()
        time = sealing.sealing_time(licence)
        unsealed = sealing.unsealed(desk(), licence, "pdf", qr="")
        stamp = timestamp.stamp(self.tsa.credential(self.ca), time) if stamped else None
        return pdf_seal.seal_pdf(
            unsealed, credential=self.sealers[sealer].credential(self.ca), time=time, stamp=stamp
        )


def network() -> Network:
    """Authorities whose certificates name a server on loopback, which answers by and by."""
    server = Server()
    family = FAMILY
    point = b.x.crl_distribution_point
    root = b.make("Online Root", family=family)
    ca = b.make("Online CA", root, *b.CA, point(f"{server.url}/root.crl"), family=family)
    named = {
        "crl": (point(f"{server.url}/ca.crl"),),
        "ocsp": (b.x.ocsp_access(f"{server.url}/ocsp"),),
        "both": (point(f"{server.url}/ca.crl"), b.x.ocsp_access(f"{server.url}/ocsp")),
        "none": (),
        "ldap": (point("ldap://127.0.0.1/cn=ca"), point_less()),
        "stranger": (point(f"{server.url}/stranger.crl"),),
    }
    sealers = {
        name: b.make(f"Online sealer {name}", ca, *b.SIGNING, *more, family=family)
        for name, more in named.items() if name != "stranger"
    }  # fmt: skip
    status = b.make(
        "Online status", root, *b.SIGNING, point(f"{server.url}/root.crl"), family=family
    )  # fmt: skip
    tsa = b.make(
        "Online TSA", ca, *b.SIGNING, b.x.extended_key_usage(b.x.EKU_TIMESTAMPING, critical=True),
        *named["crl"], family=family,
    )  # fmt: skip
    stranger_ca = b.make("Strange CA", family=family)
    sealers["stranger"] = b.make("Stranger", stranger_ca, *b.SIGNING, *named["stranger"],
                                 family=family)  # fmt: skip
    own = {"authority": "天津海事局", "uscc": licences.TIANJIN_DOC.issuer.code}
    listed = [
        b.listed("sealer", made, licence_types=("msa-doc",), **own)
        for name, made in sealers.items() if name != "stranger"
    ]  # fmt: skip
    trust = b.store(
        root, issued=b.day(2026), next_update=b.day(2045), digest="d" * 64,
        services=(*listed, b.listed("status", status, hosts=(server.host,), **own),
                  b.listed("timestamp", tsa)),
    )  # fmt: skip
    made = Network(server, root, ca, status, tsa, sealers, trust)
    made.serve()
    return made


def point_less() -> bytes:
    """An authorityInfoAccess that names a place which is no web address."""
    return b.x.ocsp_access("ldap://127.0.0.1/cn=ocsp")

"""``--online``: what is missing is fetched and judged; whatever a server does, never worse."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import elicense
import online_world as o
import trust_builders as b
from elicense.batch import Task, judge_all
from elicense.errors import UsageError
from elicense.findings import Finding
from elicense.report import Report
from elicense.trust.needs import Needs
from elicense.trust.online import Online, plan

DAY = b.datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def made() -> Iterator[o.Network]:
    world = o.network()
    yield world
    world.server.close()


@pytest.fixture
def net(made: o.Network) -> o.Network:
    made.serve()
    return made


@pytest.fixture(scope="module")
def files(made: o.Network) -> dict[str, bytes]:
    return {name: made.pdf(name) for name in made.sealers}


def leave(net: o.Network, **more) -> Online:
    return Online(**{"hosts": [net.host], "seconds": 2, **more})


def verify(net: o.Network, file: bytes, online: Online | None = None, **more) -> Report:
    options = {"trust": net.trust, "at": b.NOW, "now": b.NOW, **more}
    return elicense.verify(file, online=online, **options)


def told(report: Report) -> list[Finding]:
    return b.only(report, "network.fetch")


def words(report: Report) -> set[tuple[str, str, str]]:
    return {(f.values["kind"], str(f.outcome), f.values["detail"]) for f in told(report)}


# -- what is fetched ------------------------------------------------------------------------


@pytest.mark.parametrize("sealer", ["crl", "ocsp", "both", "none", "ldap"])
def test_offline_it_is_open_and_online_it_is_settled(net, files, sealer: str) -> None:
    assert verify(net, files[sealer]).verdict == "INDETERMINATE"
    report = verify(net, files[sealer], leave(net))
    settled = sealer in {"crl", "ocsp", "both"}
    assert report.verdict == ("VALID" if settled else "INDETERMINATE"), words(report)
    assert (net.server.asked["/ocsp"] == 1) is (sealer == "ocsp")
    assert net.server.asked["/root.crl"] == 1 and net.server.asked["/status/1"] == 1


def test_a_revocation_that_only_the_network_knows_is_found(net, files) -> None:
    net.server.answers["/ca.crl"] = b.crl(net.ca, b.entry(net.sealers["crl"], b.day(2026, 10)))
    report = verify(net, files["crl"], leave(net))
    assert ("revocation.certificate", "UNKNOWN", "no-proof-of-time") in b.told(report)
    net.states[net.sealers["ocsp"]] = b.revoked_state(b.day(2026, 10))
    report = verify(net, files["ocsp"], leave(net))
    assert ("revocation.certificate", "UNKNOWN", "no-proof-of-time") in b.told(report)


def test_a_withdrawal_that_only_the_network_knows_is_found(net, files) -> None:
    net.server.answers["/status/1"] = net.states_of({5: 1})
    report = verify(net, files["crl"], leave(net))
    assert report.verdict == "INVALID"
    assert ("status.licence", "FAIL", "withdrawn") in b.told(report)


def test_an_ocsp_answer_serves_where_the_list_does_not(net, files) -> None:
    net.server.answers["/ca.crl"] = b.crl(net.ca, this=b.day(2026, 1), until=b.day(2026, 2))
    report = verify(net, files["both"], leave(net))
    assert report.verdict == "VALID" and ("crl", "WARN", "stale") in words(report)
    assert net.server.asked["/ca.crl"] == net.server.asked["/ocsp"] == 1


def test_what_is_at_hand_and_current_is_not_asked_for(net, files) -> None:
    full = replace(
        net.trust, crls=(b.crl(net.ca), b.crl(net.root)),
        status_lists={net.list_uri: net.states_of({})},
    )  # fmt: skip
    report = verify(net, files["crl"], leave(net), trust=full)
    assert report.verdict == "VALID" and not told(report) and not net.server.asked


@pytest.mark.parametrize(("state", "verdict"), [(0, "VALID"), (2, "INVALID")])
def test_a_status_list_past_its_term_is_fetched_anew(net, files, state: int, verdict: str) -> None:
    old = net.states_of({}, issued=b.NOW - 9 * DAY, expires=b.NOW - DAY)
    net.server.answers["/status/1"] = net.states_of({5: state})
    trust = replace(net.trust, status_lists={net.list_uri: old})
    assert verify(net, files["crl"], trust=trust).verdict == "INDETERMINATE"
    assert verify(net, files["crl"], leave(net), trust=trust).verdict == verdict


def test_a_list_too_short_for_the_licence_is_fetched_anew(net, files) -> None:
    short = net.states_of({}, size=4, issued=b.NOW - DAY)
    trust = replace(net.trust, status_lists={net.list_uri: short})
    assert verify(net, files["crl"], leave(net), trust=trust).verdict == "VALID"


def test_an_older_list_sent_back_does_not_replace_the_one_at_hand(net, files) -> None:
    withdrawn = net.states_of({5: 1}, issued=b.NOW, expires=b.NOW + DAY)
    trust = replace(net.trust, status_lists={net.list_uri: withdrawn})
    net.server.answers["/status/1"] = net.states_of({}, issued=b.NOW - DAY)
    assert verify(net, files["crl"], leave(net), trust=trust).verdict == "INVALID"


def test_a_file_that_is_invalid_already_asks_nobody(net, files) -> None:
    broken = files["crl"].replace(b"/Subtype", b"/subtype", 1)
    assert verify(net, broken, leave(net)).verdict == "INVALID"
    assert not net.server.asked


def test_the_timestamps_authority_is_asked_about_too(net) -> None:
    report = verify(net, net.pdf("ocsp", stamped=True), leave(net))
    assert report.verdict == "VALID"
    assert b.only(report, "time.proof", "PASS")[-1].reason == "proven"


def test_a_responders_own_revocation_is_asked_for(net, files) -> None:
    """RFC 6960 4.2.2.2.1: without id-pkix-ocsp-nocheck a responder's revocation counts."""
    point = b.x.crl_distribution_point(f"{net.server.url}/ca.crl")
    using = (*b.SIGNING, b.x.extended_key_usage(b.x.EKU_OCSP))
    responder = b.make("Online responder", net.ca, *using, point)
    net.server.answers["/ocsp"] = lambda h, q: o.reply(h, net.answer(q, responder=responder))
    report = verify(net, files["ocsp"], leave(net))
    assert report.verdict == "VALID" and net.server.asked["/ca.crl"] == 1
    del net.server.answers["/ca.crl"]
    assert verify(net, files["ocsp"], leave(net)).verdict == "INDETERMINATE"


# -- who is asked ---------------------------------------------------------------------------


def test_an_address_in_a_strangers_certificate_is_not_asked(net, files) -> None:
    net.server.answers["/stranger.crl"] = b"whatever"
    report = verify(net, files["stranger"], leave(net))
    assert report.verdict == "INDETERMINATE" and not net.server.asked


def test_a_private_address_is_not_asked_unless_it_is_allowed(net, files) -> None:
    report = verify(net, files["crl"], Online(seconds=2))
    assert report.verdict == "INDETERMINATE" and not net.server.asked
    assert ("crl", "WARN", "fetch.address") in words(report)


def test_a_host_for_status_lists_must_be_named(net, files) -> None:
    unnamed = b.with_services(net.trust, lambda s: replace(s, hosts=()))
    crls = (b.crl(net.ca), b.crl(net.root))
    trust = replace(unnamed, crls=crls)
    report = verify(net, files["crl"], Online(seconds=2), trust=trust)
    assert not net.server.asked
    assert words(report) == {("status-list", "SKIPPED", "host-not-listed")}
    assert net.host in told(report)[0].message("zh") and told(report)[0].advice("en")
    assert verify(net, files["crl"], leave(net), trust=trust).verdict == "VALID"


@pytest.mark.parametrize(
    ("listed", "uri", "asked"),
    [
        ("status.example", "https://status.example/1", True),
        ("status.example", "http://STATUS.example/1", True),
        ("status.example", "https://status.example:8443/1", False),
        ("status.example:8443", "https://status.example:8443/1", True),
        ("status.example:8443", "https://status.example/1", False),
        ("status.example", "https://status.example.evil.example/1", False),
        ("status.example", "https://evil.example/status.example", False),
        ("status.example", "https://user@status.example/1", False),
        ("status.example", "https://status.example@evil.example/", False),
        ("status.example", "ftp://status.example/1", False),
        ("status.example", "file:///etc/passwd", False),
        ("status.example", "https://status.example\\@evil.example/", False),
        ("status.example", "", False),
        ("*", "https://status.example/1", False),
        ("a b", "https://a b/1", False),
    ],
)
def test_a_host_is_the_whole_host(net, listed: str, uri: str, asked: bool) -> None:
    trust = b.store(services=(b.listed("status", net.status, hosts=(listed,)),))
    (request,) = plan(Needs(status_lists=(uri,)), trust)
    assert (not request.refused) is asked, request.refused


def test_hosts_of_other_services_may_not_be_asked(net) -> None:
    trust = b.store(services=(b.listed("qr", net.status, hosts=("status.example",)),))
    (request,) = plan(Needs(status_lists=("https://status.example/1",)), trust)
    assert request.refused == "host-not-listed"


@pytest.mark.parametrize("host", ["", "a/b", "http://host", "host:99999", "u@host", "a?b", "a b"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(UsageError) as caught:
        Online(hosts=[host])
    assert caught.value.code == "network.host"


# -- hostile servers ------------------------------------------------------------------------


def drip(handler, _body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    trickle(handler, b"x")


def drip_headers(handler, _body: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    trickle(handler, b"X-More: y\r\n")


def trickle(handler, piece: bytes) -> None:
    for _ in range(80):
        handler.wfile.write(piece)
        handler.wfile.flush()
        time.sleep(0.05)


def silence(_handler, _body: bytes) -> None:
    time.sleep(2)


def endless(handler, _body: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(4000):
        handler.wfile.write(b"0" * 65536)


def chunks(handler, _body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(4000):
        handler.wfile.write(b"FFFFFFFFFF\r\n" + b"0" * 65536)


def cut_short(handler, _body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b"0\x82")


def to(place: str):
    return lambda handler, _body: o.reply(handler, b"", 302, Location=place)


def zipped(handler, _body: bytes) -> None:
    o.reply(handler, gzip.compress(b"0" * 10**6), Content_Encoding="gzip")


def no_gzip(handler, _body: bytes) -> None:
    o.reply(handler, b"\x1f\x8bgarbage", Content_Encoding="gzip")


HOSTILE = {
    "drip": (drip, "fetch.timeout"),
    "drip of headers": (drip_headers, "fetch.timeout"),
    "silence": (silence, "fetch.timeout"),
    "endless": (endless, "fetch.size"),
    "endless chunks": (chunks, "fetch.size"),
    "cut short": (cut_short, "fetch.connection"),
    "another host": (to("http://203.0.113.5/ca.crl"), "fetch.redirect"),
    "another port": (to("http://127.0.0.1:1/ca.crl"), "fetch.redirect"),
    "a private address": (to("http://169.254.169.254/latest/"), "fetch.redirect"),
    "a file": (to("file:///etc/passwd"), "fetch.url"),
    "nowhere": (to(""), "fetch.redirect"),
    "itself": (to("/ca.crl"), "fetch.redirect"),
    "error 500": (lambda h, _: o.reply(h, b"oops", 500), "fetch.status"),
    "gzip": (zipped, "fetch.encoding"),
    "garbage called gzip": (no_gzip, "fetch.encoding"),
    "a page": (b"<html>captive portal</html>", "unreadable"),
    "nothing": (b"", "unreadable"),
    "half a PEM": (b"-----BEGIN X509 CRL-----\nMIIB", "unreadable"),
    "nested DER": (b"\x30\x80" * 5000, "unreadable"),
    "not HTTP": (lambda h, _: h.wfile.write(b"\0" * 100), "fetch.connection"),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(HOSTILE))
@pytest.mark.parametrize("path", ["/ca.crl", "/ocsp", "/status/1"])
def test_a_hostile_server_costs_little_and_changes_nothing(net, files, kind, path) -> None:
    handle, problem = HOSTILE[kind]
    if kind == "itself":
        handle = to(path)
    file = files["ocsp" if path == "/ocsp" else "crl"]
    offline = verify(net, file)
    net.server.answers[path] = handle
    start = time.monotonic()
    report = verify(net, file, leave(net, seconds=0.4, size=100_000))
    assert time.monotonic() - start < 3
    assert report.verdict == offline.verdict == "INDETERMINATE"
    if path == "/ocsp" and problem in {"fetch.url", "fetch.redirect"}:
        problem = "fetch.redirect"  # a question is sent to one place only
    assert problem in {f.values["detail"] for f in told(report)}, words(report)
    for finding in told(report):
        for language in ("zh", "en"):
            assert finding.message(language) and "—" not in finding.message(language)


@pytest.mark.parametrize(
    ("path", "answer", "problem"),
    [
        ("/ca.crl", lambda n: b.crl(n.root), "of-others"),
        ("/ca.crl", lambda n: b.crl(n.ca, signer=n.root.key), "not-by-issuer"),
        ("/ca.crl", lambda n: b.crl(n.ca, until=b.NOW - DAY, this=b.NOW - 9 * DAY), "stale"),
        ("/ca.crl", lambda n: b.crl(n.ca, this=b.NOW + DAY), "from-the-future"),
        ("/status/1", lambda n: n.states_of({}, uri="https://other.example/1"), "another-list"),
    ],
)
def test_an_answer_that_says_nothing_of_the_question_is_told(
    net, files, path: str, answer, problem: str
) -> None:
    net.server.answers[path] = answer(net)
    report = verify(net, files["crl"], leave(net))
    assert report.verdict == "INDETERMINATE"
    assert problem in {f.values["detail"] for f in told(report)}, words(report)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"nonce": b"another question"}, "ocsp.nonce"), ({"about": "both"}, "of-others"),
     ({"responder": "both"}, "not-by-issuer")],
)  # fmt: skip
def test_an_ocsp_answer_to_another_question_is_told(net, files, changes, problem: str) -> None:
    named = {k: net.sealers[v] if isinstance(v, str) else v for k, v in changes.items()}
    net.server.answers["/ocsp"] = lambda h, q: o.reply(h, net.answer(q, **named))
    report = verify(net, files["ocsp"], leave(net))
    assert report.verdict == "INDETERMINATE"
    assert problem in {f.values["detail"] for f in told(report)}, words(report)


def test_a_forged_status_list_is_no_news(net, files) -> None:
    forger = replace(net, status=net.sealers["crl"])
    for states in ({}, {5: 1}):
        net.server.answers["/status/1"] = forger.states_of(states)
        assert verify(net, files["crl"], leave(net)).verdict == "INDETERMINATE"


def test_a_pem_list_is_read_too(net, files) -> None:
    import base64

    text = base64.encodebytes(b.crl(net.ca))
    net.server.answers["/ca.crl"] = b"-----BEGIN X509 CRL-----\n" + text + b"-----END X509 CRL-----"
    assert verify(net, files["crl"], leave(net)).verdict == "VALID"


# -- how much -------------------------------------------------------------------------------


def test_each_address_is_asked_once_in_a_run_also_when_it_fails(net, files, tmp_path) -> None:
    names = []
    for number in range(12):
        path = tmp_path / f"{number}.pdf"
        path.write_bytes(files["crl" if number % 2 else "ocsp"])
        names.append(str(path))
    net.server.answers["/status/1"] = lambda h, _: o.reply(h, b"", 500)
    for jobs in (1, 4):
        net.server.asked.clear()
        task = Task(net.trust, b.NOW, b.NOW, online=leave(net))
        with ThreadPoolExecutor(jobs) as threads:
            results = list(judge_all(task, names, executor=threads if jobs > 1 else None))
        assert {str(r.verdict) for _, r in results if isinstance(r, Report)} == {"INDETERMINATE"}
        assert max(net.server.asked.values()) == 1, net.server.asked
        assert set(net.server.asked) == {"/ca.crl", "/root.crl", "/ocsp", "/status/1"}
        for _, report in results:
            assert ("status-list", "WARN", "fetch.status") in words(report)


def test_a_host_that_does_not_answer_is_asked_once(net, files) -> None:
    net.server.answers["/status/1"] = silence
    online = leave(net, seconds=0.3)
    start = time.monotonic()
    report = verify(net, files["crl"], online)
    assert {("status-list", "WARN", "fetch.timeout"), ("crl", "SKIPPED", "host-silent")} <= (
        words(report))  # fmt: skip
    for _ in range(5):
        verify(net, files["crl"], online)
    assert time.monotonic() - start < 2 and sum(net.server.asked.values()) == 1


def test_questions_and_time_have_their_limits(net, files) -> None:
    report = verify(net, files["crl"], leave(net, requests=1))
    assert sum(net.server.asked.values()) == 1
    assert {p for _, _, p in words(report)} == {"", "limit"}
    net.serve()
    report = verify(net, files["crl"], leave(net, total_seconds=0))
    assert not net.server.asked and {p for _, _, p in words(report)} == {"limit"}
    report = verify(net, files["crl"], leave(net, held=1))
    assert sum(net.server.asked.values()) == 1


def test_the_report_says_what_it_rests_on_and_can_be_repeated(net, files) -> None:
    report = verify(net, files["crl"], leave(net))
    assert report.trust.digest != net.trust.digest and report.trust.before == net.trust
    for finding in told(report):
        assert "sha256" in finding.detail and finding.values["url"] in finding.detail
    net.server.answers.clear()
    again = elicense.verify(files["crl"], trust=report.trust, at=b.NOW, now=b.NOW)
    assert again.to_json() == report.to_json()


def test_a_report_made_online_may_stand_beside_another_file(net, files) -> None:
    online = leave(net)
    first = verify(net, files["crl"], online)
    assert verify(net, files["ocsp"], online, companions=[first]).verdict == "VALID"


def test_what_was_fetched_is_part_of_the_record(net) -> None:
    """A store read from files, extended by the network: the record judges the same again."""
    from elicense import record
    from elicense.trust.fetched import Fetch
    from elicense.trust.online import with_fetch

    file = (b.SAMPLES / "tianjin-doc.ofd").read_bytes()
    trust = b.sample_trust("trust-no-revocation")
    for number, crl in enumerate(b.sample_trust().crls):
        trust = with_fetch(trust, Fetch("crl", f"http://crl.example/{number}", "CA"), crl)
    trust = with_fetch(trust, Fetch("ocsp", "http://x.example/", "CA", "fetch.timeout"), b"")
    for uri, signed in b.sample_trust().status_lists.items():
        trust = with_fetch(trust, Fetch("status-list", uri, uri), signed)
    report = elicense.verify(file, trust=trust, at=b.NOW, now=b.NOW)
    assert report.verdict == "VALID" and len(told(report)) == len(trust.fetches)
    replayed = record.replay(record.make(report, file), allow_test=True)
    assert not replayed.differences


def test_whoever_signed_with_a_sealers_key_cannot_have_an_address_asked(net) -> None:
    """A sealer is no CA: a seal maker's certificate made with its key is not reached, although
    a signature leads from it to the anchor."""
    import extend_world
    from elicense.checks.case import judge_signatures
    from elicense.checks.needs import _open
    from elicense.examine import examine

    world = extend_world.world()
    point = b.x.crl_distribution_point(f"{net.server.url}/trap.crl")
    forged = b.make("Forged maker", world.made["sealer"], *b.SIGNING, point)
    trust = replace(world.trust(lists=b.NOW), intermediates=(
        world.ca.certificate, world.made["sealer"].certificate))  # fmt: skip
    file = replace_maker(world, forged).ofd()
    evidence = examine(file)
    (judged,), _ = judge_signatures(evidence, b.world(trust))
    maker = judged.maker_standing
    assert maker is not None and maker.path.anchored and maker.path.problems
    assert not maker.reached and not list(_open(maker))
    elicense.verify(file, trust=trust, at=b.NOW, now=b.NOW, online=leave(net))
    assert "/trap.crl" not in net.server.asked


def replace_maker(world, maker):
    return replace(world, made={**world.made, "maker": maker})

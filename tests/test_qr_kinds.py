"""QR texts told apart; hosts read as a browser reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense.qr import kinds
from elicense.qr.kinds import classify

IDENTIFIER = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("EL1:anything", "el1"),
        (IDENTIFIER, "identifier"),
        (IDENTIFIER.removeprefix("1.2.156.3005.2."), "identifier"),
        ("津建安A(2020)0012345", "number"),
        ("2400123", "number"),
        ("550e8400-e29b-41d4-a716-446655440000", "token"),
        ("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "token"),
        ("Zx8_kk29AAbbQQ11zz", "token"),
        ("https://example.cn/q?id=1", "url"),
        ("WEIXIN://dl/business", "url"),
        ("www.example.cn", "url"),
        ("example.cn/licence/1", "url"),
        ("天津海事局", "text"),
        ("", "text"),
        ("two words 2026", "text"),
        ("a@b.cn", "text"),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    found = classify(text)
    assert (found.kind, found.text) == (kind, text)


def test_the_unit_after_an_identifier_is_kept() -> None:
    found = classify(IDENTIFIER + "&0012")
    assert found.identifier is not None
    assert (found.identifier.text, found.unit) == (IDENTIFIER, "0012")
    assert classify(IDENTIFIER + "&").kind == "text"
    assert classify(IDENTIFIER).unit == ""


def hints(text: str) -> tuple[str, str, tuple[str, ...]]:
    url = classify(text).url
    assert url is not None
    return url.host, url.display, url.hints


@pytest.mark.parametrize(
    ("text", "host", "display", "expected"),
    [
        ("https://www.msa.gov.cn/a?b#c", "www.msa.gov.cn", "www.msa.gov.cn", ""),
        ("HTTPS://WWW.MSA.GOV.CN:443", "www.msa.gov.cn", "www.msa.gov.cn", ""),
        ("https://msa。gov。cn./", "msa.gov.cn", "msa.gov.cn", ""),
        ("https://ｍｓａ.gov.cn", "msa.gov.cn", "msa.gov.cn", ""),
        ("http://a.cn", "a.cn", "a.cn", "not-https"),
        ("https://a.cn:8443/", "a.cn", "a.cn", "port"),
        ("https://a.cn:99999/", "a.cn", "a.cn", "port"),
        ("https://gov.cn@evil.com/", "evil.com", "evil.com", "userinfo"),
        ("https://evil.com\\@gov.cn/", "evil.com", "evil.com", "backslash"),
        ("https://evil.com#@gov.cn/", "evil.com", "evil.com", ""),
        ("https://10.0.0.1/", "10.0.0.1", "10.0.0.1", "ip-address"),
        ("https://3232235777/", "3232235777", "3232235777", "ip-address"),
        ("https://[2001:db8::1]:443/", "[2001:db8::1]", "[2001:db8::1]", "ip-address"),
        ("https://msa.gov.cn.evil.com", "msa.gov.cn.evil.com", None, "look-alike"),
        ("https://msa-gov-cn.com", "msa-gov-cn.com", None, "look-alike"),
        ("https://msa.g0v.cn", "msa.g0v.cn", None, "look-alike"),
        ("https://msa.gоv.cn", "xn--gv-nmc.cn", None, "look-alike mixed-script punycode"),
        ("https://xn--fiqs8s.cn", "xn--fiqs8s.cn", "中国.cn", "punycode"),
        ("https://中国.cn", "xn--fiqs8s.cn", "中国.cn", "punycode"),
        ("https://a\u200b.cn", "a.cn", "a.cn", "invisible-character"),
        ("https://gov\n.cn", "gov.cn", "gov.cn", "control-character"),
        ("https://", "", "", "bad-host"),
        ("https://a b/", "a b", "a b", "bad-host"),
        ("https://" + "a" * 300, "", "", "bad-host"),
        ("www.msa.gov.cn", "www.msa.gov.cn", "www.msa.gov.cn", "no-scheme"),
    ],
)
def test_hosts_and_what_is_odd_about_them(
    text: str, host: str, display: str | None, expected: str
) -> None:
    found_host, found_display, found = hints(text)
    if host.startswith("xn--gv"):
        assert found_host.startswith("msa.xn--")
    else:
        assert found_host == host
    if display is not None:
        assert found_display == display
    assert found == tuple(expected.split())


@given(st.text(max_size=80) | st.text(max_size=80).map(lambda text: "https://" + text))
def test_any_text_is_classified(text: str) -> None:
    found = classify(text)
    assert found.kind in ("el1", "identifier", "number", "token", "url", "text")
    if found.url is not None and "bad-host" not in found.url.hints:
        assert found.url.host.isascii()


@given(st.text(alphabet="xn-0123456789abcdef.:/[]@\\", max_size=60))
def test_any_url_is_taken_apart(rest: str) -> None:
    assert classify("http://" + rest).kind == "url"


def test_the_prefix_is_that_of_the_payload() -> None:
    from elicense.qr import payload

    assert kinds.PREFIX == payload.PREFIX

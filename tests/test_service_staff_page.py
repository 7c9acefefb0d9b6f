"""Log-in on the inspector's page, in a real Chromium and both languages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from elicense.web.app import create_app
from elicense.web.settings import Settings
from identity_provider import SECRET, Provider
from service_world import SAMPLES, application, free_port, prepare, served
from test_page import FLAGS, PHONE
from test_service_staff import staff_settings

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Provider, Any]]:
    folder, ports = tmp_path_factory.mktemp("staff-page"), (free_port(), free_port())
    url, issuer = (f"http://127.0.0.1:{port}" for port in ports)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAFF_SECRET", SECRET)
        tokens = prepare(folder, **staff_settings(issuer, url))
        provider = Provider(issuer, described={"end_session_endpoint": None})
        app = create_app(Settings.load(folder / "service.toml"))
        with served(provider.app(), ports[1]), served(app, ports[0]):
            yield url, provider, tokens


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(params=["zh-CN", "en-GB"])
def page(request: pytest.FixtureRequest, browser: Any, site: tuple[str, Any, Any]) -> Iterator[Any]:
    context = browser.new_context(viewport=PHONE, locale=request.param)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(site[0])
    opened.wait_for_selector("#log-in")
    yield opened
    context.close()
    assert complaints == []


def zh(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.lang") == "zh")


def log_in(page: Any) -> None:
    page.click("#log-in")
    page.wait_for_selector("#log-out")


def test_who_is_logged_in_is_shown_and_can_leave(page: Any) -> None:
    assert page.inner_text("#log-in") == ("工作人员登录" if zh(page) else "Staff log-in")
    log_in(page)
    told = page.inner_text("#staff-name")
    assert "王 样例" in told and told.startswith("已登录" if zh(page) else "Logged in")
    page.click("#tab-query")
    assert page.locator("#credential").is_hidden() and page.locator("#log-in").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "csrf" not in page.evaluate("document.cookie + JSON.stringify(localStorage)")
    page.click("#log-out")
    page.wait_for_selector("#log-in")
    assert page.locator("#credential").is_visible() and page.inner_text("#staff-name") == ""
    page.reload()
    page.wait_for_selector("#log-in")


def test_a_person_who_is_logged_in_asks_without_a_credential(
    page: Any, site: tuple[str, Any, dict[str, str]]
) -> None:
    import httpx

    url, _, tokens = site
    wanted = application(81)
    httpx.post(url + "/api/licences", json=wanted, timeout=60,
               headers={"Authorization": f"Bearer {tokens['all']}"})  # fmt: skip
    log_in(page)
    page.click("#tab-query")
    page.select_option("#query-by", "number")
    page.fill("#query-value", wanted["number"])
    page.fill("#purpose", "登轮检查")
    page.click("#form-query button")
    page.wait_for_selector("#result .card")
    assert wanted["holder"]["name"] in page.inner_text("#result")
    page.click("#log-out")
    page.wait_for_selector("#log-in")
    assert page.locator("#result").is_hidden(), "what was found does not stay behind"


def test_a_file_is_verified_with_a_session_too(page: Any) -> None:
    log_in(page)
    page.set_input_files("#file", SAMPLES / "tianjin-doc.pdf")
    page.wait_for_selector("#result .verdict.VALID", timeout=60_000)


@pytest.mark.parametrize(("claims", "zh_text", "en_text"), [
    ({"roles": []}, "没有岗位权限", "no role"), ({"aud": "x"}, "不能证实", "could not be proven"),
])  # fmt: skip
def test_a_log_in_that_failed_is_told_once(
    page: Any, site: tuple[str, Provider, Any], claims: dict[str, Any], zh_text: str, en_text: str
) -> None:
    site[1].claims = claims
    try:
        page.click("#log-in")
        page.wait_for_selector("#login-failed:not([hidden])")
        assert (zh_text if zh(page) else en_text) in page.inner_text("#login-failed")
        page.click("#language")
        assert (zh_text if zh(page) else en_text) in page.inner_text("#login-failed")
        page.reload()
        page.wait_for_selector("#log-in")
        assert page.locator("#login-failed").is_hidden()
    finally:
        site[1].claims = {}


def test_a_made_up_kind_of_failure_puts_nothing_on_the_page(
    page: Any, site: tuple[str, Any, Any]
) -> None:
    page.goto(site[0] + "/?login=" + "%3Cb%3Ecall+0123%3C/b%3E")
    page.wait_for_selector("#login-failed:not([hidden])")
    assert "0123" not in page.inner_text("#login-failed")

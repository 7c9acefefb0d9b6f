"""The inspector's page in a real Chromium: what people see, hear and press."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elicense.web.app import create_app
from elicense.web.settings import Settings
from service_world import SAMPLES, application, free_port, prepare, served

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic",
         "--disable-component-update", "--disable-sync", "--no-first-run",
         "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("page")
    tokens = prepare(folder, more="[uploads]\nper_minute = 10000\nworkers = 1")
    port = free_port()
    with served(create_app(Settings.load(folder / "service.toml")), port):
        yield f"http://127.0.0.1:{port}", tokens


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
def page(request: pytest.FixtureRequest, browser: Any, site: tuple[str, Any]) -> Iterator[Any]:
    """The page in one language; anything the browser complains of is a failure."""
    context = browser.new_context(viewport=PHONE, locale=request.param, accept_downloads=True)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda m: complaints.append(m.text) if _complaint(m) else None)
    opened.goto(site[0])
    opened.wait_for_selector("#service:has-text('天津海事局')")
    yield opened
    context.close()
    assert complaints == []


def _complaint(message: Any) -> bool:
    """A script or a policy that fails; an answer such as 401 is the test's own affair."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def judged(page: Any, name: str) -> Any:
    page.evaluate("document.getElementById('result').hidden = true")
    page.set_input_files("#file", SAMPLES / name)
    page.wait_for_selector("#result:not([hidden]) .verdict", timeout=60_000)
    return page.locator("#result")


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("tianjin-doc.pdf", "VALID"), ("withdrawn.ofd", "INVALID"), ("unsealed.pdf", "INDETERMINATE")],
)
def test_a_file_is_judged_and_the_reasons_are_told(page: Any, name: str, verdict: str) -> None:
    result = judged(page, name)
    assert result.locator(f".verdict.{verdict}").count() == 1
    zh = page.evaluate("document.documentElement.lang") == "zh"
    words = {"VALID": "有效", "INVALID": "无效", "INDETERMINATE": "不能确定"}
    assert result.locator("h2").first.inner_text() == (words[verdict] if zh else verdict)
    if verdict != "VALID":
        assert result.locator(".findings li").count() >= 1


def test_the_language_is_changed_with_the_result(page: Any) -> None:
    judged(page, "tianjin-doc.pdf")
    before = page.locator("h1").inner_text()
    page.click("#language")
    page.wait_for_function("t => document.querySelector('h1').textContent !== t", arg=before)
    page.wait_for_selector("#result:not([hidden]) .verdict.VALID", timeout=60_000)
    page.reload()
    page.wait_for_selector("#service:has-text('天津海事局')")
    assert page.locator("h1").inner_text() != before, "the choice is kept"


def test_everything_is_reached_with_the_keyboard(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#tab-file")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-ship"
    assert page.locator("#panel-ship").is_visible() and page.locator("#panel-file").is_hidden()
    page.keyboard.press("ArrowLeft")
    for wanted in ("file", "photo", "scan", "compared"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == wanted
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "receiver"


def test_every_control_has_a_name_and_nothing_runs_over_the_edge(page: Any) -> None:
    for panel in ("file", "ship", "query"):
        page.click(f"#tab-{panel}")
        nameless = page.evaluate(
            "[...document.querySelectorAll('input,select,button')].filter(e => e.offsetParent && "
            "!(e.labels?.[0]?.textContent || e.textContent || '').trim()).map(e => e.id)"
        )
        assert nameless == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    result = judged(page, "tianjin-doc.pdf")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert result.get_attribute("aria-live") == "polite"
    assert page.evaluate("document.activeElement.id") == "result"


def test_a_copy_made_for_another_is_refused(page: Any) -> None:
    assert judged(page, "tianjin-doc-copy.pdf").locator(".verdict").get_attribute("class") == (
        "verdict VALID"
    )
    page.click("#more summary")
    page.fill("#receiver", "南海样例港务有限公司")
    result = judged(page, "tianjin-doc-copy.pdf")
    page.wait_for_selector("#result:not([hidden]) .verdict.INVALID", timeout=60_000)
    assert "南海样例港务有限公司" in result.inner_text()


def test_a_ship_is_judged_with_both_papers_and_the_report_is_saved(page: Any) -> None:
    page.click("#tab-ship")
    page.set_input_files("#doc", SAMPLES / "guangdong-doc-sign.ofd")
    page.set_input_files("#smc", SAMPLES / "guangdong-smc.pdf")
    page.click("#form-ship button[type=submit]")
    page.wait_for_selector(".cards .card >> nth=1", timeout=60_000)
    assert page.locator(".verdict.VALID").count() == 1
    page.fill("#imo", "9999999")
    page.click("#form-ship button[type=submit]")
    page.wait_for_selector(".verdict:not(.VALID)", timeout=60_000)
    with page.expect_download() as saved:
        page.click("#result button")
    text = Path(saved.value.path()).read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>") and "<svg" in text


def test_what_fails_is_said_and_not_shown_as_a_verdict(page: Any, site: tuple[str, Any]) -> None:
    page.click("#tab-query")
    page.fill("#query-value", "样例")
    page.fill("#purpose", "x")
    page.fill("#credential", "elt_wrong")
    with page.expect_response("**/api/**") as answer:
        page.click("#form-query button")
    assert answer.value.status == 401
    page.wait_for_selector("#result [role=alert]")
    assert page.locator(".verdict").count() == 0


def test_a_number_is_found_with_a_credential(page: Any, site: tuple[str, dict[str, str]]) -> None:
    import httpx

    url, tokens = site
    headers = {"Authorization": f"Bearer {tokens['all']}"}
    wanted = application(77)
    httpx.post(url + "/api/licences", json=wanted, headers=headers, timeout=60)
    page.click("#tab-query")
    page.select_option("#query-by", "number")
    page.fill("#query-value", wanted["number"])
    page.fill("#purpose", "登轮检查")
    page.fill("#credential", tokens["search"])
    page.click("#form-query button")
    page.wait_for_selector("#result .card")
    assert wanted["holder"]["name"] in page.locator("#result").inner_text()


def test_the_camera_says_what_it_can_do(page: Any) -> None:
    page.click("#scan")
    page.wait_for_function("document.getElementById('camera-note').textContent.length > 4")
    page.click("#stop")
    assert page.locator("#camera").is_hidden()


def test_without_a_connection_the_page_opens_and_says_what_it_needs(page: Any) -> None:
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_selector("#service:has-text('天津海事局')")
    page.context.set_offline(True)
    page.evaluate("location.reload()")
    page.wait_for_selector("#offline:not([hidden])", timeout=20_000)
    assert page.locator("h1").inner_text()
    page.context.set_offline(False)

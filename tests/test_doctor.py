"""``elicense doctor``: every line is tried; what is missing is named with how to get it."""

from __future__ import annotations

import builtins
import json

import pytest
from click.testing import CliRunner

from elicense import doctor
from elicense.cli import cli
from elicense.cli.doctor import doctor as command
from elicense.crypto import sm2
from judging import ROOT

TRUST = str(ROOT / "fixtures" / "certs" / "trust")


def by_key() -> dict[str, doctor.Item]:
    return {item.key: item for item in doctor.examine()}


def without(monkeypatch, *names: str) -> None:
    """As if these modules were not installed."""
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.split(".")[0] in names:
            raise ImportError(f"No module named {name!r}")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    real_module = doctor.import_module

    def refuse_module(name):
        if name.split(".")[0] in names:
            raise ImportError(f"No module named {name!r}")
        return real_module(name)

    monkeypatch.setattr(doctor, "import_module", refuse_module)


def test_here_nothing_is_broken_and_the_engine_and_the_reader_work() -> None:
    found = by_key()
    assert not doctor.broken(tuple(found.values()))
    assert found["zxing"].state == "ok" and found["libraries"].state == "ok"
    assert found["sm2"].state == ("ok" if sm2.ENGINE == "c" else "missing")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_line_has_its_words_in_both_languages(language: str) -> None:
    for item in doctor.examine():
        assert item.title(language) and item.value[language], item
        lacking = doctor.Item(item.key, "missing", {"zh": "", "en": ""})
        other = {"elicense", "python", "pictures", "settings", "network"}
        assert bool(lacking.how(language)) == (item.key not in other), item.key


def test_an_engine_that_rejects_a_good_signature_is_broken(monkeypatch) -> None:
    monkeypatch.setattr(sm2, "verify", lambda *args, **kwargs: False)
    assert by_key()["sm2"].state == "broken"
    done = CliRunner().invoke(cli, ["doctor", "--lang", "en"])
    assert done.exit_code == 1 and "✗ SM2/SM3 engine" in done.output


@pytest.mark.parametrize(
    ("module", "key", "state"),
    [
        ("cv2", "opencv", "missing"), ("pkcs11", "pkcs11", "missing"),
        ("fastapi", "server", "missing"), ("pikepdf", "libraries", "broken"),
        ("zxingcpp", "zxing", "broken"),
    ],
)  # fmt: skip
def test_what_is_not_installed_is_named_with_how_to_get_it(
    monkeypatch, module: str, key: str, state: str
) -> None:
    without(monkeypatch, module)
    item = by_key()[key]
    assert item.state == state and module in item.detail
    assert "pip install" in item.how("zh") and "pip install" in item.how("en")


def test_zbar_without_its_library_is_missing_never_a_crash(monkeypatch) -> None:
    from elicense.qr import zbar

    monkeypatch.setattr(zbar, "available", lambda: (False, "Unable to find zbar shared library"))
    item = by_key()["zbar"]
    assert item.state == "missing" and "shared library" in item.detail
    assert "libzbar0" in item.how("en") and "brew install zbar" in item.how("zh")


def test_no_ocr_and_no_heic_are_said(monkeypatch) -> None:
    from elicense.containers import image
    from elicense.ocr import engine

    monkeypatch.setattr(engine, "available", lambda: engine.Available(False, "not installed"))
    monkeypatch.setattr(image, "heic_readable", lambda: False)
    found = by_key()
    assert found["ocr"].state == "missing" and "elicense[ocr]" in found["ocr"].how("en")
    assert found["heic"].state == "missing" and "HEIC" not in found["pictures"].value["en"]


@pytest.mark.parametrize(
    ("path", "state", "part"),
    [(None, "missing", "none"), (TRUST, "note", "test anchors"), ("/no/such", "missing", "")],
)
def test_the_trust_store_of_the_environment_is_opened(
    monkeypatch, path: str | None, state: str, part: str
) -> None:
    monkeypatch.delenv("ELICENSE_TRUST", raising=False)
    if path:
        monkeypatch.setenv("ELICENSE_TRUST", path)
    item = by_key()["trust"]
    assert item.state == state and part in item.value["en"]
    assert (item.how("en") == "") == (state == "note")


def test_json_and_text_say_the_same() -> None:
    found = json.loads(CliRunner().invoke(command, ["--json", "--lang", "en"]).output)
    assert found["schema"] == "elicense-doctor/1" and found["broken"] is False
    text = CliRunner().invoke(command, ["--lang", "en"]).output
    assert all(item["title"] in " ".join(text.split()) for item in found["items"])
    assert [item["key"] for item in found["items"]] == [i.key for i in doctor.examine()]

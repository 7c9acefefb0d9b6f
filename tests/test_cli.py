"""The commands, as small scripts that assert exit code, stdout and stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from elicense.render.width import width
from elicense.report import schema

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "examples" / "samples"
TRUST = ("--trust", str(ROOT / "fixtures" / "certs" / "trust"), "--allow-test-trust")
AT = ("--at", "2026-11-01")


def run(*arguments: str, stdin: bytes | None = None, **environment: str) -> tuple[int, str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ELICENSE_")}
    done = subprocess.run(
        [sys.executable, "-m", "elicense", *arguments],
        input=stdin, capture_output=True, cwd=ROOT, timeout=120, check=False,
        env={**clean, "LANG": "C.UTF-8", **environment},
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def verify(*arguments: str, **environment: str) -> tuple[int, str, str]:
    return run("verify", *TRUST, *AT, *arguments, **environment)


def test_a_good_licence_is_valid_and_exits_0() -> None:
    code, out, err = verify(str(SAMPLES / "tianjin-doc.ofd"))
    assert code == 0
    assert out.startswith("VALID  ")
    assert err == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [("tampered-page.ofd", 1), ("withdrawn.ofd", 1), ("unsealed.pdf", 3), ("rogue.ofd", 3)],
)
def test_exit_codes_follow_the_verdict(name: str, expected: int) -> None:
    assert verify("-q", str(SAMPLES / name))[0] == expected


def test_exit_code_1_before_4_before_3(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pdf"
    junk.write_bytes(b"nothing")
    unsealed, bad = str(SAMPLES / "unsealed.pdf"), str(SAMPLES / "withdrawn.ofd")
    assert verify("-q", unsealed, str(junk))[0] == 4
    assert verify("-q", unsealed, str(junk), bad)[0] == 1


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    junk = tmp_path / "junk.ofd"
    junk.write_bytes(b"PK nothing")
    code, out, _ = verify("-q", str(junk), str(SAMPLES / "tianjin-doc.ofd"))
    assert code == 4
    assert [line.split()[0] for line in out.splitlines()] == ["UNREADABLE", "VALID"]


def test_a_missing_file_is_unreadable() -> None:
    code, out, _ = verify("-q", "no-such-file.pdf")
    assert code == 4
    assert "no-such-file.pdf" in out


def test_without_a_trust_store_nothing_is_valid() -> None:
    code, out, err = run("verify", "-q", str(SAMPLES / "tianjin-doc.ofd"))
    assert code == 3
    assert "INDETERMINATE" in out
    assert "--trust" in err


def test_a_test_trust_store_is_refused_without_consent() -> None:
    code, out, err = run("verify", *TRUST[:2], str(SAMPLES / "tianjin-doc.ofd"))
    assert (code, out) == (2, "")
    assert "--allow-test-trust" in err


def test_options_from_the_environment() -> None:
    code, out, _ = run(
        "verify", "-q", *AT, str(SAMPLES / "tianjin-doc.ofd"),
        ELICENSE_TRUST=TRUST[1], ELICENSE_ALLOW_TEST_TRUST="1", ELICENSE_LANG="zh",
    )  # fmt: skip
    assert code == 0
    assert out.startswith("有效 VALID")


def test_a_folder_means_the_files_in_it_in_order() -> None:
    code, out, _ = verify("-q", "--lang", "en", str(SAMPLES))
    names = [line.split("  ")[1] for line in out.splitlines()]
    assert code == 1
    assert names == sorted(names)
    assert len(names) >= 40


def test_jobs_give_the_same_lines_in_the_same_order() -> None:
    files = [str(p) for p in sorted(SAMPLES.glob("t*.ofd"))]
    assert verify("-q", "-j", "2", *files)[1] == verify("-q", *files)[1]


def test_standard_input() -> None:
    data = (SAMPLES / "tianjin-doc.pdf").read_bytes()
    code, out, _ = run("verify", "-q", *TRUST, *AT, "-", stdin=data)
    assert code == 0
    assert out.startswith("VALID  ")


def test_json_is_one_valid_object_a_line(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"junk")
    _, out, _ = verify("--json", str(SAMPLES / "guangdong-smc.pdf"), str(junk),
                       str(SAMPLES / "tampered-page.pdf"))  # fmt: skip
    lines = out.splitlines()
    assert len(lines) == 3
    for line in lines:
        jsonschema.validate(json.loads(line), schema())
    assert json.loads(lines[0])["verdict"] == "VALID"
    assert json.loads(lines[1])["error"]["code"] == "container.unknown"


def test_the_same_input_gives_the_same_report_byte_for_byte() -> None:
    arguments = ("--json", "--now", "2026-11-02", str(SAMPLES / "shandong-doc-v5.ofd"))
    first, second = verify(*arguments), verify(*arguments)
    assert first == second


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("flags", [(), ("-v",)])
def test_text_fits_80_columns(language: str, flags: tuple[str, ...]) -> None:
    names = ("tianjin-doc.ofd", "tampered-page.ofd", "rogue.pdf", "withdrawn.ofd", "other-qr.ofd")
    _, out, _ = verify("--lang", language, *flags, *(str(SAMPLES / n) for n in names))
    path = str(SAMPLES)
    assert [line for line in out.splitlines() if width(line) > 80 and path not in line] == []


def test_text_leads_with_the_verdict_and_the_reason() -> None:
    _, out, _ = verify("--lang", "zh", str(SAMPLES / "withdrawn.ofd"))
    first, second, third = out.splitlines()[:3]
    assert first.startswith("无效 INVALID")
    assert "发证机构已撤销此证照" in second
    assert third.strip().startswith("怎么办")


def test_no_colour_codes_when_not_on_a_terminal() -> None:
    assert "\x1b" not in verify(str(SAMPLES / "tianjin-doc.ofd"))[1]


def test_control_characters_of_a_file_never_reach_the_terminal(tmp_path: Path) -> None:
    odd = tmp_path / "a\x1b[31m\u202eb.pdf"
    odd.write_bytes(b"x")
    out = verify(str(odd))[1]
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.parametrize(
    "arguments",
    [("verify",), ("verify", "--at", "yesterday", "x"), ("nonsense",), ("verify", "--nonsense"),
     ("verify", "--trust", "no-such-folder", "x"), ("verify", "--policy", "no-such-file", "x")],
)  # fmt: skip
def test_usage_errors_exit_2_and_speak_on_stderr(arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.strip()


def test_version_names_the_engine() -> None:
    code, out, _ = run("--version")
    assert code == 0
    assert out.startswith("elicense ")
    assert "SM2: " in out


def test_inspect_shows_signer_and_seal_without_judging() -> None:
    code, out, _ = run("inspect", "--lang", "zh", str(SAMPLES / "tianjin-doc.ofd"))
    assert code == 0
    assert "天津海事局符合证明专用章" in out
    assert "有效 VALID" not in out


def test_inspect_json() -> None:
    _, out, _ = run("inspect", "--json", str(SAMPLES / "guangdong-smc.pdf"))
    found = json.loads(out)
    assert found["schema"] == "elicense-inspection/1"
    assert found["signatures"][0]["kind"] == "cms"
    assert found["data"]["covered"] is True


def test_extracting_the_seals_picture(tmp_path: Path) -> None:
    out = tmp_path / "seal.png"
    code, _, err = run("inspect", "--extract-seal", str(out), str(SAMPLES / "tianjin-doc.ofd"))
    assert code == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert "40 × 40 mm" in err
    assert run("inspect", "--extract-seal", str(out), str(SAMPLES / "tianjin-doc.ofd"))[0] == 2


def test_inspect_tells_an_annotated_copy_and_what_it_hides() -> None:
    file = str(SAMPLES / "tianjin-doc-copy.ofd")
    code, out, _ = run("inspect", "--lang", "zh", file)
    assert code == 0 and "加注件: " in out and "未显示的字段: " in out
    data = json.loads(run("inspect", "--json", file)[1])["data"]
    assert data["copy"]["receiver"] in out and data["copy"]["expires"] in out
    assert data["hidden"] and all(path in out for path in data["hidden"])


def test_inspect_a_bare_seal() -> None:
    seal = next((ROOT / "examples" / "seals").glob("*.esl"))
    code, out, _ = run("inspect", "--lang", "en", str(seal))
    assert code == 0
    assert "Seal maker" in out


def test_a_picture_that_is_no_png_is_converted_or_refused(tmp_path: Path) -> None:
    from elicense.cli.inspect import _as_png
    from elicense.errors import UsageError

    gif = bytes.fromhex(
        "47494638376101000100800000ff0000ffffff2c00000000010001000002024401003b"
    )
    assert _as_png(gif, "gif").startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="ofd"):
        _as_png(b"PK\x03\x04", "ofd")

"""docs/joining.md: its commands are run as they stand there, in a folder of test keys."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from elicense.issuing import trust_list
from issuing_world import CERTS, ROOT, SAMPLES, desk

LISTS = CERTS / "lists"
PAGE = ROOT / "docs" / "joining.md"
NOW = "2026-11-01T00:00:00+00:00"
# so that the page holds in other years too: each command is told the time of the samples
TIMES = {
    "make": ("--now", NOW), "sign": ("--time", NOW), "update": ("--now", NOW),
    "show": ("--now", NOW), "diff": ("--now", NOW), "verify": ("--at", NOW, "--now", NOW),
}  # fmt: skip
FILES = {
    "certs/ca.pem": "ca/shandong-sm2.pem", "certs/qr.pem": "qr/shandong-sm2.pem",
    "certs/status.pem": "status/shandong-sm2.pem", "certs/maker.pem": "makers/shandong-sm2.pem",
    "certs/root.crl": "trust/crls/test-root-sm2.crl",
    "certs/ca.crl": "trust/crls/shandong-sm2.crl",
    "certs/national.crl": "trust/crls/national-sm2.crl",
    "certs/status-1.p7": "trust/status/sd-1.p7",
    "list-signer.pem": "list-signers/shandong-sm2.pem",
    "list-signer.key.pem": "keys/list-signers/shandong-sm2.pem",
    "operator.pem": "operator/operator-sm2.pem",
    "operator.key.pem": "keys/operator/operator-sm2.pem",
    "public/national.p7": "lists/national.p7",
}  # fmt: skip


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each block of the page, in its order."""
    found = re.findall(r"^```(sh|toml)\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.S)
    return [(language, text) for language, text in found]


def prepare(folder: Path) -> None:
    """What each party has before it begins: keys, certificates, the operator's first list."""
    for name, origin in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CERTS / origin, folder / name)
    shutil.copy(SAMPLES / "shandong-doc-v5.ofd", folder / "doc.ofd")
    text = (LISTS / "list-of-lists.toml").read_text("utf-8")
    text = text.replace('"../', f'"{CERTS}/').replace('file = "', 'file = "public/')
    head, *entries = text.split("[[list]]\n")
    kept = [entry for entry in entries if entry.startswith('id = "national"')]
    (folder / "list-of-lists.toml").write_text("[[list]]\n".join([head, *kept]), "utf-8")
    made = trust_list.make(folder / "list-of-lists.toml", now=datetime(2026, 10, 1, tzinfo=UTC))
    signer = desk().world.credential("operator/operator-sm2")
    signed = trust_list.sign(made, signers=(signer,), time=datetime(2026, 10, 1, tzinfo=UTC))
    (folder / "public/lol-1.p7").write_bytes(signed)


def command(line: str, folder: Path) -> tuple[int, str]:
    """Run one line of the page; its exit code and all it said."""
    program, *arguments = shlex.split(line, comments=True)
    assert program == "elicense"
    name = arguments[1] if arguments[0] == "trust" else arguments[0]
    done = subprocess.run(
        [sys.executable, "-m", "elicense", *arguments, *TIMES.get(name, ())], cwd=folder,
        capture_output=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "ELICENSE_ALLOW_TEST_TRUST": "1",
             "ELICENSE_LANG": "en"},
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode()


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    prepare(tmp_path)
    said: dict[str, str] = {}
    for language, text in blocks(PAGE):
        if language == "toml":
            head = text.partition("\n")[0]
            target = tmp_path / head.rpartition(" ")[2]
            mode = "a" if "added to" in head else "w"
            with target.open(mode, encoding="utf-8") as file:
                file.write("\n" + text)
            continue
        for line in text.splitlines():
            wanted = re.search(r"# exit code (\d)", line)
            code, output = command(line, tmp_path)
            assert code == int(wanted[1] if wanted else 0), (line, output)
            said[line.partition(" #")[0].strip()] = output
    assert said["elicense verify --trust device.elt --operator operator.pem doc.ofd"].startswith(
        "VALID"
    )
    update = said["elicense trust update device --from public"]
    assert update.count("✓") == 4  # two lists of lists, stepped through, and two lists
    assert "✓ 370000 no. 2" in said["elicense trust update device --from 370000-2.p7"]


def test_both_languages_show_the_same_commands_and_files() -> None:
    assert blocks(PAGE) == blocks(PAGE.with_name("joining.zh-CN.md"))
    assert len(blocks(PAGE)) == 7


def test_every_reason_of_refusal_is_in_the_manual_and_has_its_words() -> None:
    kinds = tomllib.loads((ROOT / "src/elicense/kinds.toml").read_text("utf-8"))
    known = {name.removeprefix("list-") for name in kinds if name.startswith("list-")}
    manual = (ROOT / "docs/trust-lists.md").read_text("utf-8")
    table = manual.partition("| refused as |")[2].partition("\n\n")[0]
    told = set(re.findall(r"`([a-z-]+)`", "\n".join(
        row.split("|")[1] for row in table.splitlines() if row.startswith("| `")
    )))  # fmt: skip
    assert told == known

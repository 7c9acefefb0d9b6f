"""The story that ``make demo`` tells ends as it should, in the reader's language."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from judging import ROOT

STORY = {
    "en": ("The issuer has withdrawn this licence", "SAME REPORT, byte for byte",
           "The company's DOC 样例TJDOC202500060 is withdrawn", "annual 1 done"),
    "zh": ("发证机构已撤销此证照", "结论一致：逐字节相同",
           "公司的符合证明 样例TJDOC202500060 已被撤销", "年度审核1 已做"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_demo_ends_well(language: str) -> None:
    base = {k: v for k, v in os.environ.items() if not k.startswith("ELICENSE_")}
    done = subprocess.run(
        [sys.executable, "scripts/demo.py"], cwd=ROOT, check=False, capture_output=True,
        env={**base, "ELICENSE_LANG": language, "PYTHONPATH": str(ROOT / "src"),
             "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    said = "".join(done.stdout.decode().split("\n    "))
    assert done.returncode == 0, done.stderr.decode() + said[-2000:]
    flat = said.replace("\n", "")
    for sentence in STORY[language]:
        assert sentence in flat or sentence in done.stdout.decode(), sentence

"""The commands of docs/status-lists.md run, one after the other, and print what is shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from issue_world import x

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "status-lists.md"
TABLE = f"identifier,number,list,index\n{x.TIANJIN_DOC.identifier},{x.TIANJIN_DOC.number},a:b,1\n"


def steps() -> list[tuple[str, str]]:
    """Each command of the page with the output shown for it."""
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.M)
    found = []
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def test_the_commands_of_the_page_print_what_is_shown(tmp_path: Path) -> None:
    for name in ("fixtures", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "ids.csv").write_text(TABLE, "utf-8")
    assert len(steps()) >= 8
    for command, output in steps():
        program, *arguments = command.split()
        assert program == "elicense"
        done = subprocess.run(
            [sys.executable, "-m", "elicense", *arguments], cwd=tmp_path, capture_output=True,
            check=False, timeout=60, env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode in {0, 1}, done.stderr.decode()
        assert done.stdout.decode() == output, command

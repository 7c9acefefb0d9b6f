"""Many files: a table of results, interrupted runs that go on, processes that die."""

from __future__ import annotations

import csv
import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from elicense import batch, results
from elicense.batch import Task
from elicense.cli import cli
from elicense.errors import InputError, UsageError
from elicense.policy import Policy
from judging import AT, SAMPLES, trust
from scanning import SCANS
from test_cli import TRUST

FILES = ("tianjin-doc.ofd", "withdrawn.ofd", "unsealed.pdf")
SUFFIXES = pytest.mark.parametrize("suffix", [".csv", ".jsonl"])


def task(**changes) -> Task:
    return replace(Task(trust(), AT, AT, ocr=False), **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(SAMPLES / name, tmp_path / name)
    shutil.copy(SCANS / "withdrawn.png", tmp_path / "withdrawn.png")
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    (tmp_path / "notes.txt").write_text("no licence")
    return tmp_path


def run(table: Path, names: list[str], *, resume: bool = False, fixed: bool = True,
        own: Task | None = None, stop: int | None = None) -> list[str]:  # fmt: skip
    """One run, stopped after so many files; the names that were judged."""
    begun = results.begin(table, names=names, task=own or task(), resume=resume, fixed=fixed,
                          language="en")  # fmt: skip
    judged = []
    for name in begun.todo[:stop]:
        begun.add(batch.judge_one(begun.task, name))
        judged.append(name)
    if stop is None:
        begun.close()
    else:
        begun._file.close()  # as a process that was killed leaves it
    return judged


def rows(table: Path) -> list[dict[str, str]]:
    if table.suffix == ".jsonl":
        return [json.loads(line) for line in table.read_text("utf-8").splitlines()]
    with table.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def names_in(folder: Path) -> list[str]:
    return batch.expand([str(folder)], recursive=False)


def test_a_folder_means_pdfs_ofds_and_pictures_in_order(folder: Path) -> None:
    names = [Path(name).name for name in names_in(folder)]
    assert names == sorted(["damaged.jpg", "withdrawn.png", *FILES])
    below = folder / "below" / "deeper"
    below.mkdir(parents=True)
    for name in ("a.PNG", "b.tif", "c.heic", "d.webp", "e.bmp", "f.jpeg", "g.gif"):
        (below / name).write_bytes(b"x")
    found = batch.expand([str(folder)], recursive=True)
    assert len(found) == len(names) + 6 and not any(name.endswith("gif") for name in found)


@SUFFIXES
def test_every_file_has_a_row_that_says_what_was_judged_and_how(folder: Path, suffix) -> None:
    table = folder / f"out{suffix}"
    names = names_in(folder)
    assert run(table, names) == names
    found = rows(table)
    assert [row["file"] for row in found] == names
    assert all(set(row) == set(results.COLUMNS) for row in found)
    by_name = {Path(row["file"]).name: row for row in found}
    assert by_name["tianjin-doc.ofd"]["verdict"] == "VALID"
    assert by_name["tianjin-doc.ofd"]["number"] == "样例TJDOC202600001"
    assert by_name["withdrawn.png"]["code"] == "status.licence"
    assert by_name["withdrawn.png"]["reason"] == "withdrawn"
    assert by_name["damaged.jpg"]["verdict"] == "UNREADABLE"
    assert by_name["damaged.jpg"]["code"].startswith("image.")
    assert {row["trust"] for row in found} == {trust().digest}
    assert all(len(row["sha256"]) == 64 and row["size"].isdigit() for row in found)


@SUFFIXES
@pytest.mark.parametrize("stop", [0, 1, 3])
def test_an_interrupted_run_goes_on_where_it_stopped(folder: Path, suffix, stop) -> None:
    table, names = folder / f"out{suffix}", names_in(folder)
    whole = folder / f"whole{suffix}"
    run(whole, names)
    assert run(table, names, stop=stop) == names[:stop]
    assert run(table, names, resume=True) == names[stop:]
    assert table.read_bytes() == whole.read_bytes()
    assert run(table, names, resume=True) == []
    assert table.read_bytes() == whole.read_bytes()


@SUFFIXES
def test_a_row_that_was_cut_off_is_judged_again(folder: Path, suffix) -> None:
    table, names = folder / f"out{suffix}", names_in(folder)
    run(table, names)
    whole = table.read_bytes()
    table.write_bytes(whole[:-40])
    assert run(table, names, resume=True) == names[-1:]
    assert table.read_bytes() == whole


def test_a_file_that_changed_is_judged_again_and_keeps_its_place(folder: Path) -> None:
    table, names = folder / "out.csv", names_in(folder)
    run(table, names)
    shutil.copy(SAMPLES / "tampered-page.ofd", folder / "tianjin-doc.ofd")
    os.utime(folder / "unsealed.pdf", ns=(1, 1))
    again = run(table, names, resume=True)
    assert [Path(name).name for name in again] == ["tianjin-doc.ofd", "unsealed.pdf"]
    assert [row["file"] for row in rows(table)] == names
    assert {Path(r["file"]).name: r["verdict"] for r in rows(table)}["tianjin-doc.ofd"] == "INVALID"


def test_same_size_and_time_but_other_bytes_are_judged_again(folder: Path) -> None:
    table, names = folder / "out.jsonl", names_in(folder)
    run(table, names)
    path = folder / "tianjin-doc.ofd"
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(table, names, resume=True) == [str(path)]


@pytest.mark.parametrize(
    "changes",
    [
        {"at": AT + timedelta(days=1)}, {"now": AT + timedelta(hours=1)},
        {"policy": Policy(name="default", weights={"trust.test": "FAIL"})},
        {"ocr": True}, {"trust": None},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_other_times_trust_or_settings_judge_everything_again(folder: Path, changes) -> None:
    import elicense

    if "trust" in changes:
        changes = {"trust": elicense.TrustStore.empty()}
    table, names = folder / "out.csv", names_in(folder)[:2]
    run(table, names)
    assert run(table, names, resume=True, own=task(**changes)) == names


def test_a_run_of_today_is_continued_with_its_own_time_and_an_old_one_is_not(folder: Path) -> None:
    table, names = folder / "out.csv", names_in(folder)
    run(table, names, stop=2)
    later = task(at=AT + timedelta(hours=3), now=AT + timedelta(hours=3))
    begun = results.begin(table, names=names, task=later, resume=True, fixed=False, language="en")
    assert (begun.task.at, begun.task.now) == (AT, AT) and len(begun.kept) == 2
    begun.close()
    for moment in (AT + timedelta(days=2), AT - timedelta(hours=1)):
        other = task(at=moment, now=moment)
        begun = results.begin(table, names=names, task=other, resume=True, fixed=False,
                              language="en")  # fmt: skip
        assert begun.task.at == moment and begun.kept == {}
        begun.close()
        run(table, names, resume=True, stop=2)


def test_a_table_is_never_overwritten_unasked_nor_another_file_taken_for_one(folder: Path) -> None:
    table = folder / "out.csv"
    table.write_bytes(b"name,price\r\nbread,3\r\n")
    for resume, code in ((False, "results.exists"), (True, "results.read")):
        with pytest.raises(UsageError) as caught:
            run(table, [], resume=resume)
        assert caught.value.code == code
    assert table.read_bytes() == b"name,price\r\nbread,3\r\n"
    odd = folder / "out.jsonl"
    for text in ('{"file": 1}\n', "[" * 100_000 + "\n", "\x00\n"):
        odd.write_text(text)
        with pytest.raises(UsageError):
            run(odd, [], resume=True)
    with pytest.raises(UsageError):
        run(folder / "out.ofd", [])


@SUFFIXES
def test_hostile_names_stay_names(tmp_path: Path, suffix) -> None:
    """No spreadsheet calculates them, and going on finds them again."""
    names = []
    for name in ("=HYPERLINK(1).ofd", "'quoted.ofd", "a,b\nc.ofd", "+1.ofd"):
        shutil.copy(SAMPLES / "tianjin-doc.ofd", tmp_path / name)
        names.append(name)
    table = tmp_path / f"out{suffix}"
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        run(table, names)
        assert run(table, names, resume=True) == []
    finally:
        os.chdir(before)
    if suffix == ".csv":
        assert not any(row["file"].startswith(("=", "+", "-", "@")) for row in rows(table))


# -- the command -----------------------------------------------------------------------


def command(*arguments: str):
    told = ["verify", *TRUST, "--at", "2026-11-01", "--now", "2026-11-01", "--no-ocr", "-q",
            "--lang", "en", *arguments]  # fmt: skip
    return CliRunner().invoke(cli, told)


def test_the_command_sums_up_and_goes_on(folder: Path) -> None:
    table = folder / "out.csv"
    done = command(str(folder), "--results", str(table))
    assert done.exit_code == 1
    assert "5 files, valid 1, invalid 2, indeterminate 1, unreadable 1" in done.stderr
    assert len(done.stdout.splitlines()) == 5
    shutil.copy(SAMPLES / "expired.ofd", folder / "zz.ofd")
    done = command(str(folder), "--results", str(table), "--resume")
    assert done.exit_code == 1 and len(done.stdout.splitlines()) == 1
    assert "6 files, valid 1, invalid 3" in done.stderr and "5 of them judged before" in done.stderr
    assert len(rows(table)) == 6
    again = command(str(folder), "--results", str(table), "--resume")
    assert (again.exit_code, again.stdout) == (1, "")


def test_processes_give_the_same_table(folder: Path) -> None:
    one, two = folder / "one.csv", folder / "two.csv"
    command(str(folder), "--results", str(one))
    command(str(folder), "--results", str(two), "-j", "2")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("arguments", [("--resume",), ("--compared",)])
def test_options_that_need_another_are_refused(folder: Path, arguments) -> None:
    done = command(str(folder), *arguments)
    assert done.exit_code == 2


def test_compared_is_recorded(tmp_path: Path) -> None:
    scan = str(SCANS / "tianjin-doc-flatbed.png")
    done = command("--compared", "--json", scan)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["verdict"]) == (0, "VALID")
    assert found["sheet"]["compared"] is True
    assert command("--json", scan).exit_code == 3


# -- processes that die -----------------------------------------------------------------


def _dies(task: Task, name: str, data: bytes | None = None):
    if "damaged" in name:
        os._exit(1)
    return batch._real(task, name, data)


def test_a_process_that_dies_takes_no_other_file_with_it(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(batch, "_real", batch.judge_one, raising=False)
    monkeypatch.setattr(batch, "judge_one", _dies)
    names = names_in(folder)
    with ProcessPoolExecutor(2) as executor:
        found = dict(batch.judge_all(task(), names, executor=executor))
    assert list(found) == names
    dead = [name for name, outcome in found.items() if isinstance(outcome, InputError)]
    assert [Path(name).name for name in dead] == ["damaged.jpg"]
    assert found[dead[0]].code == "batch.process"

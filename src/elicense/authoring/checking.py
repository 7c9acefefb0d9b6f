"""``elicense profiles check``: a licence type's file looked over, everything at once."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from elicense import profiles
from elicense.authoring import labels, page_fit, rule_samples, structure, trial
from elicense.authoring.finding import Finding, line_of
from elicense.errors import Error, UsageError
from elicense.issuing import reading, validate
from elicense.licence import Licence, StatusReference
from elicense.profiles import Profile
from elicense.profiles.toml_table import Fault

_SHARED = "shared.toml"
_MAX_SAMPLE = 1 << 20
_YEARS = (2000, 2100)  # that a trial can be sealed in
_MOST = 200  # findings told of one file


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one file. ``pages`` are those of the sample, ``pages_rows`` those with
    long tables; ``qr`` the characters of its code; ``tried`` what was made and verified of
    ``ofd``, ``pdf`` and ``scan``; ``sample`` says whose licence it was (``file``, ``made`` or
    empty); ``files`` are what the trial made, by name."""

    path: Path
    profile: Profile
    findings: tuple[Finding, ...] = ()
    pages: int = 0
    pages_rows: int = 0
    qr: int = 0
    tried: tuple[str, ...] = ()
    sample: str = ""
    at: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def good(self) -> bool:
        """No fault; there may be warnings."""
        return all(item.warning for item in self.findings)


def files_of(place: str | Path) -> tuple[Path, ...]:
    """The TOML files to check: one, or those of a folder. UsageError if there are none."""
    path = Path(place)
    if path.is_dir():
        found = tuple(sorted(p for p in path.glob("*.toml") if p.name != _SHARED))
        if not found:
            raise UsageError("profile.folder", "there is no .toml file in it", place=str(path))
        return found
    if not path.is_file():
        raise UsageError("profile.unreadable", "there is no such file", place=str(path))
    return (path,)


def check(path: Path, *, tried: bool = True) -> Checked:
    """Everything that is wrong with the licence type in ``path``; ``tried`` also issues a
    sample with throw-away keys and verifies it."""
    profile, faults = profiles.faults(path)
    found: list[Finding] = list(labels.findings(profile))
    readable = not any(fault.kind in {"unreadable", "toml"} for fault in faults)
    result = Checked(path, profile)
    if readable:
        packaged = profiles.packaged()
        own = any(file.resolve() == path.resolve() for _, file in packaged.values())
        found += structure.findings(profile, packaged=own)
        found += structure.clashes(profile, {**packaged, **_siblings(path)}, path)
        if profile.id and profile.id != path.stem:
            found.append(Finding("file.name", "id", profile.id))
    found = [*map(_read_fault, faults), *_judged(found, faults)]
    if not faults and not _hopeless(found):
        result = _sampled(profile, path, found, tried=tried)
    text = _text(path) if readable else ""
    once = {_key(item): item for item in reversed(found)}
    told = [once[key] for key in list(dict.fromkeys(map(_key, found)))[:_MOST]]
    lined = (replace(item, line=line_of(text, item.place)) for item in told)
    return replace(result, findings=tuple(sorted(lined, key=lambda f: (f.warning, f.line))))


def _key(item: Finding) -> tuple[object, ...]:
    return item.code, item.place, item.subject, tuple(sorted(item.values.items()))


def _hopeless(found: list[Finding]) -> bool:
    """Without these nothing can be drawn or issued: a trial would only say so again."""
    codes = {"field.missing", "clash.id", "label.half", "qr.lacks"}
    return any(item.code in codes for item in found)


def _judged(found: list[Finding], faults: tuple[Fault, ...]) -> Iterator[Finding]:
    """Without what follows from a fault of reading: a misspelt ``required`` is no missing one."""
    wrong = {fault.place for fault in faults}
    tables = {fault.place.rpartition(".")[0] for fault in faults} - {""}
    for item in found:
        inside = item.code.startswith("field.") and item.place.rpartition(".")[0] in tables
        if item.place not in wrong and not inside:
            yield item


def _read_fault(fault: Fault) -> Finding:
    return Finding(f"file.{fault.kind}", fault.place, fault.place, fault.given)


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def _siblings(path: Path) -> dict[str, tuple[Profile, Path]]:
    """The other types of the same folder that can be read."""
    found = {}
    for file in sorted(path.absolute().parent.glob("*.toml")):
        if file.name != _SHARED and file.resolve() != path.resolve():
            profile, faults = profiles.faults(file)
            if not faults:
                found[str(file)] = profile, file
    return found


def _sampled(profile: Profile, path: Path, found: list[Finding], *, tried: bool) -> Checked:
    """Rules, page and trial, on the sample beside the file or on one that is made."""
    result = Checked(path, profile)
    made = rule_samples.good(profile)
    given, faults = _given(profile, path)
    found += faults
    licence = given or (None if faults else made)
    bases = tuple(item for item in (made, given) if item is not None)
    if bases:
        found += structure.unbreakable(profile, bases)
    if licence is None:
        found += [] if faults else [Finding("sample.none")]
        return result
    if refused := _refused(profile, licence):
        found += refused
        return replace(result, sample="file" if given else "made")
    fit, pages, pages_rows = page_fit.findings(profile, licence)
    found += fit
    result = replace(result, pages=pages, pages_rows=pages_rows,
                     sample="file" if given else "made")  # fmt: skip
    if not tried or any(item.code == "page.sample" for item in fit):
        return result
    done = trial.run(profile, licence)
    found += done.findings
    return replace(
        result, tried=done.tried, qr=done.qr, files=done.files,
        at=done.at.isoformat() if done.at else "",
    )  # fmt: skip


def _refused(profile: Profile, licence: Licence) -> list[Finding]:
    """What would keep the sample from being issued, whatever the page and the keys."""
    day = licence.validity.issued or datetime.date.today()
    with profiles.trying(profile):
        faults = validate.faults(licence, day=day)
    found = [trial.refused(fault) for fault in faults]
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        found.append(Finding("sample.day", "", day.isoformat()))
    return found


def sample_path(path: Path) -> Path:
    """Where the sample licence of a type's file stands: ``ID.sample.json`` beside it."""
    return path.with_name(f"{path.stem}.sample.json")


def _given(profile: Profile, path: Path) -> tuple[Licence | None, list[Finding]]:
    file = sample_path(path)
    if not file.is_file():
        return None, []
    try:
        with file.open("rb") as source:
            data = source.read(_MAX_SAMPLE + 1)
    except OSError as error:
        return None, [_unreadable("$", str(error))]
    if len(data) > _MAX_SAMPLE:
        return None, [_unreadable("$", f"larger than {_MAX_SAMPLE} bytes")]
    with profiles.trying(profile):
        try:
            read = reading.read_json(data, place=file.name)
        except Error as error:
            return None, [_unreadable("$", error.detail)]
    faults = [_unreadable(fault.path, fault.detail) for fault in read.faults]
    if read.licence is None or faults:
        return None, faults
    if read.licence.type != profile.id:
        return None, [Finding("sample.other-type", "", read.licence.type)]
    return replace(read.licence, status=read.licence.status or StatusReference("urn:x", 0)), []


def _unreadable(path: str, detail: str) -> Finding:
    return Finding("sample.unreadable", "", path, {"detail": detail})


# -- telling -----------------------------------------------------------------------------

_WORDS = {
    "zh": {
        "line": "第 {0} 行", "scan": "扫描件", "copies": "加注件", "and": "、",
        "passed": "试签并核验通过：{0}", "pages": "{0} 页", "rows": "表格 {0} 行时 {1} 页",
        "qr": "二维码 {0} 字符", "file": "用旁边的样例", "made": "用自动生成的样例",
        "sum": "共 {0} 种证照：{1} 处错误，{2} 处提醒",
    },
    "en": {
        "line": "line {0}", "scan": "scan", "copies": "masked copies", "and": ", ",
        "passed": "issued and verified: {0}", "pages": "{0} page(s)",
        "rows": "{1} with {0} rows", "qr": "QR code of {0} characters",
        "file": "the sample beside the file", "made": "a sample made for it",
        "sum": "{0} type(s): {1} fault(s), {2} warning(s)",
    },
}  # fmt: skip


def told(checked: tuple[Checked, ...], lang: str) -> Iterator[str]:
    """Lines of text: each file with its faults, warnings and what was tried."""
    for item in checked:
        name = item.profile.zh if lang == "zh" else item.profile.en
        yield f"{item.path.name}  {name}".rstrip()
        for found in item.findings:
            mark = "!" if found.warning else "✗"
            where = _WORDS[lang]["line"].format(found.line) if found.line else ""
            yield f"  {mark} {where + '  ' if where else ''}{found.message(lang)}"
            yield f"      → {found.advice(lang)}"
        if item.tried and item.good:
            yield f"  ✓ {_passed(item, lang)}"
    faults = sum(not f.warning for item in checked for f in item.findings)
    warnings = sum(f.warning for item in checked for f in item.findings)
    yield _WORDS[lang]["sum"].format(len(checked), faults, warnings)


def _passed(item: Checked, lang: str) -> str:
    words = _WORDS[lang]
    names = [words["scan"] if name == "scan" else name.upper() for name in item.tried]
    parts = [words["passed"].format(words["and"].join([*names, words["copies"]]))]
    parts.append(words[item.sample])
    parts.append(words["pages"].format(item.pages))
    if item.pages_rows != item.pages:
        parts.append(words["rows"].format(page_fit.ROWS, item.pages_rows))
    if item.qr:
        parts.append(words["qr"].format(item.qr))
    return ("；" if lang == "zh" else "; ").join(parts)


def as_dict(item: Checked) -> dict[str, object]:
    """One file's result for machines; both languages."""
    return {
        "file": str(item.path), "id": item.profile.id, "good": item.good,
        "tried": list(item.tried), "sample": item.sample, "pages": item.pages,
        "pages_with_rows": item.pages_rows, "qr_characters": item.qr,
        "findings": [
            {
                "code": f.code, "severity": "warning" if f.warning else "fault",
                "place": f.place, "line": f.line, "subject": f.subject,
                "message": {lang: f.message(lang) for lang in ("zh", "en")},
                "advice": {lang: f.advice(lang) for lang in ("zh", "en")},
            }
            for f in item.findings
        ],
    }  # fmt: skip

"""What a worker is asked and what it answers, as values and as messages of :mod:`pipe`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from elicense.errors import Error, InputError, KeyMaterialError, LimitError, UsageError

Message = tuple[dict[str, Any], list[bytes]]
_KINDS = (LimitError, InputError, KeyMaterialError, UsageError, Error)  # the narrowest first


@dataclass(frozen=True, slots=True)
class Terms:
    """How to judge; times are fixed by the service. ``html`` asks for a page too."""

    now: datetime
    at: datetime
    policy: str
    language: str
    compared: bool = False
    html: bool = False
    receiver: str = ""  # who was shown an annotated copy


@dataclass(frozen=True, slots=True)
class FileJob:
    """One file or scan."""

    terms: Terms
    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShipJob:
    """DOC, SMC and ship together; either file may be missing."""

    terms: Terms
    doc: tuple[str, bytes] | None = field(repr=False)
    smc: tuple[str, bytes] | None = field(repr=False)
    ship: str


@dataclass(frozen=True, slots=True)
class CodeJob:
    """The text of one QR code."""

    terms: Terms
    text: str


Job = FileJob | ShipJob | CodeJob


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it: the report as one line of JSON, and as HTML if asked for."""

    verdict: str
    json: bytes = field(repr=False)
    html: bytes = field(repr=False, default=b"")


def of_job(job: Job) -> Message:
    """A job as a message."""
    terms = asdict(job.terms)
    terms |= {"now": job.terms.now.isoformat(), "at": job.terms.at.isoformat()}
    if isinstance(job, FileJob):
        return {"job": "file", "terms": terms, "name": job.name}, [job.data]
    if isinstance(job, CodeJob):
        return {"job": "code", "terms": terms, "text": job.text}, []
    papers = {"doc": job.doc, "smc": job.smc}
    names = {part: paper[0] for part, paper in papers.items() if paper}
    blobs = [paper[1] for paper in papers.values() if paper]
    return {"job": "ship", "terms": terms, "names": names, "ship": job.ship}, blobs


def to_job(head: Mapping[str, Any], blobs: Sequence[bytes]) -> Job:
    """The job in a message of the service, which is believed."""
    told = dict(head["terms"])
    now, at = (datetime.fromisoformat(told.pop(name)) for name in ("now", "at"))
    terms = Terms(now, at, **told)
    if head["job"] == "file":
        return FileJob(terms, head["name"], blobs[0])
    if head["job"] == "code":
        return CodeJob(terms, head["text"])
    papers = {part: (name, blobs[n]) for n, (part, name) in enumerate(head["names"].items())}
    return ShipJob(terms, papers.get("doc"), papers.get("smc"), head["ship"])


def of_answer(answer: Judged | Exception) -> Message:
    """What a worker found, or what kept it from that."""
    if isinstance(answer, Judged):
        return {"verdict": answer.verdict}, [answer.json, answer.html]
    if isinstance(answer, Error):
        kind = next(kind for kind in _KINDS if isinstance(answer, kind))
        return {"error": kind.__name__, "code": answer.code, "detail": answer.detail,
                "place": answer.place}, []  # fmt: skip
    return {"broke": f"{type(answer).__name__}: {answer}"[:1000]}, []


def to_answer(head: Mapping[str, Any], blobs: Sequence[bytes]) -> Judged | Error:
    """The answer in a message of a worker. ValueError for what is none: a worker reads hostile
    files, and its word is taken for nothing but texts and bytes."""
    if "broke" in head:
        return Error("service.worker", f"judging failed: {str(head['broke'])[:1000]}")
    kinds = {kind.__name__: kind for kind in _KINDS}
    texts = [head.get(name) for name in ("error", "code", "detail", "place")]
    if "error" in head and all(isinstance(text, str) for text in texts):
        name, code, detail, place = map(str, texts)
        if name in kinds:
            return kinds[name](code, detail, place=place)
    verdict = head.get("verdict")
    if verdict in ("VALID", "INVALID", "INDETERMINATE") and len(blobs) == 2:  # of any type
        return Judged(str(verdict), blobs[0], blobs[1])
    raise ValueError("a worker gave no answer")

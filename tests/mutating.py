"""Random and systematic damage to a file, and what may never come of it.

Shared by the tests and by ``benchmarks/fuzz_verify.py``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import elicense
from elicense.containers import pdf
from elicense.containers.ofd.log import Log
from elicense.containers.ofd.zip import read_archive
from elicense.findings import Outcome
from elicense.limits import DEFAULT_LIMITS
from judging import judge, sample

LONGEST = 2.0  # seconds of processor time for any one file
# without its pages read, a sound sample leaves exactly this open
UNREAD = {"agreement.data-page"}
# the words printed on an annotated copy are on its pages too
UNREAD_OF_COPY = UNREAD | {"copy.page"}


def mutation(data: bytes, rng: random.Random) -> bytes:
    """One to four small changes: a bit, a byte, a run overwritten, cut out, doubled or moved."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not out:
            break
        at = rng.randrange(len(out))
        size = min(rng.choice((1, 1, 2, 8, 64, 512)), len(out) - at)
        kind = rng.randrange(7)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.randrange(256)
        elif kind == 2:
            out[at : at + size] = rng.randbytes(size)
        elif kind == 3:
            del out[at : at + size]
        elif kind == 4:
            out[at:at] = out[at : at + size]
        elif kind == 5:
            piece = out[at : at + size]
            del out[at : at + size]
            other = rng.randrange(len(out) + 1)
            out[other:other] = piece
        else:
            out[at : at + size] = rng.choice((b"0", b"9", b" ", b"\0", b"\xff", b"/", b"<")) * size
    return bytes(out)


def mutations(data: bytes, seed: str, count: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    for _ in range(count):
        yield mutation(data, rng)


def truncations(data: bytes, step: int) -> Iterator[bytes]:
    for end in range(0, len(data), step):
        yield data[:end]


def same_where_covered(data: bytes, changed: bytes) -> bool:
    """Is everything that the seal covers as it was?

    PDF: every byte but the hex digits of the signature values; line ends appended behind the
    last ``%%EOF`` are neither covered nor shown by any reader. OFD: the names and contents
    of the entries; what a ZIP says beside them (times, attributes, how they are packed) is
    shown to nobody and sealed by nobody.
    """
    if changed[:4] == b"PK\3\4" or data[:4] == b"PK\3\4":
        return _entries(data) == _entries(changed)
    before, after = _outside_values(data), _outside_values(changed)
    if len(before) != len(after) or before[:-1] != after[:-1]:
        return False
    appended = after[-1][len(before[-1]) :]
    return after[-1].startswith(before[-1]) and not appended.strip(b"\0\t\n\x0c\r ")


def _entries(data: bytes) -> dict[str, bytes] | None:
    log = Log()
    try:
        found = dict(read_archive(data, limits=DEFAULT_LIMITS, log=log).entries)
    except elicense.InputError:
        return None
    return None if log.faults else found


def _outside_values(data: bytes) -> list[bytes]:
    pieces, position = [], 0
    gaps = [s.byte_range[1:3] for s in pdf.read(data).signatures if len(s.byte_range) == 4]
    for low, high in sorted(gaps):
        pieces.append(data[position:low])
        position = high
    return [*pieces, data[position:]]


def trouble(data: bytes, changed: bytes) -> str:
    """What is wrong with the answer to a changed file; empty if nothing is.

    Pages are left unread: the verdict is then as good as VALID if nothing else is open.
    """
    start = time.process_time()
    try:
        report = judge(changed, pages=False)
    except elicense.Error as error:
        if error.code == "container.internal" or not error.place:
            return f"{error.code} at {error.place!r}: {error.detail}"
        report = None
    except Exception as error:  # noqa: BLE001 - this is what must never happen
        return f"{type(error).__name__}: {error}"
    if time.process_time() - start > LONGEST:
        return f"took {time.process_time() - start:.1f} s"
    if report is None or changed == data:
        return ""
    against = {f.code for f in report.findings if f.outcome in (Outcome.FAIL, Outcome.UNKNOWN)}
    if against <= UNREAD_OF_COPY and not same_where_covered(data, changed):
        return "as good as VALID, though something covered was changed"
    return ""


def worst(job: tuple[str, str, int, int]) -> list[str]:
    """Troubles of one job: (sample, kind, count or step, number); for a process of its own."""
    name, kind, amount, number = job
    data = sample(name)
    if kind == "random":
        changed = mutations(data, f"{name} {number}", amount)
    else:
        changed = truncations(data[:], amount)
    found = []
    for index, item in enumerate(changed):
        problem = trouble(data, item)
        if problem:
            found.append(f"{name} {kind} {number}/{index}: {problem}")
    return found

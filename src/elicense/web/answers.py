"""What the service says of a licence, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from elicense.crypto.ses import CHINA
from elicense.registry import masking, state_codes
from elicense.registry.records import Record, StateChange
from elicense.registry.states import states


def in_force(record: Record, now: datetime) -> str:
    """``in-force``, ``not-yet``, ``expired`` by the date in China, or the state that ended it."""
    if states()[record.state].code != 0:
        return record.state
    today = now.astimezone(CHINA).date()
    if record.valid_from and today < record.valid_from:
        return "not-yet"
    if record.valid_until and today > record.valid_until:
        return "expired"
    return "in-force"


def licence(record: Record, *, full: bool, now: datetime | None = None) -> dict[str, Any]:
    """One licence. ``full`` shows a natural person's name and code; else they are masked."""
    state = states()[record.state]
    standing = in_force(record, now or datetime.now(UTC))
    return {
        "identifier": record.identifier,
        "type": record.type,
        "number": record.number,
        "version": record.version,
        "issuer_code": record.issuer_code,
        "region": record.region,
        "holder": masking.holder(record, full=full),
        "issued": _day(record.issued),
        "valid_from": _day(record.valid_from),
        "valid_until": _day(record.valid_until),
        "state": record.state,
        "state_zh": state.zh,
        "state_code": state_codes.state("expired" if standing == "expired" else record.state),
        "standing": standing,
        "successor": record.successor or None,
        "successor_authority": record.successor_authority or None,
        "predecessor": record.predecessor or None,
        "predecessor_authority": record.predecessor_authority or None,
        "status": (
            {"list": record.status_list, "index": record.status_index}
            if record.status_list else None
        ),
        "erased": record.erased is not None,
    }  # fmt: skip


def history(items: Sequence[StateChange]) -> list[dict[str, Any]]:
    """The states a licence went through, from issuing on, each with the code of the operation
    that led there; who did it is the registry's to know."""
    before = ("", *(item.state for item in items))
    return [
        {"state": item.state, "since": item.since.isoformat(), "reason": item.reason,
         "operation_code": state_codes.operation(last, item.state)}
        for last, item in zip(before, items, strict=False)
    ]  # fmt: skip


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None

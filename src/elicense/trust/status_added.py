"""Status lists that the caller has at hand beside the store, such as one just fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from elicense.errors import InputError
from elicense.trust.status import StatusList, read_status_list
from elicense.trust.status_index import read_status_index
from elicense.trust.store import TrustStore

Given = bytes | bytearray | memoryview | Sequence[bytes | bytearray | memoryview]


def with_status(trust: TrustStore, status: Given) -> TrustStore:
    """``trust`` with more status lists (or indexes). They are judged like the store's own,
    and none takes a list away from the store: of several for one URI the latest one that may
    speak counts. The digest of the new store names them. InputError for what is neither.
    """
    given = (status,) if isinstance(status, (bytes, bytearray, memoryview)) else tuple(status)
    lists: list[bytes] = []
    indexes: list[bytes] = []
    digest = hashlib.sha256(b"status\0" + trust.digest.encode())
    for number, item in enumerate(given):
        data = bytes(item)
        if data in trust.status_indexes or data in trust.more_status_lists:
            continue
        (indexes if _is_index(data, number) else lists).append(data)
        digest.update(hashlib.sha256(data).digest())
    if not lists and not indexes:
        return trust
    return replace(
        trust,
        more_status_lists=trust.more_status_lists + tuple(lists),
        status_indexes=trust.status_indexes + tuple(indexes),
        digest=digest.hexdigest(),
    )


def _is_index(data: bytes, number: int) -> bool:
    try:
        read_status_list(data)
        return False
    except InputError as as_list:
        try:
            read_status_index(data)
            return True
        except InputError:
            place = f"status[{number}]"
            raise InputError(as_list.code, as_list.detail, place=place) from None


def lists_for(trust: TrustStore, uri: str) -> tuple[tuple[StatusList, ...], str]:
    """The lists at hand for ``uri``, the latest first, and why the store's own cannot be read
    (empty if it can, or if there is none). One whose ``sub`` is another is among them: that
    it stands under this URI is for a check to say."""
    found: list[StatusList] = []
    problem = ""
    own = trust.status_lists.get(uri)
    for data in (*(() if own is None else (own,)), *trust.more_status_lists):
        try:
            item = read_status_list(data)
        except InputError as exc:
            problem = problem or (str(exc) if data is own else "")
            continue
        if data is own or item.uri == uri:
            found.append(item)
    return tuple(sorted(found, key=lambda item: item.issued, reverse=True)), problem

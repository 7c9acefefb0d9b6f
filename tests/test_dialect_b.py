"""The sharing interface, dialect B: the same operations under its own names."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from test_dialect_a import TYPE, World, identifier, world

__all__ = ["world"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def ask(world: World, operation: str, data: Any) -> tuple[int, Any]:
    got = world.post(f"/zzgx/{operation}", data)
    return got["head"]["status"], got["data"]


@pytest.mark.parametrize(("operation", "data", "status"), [
    ("zzjs", {"czztdm": "H-good", "zzlxdm": TYPE}, 0),
    ("zzjs", {"czztdm": "H-good"}, 12),
    ("zzysj", {"zzbs": identifier("good")}, 0),
    ("zzysj", {"zzbs": identifier("over")}, 22),
    ("zzysj", {}, 12),
    ("zzdzxz", {"zzbs": identifier("good"), "jzjyxqjzsj": "20010101000000"}, 102),
    ("zzdzxz", {"zzbs": identifier("good")}, 0),
    ("queryCertInfo", {"zzbs": identifier("good")}, 2),
])  # fmt: skip
def test_each_operation_answers_in_the_dialect(
    world: World, operation: str, data: Any, status: int
) -> None:  # fmt: skip
    assert ask(world, operation, data)[0] == status


def test_names_of_answers_are_in_lower_case(world: World) -> None:
    assert ask(world, "zzysj", {"zzbs": identifier("good")})[1]["zzbs"] == identifier("good")


def test_files_and_verifications(world: World) -> None:
    data = ask(world, "zzxxxz", {"zzbs": identifier("good"), "dzzzsymd": "核对"})[1]
    assert base64.b64decode(data["content"]) == b"sealed good"
    entry = world.log()[0]
    assert (entry.operation, entry.purpose) == ("zzgx-downloadFile", "核对")
    given = {"CZZTDM": "H-good", "CZZT": "渤海样例航运有限公司", "ZZBH": "N-good"}
    told = ask(world, "zzxxyz", {"zzlxdm": TYPE, "zzsj": given})[1]
    assert told["verifyresult"] == 0
    file = {"zzlxdm": TYPE, "wjnr": data["content"], "wjnrlx": "base64"}
    assert ask(world, "zzwjyz", file)[1]["verifyresult"] == 4

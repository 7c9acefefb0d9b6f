"""A module imports only from the layers above it in the flow (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "elicense"
# from the top of the flow to its end; modules on one line are one layer
LAYERS = (
    ("errors", "limits"),
    ("canonical", "identifiers", "months"),
    ("json_object", "licence_model"),
    ("annotation",),
    ("licence",),
    ("endorsement",),
    ("profiles",),
    ("forms", "matters"),
    ("evidence",),
    ("crypto",),
    ("containers",),
    ("qr",),
    ("ocr",),
    ("trust",),
    ("sheet",),
    ("examine",),
    ("findings",),
    ("policy",),
    ("verdict",),
    ("maritime",),
    ("checks",),
    ("report",),
    ("verifying",),
    ("opening", "batch", "together", "scanned"),
    ("doctor", "results"),
    ("record",),
    ("render",),
    ("issuing",),
    ("authoring",),
    ("registry",),
    ("web",),
    ("cli",),
    ("__init__", "__main__"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
# used only while checking types, or deferred on purpose, each with its reason
ALLOWED = {
    ("evidence", "crypto"),  # types of fields
    ("licence", "crypto"),  # SM3 of a salted value, deferred
}
MODULES = sorted(path for path in SOURCE.rglob("*.py"))


def _layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "elicense":
                names = [f"elicense.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "elicense" and len(parts) > 1:
                found.add(parts[1])
    return found


def test_every_module_has_a_layer() -> None:
    assert {_layer(path) for path in MODULES} <= set(RANK)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_up_the_flow(path: Path) -> None:
    own = _layer(path)
    wrong = {
        name
        for name in _imports(path)
        if name in RANK and RANK[name] > RANK[own] and (own, name) not in ALLOWED
    }
    same = {name for name in _imports(path) if RANK.get(name) == RANK[own] and name != own}
    assert not wrong
    assert not same

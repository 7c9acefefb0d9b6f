"""Affine matrices of OFD (CTM, Boundary): six numbers ``a b c d e f``."""

from __future__ import annotations

from elicense.containers.ofd.placement import LARGEST, read_box

Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def numbers(text: str) -> list[float]:
    """The numbers of a list, up to the first thing that is none or beyond all sense."""
    found: list[float] = []
    for item in text.split():
        try:
            value = float(item)
        except ValueError:
            break
        if not abs(value) <= LARGEST:
            break
        found.append(value)
    return found


def read_matrix(text: str) -> Matrix:
    """The matrix written in a CTM attribute; the identity where it is absent or broken."""
    found = numbers(text)
    if len(found) != 6:
        return IDENTITY
    return found[0], found[1], found[2], found[3], found[4], found[5]


def compose(inner: Matrix, outer: Matrix) -> Matrix:
    """The matrix that applies ``inner`` first and ``outer`` then."""
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )


def apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """The point where ``matrix`` puts (x, y)."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def object_matrix(ctm: str, boundary: str, outer: Matrix) -> Matrix:
    """From an object's own space to the page: its CTM, its Boundary's corner, then ``outer``."""
    box = read_box(boundary)
    x, y = (box[0], box[1]) if box else (0.0, 0.0)
    inner = read_matrix(ctm) if ctm else IDENTITY
    return compose(inner, compose((1.0, 0.0, 0.0, 1.0, x, y), outer))


def outer_box(
    matrix: Matrix, x: float, y: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """x, y, width, height of the upright box around a transformed one."""
    corners = [apply(matrix, px, py) for px in (x, x + width) for py in (y, y + height)]
    left, top = min(p[0] for p in corners), min(p[1] for p in corners)
    return left, top, max(p[0] for p in corners) - left, max(p[1] for p in corners) - top

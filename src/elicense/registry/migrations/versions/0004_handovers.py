"""Applications handed over between windows, with their signed receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("matter", sa.String(length=500), nullable=False),
        sa.Column("sender", sa.String(length=18), nullable=False),
        sa.Column("receiver", sa.String(length=18), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_updated"), "handovers", ["updated"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("handover", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover"], ["handovers.id"], name=op.f("fk_receipts_handover")
        ),
        sa.PrimaryKeyConstraint("handover", "sequence", name=op.f("pk_receipts")),
    )

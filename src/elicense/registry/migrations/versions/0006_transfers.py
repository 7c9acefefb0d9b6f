"""Licences on their way from one authority to another, with every signed message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state IN ('offered', 'incoming', 'issued')")


def upgrade() -> None:
    for name in ("successor_authority", "predecessor", "predecessor_authority"):
        op.add_column(
            "licences", sa.Column(name, sa.String(length=200), nullable=False, server_default="")
        )
    op.create_table(
        "transfers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("identifier", sa.String(length=200), nullable=False),
        sa.Column("sender", sa.String(length=18), nullable=False),
        sa.Column("receiver", sa.String(length=18), nullable=False),
        sa.Column("authority", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("successor", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", "side", name=op.f("pk_transfers")),
    )
    op.create_index(op.f("ix_transfers_updated"), "transfers", ["updated"], unique=False)
    op.create_index(op.f("ix_transfers_successor"), "transfers", ["successor"], unique=False)
    op.create_index(
        "ux_transfers_open", "transfers", ["identifier", "side"], unique=True,
        sqlite_where=OPEN, postgresql_where=OPEN,
    )  # fmt: skip
    op.create_table(
        "transfer_messages",
        sa.Column("sequence", KEY, nullable=False),
        sa.Column("transfer", sa.String(length=32), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["transfer", "side"], ["transfers.id", "transfers.side"],
            name="fk_transfer_messages_transfer",
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_transfer_messages")),
        sa.UniqueConstraint("transfer", "side", "kind", name="uq_transfer_messages_kind"),
    )  # fmt: skip

"""The tables. Times are UTC in whole microseconds, so that every database keeps them alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
KEY = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by INTEGER only


class Moment(TypeDecorator[datetime]):
    """An aware time as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Any) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

status_lists = Table(
    "status_lists", metadata,
    Column("id", KEY, primary_key=True),
    Column("uri", String(500), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False, default=0),
    # indices are handed out in a secret order: neighbours in the list tell nothing
    Column("order_key", LargeBinary(32), nullable=False),
    Column("open", Boolean, nullable=False, default=True),
)  # fmt: skip

licences = Table(
    "licences", metadata,
    Column("id", KEY, primary_key=True),
    Column("identifier", String(200), nullable=False, unique=True),
    Column("family", String(190), nullable=False, index=True),  # without version and check
    Column("type", String(64), nullable=False),
    Column("number", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("issuer_code", String(32), nullable=False),
    Column("region", String(6), nullable=False),
    Column("holder_name", Text, nullable=False),
    Column("holder_code", String(64), nullable=False),
    Column("holder_code_type", String(8), nullable=False),
    Column("issued", Date),
    Column("valid_from", Date),
    Column("valid_until", Date),
    Column("state", String(16), nullable=False),
    Column("status_list", ForeignKey("status_lists.id")),
    Column("status_index", BigInteger),
    Column("data", LargeBinary),  # the exact licence.json; empty after erasure
    Column("data_digest", LargeBinary(32), nullable=False),  # SHA-256 of it
    Column("successor", String(200), nullable=False, default=""),
    # of a transfer: who issued the successor; what this one took the place of, and whose it was
    Column("successor_authority", String(200), nullable=False, default=""),
    Column("predecessor", String(200), nullable=False, default=""),
    Column("predecessor_authority", String(200), nullable=False, default=""),
    Column("created", Moment, nullable=False),
    Column("erased", Moment),
    UniqueConstraint("status_list", "status_index"),
    Index("ix_licences_number", "number"),
    Index("ix_licences_holder", "holder_code", "type"),
    Index("ix_licences_valid_until", "valid_until"),
)  # fmt: skip

files = Table(
    "files", metadata,
    Column("id", KEY, primary_key=True),
    Column("licence", ForeignKey("licences.id"), nullable=False, index=True),
    Column("format", String(8), nullable=False),
    Column("revision", Integer, nullable=False),  # 1 as issued, +1 for each endorsement
    Column("sha256", LargeBinary(32), nullable=False, index=True),
    Column("data", LargeBinary),
    Column("created", Moment, nullable=False),
    UniqueConstraint("licence", "format", "revision", name="uq_files_revision"),
)  # fmt: skip

state_changes = Table(
    "state_changes", metadata,
    Column("id", KEY, primary_key=True),
    Column("licence", ForeignKey("licences.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("since", Moment, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("audit", KEY, nullable=False),
)  # fmt: skip

endorsements = Table(
    "endorsements", metadata,
    Column("id", KEY, primary_key=True),
    Column("licence", ForeignKey("licences.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("date", Date),
    Column("place", Text, nullable=False),
    Column("valid_until", Date),
    Column("audit", KEY, nullable=False),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("sequence", KEY, primary_key=True, autoincrement=False),
    Column("time", Moment, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(200), nullable=False, index=True),
    Column("detail", Text, nullable=False),  # canonical JSON
    Column("digest", LargeBinary(32), nullable=False),
)  # fmt: skip

# one row: who appends holds it locked, so that the chain has no fork
audit_head = Table(
    "audit_head", metadata,
    Column("id", Integer, primary_key=True),
    Column("registry", String(64), nullable=False),
    Column("sequence", KEY, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
)  # fmt: skip

# who may ask: a secret of high entropy, of which only a digest is kept
credentials = Table(
    "credentials", metadata,
    Column("id", KEY, primary_key=True),
    Column("access_id", String(64), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("token_digest", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("region", String(6), nullable=False, default=""),
    Column("per_minute", Integer, nullable=False),
    Column("public_key", LargeBinary(65)),  # SM2, for answers encrypted to the caller
    Column("created", Moment, nullable=False),
    Column("until", Moment),
    Column("revoked", Moment),
)  # fmt: skip

# every query with its purpose; kept for as long as the settings say, then deleted
accesses = Table(
    "accesses", metadata,
    Column("id", KEY, primary_key=True),
    Column("time", Moment, nullable=False, index=True),
    Column("caller", String(200), nullable=False),
    Column("operation", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("purpose", String(200), nullable=False),
    Column("outcome", String(32), nullable=False),
)  # fmt: skip

# addresses for one download each: only a digest of the secret is kept, until it is used
downloads = Table(
    "downloads", metadata,
    Column("id", KEY, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("licence", ForeignKey("licences.id"), nullable=False),
    Column("caller", String(64), nullable=False),
    Column("purpose", String(200), nullable=False),
    Column("created", Moment, nullable=False),
    Column("until", Moment, nullable=False, index=True),
)  # fmt: skip

# applications handed over between windows, with every signed receipt
handovers = Table(
    "handovers", metadata,
    Column("id", String(32), primary_key=True),
    Column("matter", String(500), nullable=False),
    Column("sender", String(18), nullable=False),
    Column("receiver", String(18), nullable=False),
    Column("state", String(16), nullable=False),
    Column("updated", Moment, nullable=False, index=True),
)  # fmt: skip

receipts = Table(
    "receipts", metadata,
    Column("handover", ForeignKey("handovers.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)  # fmt: skip

# licences on their way from one authority to another; one registry may hold both sides
OPEN_TRANSFERS = ("offered", "incoming", "issued")
_OPEN = text("state IN ('offered', 'incoming', 'issued')")
transfers = Table(
    "transfers", metadata,
    Column("id", String(32), primary_key=True),
    Column("side", String(4), primary_key=True),  # out 转出, in 转入
    Column("identifier", String(200), nullable=False),  # of the old licence
    Column("sender", String(18), nullable=False),
    Column("receiver", String(18), nullable=False),
    Column("authority", String(200), nullable=False, default=""),  # the other side's name
    Column("state", String(16), nullable=False),
    Column("successor", String(200), nullable=False, default="", index=True),
    Column("reason", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False, index=True),
    # however two requests race, one licence is on one way only
    Index("ux_transfers_open", "identifier", "side", unique=True, sqlite_where=_OPEN,
          postgresql_where=_OPEN),
)  # fmt: skip

# what was said, and (own) what is still to be delivered: written with the step it tells of
transfer_messages = Table(
    "transfer_messages", metadata,
    Column("sequence", KEY, primary_key=True),
    Column("transfer", String(32), nullable=False),
    Column("side", String(4), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("own", Boolean, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("data", LargeBinary),  # empty once the personal data in it are no longer needed
    Column("time", Moment, nullable=False),
    Column("delivered", Moment),
    Column("attempts", Integer, nullable=False, default=0),
    Column("error", String(300), nullable=False, default=""),
    ForeignKeyConstraint(["transfer", "side"], ["transfers.id", "transfers.side"],
                         name="fk_transfer_messages_transfer"),
    UniqueConstraint("transfer", "side", "kind", name="uq_transfer_messages_kind"),
)  # fmt: skip

# staff logged in through the identity provider: a digest of the session's secret, and of the
# log-in it came from, which can then make no second one
sessions = Table(
    "sessions", metadata,
    Column("id", KEY, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("login", LargeBinary(32), nullable=False, unique=True),
    Column("subject", String(180), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("created", Moment, nullable=False),
    Column("until", Moment, nullable=False, index=True),
    Column("ended", Moment),
)  # fmt: skip

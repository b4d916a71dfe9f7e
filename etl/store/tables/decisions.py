"""What people decide: corrections and takedowns."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from etl.store.tables.columns import Instant, Sha256, identity, metadata, optional, reference, required

CORRECTABLE = (
    "kind", "occurred_from", "occurred_to", "occurred_precision", "occurred_text", "occurred_basis",
    "occurred_approx", "occurred_partial", "reported_from", "reported_to", "reported_precision",
    "reported_text", "reported_basis", "reported_approx", "reported_partial", "place", "station",
    "station_full", "agency_id", "province", "city", "district", "items", "amount_cny", "outcome", "polarity",
    "is_incident",
)  # fmt: skip

overrides = Table(
    "overrides",
    metadata,
    identity("更正编号 correction number"),
    reference("incident_id", "incidents.id", "警情 the incident corrected"),
    required("field", Text, "字段 column of incidents; or is_incident: false takes it out, true keeps it in"),
    required(
        "value",
        JSONB,
        '更正值 the right value as JSON: "theft.other", 1200, ["found"], "2026-03-02T21:30:00+08:00"; null: not known',
    ),
    required("extracted", JSONB, "原抽取值 what extraction said when the correction was made; filled in"),
    required("made_by", Text, "更正人 who"),
    required("made_at", Instant, "更正时刻 when", server_default=text("now()")),
    required("why", Text, "理由 why, with the source of the better knowledge"),
    optional("revoked_at", Instant, "撤销时刻 since when it does not hold any more"),
    CheckConstraint(
        "field IN ('" + "', '".join(CORRECTABLE) + "')",
        name="field_known",
    ),
    CheckConstraint(r"made_by ~ '\S' AND why ~ '\S'", name="reasoned"),
    Index(
        "uq_overrides_standing",
        "incident_id",
        "field",
        unique=True,
        postgresql_where=text("revoked_at IS NULL"),
    ),
    Index("ix_overrides_incident_id", "incident_id"),
    comment="人工更正 one row per field of an incident that a person corrected; wins over extraction in all views;"
    " revoked, never deleted; start, end and precision of a time go together, and so do station, station_full and"
    " agency_id",
)

withdrawals = Table(
    "withdrawals",
    metadata,
    identity("下架编号 takedown number"),
    required("content_hash", Sha256, "内容摘要 the content that must not be shown, as in articles"),
    required("made_by", Text, "下架人 who"),
    required("made_at", Instant, "下架时刻 when", server_default=text("now()")),
    required("why", Text, "理由 why"),
    optional("lifted_at", Instant, "解除时刻 since when it may be loaded again"),
    CheckConstraint(r"made_by ~ '\S' AND why ~ '\S'", name="reasoned"),
    Index(
        "uq_withdrawals_standing",
        "content_hash",
        unique=True,
        postgresql_where=text("lifted_at IS NULL"),
    ),
    comment="下架 one row per content taken down: text, facts, people, figures and corrections are erased, and no"
    " later load brings it back; paths of files, hashes and positions, the codes of kinds and polarity stay",
)

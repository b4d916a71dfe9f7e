"""Runs, the files they saw, what they could not load and what they changed."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from etl.store.tables.columns import Instant, Sha256, identity, metadata, optional, reference, required

runs = Table(
    "runs",
    metadata,
    identity("运行编号 run number"),
    required("command", Text, "命令 run, backfill, schedule, reextract, ..."),
    optional("schedule", Text, "计划 the schedule that was due; null for a run started by hand"),
    optional("due_at", Instant, "应运行时刻 the slot of the schedule that this run took"),
    optional("next_due_at", Instant, "下次应运行时刻 the slot after that"),
    required(
        "missed", BigInteger, "漏跑 earlier slots, one after another, without a run", server_default="0"
    ),
    required("owner", Text, "所有者 user, host and process that run it"),
    required("token", Text, "令牌 fencing token; only its holder may commit batches of this run"),
    required("sources", ARRAY(Text), "来源 paths it was to load", server_default=text("'{}'::text[]")),
    required("status", Text, "状态 waiting, refused, running, done, suspect, failed, stopped or lost"),
    required("started_at", Instant, "开始时刻 start", server_default=text("now()")),
    required("heartbeat_at", Instant, "心跳 last sign of life", server_default=text("now()")),
    optional("ended_at", Instant, "结束时刻 end"),
    optional(
        "expected",
        BigInteger,
        "预计文件数 files below its sources, counted at the start; null if not counted",
    ),
    required("seen", BigInteger, "所见 leaves seen = the five states added up", server_default="0"),
    required("loaded", BigInteger, "新入库 leaves whose content is a new article", server_default="0"),
    required("duplicate", BigInteger, "重复 leaves that are a further sighting", server_default="0"),
    required("unchanged", BigInteger, "未变 leaves for which nothing was to be done", server_default="0"),
    required("rejected", BigInteger, "拒收 leaves that could not be loaded", server_default="0"),
    required("skipped", BigInteger, "略过 leaves not meant for this run", server_default="0"),
    required("skips", JSONB, "略过原因 skipped leaves per reason", server_default=text("'{}'::jsonb")),
    required("incidents", BigInteger, "警情数 incidents written", server_default="0"),
    required("news", JSONB, "各来源新见 new sightings per source", server_default=text("'{}'::jsonb")),
    required("batches", BigInteger, "批次数 batches committed", server_default="0"),
    required("ruleset", Text, "规则摘要 digest of the rules"),
    required("version", Text, "程序版本 version of the program"),
    optional("error", Text, "错误 why it failed, one line, no article text"),
    UniqueConstraint("schedule", "due_at"),
    CheckConstraint(
        "status IN ('waiting', 'refused', 'running', 'done', 'suspect', 'failed', 'stopped', 'lost')",
        name="status_known",
    ),
    Index("ix_runs_status", "status", postgresql_where=text("status = 'running'")),
    Index("uq_runs_waiting", "schedule", unique=True, postgresql_where=text("status = 'waiting'")),
    Index("ix_runs_started_at", "started_at"),
    comment="运行记录 one row per run; the only table that a run without news writes to",
)

source_files = Table(
    "source_files",
    metadata,
    identity("文件编号 file number"),
    required("path", Text, "路径 absolute path; bytes that are not printable UTF-8 as \\xNN"),
    required("path_sha256", Sha256, "路径摘要 SHA-256 of path"),
    required("size", BigInteger, "大小 bytes"),
    required("mtime_ns", BigInteger, "修改时间 modification time, nanoseconds since 1970, a hint only"),
    optional("sha256", Sha256, "内容摘要 SHA-256 of the bytes; null if they could not be read"),
    required("state", Text, "状态 loaded, rejected, unreadable, partial or reread"),
    required("records_done", BigInteger, "已处理记录数 records committed so far", server_default="0"),
    required("seen_at", Instant, "变更时刻 when this row last changed"),
    reference("run_id", "runs.id", "最后改动它的运行 run that last changed this row"),
    UniqueConstraint("path_sha256"),
    CheckConstraint("state IN ('loaded', 'rejected', 'unreadable', 'partial', 'reread')", name="state_known"),
    Index("ix_source_files_run_id", "run_id"),
    Index("ix_source_files_reread", "id", postgresql_where=text("state = 'reread'")),
    comment="文件台账 one row per path ever seen: the ledger of what was read",
)

rejections = Table(
    "rejections",
    metadata,
    identity("拒收编号 rejection number"),
    required("path", Text, "路径 path, escaped as in source_files"),
    required("path_sha256", Sha256, "路径摘要 SHA-256 of path"),
    optional("member", Text, "成员 member of an archive"),
    optional("line", BigInteger, "行号 line of a JSON Lines file, from 1"),
    Column(
        "reason",
        Text,
        ForeignKey("rejection_reasons.code"),
        nullable=False,
        comment="原因 code of rejection_reasons",
    ),
    required("detail", Text, "详情 at most 500 characters, never article text"),
    optional("sha256", Sha256, "内容摘要 SHA-256 of the bytes, if they could be read"),
    required("rejected_at", Instant, "拒收时刻 when this row was last written"),
    reference("run_id", "runs.id", "运行 run that last wrote it"),
    reference("resolved_by", "runs.id", "解决它的运行 run that loaded the leaf after all", nullable=True),
    Index(
        "uq_rejections_open",
        "path_sha256",
        "member",
        "line",
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=text("resolved_by IS NULL"),
    ),
    Index("ix_rejections_reason", "reason"),
    Index("ix_rejections_run_id", "run_id"),
    Index("ix_rejections_resolved_by", "resolved_by"),
    comment="拒收 one row per leaf that could not be loaded; open while resolved_by is null",
)

changes = Table(
    "changes",
    metadata,
    Column(
        "seq",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="顺序号 rises in the order of commits",
    ),
    required("entity", Text, "对象 article, incident, story or event"),
    required("entity_id", BigInteger, "对象编号 its id"),
    required("operation", Text, "操作 insert, update, withdraw; merge or split of a story or event"),
    optional(
        "old",
        JSONB,
        "旧值 the row as it was, for a withdrawal; the ids that members had and have, for a merge or split",
    ),
    reference("run_id", "runs.id", "运行 the run that did it; null for a correction by hand", nullable=True),
    CheckConstraint(
        "operation IN ('insert', 'update', 'withdraw', 'merge', 'split')", name="operation_known"
    ),
    Index("ix_changes_run_id", "run_id"),
    comment="变更流 one row per insert, update or withdrawal of an article or incident, merge or split of a cluster",
)

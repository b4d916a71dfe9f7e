"""The tables of articles, incidents and the ledger."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agencies",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="机关编号 agency number"
        ),
        sa.Column("full_name", sa.Text(), nullable=False, comment="全称 name with its parents as stated"),
        sa.Column("name", sa.Text(), nullable=False, comment="简称 shortest official form"),
        sa.Column("level", sa.Text(), nullable=False, comment="层级 level"),
        sa.Column("parent", sa.Text(), nullable=True, comment="上级全称 full name of the parent"),
        sa.Column("province", sa.Text(), nullable=True, comment="省 province"),
        sa.Column("city", sa.Text(), nullable=True, comment="市 city or prefecture"),
        sa.Column("district", sa.Text(), nullable=True, comment="区县 district or county"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
        sa.UniqueConstraint(
            "full_name",
            "province",
            "city",
            "district",
            name=op.f("uq_agencies_full_name_province_city_district"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="公安机关 one row per police unit read in an incident",
    )
    op.create_index("ix_agencies_name", "agencies", ["name"], unique=False)
    op.create_table(
        "article_kinds",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_article_kinds")),
        comment="文章类别 kinds of articles",
    )
    op.create_table(
        "incident_kinds",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "group_zh",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="110接警大类 group of the 110 service",
        ),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_incident_kinds")),
        comment="警情类别 kinds of incidents, grouped by the receiving categories of the 110 service",
    )
    op.create_table(
        "outcomes",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_outcomes")),
        comment="处置结果 what came of an incident; incidents.outcome is a set of these",
    )
    op.create_table(
        "person_roles",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_person_roles")),
        comment="人员角色 roles of persons in an incident",
    )
    op.create_table(
        "polarities",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_polarities")),
        comment="性质 whether it happened, was prevented or was a false alarm",
    )
    op.create_table(
        "precisions",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_precisions")),
        comment="时间精度 how finely a time is stated",
    )
    op.create_table(
        "rejection_reasons",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_rejection_reasons")),
        comment="拒收原因 why a leaf could not be loaded; note: what to do",
    )
    op.create_table(
        "runs",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="运行编号 run number"
        ),
        sa.Column(
            "command", sa.Text(), nullable=False, comment="命令 run, backfill, schedule, reextract, ..."
        ),
        sa.Column(
            "schedule",
            sa.Text(),
            nullable=True,
            comment="计划 the schedule that was due; null for a run started by hand",
        ),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="应运行时刻 the slot of the schedule that this run took",
        ),
        sa.Column("owner", sa.Text(), nullable=False, comment="所有者 user, host and process that run it"),
        sa.Column(
            "token",
            sa.Text(),
            nullable=False,
            comment="令牌 fencing token; only its holder may commit batches of this run",
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="状态 running, done, failed, stopped, lost or suspect",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="开始时刻 start",
        ),
        sa.Column(
            "heartbeat_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="心跳 last sign of life",
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True, comment="结束时刻 end"),
        sa.Column(
            "seen",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="所见 leaves seen = the five states added up",
        ),
        sa.Column(
            "loaded",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="新入库 leaves whose content is a new article",
        ),
        sa.Column(
            "duplicate",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="重复 leaves that are a further sighting",
        ),
        sa.Column(
            "unchanged",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="未变 leaves for which nothing was to be done",
        ),
        sa.Column(
            "rejected",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="拒收 leaves that could not be loaded",
        ),
        sa.Column(
            "skipped",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="略过 leaves not meant for this run",
        ),
        sa.Column(
            "skips",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="略过原因 skipped leaves per reason",
        ),
        sa.Column(
            "incidents",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="警情数 incidents written",
        ),
        sa.Column(
            "batches", sa.BigInteger(), server_default="0", nullable=False, comment="批次数 batches committed"
        ),
        sa.Column("ruleset", sa.Text(), nullable=False, comment="规则摘要 digest of the rules"),
        sa.Column("version", sa.Text(), nullable=False, comment="程序版本 version of the program"),
        sa.Column("error", sa.Text(), nullable=True, comment="错误 why it failed, one line, no article text"),
        sa.CheckConstraint(
            "status IN ('running', 'done', 'failed', 'stopped', 'lost', 'suspect')",
            name=op.f("ck_runs_status_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("schedule", "due_at", name=op.f("uq_runs_schedule_due_at")),
        comment="运行记录 one row per run; the only table that a run without news writes to",
    )
    op.create_index(
        "ix_runs_status", "runs", ["status"], unique=False, postgresql_where=sa.text("status = 'running'")
    )
    op.create_table(
        "skip_reasons",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_skip_reasons")),
        comment="略过原因 why a leaf was not meant for a run",
    )
    op.create_table(
        "time_bases",
        sa.Column("code", sa.Text(), nullable=False, comment="代码 code, as stored"),
        sa.Column("zh", sa.Text(), nullable=False, comment="中文名 Chinese name"),
        sa.Column("en", sa.Text(), nullable=False, comment="英文名 English name"),
        sa.Column(
            "note", sa.Text(), server_default="", nullable=False, comment="说明 definition or what to do"
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_time_bases")),
        comment="时间依据 which moment a time stands for",
    )
    op.create_table(
        "changes",
        sa.Column(
            "seq",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="顺序号 rises in the order of commits",
        ),
        sa.Column("entity", sa.Text(), nullable=False, comment="对象 article or incident"),
        sa.Column("entity_id", sa.BigInteger(), nullable=False, comment="对象编号 its id"),
        sa.Column("operation", sa.Text(), nullable=False, comment="操作 insert, update or withdraw"),
        sa.Column(
            "old",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="旧行 the row as it was, for a withdrawal",
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="运行 the run that did it"),
        sa.CheckConstraint(
            "operation IN ('insert', 'update', 'withdraw')", name=op.f("ck_changes_operation_known")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_changes_run_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_changes")),
        comment="变更流 one row per insert, update or withdrawal of an article or incident",
    )
    op.create_index("ix_changes_run_id", "changes", ["run_id"], unique=False)
    op.create_table(
        "rejections",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="拒收编号 rejection number",
        ),
        sa.Column("path", sa.Text(), nullable=False, comment="路径 path, escaped as in source_files"),
        sa.Column("path_sha256", sa.LargeBinary(), nullable=False, comment="路径摘要 SHA-256 of path"),
        sa.Column("member", sa.Text(), nullable=True, comment="成员 member of an archive"),
        sa.Column("line", sa.BigInteger(), nullable=True, comment="行号 line of a JSON Lines file, from 1"),
        sa.Column("reason", sa.Text(), nullable=False, comment="原因 code of rejection_reasons"),
        sa.Column(
            "detail", sa.Text(), nullable=False, comment="详情 at most 500 characters, never article text"
        ),
        sa.Column(
            "sha256",
            sa.LargeBinary(),
            nullable=True,
            comment="内容摘要 SHA-256 of the bytes, if they could be read",
        ),
        sa.Column(
            "rejected_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="拒收时刻 when this row was last written",
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="运行 run that last wrote it"),
        sa.Column(
            "resolved_by",
            sa.BigInteger(),
            nullable=True,
            comment="解决它的运行 run that loaded the leaf after all",
        ),
        sa.ForeignKeyConstraint(["reason"], ["rejection_reasons.code"], name=op.f("fk_rejections_reason")),
        sa.ForeignKeyConstraint(["resolved_by"], ["runs.id"], name=op.f("fk_rejections_resolved_by")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_rejections_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejections")),
        comment="拒收 one row per leaf that could not be loaded; open while resolved_by is null",
    )
    op.create_index("ix_rejections_reason", "rejections", ["reason"], unique=False)
    op.create_index("ix_rejections_resolved_by", "rejections", ["resolved_by"], unique=False)
    op.create_index("ix_rejections_run_id", "rejections", ["run_id"], unique=False)
    op.create_index(
        "uq_rejections_open",
        "rejections",
        ["path_sha256", "member", "line"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("resolved_by IS NULL"),
    )
    op.create_table(
        "source_files",
        sa.Column(
            "id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="文件编号 file number"
        ),
        sa.Column(
            "path",
            sa.Text(),
            nullable=False,
            comment="路径 absolute path; bytes that are not printable UTF-8 as \\xNN",
        ),
        sa.Column("path_sha256", sa.LargeBinary(), nullable=False, comment="路径摘要 SHA-256 of path"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="大小 bytes"),
        sa.Column(
            "mtime_ns",
            sa.BigInteger(),
            nullable=False,
            comment="修改时间 modification time, nanoseconds since 1970, a hint only",
        ),
        sa.Column(
            "sha256",
            sa.LargeBinary(),
            nullable=True,
            comment="内容摘要 SHA-256 of the bytes; null if they could not be read",
        ),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="状态 loaded, rejected, unreadable, partial or reread"
        ),
        sa.Column(
            "records_done",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="已处理记录数 records committed so far",
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="变更时刻 when this row last changed",
        ),
        sa.Column(
            "run_id",
            sa.BigInteger(),
            nullable=False,
            comment="最后改动它的运行 run that last changed this row",
        ),
        sa.CheckConstraint(
            "state IN ('loaded', 'rejected', 'unreadable', 'partial', 'reread')",
            name=op.f("ck_source_files_state_known"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_source_files_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_files")),
        sa.UniqueConstraint("path_sha256", name=op.f("uq_source_files_path_sha256")),
        comment="文件台账 one row per path ever seen: the ledger of what was read",
    )
    op.create_index(
        "ix_source_files_reread",
        "source_files",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'reread'"),
    )
    op.create_index("ix_source_files_run_id", "source_files", ["run_id"], unique=False)
    op.create_table(
        "sightings",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="出处编号 sighting number",
        ),
        sa.Column("article_id", sa.BigInteger(), nullable=False, comment="文章 the article found"),
        sa.Column("source_file_id", sa.BigInteger(), nullable=False, comment="文件 the file it was found in"),
        sa.Column("member", sa.Text(), nullable=True, comment="成员 member of an archive"),
        sa.Column(
            "record_no", sa.BigInteger(), nullable=True, comment="记录号 line of a JSON Lines file, from 1"
        ),
        sa.Column(
            "raw_sha256", sa.LargeBinary(), nullable=False, comment="原始摘要 SHA-256 of the leaf's bytes"
        ),
        sa.Column(
            "is_current",
            sa.Boolean(),
            nullable=False,
            comment="当前 whether the leaf still holds this content",
        ),
        sa.Column("title", sa.Text(), nullable=True, comment="标题 title in this place"),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="发布时间 publication in this place",
        ),
        sa.Column(
            "published_precision",
            sa.Text(),
            nullable=False,
            comment="发布时间精度 second, minute, day or unknown",
        ),
        sa.Column("source", sa.Text(), nullable=True, comment="来源 source in this place"),
        sa.Column("site", sa.Text(), nullable=True, comment="站点 site in this place"),
        sa.Column(
            "byline",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="署名 byline in this place",
        ),
        sa.Column("url", sa.Text(), nullable=True, comment="原文链接 link in this place"),
        sa.Column("lost_chars", sa.Integer(), nullable=False, comment="缺字数 characters lost beyond repair"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="首见运行 run that found it"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_sightings_run_id")),
        sa.ForeignKeyConstraint(
            ["source_file_id"], ["source_files.id"], name=op.f("fk_sightings_source_file_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
        sa.UniqueConstraint(
            "source_file_id",
            "member",
            "record_no",
            "raw_sha256",
            name=op.f("uq_sightings_source_file_id_member_record_no_raw_sha256"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="出处 one row per leaf in which a content was found; append-only but for is_current",
    )
    op.create_index("ix_sightings_article_id", "sightings", ["article_id"], unique=False)
    op.create_index("ix_sightings_raw_sha256", "sightings", ["raw_sha256"], unique=False)
    op.create_index("ix_sightings_run_id", "sightings", ["run_id"], unique=False)
    op.create_table(
        "articles",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="文章编号 article number, never reused",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="内容摘要 SHA-256 of the canonical text: the identity",
        ),
        sa.Column(
            "hash_version",
            sa.SmallInteger(),
            nullable=False,
            comment="摘要版本 version of the canonical form",
        ),
        sa.Column("title", sa.Text(), nullable=True, comment="标题 title without site name"),
        sa.Column(
            "body",
            sa.Text(),
            nullable=False,
            comment="正文 normalised text; every span counts its code points",
        ),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="发布时间 publication; midnight in China when only the day is known",
        ),
        sa.Column(
            "published_on",
            sa.Date(),
            sa.Computed("((published_at AT TIME ZONE 'Asia/Shanghai'::text))::date", persisted=True),
            nullable=True,
            comment="发布日期 publication day in China",
        ),
        sa.Column(
            "published_precision",
            sa.Text(),
            nullable=False,
            comment="发布时间精度 second, minute, day or unknown",
        ),
        sa.Column("source", sa.Text(), nullable=True, comment="来源 originating medium or office"),
        sa.Column("site", sa.Text(), nullable=True, comment="站点 where the page stood"),
        sa.Column("author", sa.Text(), nullable=True, comment="作者 author"),
        sa.Column(
            "byline",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="署名 [{name, roles}]: reporters, correspondents, photographers",
        ),
        sa.Column("url", sa.Text(), nullable=True, comment="原文链接 link to the original"),
        sa.Column("image_urls", sa.ARRAY(sa.Text()), nullable=False, comment="图片 images of the body"),
        sa.Column(
            "script",
            sa.Text(),
            nullable=False,
            comment="字体 script as found: simplified, traditional or mixed",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="文章类别 code of article_kinds"),
        sa.Column(
            "repairs",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="修复记录 what was changed in the text, with spans",
        ),
        sa.Column(
            "quality",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="质量 flags and shares of lost and doubtful characters",
        ),
        sa.Column(
            "removed",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="去除的行 [[why, line], ...]: what the page held beside title and body",
        ),
        sa.Column(
            "best_sighting_id",
            sa.BigInteger(),
            nullable=False,
            comment="最佳出处 the sighting whose text and metadata are shown",
        ),
        sa.Column(
            "story_id",
            sa.BigInteger(),
            nullable=False,
            comment="报道编号 smallest article id of the same story",
        ),
        sa.Column(
            "superseded_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="被取代时刻 since when no file holds this content any more",
        ),
        sa.Column(
            "first_seen_at", sa.DateTime(timezone=True), nullable=False, comment="首次入库时刻 first loaded"
        ),
        sa.Column(
            "run_id", sa.BigInteger(), nullable=False, comment="最后写入它的运行 run that last wrote it"
        ),
        sa.Column("ruleset", sa.Text(), nullable=False, comment="规则摘要 digest of the rules that made it"),
        sa.ForeignKeyConstraint(
            ["best_sighting_id"], ["sightings.id"], name=op.f("fk_articles_best_sighting_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_articles_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("content_hash", name=op.f("uq_articles_content_hash")),
        comment="文章 one row per distinct content",
    )
    op.create_index("ix_articles_best_sighting_id", "articles", ["best_sighting_id"], unique=False)
    op.create_index("ix_articles_published_on", "articles", ["published_on"], unique=False)
    op.create_index("ix_articles_run_id", "articles", ["run_id"], unique=False)
    op.create_index("ix_articles_story_id", "articles", ["story_id"], unique=False)
    op.create_table(
        "incidents",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="警情编号 incident number, stable, never reused",
        ),
        sa.Column("article_id", sa.BigInteger(), nullable=False, comment="文章 the article that tells it"),
        sa.Column("ordinal", sa.Integer(), nullable=False, comment="序号 order within the article, from 1"),
        sa.Column("kind", sa.Text(), nullable=False, comment="类别 code of incident_kinds"),
        sa.Column(
            "occurred_from", sa.DateTime(timezone=True), nullable=True, comment="发生起 start, included"
        ),
        sa.Column("occurred_to", sa.DateTime(timezone=True), nullable=True, comment="发生止 end, excluded"),
        sa.Column(
            "occurred_on",
            sa.Date(),
            sa.Computed("((occurred_from AT TIME ZONE 'Asia/Shanghai'::text))::date", persisted=True),
            nullable=True,
            comment="发生日期 day of the start in China",
        ),
        sa.Column("occurred_precision", sa.Text(), nullable=True, comment="发生精度 code of precisions"),
        sa.Column("occurred_text", sa.Text(), nullable=True, comment="发生原文 the expression as written"),
        sa.Column("occurred_basis", sa.Text(), nullable=True, comment="发生依据 code of time_bases"),
        sa.Column(
            "occurred_approx",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="发生约数 许, 左右, 前后",
        ),
        sa.Column(
            "occurred_partial",
            sa.Text(),
            nullable=True,
            comment="发生残缺 what is known of it, --MM-DD, when the year is not",
        ),
        sa.Column(
            "reported_from", sa.DateTime(timezone=True), nullable=True, comment="报警起 start, included"
        ),
        sa.Column("reported_to", sa.DateTime(timezone=True), nullable=True, comment="报警止 end, excluded"),
        sa.Column(
            "reported_on",
            sa.Date(),
            sa.Computed("((reported_from AT TIME ZONE 'Asia/Shanghai'::text))::date", persisted=True),
            nullable=True,
            comment="报警日期 day of the start in China",
        ),
        sa.Column("reported_precision", sa.Text(), nullable=True, comment="报警精度 code of precisions"),
        sa.Column("reported_text", sa.Text(), nullable=True, comment="报警原文 the expression as written"),
        sa.Column("reported_basis", sa.Text(), nullable=True, comment="报警依据 code of time_bases"),
        sa.Column(
            "reported_approx",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="报警约数 许, 左右, 前后",
        ),
        sa.Column(
            "reported_partial",
            sa.Text(),
            nullable=True,
            comment="报警残缺 what is known of it, --MM-DD, when the year is not",
        ),
        sa.Column("place", sa.Text(), nullable=True, comment="地点 place as written"),
        sa.Column(
            "station", sa.Text(), nullable=True, comment="处置单位 handling unit, shortest official form"
        ),
        sa.Column(
            "station_full",
            sa.Text(),
            nullable=True,
            comment="处置单位全称 handling unit with its parents as stated",
        ),
        sa.Column("agency_id", sa.BigInteger(), nullable=True, comment="机关 the handling unit"),
        sa.Column("province", sa.Text(), nullable=True, comment="省 province"),
        sa.Column("city", sa.Text(), nullable=True, comment="市 city or prefecture"),
        sa.Column("district", sa.Text(), nullable=True, comment="区县 district or county"),
        sa.Column(
            "items",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="物品 things lost, stolen, handed in or seized",
        ),
        sa.Column(
            "amount_cny",
            sa.Numeric(precision=16, scale=2),
            nullable=True,
            comment="金额 money at stake, yuan",
        ),
        sa.Column("outcome", sa.ARRAY(sa.Text()), nullable=False, comment="结果 set of codes of outcomes"),
        sa.Column("polarity", sa.Text(), nullable=False, comment="性质 code of polarities"),
        sa.Column(
            "evidence_start",
            sa.Integer(),
            nullable=False,
            comment="证据起 start of the evidence in articles.body, code points from 0",
        ),
        sa.Column(
            "evidence_end", sa.Integer(), nullable=False, comment="证据止 end of the evidence, excluded"
        ),
        sa.Column(
            "spans",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="字段证据 field -> [[start, end], ...] in articles.body",
        ),
        sa.Column("flags", sa.ARRAY(sa.Text()), nullable=False, comment="疑点 why a field is doubtful"),
        sa.Column(
            "event_id",
            sa.BigInteger(),
            nullable=False,
            comment="事件编号 smallest incident id of the same event",
        ),
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="撤回时刻 since when the rules no longer find it",
        ),
        sa.Column(
            "run_id", sa.BigInteger(), nullable=False, comment="最后写入它的运行 run that last wrote it"
        ),
        sa.CheckConstraint(
            "0 <= evidence_start AND evidence_start < evidence_end", name=op.f("ck_incidents_evidence_order")
        ),
        sa.CheckConstraint("occurred_from < occurred_to", name=op.f("ck_incidents_occurred_order")),
        sa.CheckConstraint("reported_from < reported_to", name=op.f("ck_incidents_reported_order")),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_incidents_agency_id")),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_incidents_article_id")),
        sa.ForeignKeyConstraint(["kind"], ["incident_kinds.code"], name=op.f("fk_incidents_kind")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_incidents_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        comment="警情 one row per incident told by one article",
    )
    op.create_index(
        "ix_incidents_agency_id_occurred_on", "incidents", ["agency_id", "occurred_on"], unique=False
    )
    op.create_index("ix_incidents_article_id", "incidents", ["article_id"], unique=False)
    op.create_index(
        "ix_incidents_division_occurred_on",
        "incidents",
        ["province", "city", "district", "occurred_on"],
        unique=False,
    )
    op.create_index("ix_incidents_event_id", "incidents", ["event_id"], unique=False)
    op.create_index("ix_incidents_kind_occurred_on", "incidents", ["kind", "occurred_on"], unique=False)
    op.create_index("ix_incidents_outcome", "incidents", ["outcome"], unique=False, postgresql_using="gin")
    op.create_index("ix_incidents_run_id", "incidents", ["run_id"], unique=False)
    op.create_table(
        "reported_figures",
        sa.Column("article_id", sa.BigInteger(), nullable=False, comment="文章 the article"),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False, comment="序号 order, from 1"),
        sa.Column("metric", sa.Text(), nullable=False, comment="指标 what is counted"),
        sa.Column("value", sa.Numeric(), nullable=False, comment="数值 value, 万 and 亿 expanded"),
        sa.Column("unit", sa.Text(), nullable=False, comment="单位 起, 人, 元, %, ..."),
        sa.Column("period", sa.Text(), nullable=True, comment="期间 period as written"),
        sa.Column("qualifier", sa.Text(), nullable=False, comment="修饰 exact, over, about or nearly"),
        sa.Column(
            "comparison", sa.Text(), nullable=True, comment="比较 yoy_up, yoy_down, mom_up or mom_down"
        ),
        sa.Column("text", sa.Text(), nullable=False, comment="原文 the words"),
        sa.Column("evidence_start", sa.Integer(), nullable=False, comment="证据起 start in articles.body"),
        sa.Column("evidence_end", sa.Integer(), nullable=False, comment="证据止 end, excluded"),
        sa.CheckConstraint(
            "0 <= evidence_start AND evidence_start < evidence_end",
            name=op.f("ck_reported_figures_evidence_order"),
        ),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_reported_figures_article_id")),
        sa.PrimaryKeyConstraint("article_id", "ordinal", name=op.f("pk_reported_figures")),
        comment="统计数字 aggregate figures that an article quotes; never incidents",
    )
    op.create_table(
        "incident_persons",
        sa.Column("incident_id", sa.BigInteger(), nullable=False, comment="警情 the incident"),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False, comment="序号 order, from 1"),
        sa.Column("role", sa.Text(), nullable=False, comment="角色 code of person_roles"),
        sa.Column("also", sa.ARRAY(sa.Text()), nullable=False, comment="兼 further roles"),
        sa.Column("name", sa.Text(), nullable=False, comment="姓名 name as written"),
        sa.Column("surname", sa.Text(), nullable=True, comment="姓 family name"),
        sa.Column("sex", sa.Text(), nullable=True, comment="性别 M or F, if stated"),
        sa.Column("age", sa.Integer(), nullable=True, comment="年龄 years, if stated"),
        sa.Column(
            "anonymized", sa.Boolean(), nullable=False, comment="匿名 whether the name hides the person"
        ),
        sa.Column(
            "evidence_start",
            sa.Integer(),
            nullable=True,
            comment="证据起 start of the mention in articles.body",
        ),
        sa.Column("evidence_end", sa.Integer(), nullable=True, comment="证据止 end of the mention, excluded"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_persons_incident_id")
        ),
        sa.ForeignKeyConstraint(["role"], ["person_roles.code"], name=op.f("fk_incident_persons_role")),
        sa.PrimaryKeyConstraint("incident_id", "ordinal", name=op.f("pk_incident_persons")),
        comment="涉警人员 one row per person named in an incident",
    )
    op.create_index("ix_incident_persons_role", "incident_persons", ["role"], unique=False)
    # The circle of articles and sightings is closed when both stand.
    op.create_foreign_key(
        op.f("fk_sightings_article_id"),
        "sightings",
        "articles",
        ["article_id"],
        ["id"],
        initially="DEFERRED",
        deferrable=True,
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_sightings_article_id"), "sightings", type_="foreignkey")
    op.drop_index("ix_incident_persons_role", table_name="incident_persons")
    op.drop_table("incident_persons")
    op.drop_table("reported_figures")
    op.drop_index("ix_incidents_run_id", table_name="incidents")
    op.drop_index("ix_incidents_outcome", table_name="incidents", postgresql_using="gin")
    op.drop_index("ix_incidents_kind_occurred_on", table_name="incidents")
    op.drop_index("ix_incidents_event_id", table_name="incidents")
    op.drop_index("ix_incidents_division_occurred_on", table_name="incidents")
    op.drop_index("ix_incidents_article_id", table_name="incidents")
    op.drop_index("ix_incidents_agency_id_occurred_on", table_name="incidents")
    op.drop_table("incidents")
    op.drop_index("ix_articles_story_id", table_name="articles")
    op.drop_index("ix_articles_run_id", table_name="articles")
    op.drop_index("ix_articles_published_on", table_name="articles")
    op.drop_index("ix_articles_best_sighting_id", table_name="articles")
    op.drop_table("articles")
    op.drop_index("ix_sightings_run_id", table_name="sightings")
    op.drop_index("ix_sightings_raw_sha256", table_name="sightings")
    op.drop_index("ix_sightings_article_id", table_name="sightings")
    op.drop_table("sightings")
    op.drop_index("ix_source_files_run_id", table_name="source_files")
    op.drop_index(
        "ix_source_files_reread", table_name="source_files", postgresql_where=sa.text("state = 'reread'")
    )
    op.drop_table("source_files")
    op.drop_index(
        "uq_rejections_open",
        table_name="rejections",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("resolved_by IS NULL"),
    )
    op.drop_index("ix_rejections_run_id", table_name="rejections")
    op.drop_index("ix_rejections_resolved_by", table_name="rejections")
    op.drop_index("ix_rejections_reason", table_name="rejections")
    op.drop_table("rejections")
    op.drop_index("ix_changes_run_id", table_name="changes")
    op.drop_table("changes")
    op.drop_table("time_bases")
    op.drop_table("skip_reasons")
    op.drop_index("ix_runs_status", table_name="runs", postgresql_where=sa.text("status = 'running'"))
    op.drop_table("runs")
    op.drop_table("rejection_reasons")
    op.drop_table("precisions")
    op.drop_table("polarities")
    op.drop_table("person_roles")
    op.drop_table("outcomes")
    op.drop_table("incident_kinds")
    op.drop_table("article_kinds")
    op.drop_index("ix_agencies_name", table_name="agencies")
    op.drop_table("agencies")

"""Stories and events: what near-duplicates are found by, and the verdicts on pairs."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from etl.store.tables.columns import Instant, identity, metadata, optional, required

article_signatures = Table(
    "article_signatures",
    metadata,
    Column(
        "article_id",
        BigInteger,
        ForeignKey("articles.id"),
        primary_key=True,
        autoincrement=False,
        comment="文章 the article",
    ),
    required("scheme", SmallInteger, "方案版本 version of the scheme that made it"),
    required("chars", Integer, "字数 characters of the canonical text without wrapping"),
    required("facts", ARRAY(Integer), "要素摘要 hashes of the names, dates, times and numbers told, sorted"),
    required("bands", ARRAY(BigInteger), "分段 its keys in article_bands"),
    comment="文章签名 what near-duplicates of an article are looked for by",
)

article_bands = Table(
    "article_bands",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False, comment="键 hash of one band"),
    Column(  # no foreign key: it would cost more than the row
        "article_id", BigInteger, primary_key=True, autoincrement=False, comment="文章 the article"
    ),
    comment="签名分段 bands of MinHash signatures: articles that share one are compared",
)

story_pairs = Table(
    "story_pairs",
    metadata,
    *(
        Column(
            f"{side}_id",
            BigInteger,
            ForeignKey("articles.id"),
            primary_key=True,
            autoincrement=False,
            comment=f"{zh} the article with the {en} number",
        )
        for side, zh, en in (("a", "甲", "smaller"), ("b", "乙", "greater"))
    ),
    Column(
        "relation",
        Text,
        ForeignKey("story_relations.code"),
        nullable=False,
        comment="关系 code of story_relations",
    ),
    required("joined", Boolean, "同一报道 whether the two are one story"),
    required("resemblance", REAL, "相似度 Jaccard similarity of their shingles, 0 to 1"),
    required("containment", REAL, "包含度 share of the shorter one's shingles found in the longer, 0 to 1"),
    required("reasons", ARRAY(Text), "理由 what the verdict rests on"),
    CheckConstraint("a_id < b_id", name="in_order"),
    Index("ix_story_pairs_b_id", "b_id"),
    Index("ix_story_pairs_relation", "relation"),
    comment="稿件对 one row per two articles of similar text; the verdict depends on these two only",
)

event_pairs = Table(
    "event_pairs",
    metadata,
    *(
        Column(
            f"{side}_id",
            BigInteger,
            ForeignKey("incidents.id"),
            primary_key=True,
            autoincrement=False,
            comment=f"{zh} the incident with the {en} number",
        )
        for side, zh, en in (("a", "甲", "smaller"), ("b", "乙", "greater"))
    ),
    required("score", REAL, "得分 how much speaks for one occurrence"),
    required("reasons", ARRAY(Text), "理由 what speaks for it, and how much"),
    CheckConstraint("a_id < b_id", name="in_order"),
    Index("ix_event_pairs_b_id", "b_id"),
    comment="警情对 one row per two incidents that may be one occurrence; depends on these two only",
)

link_verdicts = Table(
    "link_verdicts",
    metadata,
    identity("裁定编号 verdict number"),
    required("entity", Text, "对象 article or incident"),
    required("a_id", BigInteger, "甲 the one with the smaller number"),
    required("b_id", BigInteger, "乙 the one with the greater number"),
    required("verdict", Text, "裁定 join or split"),
    required("decided_by", Text, "裁定人 who decided"),
    required("decided_at", Instant, "裁定时刻 when", server_default=text("now()")),
    optional("note", Text, "说明 why"),
    UniqueConstraint("entity", "a_id", "b_id"),
    CheckConstraint("a_id < b_id", name="in_order"),
    CheckConstraint("entity IN ('article', 'incident')", name="entity_known"),
    CheckConstraint("verdict IN ('join', 'split')", name="verdict_known"),
    Index("ix_link_verdicts_b_id", "b_id"),
    comment="人工裁定 what people decided about two articles or incidents; stronger than the program",
)

"""Articles and where each was seen."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from etl.store.tables.columns import (
    Instant,
    Sha256,
    civil_date,
    identity,
    metadata,
    optional,
    reference,
    required,
)

articles = Table(
    "articles",
    metadata,
    identity("文章编号 article number, never reused"),
    required("content_hash", Sha256, "内容摘要 SHA-256 of the canonical text: the identity"),
    required("hash_version", SmallInteger, "摘要版本 version of the canonical form"),
    optional("title", Text, "标题 title without site name"),
    required("body", Text, "正文 normalised text; every span counts its code points"),
    optional("published_at", Instant, "发布时间 publication; midnight in China when only the day is known"),
    civil_date("published_on", "published_at", "发布日期 publication day in China"),
    required("published_precision", Text, "发布时间精度 second, minute, day or unknown"),
    optional("source", Text, "来源 originating medium or office"),
    optional("site", Text, "站点 where the page stood"),
    optional("author", Text, "作者 author"),
    required("byline", JSONB, "署名 [{name, roles}]: reporters, correspondents, photographers"),
    optional("url", Text, "原文链接 link to the original"),
    required("image_urls", ARRAY(Text), "图片 images of the body"),
    required("script", Text, "字体 script as found: simplified, traditional or mixed"),
    required("kind", Text, "文章类别 code of article_kinds"),
    required("repairs", JSONB, "修复记录 what was changed in the text, with spans"),
    required("quality", JSONB, "质量 flags and shares of lost and doubtful characters"),
    required("removed", JSONB, "去除的行 [[why, line], ...]: what the page held beside title and body"),
    reference(
        "best_sighting_id",
        "sightings.id",
        "最佳出处 the sighting whose text and metadata are shown",
    ),
    required("story_id", BigInteger, "报道编号 smallest article id of the same story"),
    optional("superseded_at", Instant, "被取代时刻 since when no file holds this content any more"),
    required("first_seen_at", Instant, "首次入库时刻 first loaded"),
    reference("run_id", "runs.id", "最后写入它的运行 run that last wrote it"),
    required("ruleset", Text, "规则摘要 digest of the rules that made it"),
    UniqueConstraint("content_hash"),
    Index("ix_articles_published_on", "published_on"),
    Index("ix_articles_run_id", "run_id"),
    Index("ix_articles_best_sighting_id", "best_sighting_id"),
    Index("ix_articles_story_id", "story_id"),
    Index(
        "ix_articles_search",
        text("search_grams((COALESCE(title, ''::text) || ' '::text) || body)"),
        postgresql_using="gin",
    ),
    comment="文章 one row per distinct content",
)

sightings = Table(
    "sightings",
    metadata,
    identity("出处编号 sighting number"),
    reference(  # deferred: a new sighting is written before the new article that shows it
        "article_id",
        "articles.id",
        "文章 the article found",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    reference("source_file_id", "source_files.id", "文件 the file it was found in"),
    optional("member", Text, "成员 member of an archive"),
    optional("record_no", BigInteger, "记录号 line of a JSON Lines file, from 1"),
    required("raw_sha256", Sha256, "原始摘要 SHA-256 of the leaf's bytes"),
    required("is_current", Boolean, "当前 whether the leaf still holds this content"),
    optional("title", Text, "标题 title in this place"),
    optional("published_at", Instant, "发布时间 publication in this place"),
    required("published_precision", Text, "发布时间精度 second, minute, day or unknown"),
    optional("source", Text, "来源 source in this place"),
    optional("site", Text, "站点 site in this place"),
    required("byline", JSONB, "署名 byline in this place"),
    optional("url", Text, "原文链接 link in this place"),
    required("lost_chars", Integer, "缺字数 characters lost beyond repair"),
    reference("run_id", "runs.id", "首见运行 run that found it"),
    UniqueConstraint(
        "source_file_id", "member", "record_no", "raw_sha256", postgresql_nulls_not_distinct=True
    ),
    Index("ix_sightings_article_id", "article_id"),
    Index("ix_sightings_raw_sha256", "raw_sha256"),
    Index("ix_sightings_run_id", "run_id"),
    comment="出处 one row per leaf in which a content was found; append-only but for is_current",
)

"""Enumerations and the national list of divisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Index, Table, Text

from etl.store.tables.columns import metadata, optional, required


def lookup(name: str, comment: str, *extra: Column[Any]) -> Table:
    return Table(
        name,
        metadata,
        Column("code", Text, primary_key=True, comment="代码 code, as stored"),
        required("zh", Text, "中文名 Chinese name"),
        required("en", Text, "英文名 English name"),
        *extra,
        required("note", Text, "说明 definition or what to do", server_default=""),
        comment=comment,
    )


def chinese_note() -> Column[str]:
    return required("note_zh", Text, "处理办法 note, in Chinese", server_default="")


incident_kinds = lookup(
    "incident_kinds",
    "警情类别 kinds of incidents, grouped by the receiving categories of the 110 service",
    required("group_zh", Text, "110接警大类 group of the 110 service", server_default=""),
)
person_roles = lookup("person_roles", "人员角色 roles of persons in an incident")
outcomes = lookup("outcomes", "处置结果 what came of an incident; incidents.outcome is a set of these")
precisions = lookup("precisions", "时间精度 how finely a time is stated")
time_bases = lookup("time_bases", "时间依据 which moment a time stands for")
polarities = lookup("polarities", "性质 whether it happened, was prevented or was a false alarm")
article_kinds = lookup("article_kinds", "文章类别 kinds of articles")
rejection_reasons = lookup(
    "rejection_reasons", "拒收原因 why a leaf could not be loaded; note: what to do", chinese_note()
)
skip_reasons = lookup("skip_reasons", "略过原因 why a leaf was not meant for a run", chinese_note())
flags = lookup("flags", "质量标记与疑点 what the flags of articles and incidents mean")
story_relations = lookup(
    "story_relations", "稿件关系 how the later of two similar articles relates to the earlier"
)

divisions = Table(
    "divisions",
    metadata,
    Column("code", Text, primary_key=True, comment="行政区划代码 six-digit code of the national list"),
    required("name", Text, "名称 official name"),
    required("level", Text, "层级 province, city or district; a municipality is a city"),
    optional("province", Text, "所属省份 province; a municipality stands for itself"),
    optional("city", Text, "所属城市 city or prefecture above a district"),
    required("sole", Boolean, "唯一 whether no other division of its level has this name"),
    Index("ix_divisions_name", "name"),
    comment="行政区划 the national list of divisions, to find the province of a city or county",
)

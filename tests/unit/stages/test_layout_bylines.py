"""Bylines: names with roles, and lines that are none."""

from __future__ import annotations

import pytest

from etl.rules import load_rules
from etl.stages.layout.bylines import is_person, read_byline
from etl.stages.layout.lines import read_names

RULES = load_rules().layout


@pytest.mark.parametrize(
    ("line", "people", "medium"),
    [
        ("云南网通讯员 沈一 摄影报道", {"沈一": ["correspondent", "photographer"]}, "云南网"),
        (
            "（记者 张三 通讯员 李四 王五）",
            {"张三": ["reporter"], "李四": ["correspondent"], "王五": ["correspondent"]},
            None,
        ),
        ("记者张三 通讯员李小四", {"张三": ["reporter"], "李小四": ["correspondent"]}, None),
        ("文/张三 图/李四", {"张三": ["author"], "李四": ["photographer"]}, None),
        ("文/图 张三", {"张三": ["author", "photographer"]}, None),
        ("作者：欧阳小川", {"欧阳小川": ["author"]}, None),
        ("作者丨张三 编辑丨李四", {"张三": ["author"]}, None),
        ("张 三 李 四", {"张三": [], "李四": []}, None),
        ("本报记者 张三、李四 报道", {"张三": ["reporter"], "李四": ["reporter"]}, None),
        ("通讯员 阿卜杜拉·买买提", {"阿卜杜拉·买买提": ["correspondent"]}, None),
        ("（张宏 古丽娜尔）", {"张宏": [], "古丽娜尔": []}, None),
        (
            "某某日报记者 张三 通讯员 李四 文/图",
            {"张三": ["reporter"], "李四": ["correspondent", "author", "photographer"]},
            "某某日报",
        ),
        ("责任编辑：李四", {}, None),
    ],
)
def test_names_and_roles(line: str, people: dict[str, list[str]], medium: str | None) -> None:
    byline = read_names(line, RULES)
    assert byline is not None
    assert (byline.people, byline.medium) == (people, medium)


@pytest.mark.parametrize(
    "line",
    [
        "记者了解到，张三已经回家。",
        "派出所民警张三、李四赶到现场",
        "一把伞",
        "安全提示",
        "平安中国",
        "作者简介：张三，民警",
        "（图为现场）",
        "记者手记",
        "（化名）",
        "",
    ],
)
def test_lines_that_are_no_byline(line: str) -> None:
    assert read_names(line, RULES) is None


@pytest.mark.parametrize("name", ["张三", "李小四", "欧阳川", "上官小云", "阿卜杜拉·买买提", "张\ufffd"])
def test_names_of_people(name: str) -> None:
    assert is_person(name, RULES)


@pytest.mark.parametrize(
    "name",
    [
        "云南网",
        "某某头条",
        "平安北京",
        "高台发布",
        "佚名",
        "admin",
        "安全",
        "关注",
        "张",
        "警情通报",
        "张三李四",
    ],
)
def test_names_of_nobody(name: str) -> None:
    assert not is_person(name, RULES)


def test_a_very_long_line_is_no_byline() -> None:
    assert read_byline("记者 " + "张三 " * 200, RULES) is None

"""What only seems to be a text is undone or refused; what is one is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from etl.errors import ArticleError
from etl.stages.decode import decode
from tests.badinput.disguises import JAPANESE, KOREAN, READABLE, RUSSIAN, UNREADABLE
from tests.faults.world import story

NAMES = "王建国、李秀英、张桂兰、刘玉梅、陈淑珍、杨凤霞、赵金凤、黄志强、周晓燕、吴海燕、徐丽娟、孙伟杰"


@pytest.mark.parametrize("make", READABLE.values(), ids=READABLE)
def test_what_can_be_undone_is(make: Callable[[str], bytes]) -> None:
    assert "柳河派出所接到报警" in decode(make(story(7))).text


@pytest.mark.parametrize(("reason", "make"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_can_not_is_refused(reason: str, make: Callable[[str], bytes]) -> None:
    with pytest.raises(ArticleError) as e:
        decode(make(story(7)))
    assert e.value.reason == reason
    assert "柳河" not in e.value.detail


@pytest.mark.parametrize(
    "text",
    [
        story(7),
        NAMES,
        "警情",
        JAPANESE,
        KOREAN,
        RUSSIAN,
        "Subject: 派出所通报\n民警接报后到场，案件正在办理。",
        "From: the desk\nNothing else.",
        "https://a.example/%E8%AD%A6 is the address of the page that was fetched",
        "call me at ~{ or ~} any time, 1+1=2, a+bcd=e",
        "0" * 30,
        "王某（wang）称：=E8 是错误代码，\\u8b66 也是",
    ],
    ids=lambda text: text[:12],
)
def test_texts_are_left_alone(text: str) -> None:
    assert decode(text.encode()).text == text
    assert decode(text.encode("utf-8-sig")).text == text


@pytest.mark.parametrize("codec", ["gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [story(7), NAMES, "柳河派出所"], ids=["story", "names", "short"])
def test_chinese_is_not_taken_for_another_language(text: str, codec: str) -> None:
    assert decode(text.encode(codec)).text == text

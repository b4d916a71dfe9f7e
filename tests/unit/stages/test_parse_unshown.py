"""What no reader sees and what machines answer is no article, in plain text as in pages."""

from __future__ import annotations

import pytest

from etl.errors import ArticleError
from etl.model import Decoded
from etl.stages.parse import parse

STORY = "3月9日，柳河派出所接到报警。\n民警赶到后找回背包。"
UNSEEN = (
    "<style>p{content:'暗'}</style>",
    "<script>var a = '<p>暗</p>';</script>",
    "<SCRIPT src='暗.js'></SCRIPT >",
    "<!-- 暗 -->",
    "<!--><!-- 暗 -->",
    "<template><p>暗</p></template>",
)
FRONT = "---\ntitle: 寻包\n---\n"


def text_of(text: str) -> str:
    return parse(Decoded(text, "utf-8", 1.0)).text


def reason_of(text: str) -> str | None:
    try:
        text_of(text)
    except ArticleError as e:
        return e.reason
    return None


@pytest.mark.parametrize("front", ["", FRONT])
@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_no_reader_sees_is_dropped(unseen: str, front: str) -> None:
    assert text_of(f"{front}{unseen}{STORY}") == STORY
    assert text_of(f"{front}{STORY}{unseen}") == STORY
    assert text_of(f"{front}{STORY}{unseen[:-1]}").startswith(STORY)
    assert text_of(f"{front}{unseen}<p>{STORY}</p>").split("\n") == [STORY.replace("\n", "")]


@pytest.mark.parametrize("front", ["", FRONT])
@pytest.mark.parametrize("unseen", UNSEEN)
def test_nothing_else_is_empty(unseen: str, front: str) -> None:
    assert reason_of(f"{front}{unseen}\n") == ("empty_script" if "script" in unseen.lower() else "empty_page")


def test_openings_without_end_take_no_time_to_speak_of() -> None:
    assert text_of(STORY + "<script" * 200_000).startswith(STORY)
    assert text_of(STORY + "<script>" * 200_000) == STORY
    assert text_of(STORY + "<!-- -->" * 200_000) == STORY


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("502 Bad Gateway", "no_article_error"),
        ("502 Bad Gateway\nnginx/1.20", "no_article_error"),
        ("404 Not Found", "no_article_error"),
        ("请登录后查看", "no_article_login"),
        ("请完成安全验证后继续访问", "no_article_check"),
        ("柳河警方在线\n请完成安全验证", "no_article_check"),
        ("<html><title>柳河警方网</title><p>柳河警方网安全验证，请稍候。</p></html>", "no_article_check"),
        ("<html><p>柳河警方在线</p><p>您的访问过于频繁</p></html>", "no_article_check"),
        ("404 Not Found。警方接到举报后查封了这个网站，两人被抓。", None),
        ("页面不存在？民警提醒", None),
        (STORY, None),
    ],
)
def test_answers_of_machines_are_refused_in_plain_text(text: str, reason: str | None) -> None:
    assert reason_of(text) == reason

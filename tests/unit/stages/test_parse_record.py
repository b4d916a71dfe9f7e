"""One JSON object as one article."""

from __future__ import annotations

import json
from typing import Any

import pytest

from etl.errors import ArticleError
from etl.model import Decoded, Parsed
from etl.stages.parse.record import parse_record

BODY = "3月9日，柳河派出所接到周女士报警，称手机遗失。"


def parse(record: Any, **keys: str) -> Parsed:
    text = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)
    return parse_record(Decoded(text, "utf-8", 1.0), keys)


def reason(record: Any, **keys: str) -> str:
    with pytest.raises(ArticleError) as caught:
        parse(record, **keys)
    return caught.value.reason


def test_usual_names_need_no_mapping() -> None:
    parsed = parse(
        {"title": "寻物", "pub_date": "2021-03-09", "content": BODY, "link": "https://example.cn/1"}
    )
    assert (parsed.shape, parsed.text) == ("record", BODY)
    assert parsed.declared == {"title": "寻物", "published": "2021-03-09", "url": "https://example.cn/1"}


def test_a_mapping_names_other_keys_and_keys_within() -> None:
    record = {"a": {"b": BODY}, "标题": "寻物", "title": "栏目", "x.y": "柳河公安"}
    parsed = parse(record, body="a.b", title="标题", source="x.y")
    assert (parsed.text, parsed.declared) == (BODY, {"title": "寻物", "source": "柳河公安"})
    assert reason(record, body="a.c") == "malformed_record"


def test_a_body_may_be_a_fragment_or_a_page() -> None:
    assert parse({"body": f"<p>{BODY}</p><script>x</script>"}).text == BODY
    page = f"<html><head><title>寻物</title></head><body><article><p>{BODY}</p></article></body></html>"
    assert BODY in parse({"html": page}).text


def test_the_record_is_stronger_than_its_page() -> None:
    page = f"---\ntitle: 页内标题\ndate: 2021-03-08\n---\n{BODY}"
    assert parse({"title": "记录标题", "body": page}).declared == {
        "title": "记录标题",
        "published": "2021-03-08",
    }


def test_numbers_stay_as_written_and_seconds_become_dates() -> None:
    assert parse({"body": BODY, "date": 1615256700}).declared == {"published": "2021-03-09 10:25:00"}
    assert parse({"body": BODY, "date": 20210309}).declared == {"published": "20210309"}


@pytest.mark.parametrize(
    "record", ["{", "[]", '"text"', "NaN", {"title": "无正文"}, {"body": None}, {"body": " "}]
)
def test_what_is_no_record_is_refused(record: Any) -> None:
    assert reason(record) == "malformed_record"


def test_deep_nesting_is_refused() -> None:
    assert reason('{"a":' + "[" * 200_000) in ("too_complex_nesting", "malformed_record")


def test_escaped_surrogates_and_nul_are_taken_away() -> None:
    assert parse(json.dumps({"body": BODY + "\0\ud800"})).text == BODY

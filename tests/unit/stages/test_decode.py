"""Bytes to text: every wrapping of one article gives one text; what is no text is refused with a reason."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import ArticleError
from etl.stages.decode import MAGIC, decode

CASES = Path(__file__).parents[2] / "cases" / "decode" / "in-the-wild.json"
SIMPLIFIED = (
    "电动车失而复得\n\n　　5月6日10时许，城东派出所接到王女士报警，称停在楼下的电动车不见了。\n"
    "　　民警调取监控，当晚将嫌疑人李某抓获，车辆已返还失主。\n"
)
TRADITIONAL = (
    "電動車失而復得\n\n　　5月6日10時許，城東派出所接到王女士報警，稱停在樓下的電動車不見了。\n"
    "　　民警調取監控，當晚將嫌疑人李某抓獲，車輛已返還失主。\n"
)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(SIMPLIFIED.encode(), id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + SIMPLIFIED.encode(), id="utf-8 with mark"),
        pytest.param(SIMPLIFIED.encode("gbk"), id="gbk"),
        pytest.param(SIMPLIFIED.encode("gb18030"), id="gb18030"),
        pytest.param(SIMPLIFIED.encode("utf-16-le"), id="utf-16-le"),
        pytest.param(SIMPLIFIED.encode("utf-16-be"), id="utf-16-be"),
        pytest.param(codecs.BOM_UTF16_LE + SIMPLIFIED.encode("utf-16-le"), id="utf-16-le with mark"),
        pytest.param(codecs.BOM_UTF16_BE + SIMPLIFIED.encode("utf-16-be"), id="utf-16-be with mark"),
        pytest.param(codecs.BOM_UTF32_LE + SIMPLIFIED.encode("utf-32-le"), id="utf-32-le with mark"),
        pytest.param(SIMPLIFIED.encode("utf-32-be"), id="utf-32-be"),
        pytest.param(SIMPLIFIED.replace("\n", "\r\n").encode(), id="crlf"),
        pytest.param(SIMPLIFIED.replace("\n", "\r").encode("gbk"), id="cr in gbk"),
        pytest.param(SIMPLIFIED.encode() + b"\0" * 500, id="tail of NULs after a crash"),
    ],
)
def test_all_wrappings_of_an_article_give_one_text(data: bytes) -> None:
    assert decode(data).text == SIMPLIFIED


@pytest.mark.parametrize("codec", ["utf-8", "big5", "cp950", "big5hkscs", "gbk", "utf-16-le"])
def test_all_wrappings_of_a_traditional_article_give_one_text(codec: str) -> None:
    assert decode(TRADITIONAL.encode(codec)).text == TRADITIONAL


@pytest.mark.parametrize(
    "case", json.loads(CASES.read_text(encoding="utf-8")), ids=lambda case: case["label"]
)
def test_known_hard_bytes(case: dict[str, str]) -> None:
    decoded = decode(bytes.fromhex(case["input_hex"]), case.get("declared"))
    assert (decoded.text, decoded.encoding) == (case["expected"], case["encoding"])


def test_a_wrong_declaration_does_not_win_over_the_bytes() -> None:
    page = '<meta charset="big5">' + SIMPLIFIED
    assert decode(page.encode("gb18030")).text == page
    assert decode(page.encode()).encoding == "utf-8"


def test_a_single_bad_byte_costs_one_character_and_some_confidence() -> None:
    text = SIMPLIFIED * 10
    decoded = decode(text[:99].encode() + b"\xff" + text[99:].encode())
    assert decoded.text.replace("\ufffd", "") == text
    assert decoded.text.count("\ufffd") == 1
    assert decoded.encoding == "utf-8"
    assert decoded.confidence < 1


def test_a_file_cut_inside_a_character_is_read() -> None:
    assert decode((SIMPLIFIED * 10).encode()[:-2]).text.startswith(SIMPLIFIED)


def test_controls_and_noncharacters_go_and_separators_become_line_ends() -> None:
    text = "甲\x00乙\x08丙\ufffe丁\x0c戊\x85己\u200b庚"
    assert decode(text.encode()).text == "甲乙丙丁\n戊\n己\u200b庚"


@pytest.mark.parametrize("magic", MAGIC, ids=repr)
def test_known_formats_are_binary(magic: bytes) -> None:
    assert reason(magic + bytes(50) + "文章".encode() * 50) == MAGIC[magic][0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", "empty", id="no bytes"),
        pytest.param(b" \r\n\t", "empty_blank", id="white space"),
        pytest.param("\u3000\u3000\n".encode(), "empty_blank", id="ideographic spaces"),
        pytest.param(codecs.BOM_UTF8, "empty_blank", id="only a mark"),
        pytest.param(b"\0" * 4096, "empty_zeros", id="only NULs"),
        pytest.param(bytes(range(1, 256)) * 40, "undecodable", id="all bytes in turn"),
        pytest.param(b"\x01\x02\x03\x04abcd" * 100, "binary", id="controls"),
    ],
)
def test_what_holds_no_text_is_refused(data: bytes, expected: str) -> None:
    assert reason(data) == expected


def test_one_in_two_hundred_bad_characters_is_the_limit() -> None:
    text = "派出所民警" * 200  # 1,000 characters
    five, six = (text.encode() + b"\xff" * n for n in (5, 6))
    assert decode(five).text.count("\ufffd") == 5
    assert reason(six) == "undecodable"


def reason(data: bytes) -> str:
    with pytest.raises(ArticleError) as caught:
        decode(data)
    return caught.value.reason


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=400))
def test_any_bytes_give_clean_text_or_a_reason(data: bytes) -> None:
    try:
        text = decode(data).text
    except ArticleError:
        return
    assert text.strip()
    assert not any(c < "\x20" and c not in "\t\n" for c in text)
    text.encode()


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="警方民生活动的一是在了，。\n12ab", min_size=1, max_size=80).filter(str.strip))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    assert decode(text.encode()).text == text

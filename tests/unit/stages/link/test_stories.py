"""Verdicts on two articles: what may differ between copies, and what makes two occurrences of one form."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.rules import load_rules
from etl.stages.link.signature import BANDS, signature
from etl.stages.link.stories import StoryVerdict, relate, telling

RULES = load_rules().link
TEXT = (
    "3月9日17时许，柳河派出所接到周女士报警，称停放在东关街菜市场门口的一辆电动车被盗，价值2600元。民警调取沿途监控，"
    "发现一名戴帽子的男子将车推走。经连续走访，民警在城郊一处出租屋内将嫌疑人吴某抓获，追回被盗的电动车，并于当日发还失主。"
    "吴某对盗窃的事实供认不讳，案件正在进一步侦办中。"
)
MORE = (
    "据了解，今年以来，该所不断加强夜间巡逻，破获盗窃电动车案件十余起，受到辖区居民的一致好评，"
    "下一步还将继续开展专项打击。"
)


def verdict(a: str, b: str, days: tuple[int, int] = (10, 11)) -> StoryVerdict | None:
    at = [datetime(2021, 3, day, tzinfo=UTC) for day in days]
    return relate(telling(a, at[0], b"a", RULES), telling(b, at[1], b"b", RULES), RULES)


@pytest.mark.parametrize(
    ("other", "relation"),
    [
        (TEXT, "reprint"),
        (f"本报讯（记者 宋某明） {TEXT}\n责任编辑：何某", "reprint"),
        (TEXT.replace("3月9日", "3月\ufffd日").replace("帽子", "\ufffd子"), "reprint"),
        (TEXT[: len(TEXT) // 2], "excerpt"),
        (TEXT + MORE + MORE.replace("电动车", "自行车"), "extended"),
        (TEXT.replace("2600元", "3100元"), "update"),
        (TEXT.replace("案件正在进一步侦办中", "目前已被行政拘留十日"), "update"),
        (TEXT.replace("3月9日17时", "三月九日下午5时").replace("2600元", "0.26万元"), "reprint"),
        (TEXT.replace("经连续走访", "几经周折"), "reprint"),
        (TEXT[55:] + "周女士特意送来锦旗。", "excerpt"),
    ],
)
def test_copies_are_one_story(other: str, relation: str) -> None:
    found = verdict(TEXT, other)
    assert found is not None
    assert (found.relation, found.joined) == (relation, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"周女士": "郑先生", "吴某": "冯某"},
        {"3月9日17时": "6月2日8时"},
        {"17时": "9时", "2600元": "900元"},
        {"柳河派出所": "东桥派出所"},
        {"17时许": "17时20分许", "周女士": "仝女士"},  # not a family name of the list
        {"东关街": "西关街"},
        {"电动车": "自行车"},
    ],
)
def test_one_form_filled_in_twice_is_two_stories(changes: dict[str, str]) -> None:
    other = TEXT
    for before, after in changes.items():
        other = other.replace(before, after)
    found = verdict(TEXT, other)
    assert found is not None
    assert (found.relation, found.joined) == ("same_template", False)


FOUND = (
    "{date}，我所民警在{place}巡逻时拾到{item}一个，内有现金{sum}元和钥匙一串。请失主携带有效证件到柳河派出所认领，"
    "联系电话{phone}，联系民警张伟。如知情者，请代为转告，让失物早日回家。"
)
SLOTS = {"date": "3月9日", "place": "东关街", "item": "钱包", "sum": "300", "phone": "0536-4821973"}
DRUNK = (
    "酒驾典型案例通报：{date}{time}，驾驶人{name}驾驶{plate}号汽车途经{place}，被例行检查的交警当场拦下。经呼气检测，"
    "其体内酒精含量达{mg}mg/100ml。交警部门依法对{name}处以罚款{fine}元，驾驶证记12分并暂扣半年。"
)
STOPPED = {
    "date": "3月9日", "time": "21时8分许", "name": "陈某", "plate": "鲁G3K52P", "place": "东关街", "mg": "46",
    "fine": "1000",
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "slots", "slot", "other"),
    [
        (FOUND, SLOTS, "date", "3月10日"),
        (FOUND, SLOTS, "place", "和顺路"),
        (FOUND, SLOTS, "item", "背包"),
        (FOUND, SLOTS, "sum", "450"),
        (FOUND, SLOTS, "phone", "0536-4821977"),
        (DRUNK, STOPPED, "date", "3月19日"),
        (DRUNK, STOPPED, "time", "21时28分许"),
        (DRUNK, STOPPED, "name", "贺某"),
        (DRUNK, STOPPED, "name", "乜某"),
        (DRUNK, STOPPED, "plate", "鲁G3K52Q"),
        (DRUNK, STOPPED, "place", "新民路"),
    ],
)
def test_a_form_that_differs_in_one_slot_is_two_stories(
    form: str, slots: dict[str, str], slot: str, other: str
) -> None:
    found = verdict(form.format(**slots), form.format(**slots | {slot: other}))
    assert found is not None
    assert (found.relation, found.joined) == ("same_template", False)


@pytest.mark.parametrize(("slot", "other"), [("mg", "64"), ("fine", "2000")])
def test_what_is_corrected_of_one_person_and_hour_is_an_update(slot: str, other: str) -> None:
    found = verdict(DRUNK.format(**STOPPED), DRUNK.format(**STOPPED | {slot: other}))
    assert found is not None
    assert (found.relation, found.joined) == ("update", True)


@pytest.mark.parametrize("name", ["陈某某", "陈先生", "陈大爷"])
def test_one_person_may_be_named_less_or_more(name: str) -> None:
    found = verdict(DRUNK.format(**STOPPED), DRUNK.format(**STOPPED | {"name": name}))
    assert found is not None
    assert (found.relation, found.joined) == ("reprint", True)


def test_a_round_up_is_not_the_story_of_its_first_item() -> None:
    first = DRUNK.format(**STOPPED | {"date": "3月8日"})
    second = FOUND.format(**SLOTS | {"date": "3月6日"}) + "失主贺女士当天领回钱包。"
    found = verdict(TEXT, "\n".join((TEXT, first, second, MORE)))
    assert found is None


def test_figures_of_a_later_hour_are_an_update() -> None:
    text = (
        "3月9日7时40分许，柳河县东关街一处自建房发生倒塌。截至3月9日{hour}时，已搜救出{found}人，其中{dead}人死亡。"
        "现场救援仍在进行，公安机关在周边实行交通管制，事故原因正在调查。"
    )
    found = verdict(text.format(hour=12, found=9, dead=2), text.format(hour=18, found=14, dead=5))
    assert found is not None
    assert (found.relation, found.joined) == ("update", True)


def test_other_numbers_without_a_name_or_an_hour_are_no_update() -> None:
    text = (
        "昨日，全县共接报警情96起，其中刑事警情2起、治安警情11起、交通警情38起。"
        "全县社会治安大局平稳，群众安全感不断提升。警方提醒广大群众，雨季出行注意安全，保管好个人财物，"
        "遇有险情及时报警，共同维护良好的社会秩序。"
    )
    other = text.replace("96", "88").replace("11起", "9起").replace("38", "41")
    found = verdict(text, other)
    assert found is not None
    assert not found.joined


def test_other_words_are_no_pair_at_all() -> None:
    assert verdict(TEXT, MORE) is None


def test_the_order_of_two_does_not_matter() -> None:
    early, late = datetime(2021, 3, 10, tzinfo=UTC), datetime(2021, 3, 12, tzinfo=UTC)
    whole, part = telling(TEXT, early, b"a", RULES), telling(TEXT[:90], late, b"b", RULES)
    assert relate(whole, part, RULES) == relate(part, whole, RULES)
    found = relate(telling(TEXT, late, b"a", RULES), telling(TEXT[:90], early, b"b", RULES), RULES)
    assert found is not None
    assert found.relation == "extended"


def test_signatures_stay_what_they_are() -> None:
    # They are stored: another version of the hashing library must not change them unseen.
    made = signature(TEXT, RULES)
    assert len(made.bands) == 28
    assert (made.scheme, made.chars, made.bands[0], made.bands[-1]) == (
        4,
        131,
        -2056376479173780267,
        2594160658,
    )


def test_a_part_shares_a_key_with_the_whole_and_another_notice_on_the_form_none() -> None:
    form = (
        "近日，柳河派出所接到群众报警称有人在某小区门口打架，民警迅速赶到现场将双方分开。{}因停车与{}争执。"
    )
    notice, other = form.format("李某", "周某"), form.format("许某", "马某")
    assert set(part_keys(notice)) & set(part_keys(notice + MORE))
    assert set(part_keys(TEXT[55:])) & set(part_keys(TEXT + MORE))
    assert not set(part_keys(notice)) & set(part_keys(other))


def part_keys(text: str) -> tuple[int, ...]:
    """The keys made of neighbouring facts."""
    return signature(text, RULES).bands[BANDS:]


@pytest.mark.parametrize("text", ["", "好", "平安", "\ufffd" * 50, "好" * 100_000])
def test_any_text_has_a_signature(text: str) -> None:
    made = signature(text, RULES)
    assert made.chars == len(text)

"""Repair: damage goes, clean text stays, a second pass changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.rules import load_rules
from etl.stages.identity import content_hash
from etl.stages.repair import repair
from tests.support.damage import NARROWED, NOTED_SEEN, damage, traditional

CASES = Path(__file__).parents[2] / "cases" / "repair"
RULES = load_rules().repair

SENTENCES = [
    "民警立即赶到现场，将老人送回家中。",
    "“感谢民警同志，帮我把包找回来了。”",
    "沈先生说：“这么快就破案了，真没想到！”",
    "派出所经过调查，发现该男子与报警人是邻居，双方因停车问题发生纠纷。",
    "“群众有事打电话报警，是对公安机关的信任。”派出所所长这样说。",
    "接到报警后，民警调取监控，当晚联系上了家属。",
    "2022年1月2日17时30分许，刘某报警称自己父亲走丢了。",
    "他们找遍了周围楼房、地下车库、小区，都没有发现老人的踪迹。",
    "“你们太辛苦了。”老人握着民警的手说。",
]
clean_pages = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12).map("\n".join)


def cases(kind: str) -> list[object]:
    rows = json.loads((CASES / f"{kind}.json").read_text(encoding="utf-8"))
    return [pytest.param(row["input"], row["expected"], id=row["label"]) for row in rows]


@pytest.mark.parametrize(("text", "expected"), cases("in-the-wild") + cases("synthetic") + cases("negative"))
def test_a_text_is_repaired_as_its_case_says(text: str, expected: str) -> None:
    assert repair(text, RULES).text.value == expected


@pytest.mark.parametrize(("text", "expected"), cases("known-failures"))
@pytest.mark.xfail(strict=True)
def test_a_known_failure_fails(text: str, expected: str) -> None:
    assert repair(text, RULES).text.value == expected


@pytest.mark.parametrize(("text", "expected"), cases("in-the-wild") + cases("synthetic") + cases("negative"))
def test_repairing_again_changes_nothing(text: str, expected: str) -> None:
    once = repair(text, RULES).text.value
    assert repair(once, RULES).text.value == once


@given(clean_pages)
@settings(deadline=None, max_examples=50)
def test_clean_simplified_text_leaves_as_the_same_object(page: str) -> None:
    assert repair(page, RULES).text.value is page


@given(clean_pages)
@settings(deadline=None, max_examples=50)
def test_clean_traditional_text_changes_only_its_script(page: str) -> None:
    repaired = repair(page.translate(traditional()), RULES)
    assert repaired.text.value == page
    assert repaired.text.repairs == ()


@given(clean_pages, st.integers(0, 2**32))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_generated_damage_is_restored_or_marked(page: str, seed: int) -> None:
    page += "\n民警经过调查，发现了当事人与报警人的关系。"  # notes: a lone mark would need more evidence
    hurt = damage(page, Random(seed), noted=NOTED_SEEN)
    repaired = repair(hurt.text, RULES)
    same = repaired.text.value.translate(NARROWED) == page.translate(NARROWED)
    assert same or "doubtful" in repaired.flags or "\ufffd" in repaired.text.value
    assert repair(repaired.text.value, RULES).text.value == repaired.text.value


@given(clean_pages, st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_every_record_shows_what_stands_at_its_place(page: str, seed: int) -> None:
    text = repair(damage(page, Random(seed)).text, RULES).text
    assert all(text.value[r.start : r.end] == r.after for r in text.repairs)


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=200, derandomize=True)
def test_any_text_comes_through_and_stays_put(text: str) -> None:
    once = repair(text, RULES).text
    assert all(once.value[r.start : r.end] == r.after for r in once.repairs)
    assert repair(once.value, RULES).text.value == once.value


# What damage is made of: marks, notes, rests, mojibake of several kinds, entities, tags, what can't be seen.
FRAGMENTS = [
    "?!",
    "??",
    "?",
    "???",
    "(dāng)",
    "當",
    "當(dāng)",
    "們?nèi)珕T",
    "袄先祟^",
    "泵窬f",
    "#xff0c;",
    "/p>",
    "?/p>",
    "&amp;",
    "&amp;nbsp;",
    "&lt;",
    "br",
    "<",
    ">",
    "<br>",
    "<b",
    "锟斤拷",
    "�",
    "\ue863",
    "\u200b",
    "\xad",
    "\x80",
    "\x93",
    "娲惧嚭鎵€",
    "æ´¾å‡ºæ‰€",
    "é",
    "è",
    "著",
    "著名",
    "么",
    "a",
    "W(wǎng)",
    "!",
    "、",
    "“",
    "。",
    "”",
    "7",
    "民警",
    "說",
    "這個",
    "€",
    "€有",
    "#38;",
    "&#",
    "38;",
    "lt;",
    "amp;",
    "&",
    "ﾅﾉｳ",
    "脙帽戮",
]
mixtures = st.lists(st.sampled_from([*FRAGMENTS, "\n", " "]), min_size=2, max_size=14).map("".join)


@given(mixtures, st.sampled_from(["", "\n當(dāng)時發現"]))
@settings(deadline=None, max_examples=400, derandomize=True)
def test_any_mixture_of_damage_stays_as_it_was_repaired(text: str, page: str) -> None:
    once = repair(text + page, RULES).text.value
    assert repair(once, RULES).text.value == once


@pytest.mark.parametrize("chance", [0.0, 0.8, 1.0])
def test_a_damaged_copy_that_keeps_all_and_its_original_get_one_content_hash(chance: float) -> None:
    page = "\n".join(SENTENCES * 2)
    hurt = damage(page, Random(3), chance=chance)
    assert bool(hurt.runs) == bool(chance)
    assert content_hash(None, repair(hurt.text, RULES).text.value) == content_hash(None, page)


def test_a_title_takes_its_evidence_from_the_page() -> None:
    title = "民警說?!袄先祟^"
    page = "民警說當(dāng)時要關(guān)門,他當(dāng)然同意。" * 3
    assert repair(title, RULES, page).text.value.startswith("民警说。“")


def test_a_note_stays_where_the_page_has_its_character_without_one() -> None:
    assert repair("當(dāng)時", RULES, "當(dāng)時,當然這樣,發現問題").text.value == "当(dāng)时"


def test_damage_and_doubt_are_flagged() -> None:
    repaired = repair("小事當(dāng)做大事辦,民警擔當(dāng)。里邊那些醫???、身份證都在。", RULES)
    assert repaired.script == "traditional"
    assert {"damaged", "doubtful"} <= set(repaired.flags)


@pytest.mark.parametrize(
    ("page", "script"),
    [("派出所民警发现", "simplified"), ("派出所民警發現", "traditional"), ("发现问题發現問題", "mixed")],
)
def test_script_is_told_as_found(page: str, script: str) -> None:
    assert repair(page, RULES).script == script

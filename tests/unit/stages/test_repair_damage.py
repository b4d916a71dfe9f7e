"""The damage generator: the worked fragments of real pages, and whole pages where the samples are at hand."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from tests.support.damage import Run, damage

SHARED = Path(__file__).parents[4] / "shared"
WIDE = str.maketrans(",!?:;", "，！？：；")
NOTED_RE = re.compile(r"([\u4e00-\u9fff])\(([a-zü\u00e0-\u01dc]+)\)")


@pytest.mark.parametrize(
    ("clean", "noted", "damaged"),
    [
        pytest.param("走失的父亲。“老人头脑", "", "走失的父親?!袄先祟^腦", id="ended by a low trail"),
        pytest.param("。”民警说，", "", "?!泵窬f,", id="a dropped pair"),
        pytest.param("我们全员进入", "內", "我們?nèi)珕T進入", id="a note between two characters"),
        pytest.param("找到了。”", "", "找到了?!?/p>", id="cut before a tag"),
        pytest.param("祝福。", "", "祝?!?/p>", id="the same seen for another end"),
        pytest.param("那些医保卡、身份证", "", "那些醫???、身份證", id="cut at ？"),
        pytest.param("当事人当天", "當", "當(dāng)事人當(dāng)天", id="notes"),
        pytest.param("后来干坏事这么快", "", "后來干壞事這么快", id="one-to-one script"),
        pytest.param("真的吗？！是的", "", "真的嗎?!是的", id="real marks narrowed"),
    ],
)
def test_a_fragment_is_damaged_as_on_real_pages(clean: str, noted: str, damaged: str) -> None:
    assert damage(clean, noted=noted, chance=1).text == damaged


def test_a_run_tells_its_place_its_dropped_pairs_and_what_it_swallowed() -> None:
    assert damage("好。”民警说，是", noted="", chance=1).runs == (Run(1, 6, "cut!", dropped=1),)
    assert damage("好。“是7月", noted="", chance=1).runs[0].swallowed == "7"


def test_the_same_lot_gives_the_same_page() -> None:
    page = "“很好。”他说。" * 20
    assert damage(page, Random(5)) == damage(page, Random(5))
    assert damage(page, chance=0).runs == ()


def test_every_line_of_the_damaged_samples_is_reproduced() -> None:
    gold = sorted((SHARED / "gold").glob("*.clean.txt"))
    if not gold:
        pytest.skip("the samples are not at hand")
    for clean in gold:
        (seed,) = (SHARED / "seeds").glob(f"{clean.name[:3]}_*.txt")
        text = seed.read_text(encoding="utf-8")
        noted = {char for char, _ in NOTED_RE.findall(text)} | ({"內"} if "?nèi)" in text else set())
        noted -= {c for c in noted if text.count(c) != len(re.findall(rf"{c}\(", text))}
        lines = clean.read_text(encoding="utf-8").strip().translate(WIDE).split("\n")
        for line, seen in zip(lines, text.split("\n"), strict=False):
            lots = (
                damage(line, noted=noted, hits=lambda _, n, k=k: bool(k >> n & 1)).text for k in range(256)
            )
            assert seen in lots

"""The extraction rules: complete, unique, compiling, linear, and true to their own examples."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import RulesError
from etl.rules import load_rules, read_toml, read_tsv
from etl.rules.anchors import heads
from etl.rules.extract import compile_any, enums, expand, load
from etl.rules.factoring import split_alternatives
from etl.rules.scan import BLOCK, Scanner
from etl.rules.trie import trie_pattern
from etl.stages import extract as extract_stage
from etl.stages.extract.roles import HINTS
from etl.stages.extract.units import DIVISION_ENDS

RULES = load_rules().extract
CUES = read_toml("cues.toml")
LONG = 64  # a repeat up to this bound costs a constant, not a length


def test_kinds_are_the_31_of_the_guideline() -> None:
    assert len(enums()["kind"]) == 31
    assert all(row["zh"] and row["en"] and row["group"] for row in enums()["kind"])


@pytest.mark.parametrize("name", sorted(CUES))
def test_cue_holds_for_its_examples_and_not_for_its_counterexamples(name: str) -> None:
    pattern = RULES.cues[name]
    for example in CUES[name]["yes"]:
        assert pattern.search(example), example
    for example in CUES[name]["no"]:
        assert not pattern.search(example), example


@pytest.mark.parametrize("name", sorted(set(CUES) - {"since"}))
def test_scanner_finds_what_the_pattern_finds(name: str) -> None:
    for example in CUES[name]["yes"]:
        assert f"cue:{name}" in RULES.scanner.scan(example)


def patterns() -> list[tuple[str, str]]:
    """Every pattern of the rule files, written out."""
    found = []
    for name, table in CUES.items():
        found += [(name, expand(p)) for p in table["any"]]
    outcomes = read_toml("outcomes.toml")
    found.append(("negation", outcomes.pop("negation")))
    found += list(outcomes.pop("words").items())
    ends = set(outcomes.pop("usual").values())
    assert ends <= outcomes.keys()
    for name, table in outcomes.items():
        found += [(name, expand(p)) for p in table["any"]]
    found += list(read_toml("moments.toml")["words"].items())
    titles = read_toml("article_kinds.toml")
    found += [("notice", titles["notice"]), *titles["title"].items()]
    assert titles["title"].keys() <= {row["code"] for row in enums()["article_kind"]}
    for name, table in read_toml("locations.toml").items():
        if name != "sets":
            location_sets = {k: str(v) for k, v in read_toml("locations.toml")["sets"].items()}
            found += [(name, expand(p, location_sets)) for p in table["any"]]
    for name, table in read_toml("roles.toml").items():
        found += [(name, expand(p)) for p in table["any"]]
    found += [("atom", RULES.times.atom.pattern), ("figure", RULES.figures.figure.pattern)]
    return found


def unbounded(tokens: Any, inside: bool = False) -> bool:
    """Whether an open repeat stands inside another repeat, or anything open repeats more than one character."""
    for op, arg in tokens:
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            _, high, body = arg
            opened = high > LONG
            if opened and (inside or len(body) != 1 or body[0][0] not in (sre.IN, sre.LITERAL, sre.CATEGORY)):
                return True
            if unbounded(body, inside or high > 1):
                return True
        elif op is sre.BRANCH:
            if any(unbounded(b, inside) for b in arg[1]):
                return True
        elif op is sre.SUBPATTERN:
            if unbounded(arg[3], inside):
                return True
        elif op in (sre.ASSERT, sre.ASSERT_NOT) and unbounded(arg[1], inside):
            return True
    return False


@pytest.mark.parametrize(("name", "pattern"), patterns())
def test_pattern_is_linear_by_structure(name: str, pattern: str) -> None:
    flags = re.VERBOSE if name == "atom" else 0
    assert not unbounded(_parser.parse(pattern, flags))


def test_structure_test_catches_nested_repeats() -> None:
    assert unbounded(_parser.parse("(?:a+b?)+c"))
    assert not unbounded(_parser.parse("a{0,12}b"))


def test_divisions_are_unique_and_sorted() -> None:
    rows = read_tsv("places.tsv", 2)
    assert len(set(rows)) == len(rows)
    assert rows == sorted(rows)
    assert {code for code, _ in rows} >= {code for _, code, _ in read_tsv("place_changes.tsv", 3)}


def test_divisions_end_with_what_they_are() -> None:
    """So that a run of characters without any of these names none."""
    names = RULES.divisions.by_name
    assert {name[-1] for name in names if len(name) > 2} <= DIVISION_ENDS


def test_what_denies_an_outcome_is_found_by_the_scanner() -> None:
    assert "none:casualties" in RULES.scanner.scan("所幸无人员伤亡。")
    assert "none:mediated" in RULES.scanner.scan("双方互不相让。")


def test_lunar_years_follow_each_other() -> None:
    years = RULES.times.years
    for year, row in years.items():
        if year + 1 in years:
            assert (years[year + 1].first - row.first).days == sum(row.lengths)


def test_outcomes_and_roles_are_codes_of_the_closed_lists() -> None:
    assert {r.code for r in RULES.outcomes.codes} <= {row["code"] for row in enums()["outcome"]}
    assert read_toml("roles.toml").keys() <= {row["code"] for row in enums()["role"]} | {"acting", *HINTS}


def test_broken_pattern_names_file_and_key() -> None:
    with pytest.raises(RulesError, match=r"kinds\.toml: fire"):
        compile_any(["(火"], "kinds.toml", "fire")


def test_unknown_set_names_file_and_key() -> None:
    with pytest.raises(RulesError, match=r"kinds\.toml: fire"):
        compile_any(["<nothing>火"], "kinds.toml", "fire")


def test_pattern_without_a_head_is_refused() -> None:
    with pytest.raises(ValueError, match="begin with anything"):
        heads("(?:火)?[^。]{0,3}灾")


def test_scanner_reports_each_tag_without_overlap() -> None:
    scanner = Scanner([("a", "电动车|车"), ("b", "车[^。]{0,4}被盗")])
    assert scanner.scan("电动车昨晚被盗") == {"a": [(0, 3)], "b": [(2, 7)]}


PATTERNS = [
    ("a", "(?:手机|包)(?:却|竟)?[^。]{0,4}(?:不见|丢)了|[一两]辆车"),
    ("b", "(?:丈夫[^。]{0,6}(?:打|骂)|(?:两口子|夫妻)(?:争吵|[^。]{0,3}(?<!不)离婚))"),
    ("c", "(?<!没)丢(?:了)?|包"),
]
PIECES = [
    "手机",
    "包",
    "却",
    "竟",
    "不见了",
    "丢了",
    "丈夫",
    "两口子",
    "打",
    "不",
    "离婚",
    "夫妻争吵",
    "一辆车",
    "没丢",
    "人",
    "。",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_scanner_finds_what_trying_everywhere_finds(text: str) -> None:
    expected: dict[str, list[tuple[int, int]]] = {}
    for tag, pattern in PATTERNS:
        at = 0
        while at < len(text):
            # of two alternatives at one place the longer counts, as for words
            found = [m for p in split_alternatives(pattern) if (m := re.compile(p).match(text, at))]
            if found:
                expected.setdefault(tag, []).append((at, max(m.end() for m in found)))
            at = max((m.end() for m in found), default=at + 1)
    assert Scanner(PATTERNS).scan(text) == expected
    assert Scanner(PATTERNS).tags(text) == expected.keys()


def test_a_group_of_very_many_words_is_found_by_shorter_heads() -> None:
    words = [f"{chr(0x4E00 + i % 40)}{chr(0x5E00 + i)}{chr(0x6E00 + i)}" for i in range(700)]
    scanner = Scanner([("a", f"(?:{'|'.join(words)})(?:车|船)")])
    assert scanner.scan(f"在{words[0]}车上，{words[699]}船上") == {"a": [(1, 5), (7, 11)]}


def test_a_tail_is_seen_across_the_edge_of_a_block() -> None:
    scanner = Scanner([("a", "手机[^。]{0,12}不见")])
    for at in range(3 * BLOCK):
        text = "他" * at + "手机在车上忽然就不见"
        assert scanner.scan(text) == {"a": [(at, at + 10)]}


def test_trie_matches_the_longest_word() -> None:
    assert re.fullmatch(trie_pattern(["派出所", "派出", "民警"]), "派出所")


def test_loading_twice_gives_equal_rules() -> None:
    assert load().people.single == RULES.people.single


def stage_patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Every pattern that the modules of extraction hold themselves."""
    modules = [
        import_module(f"etl.stages.extract.{m.name}") for m in pkgutil.iter_modules(extract_stage.__path__)
    ]
    found = {
        id(v): (f"{m.__name__}.{k}", v)
        for m in modules
        for k, v in vars(m).items()
        if isinstance(v, re.Pattern)
    }
    return list(found.values())


@pytest.mark.parametrize(("name", "pattern"), stage_patterns())
def test_pattern_of_the_stage_is_linear_by_structure(name: str, pattern: re.Pattern[str]) -> None:
    assert not unbounded(_parser.parse(pattern.pattern, pattern.flags & re.VERBOSE))


def test_no_word_for_a_place_holds_a_mark_that_ends_a_clause() -> None:
    data = read_toml("locations.toml")
    mark = RULES.places.patterns["mark"]
    assert not [word for word in data["sets"]["tail"].split("|") if mark.search(word)]
    assert not [cut for cut in data["cut"]["any"] if mark.search(cut)]


@given(st.text(alphabet="0123456789,.近约超过达余多几百千万亿起人次名元%个百分点倍警情", max_size=24))
def test_every_figure_is_found_by_its_last_digit_and_unit(text: str) -> None:
    assert bool(RULES.figures.counted.search(text)) >= bool(RULES.figures.figure.search(text))


ATOMS = [
    *(
        "2023-05-03",
        "2023年",
        "去年",
        "5月",
        "本月",
        "3日",
        "13号晚",
        "9时20分许",
        "9:30",
        "十二点半",
        "晚8点多",
    ),
    *(
        "30分钟后",
        "3个多月前",
        "两天后",
        "农历八月十五",
        "腊月廿三",
        "大年初一",
        "上周三",
        "本周末",
        "星期日",
    ),
    *("国庆假期", "二〇二三年", "三月底", "凌晨", "夜，"),
]


@pytest.mark.parametrize("text", [*ATOMS, *(w for w in read_toml("times.toml")["relative"])])
def test_a_time_is_looked_for_where_it_begins(text: str) -> None:
    times = RULES.times
    assert times.atom.match(text)
    assert 0 in times.starts.starts(text) or times.number.match(text)

"""What finds names fast finds what the plain way finds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from etl.stages.extract.mention import attributes
from etl.stages.extract.people import POST_RE, _posts

PIECES = [
    "吴启明",
    "，",
    "今年56岁",
    "孝德派出所",
    "社区",
    "民警",
    "所长",
    "。",
    "向",
    "“",
    "\n",
    "公安局",
    "走访",
]


@given(st.lists(st.sampled_from(PIECES), max_size=16).map("".join))
@example("老吴大名吴启明，今年56岁，孝德派出所社区民警。")
@example("吴启明，孝德派出所民警，孝德派出所所长，到场。")
def test_posts_behind_names_are_those_that_the_pattern_finds(text: str) -> None:
    assert [m.span() for m in _posts(text)] == [m.span() for m in POST_RE.finditer(text)]


def test_sex_and_age_beside_a_name() -> None:
    for text, told in {
        "李某（男，35岁）被盗": ("M", 35),
        "李某（女）": ("F", None),
        "16岁的女孩李某": ("F", 16),
        "小伙子李某": ("M", None),
        "一名男子\n李某": ("M", None),
        "妻子的李某": ("F", None),
        "李某200岁": (None, None),
        "民警李某": (None, None),
    }.items():
        at = text.index("李某")
        assert attributes(text, at, at + 2) == told, text

"""Personal numbers are starred in every text of a row."""

from __future__ import annotations

from typing import Any

import pytest

from etl.personal import starred_row

NUMBER = "110101199003070000"
STARRED = "110101************"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((7, f"周女士{NUMBER}"), (7, f"周女士{STARRED}")),
        (([], ["手机", NUMBER], None), ([], ["手机", STARRED], None)),
        ((NUMBER, [NUMBER]), (STARRED, [STARRED])),
        ((f"1{NUMBER}", int(NUMBER), ["手机"]), (f"1{NUMBER}", int(NUMBER), ["手机"])),
    ],
)
def test_texts_and_lists_of_texts_are_starred(row: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    assert starred_row(row) == expected

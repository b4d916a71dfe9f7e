"""The follower that docs/feed.md prints ends with the state of the views."""

from __future__ import annotations

import pytest

from tests.support.feed import fresh, play


@pytest.mark.parametrize("seed", [1, 2])
def test_a_follower_of_four_writers_misses_nothing(database_url: str, server_url: str, seed: int) -> None:
    followed, left = play(database_url, fresh(server_url, "feed_copy"), seed)
    assert left == []
    assert followed > 20

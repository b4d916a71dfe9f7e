"""What a worker does with a task: leaves in step, each with its own time and its own faults."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from etl.executors import work
from etl.model import RawFile
from etl.pipeline import process
from etl.rules import Rules, load_rules
from etl.steps import in_step

TEXTS = (
    "3月9日，柳河派出所接到报警，周女士丢失手机，民警调取监控找回。",
    "",
    "<div><p>3月8日15时许，李先生在城东市场被盗一辆电动车，民警当晚抓获嫌疑人郑某。</p></div>",
    "天气预报：明天晴。",
)
FILES = [RawFile(f"/{i}", text.encode(), bytes([i])) for i, text in enumerate(TEXTS)]


def test_leaves_in_step_come_out_as_one_by_one_and_in_order() -> None:
    rules = load_rules()
    assert work.process_all(FILES) == [work.needed(process(file, rules)) for file in FILES]


def test_what_no_row_is_made_of_is_not_sent() -> None:
    whole = process(FILES[0], load_rules()).extraction
    sent = work.process_all(FILES[:1])[0].extraction
    assert whole and sent and whole.agencies and whole.segments
    assert sent == whole._replace(agencies=(), segments=())


def test_it_is_told_which_leaf_is_in_hand_at_every_step() -> None:
    told: list[int] = []
    work.process_all(FILES, in_hand=told.append)
    assert set(told) == {1, 2, 3, 4}
    assert told[:4] == [1, 2, 3, 4]
    assert told.count(3) > told.count(2)  # what is empty ends early


def test_a_fault_in_the_middle_costs_its_own_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(file: RawFile, rules: Rules) -> Iterator[None]:
        yield
        if file.path == "/1":
            raise MemoryError
        return process(file, rules)

    monkeypatch.setattr(work, "processing", failing)
    done = work.process_all(FILES)
    assert [x.reason for x in done][1] == "too_complex_memory"
    assert [x.article is not None for x in done] == [True, False, True, True]


def test_large_leaves_go_by_themselves_and_small_ones_by_the_dozen() -> None:
    sizes = [10, work.MOST_BYTES, 10, *[1] * 20]
    files = [RawFile("/x", b"x" * size, b"") for size in sizes]
    assert [len(some) for some in work.together(files)] == [1, 1, 16, 5]
    assert [file for some in work.together(files) for file in some] == files


class Time:
    """Clocks that stand still until somebody works, and timers that note how they are set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.set: list[float] = []
        self.raised: list[int] = []
        processor, wall = work.CLOCKS
        clocks = (processor._replace(now=lambda: self.now), wall._replace(now=lambda: self.now))
        monkeypatch.setattr(work, "CLOCKS", clocks)
        monkeypatch.setattr(signal, "setitimer", lambda timer, seconds: self.set.append(round(seconds, 6)))
        monkeypatch.setattr(signal, "raise_signal", self.raised.append)


def test_a_document_goes_on_with_the_time_that_it_had_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one uses is not taken from another, and after the last no timer is left."""
    time = Time(monkeypatch)
    with work.Deadlines(10.0, 2) as deadlines:
        deadlines.switch(0)
        time.now += 4
        deadlines.switch(1)
        time.now += 1
        deadlines.switch(0)
    assert time.set == [10, 120, 10, 120, 6, 116, 0, 0]
    assert time.raised == []


def test_many_short_steps_count_as_one_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time(monkeypatch)
    with work.Deadlines(1.0, 2) as deadlines:
        turns = 0
        while not time.raised:
            deadlines.switch(turns % 2)
            time.now += (0.002, 0.0001)[turns % 2]
            turns += 1
    assert time.raised[0] == signal.SIGPROF
    assert 999 <= turns <= 1003  # a second of two milliseconds every other turn


def test_who_is_alone_keeps_the_timer_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time(monkeypatch)
    with work.Deadlines(1.0, 1) as deadlines:
        for _ in range(5):
            deadlines.switch(0)
            time.now += 0.3
    assert time.set == [1, 12, 0, 0]


def test_want_of_memory_is_tried_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    wanting = iter((True, False))

    def hungry(file: RawFile, rules: Rules) -> Iterator[None]:
        yield
        if file.path == "/2" and next(wanting):
            raise MemoryError
        return process(file, rules)

    monkeypatch.setattr(work, "processing", hungry)
    assert work.process_all(FILES) == [work.needed(process(file, load_rules())) for file in FILES]


def test_every_one_takes_a_step_before_any_takes_the_next() -> None:
    taken: list[str] = []

    def steps(name: str, count: int) -> Iterator[None]:
        for at in range(count):
            taken.append(f"{name}{at}")
            yield
        return name

    assert in_step([steps("a", 1), steps("b", 3), steps("c", 2)]) == ["a", "b", "c"]  # type: ignore[list-item]
    assert taken == ["a0", "b0", "c0", "b1", "c1", "b2"]

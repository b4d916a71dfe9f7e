"""Generated articles with known truth: which are one story, which incidents are one event.

Originals tell one invented event each, from the phrases of `link_phrases.toml`. Some are copied: under
another title and wrapping, cut, extended, updated, in traditional script, damaged. Some events are told
again in other words, in an article of their own or in a round-up. Against these stand what must stay
apart: notices from one template, filled in anew in every slot or in a single one, and events on one street on
one day that differ in people, hour and loss.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from etl.rules import read_tsv
from tests.support.damage import damage, traditional

PHRASES = Path(__file__).with_name("link_phrases.toml")
FIRST_DAY = datetime(2019, 1, 1)
DAYS = 1800
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚"
)
GIVEN = "建国志强晓明海涛文静丽华春梅宏伟俊杰雪峰佳怡思远立新永康天佑浩然子涵雨桐国庆秀兰桂英玉珍"
TITLES = ("女士", "先生", "大爷", "大娘", "阿姨", "师傅")
PLACES = [
    "柳河",
    "东桥",
    "石塘",
    "沂水",
    "临江",
    "北关",
    "新民",
    "长宁",
    "青云",
    "凤山",
    "平安",
    "和顺",
    "金沙",
    "白石",
    "双河",
    "红星",
    "太平",
    "永丰",
    "东风",
    "南湖",
    "玉泉",
    "龙泉",
    "桃园",
    "梅岭",
    "松林",
    "竹溪",
    "兰亭",
    "云台",
    "清水",
    "黄土",
    "大营",
    "小屯",
    "丰乐",
    "康宁",
    "福田",
    "景山",
    "盘龙",
    "望江",
    "朝阳",
    "曙光",
]
STREETS = ("路", "街", "巷", "村", "小区", "大道", "菜市场", "广场")
# What tells one notice of a template from the next, if nothing else does. A sum alone, an age, an officer or a
# telephone number may have been corrected: whether that is another story nobody can say.
ONE_SLOT = ("date", "time", "name", "plate", "place", "item")
MONTHS = (
    "{m}月{d}日{h}时许",
    "{m}月{d}日{part}{h12}时许",
    "{m}月{d}日{h}时{i}分许",
    "{m}月{d}日{part}{h12}点多",
)


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence and the words that fill its slots."""

    number: int
    kind: str
    when: datetime
    slots: dict[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """One article. `told`: the events it tells, each with the passage that does; `form`: how the page came."""

    number: int
    title: str
    paragraphs: tuple[str, ...]
    published_at: datetime
    site: str
    story: int
    role: str
    told: tuple[tuple[Event, str], ...] = ()
    form: str = "plain"
    foot: str = ""

    @property
    def body(self) -> str:
        return "\n".join(self.paragraphs)

    def page(self, rng: Random) -> bytes:
        """The article as a text file."""
        head = f"{self.title}\n{self.published_at:%Y-%m-%d %H:%M} 来源：{self.site}\n"
        if self.form == "damaged":
            return (head + damage(self.body, rng).text + f"\n{self.foot}\n").encode()
        text = f"{head}\n{self.body}\n\n{self.foot}\n"
        return (text.translate(traditional()) if self.form == "traditional" else text).encode()


@dataclass(slots=True)
class World:
    """What is drawn by lot."""

    rng: Random
    made: int = 0
    stories: int = 0
    events: int = 0
    phrases: dict[str, Any] = field(default_factory=lambda: phrases())

    def pick(self, options: Sequence[Any]) -> Any:
        return self.rng.choice(options)

    def person(self) -> str:
        return self.pick(SURNAMES)

    def full_name(self) -> str:
        return self.person() + "".join(self.rng.sample(GIVEN, self.pick((1, 2, 2))))

    def event(self, kind: str | None = None) -> Event:
        """A new event somewhere, some day."""
        kind = kind or self.pick(sorted(self.phrases["kind"]))
        when = FIRST_DAY + timedelta(
            days=self.rng.randrange(DAYS), minutes=self.rng.randrange(6 * 60, 23 * 60)
        )
        province, city, district = self.pick(districts())
        town = self.pick(PLACES)
        slots = {
            "province": province, "city": city, "district": district,
            "unit": f"{district}公安局{town}派出所", "place": self.pick(PLACES) + self.pick(STREETS),
            "who": self.person() + self.pick(TITLES), "suspect": self.person() + self.pick(("某", "某某")),
            "officer": self.full_name(), "item": self.pick(self.phrases["kind"][kind]["items"] or ["手机"]),
            "amount": str(self.rng.randrange(3, 900) * self.pick((10, 50, 100))), "n": str(self.rng.randrange(2, 16)),
        }  # fmt: skip
        self.events += 1
        return Event(self.events, kind, when, slots)

    def twin(self, event: Event) -> Event:
        """Another event of the same kind in the same street on the same day."""
        slots = event.slots | {
            "who": self.pick([s for s in SURNAMES if s != event.slots["who"][0]]) + self.pick(TITLES),
            "suspect": self.pick([s for s in SURNAMES if s != event.slots["suspect"][0]]) + "某",
            "amount": str(int(event.slots["amount"]) * self.pick((2, 3, 5)) + 30),
            "item": self.pick(self.phrases["kind"][event.kind]["items"] or ["手机"]),
        }
        hours = self.pick((-5, -4, 4, 5))
        hour = min(23, max(1, event.when.hour + hours))
        self.events += 1
        return Event(self.events, event.kind, event.when.replace(hour=hour), slots)

    # ------------------------------------------------------------ telling

    def fill(self, text: str, event: Event) -> str:
        return text.format(**event.slots, when=self.time_of(event))

    def time_of(self, event: Event) -> str:
        """The event's time as some reporter would write it."""
        w = event.when
        part = "凌晨" if w.hour < 6 else "上午" if w.hour < 12 else "下午" if w.hour < 18 else "晚上"
        text = self.pick(MONTHS)
        return text.format(
            m=w.month, d=w.day, h=w.hour, i=w.minute, part=part, h12=w.hour if w.hour <= 12 else w.hour - 12
        )

    def tell(self, event: Event, fillers: int) -> list[str]:
        """The event in paragraphs."""
        common, own = self.phrases["common"], self.phrases["kind"][event.kind]
        more = self.rng.sample(common["filler"], fillers)
        cut = self.rng.randint(0, len(more))
        parts = [
            self.pick(common["lead"]) + self.pick(own["fact"]),
            self.pick(common["go"]) + "".join(more[:cut]),
            self.pick(own["work"]) + "".join(more[cut:]),
            self.pick(own["end"]) + self.pick(common["thanks"]),
        ]
        return [self.fill(part, event) for part in parts]

    def original(self, event: Event, role: str = "original", days: int = 3) -> Made:
        """An article that tells one event at length."""
        told = self.tell(event, self.rng.randint(2, 10))
        passage = "\n".join(told)
        if advice := self.pick(self.phrases["common"]["advice"]):
            told.append(advice)
        return self.article(told, event, ((event, passage),), role, days)

    def article(
        self,
        paragraphs: Sequence[str],
        about: Event,
        told: tuple[tuple[Event, str], ...],
        role: str,
        days: int = 3,
    ) -> Made:
        """A new story of its own."""
        self.made += 1
        self.stories += 1
        published = about.when + timedelta(days=self.rng.randint(0, days), hours=self.rng.randint(1, 9))
        copies = self.phrases["copies"]
        title = self.pick(copies["titles"]).format(**about.slots)
        return Made(
            self.made, title, tuple(paragraphs), published, self.pick(copies["sites"]).format(**about.slots),
            self.stories, role, told,
        )  # fmt: skip

    # ------------------------------------------------------------ copies

    def copy(self, of: Made) -> Made:
        """Another page of the same story."""
        self.made += 1
        event = of.told[0][0]
        copies = self.phrases["copies"]
        site = self.pick(copies["sites"]).format(**event.slots)
        again = replace(
            of,
            number=self.made,
            title=self.pick(copies["titles"]).format(**event.slots),
            site=site,
            published_at=of.published_at + timedelta(hours=self.rng.randint(1, 150)),
            foot=self.pick(
                (
                    "",
                    f"（责任编辑：{self.full_name()}）",
                    f"来源：{of.site}",
                    f"声明：本文转载自{of.site}，版权归原作者所有。",
                )
            ),
        )
        often = (reprint, reprint, excerpt, extended, updated, in_traditional, damaged, damaged)
        change = self.pick((*often, *often, *often, middle))
        return change(self, again, event)

    def notices(self, size: int) -> Iterator[Made]:
        """Notices from one template, every one of a story of its own; of half of the families but one slot changes."""
        name = self.pick(sorted(self.phrases["templates"]))
        first = self.event("assault")
        wording = "".join(map(self.pick, self.phrases["templates"][name]))
        slots = first.slots | self.notice_slots(first.when)
        changing = [slot for slot in ONE_SLOT if f"{{{slot}}}" in wording]
        told: set[str] = set()
        families = {slots["name"][0]}
        alike = self.rng.random() < 0.5
        for _ in range(size):
            event = replace(self.event("assault"), slots=first.slots)
            drawn = first.slots | self.notice_slots(event.when)
            if alike:
                slot = self.pick(changing)
                if slot == "name" and drawn["name"][0] in families:  # 李某 and 李某某 may be one
                    continue
                families.add(drawn["name"][0])
                event, drawn = replace(event, when=first.when), slots | {slot: drawn[slot]}
            text = wording.format(**drawn)
            if text not in told:
                told.add(text)
                made = self.article([text], event, (), "notice", 1)
                yield replace(made, form=self.pick(("plain",) * 6 + ("traditional", "damaged")))

    def notice_slots(self, w: datetime) -> dict[str, str]:
        """What differs from notice to notice."""
        numbers = {letter: str(self.rng.randint(2, 400)) for letter in "abcdef"}
        return numbers | {
            "place": self.pick(PLACES) + self.pick(STREETS),
            "officer": self.full_name(),
            "item": self.pick(("钱包", "手提包", "背包")),
            "date": f"{w.year}年{w.month}月{w.day}日",
            "time": f"{w.hour}时{w.minute}分许",
            "name": self.person() + self.pick(("某", "某某")),
            "plate": self.plate(),
            "mg": str(self.rng.randint(21, 79)),
            "fine": str(self.rng.randrange(3, 40) * 50),
            "sex": self.pick("男女"),
            "age": str(self.rng.randint(19, 66)),
            "days": self.pick(("3", "5", "7", "10", "12")),
            "phone": f"0{self.rng.randint(310, 999)}-{self.rng.randint(2000000, 8999999)}",
        }

    def plate(self) -> str:
        letters = "".join(self.pick("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(5))
        return self.pick("京津冀晋鲁豫苏浙皖闽赣湘鄂粤桂川") + self.pick("ABCDEFGH") + letters

    def round_up(self, retold: Sequence[Event]) -> Made:
        """Several events in one article, each in a few sentences; `retold` are told elsewhere too."""
        events = [*retold, *(self.event() for _ in range(self.rng.randint(1, 3)))]
        last = events[0].when  # the others in the days before, since texts name no year
        events[1:] = [
            replace(e, when=last - timedelta(days=self.rng.randint(1, 20), hours=self.rng.randint(0, 9)))
            for e in events[1:]
        ]
        passages = ["".join(self.tell(event, 0)) for event in events]
        told = tuple(zip(events, passages, strict=True))
        return self.article(passages, max(events, key=lambda e: e.when), told, "round-up")


def reprint(world: World, of: Made, event: Event) -> Made:
    return replace(of, role="reprint", paragraphs=dateline(world, of.paragraphs, event))


def excerpt(world: World, of: Made, event: Event) -> Made:
    """The beginning: a third of the characters or more."""
    kept: list[str] = []
    for paragraph in of.paragraphs:
        if sum(map(len, kept)) >= 0.35 * len(of.body) and len("".join(kept)) > 80:
            break
        kept.append(paragraph)
    return replace(of, role="excerpt", paragraphs=tuple(kept), told=((event, "\n".join(kept)),))


def middle(world: World, of: Made, event: Event) -> Made:
    """A part from the middle, of 80 characters or more."""
    kept = of.paragraphs[1:3]
    if len("".join(kept)) < 80:
        return reprint(world, of, event)
    return replace(of, role="middle", paragraphs=kept, told=((event, "\n".join(kept)),))


def extended(world: World, of: Made, event: Event) -> Made:
    return replace(
        of,
        role="extended",
        paragraphs=(*of.paragraphs, world.fill(world.pick(world.phrases["copies"]["extra"]), event)),
    )


def updated(world: World, of: Made, event: Event) -> Made:
    """Days later the loss is told anew in every place, or the case that was open is closed."""
    if world.rng.random() < 0.3:
        return replace(
            of, role="update", paragraphs=(*of.paragraphs[:3], "目前，案件正在进一步侦办中。"),
            told=((event, "\n".join(of.paragraphs[:3])),),
        )  # fmt: skip
    before, after = event.slots["amount"], str(int(event.slots["amount"]) + world.rng.randrange(1, 9) * 10)
    paragraphs = tuple(p.replace(f"{before}元", f"{after}元") for p in of.paragraphs)
    changed = replace(event, slots=event.slots | {"amount": after})
    return replace(
        of, role="update", paragraphs=paragraphs, told=((changed, "\n".join(paragraphs)),),
        published_at=of.published_at + timedelta(days=1),
    )  # fmt: skip


def in_traditional(world: World, of: Made, event: Event) -> Made:
    return replace(reprint(world, of, event), role="traditional", form="traditional")


def damaged(world: World, of: Made, event: Event) -> Made:
    return replace(of, role="damaged", form="damaged")


def dateline(world: World, paragraphs: Sequence[str], event: Event) -> tuple[str, ...]:
    """The paragraphs with what a paper puts before the first, or without."""
    before = world.pick(("", "", f"本报讯（记者 {world.full_name()}） ", f"{event.slots['city']}新闻网讯 "))
    return (before + paragraphs[0], *paragraphs[1:])


def generate(articles: int, seed: int = 8) -> Iterator[Made]:
    """Articles until at least `articles` of them differ in more than the title, copies soon after their originals."""
    world = World(Random(seed))
    bodies: set[str] = set()
    for made in endless(world):
        bodies.add(made.body)
        yield made
        if len(bodies) >= articles:
            return


def endless(world: World) -> Iterator[Made]:
    while True:
        lot = world.rng.random()
        if lot < 0.02:
            yield from world.notices(world.rng.randint(4, 30))
            continue
        event = world.event()
        first = world.original(event)
        yield first
        if lot < 0.28:
            for _ in range(world.pick((1, 1, 2, 3, 5))):
                yield world.copy(first)
        if 0.26 < lot < 0.42:
            yield world.original(event, "retold", 6)
        if 0.40 < lot < 0.48:
            yield world.round_up([event])
        if 0.48 < lot < 0.56:
            yield world.original(world.twin(event), "twin")
        if lot > 0.94:
            yield world.round_up([])


@cache
def phrases() -> dict[str, Any]:
    return tomllib.loads(PHRASES.read_text(encoding="utf-8"))


@cache
def districts() -> list[tuple[str, str, str]]:
    """(province, city, district) of the national list."""
    names = dict(read_tsv("places.tsv", 2))
    return [
        (names[code[:2] + "0000"], names[code[:4] + "00"], name)
        for code, name in names.items()
        if not code.endswith("00") and code[:4] + "00" in names and code[:2] + "0000" in names
    ]

"""The national division list as an index by name.

A name may stand with its suffix (昆明市) or without (昆明). Many county names occur in several
provinces (鼓楼区); `Divisions` returns every candidate and leaves the choice to the reader of the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MUNICIPALITIES = {"11", "12", "31", "50"}
ETHNIC = (
    "壮族|回族|维吾尔|苗族|彝族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克|傣族|黎族|傈僳族|佤族|畲族|拉祜族"
    "|水族|东乡族|纳西族|景颇族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯|蒙古族|蒙古|藏族|塔吉克"
    "|怒族|保安族|裕固族|独龙族|鄂伦春|鄂温克族|各族|普米族|阿昌族|德昂族|基诺族"
)
# 延边朝鲜族自治州 -> 延边, 玉龙纳西族自治县 -> 玉龙
ETHNIC_TAIL_RE = re.compile(rf"(?<=..)(?:{ETHNIC}){{1,4}}自治[州县旗区]$")
SUFFIX_RE = re.compile(r"(?:特别行政区|自治区|自治州|自治县|自治旗|林区|矿区|地区|新区|省|市|区|县|盟|旗)$")


@dataclass(frozen=True, slots=True)
class Division:
    """One division of the list: six-digit `code`, official `name`, `short` without suffix."""

    code: str
    name: str
    short: str

    @property
    def common(self) -> str:
        """The name in daily use: 西盟县 for 西盟佤族自治县, otherwise the official one."""
        return f"{self.short}{self.name[-1]}" if "族自治" in self.name else self.name

    @property
    def level(self) -> str:
        """province, city or district; a municipality counts as a city, as the guideline has it."""
        if self.code[:2] in MUNICIPALITIES and self.code.endswith("0000"):
            return "city"
        if self.code.endswith("0000"):
            return "province"
        return "city" if self.code.endswith("00") else "district"


@dataclass(frozen=True, slots=True, eq=False)  # hashed by identity: look-ups are cached by it
class Divisions:
    """All divisions by full and by short name; `sizes` and `longest` bound a look-up."""

    by_name: Mapping[str, tuple[Division, ...]]
    by_short: Mapping[str, tuple[Division, ...]]
    by_code: Mapping[str, Division]
    sizes: Mapping[
        str, tuple[int, ...]
    ]  # first two characters -> lengths of names that begin so, longest first
    longest: int

    def parents(self, d: Division) -> tuple[Division, ...]:
        """City and province above `d`, nearest first; a municipality has none."""
        codes = [d.code[:4] + "00", d.code[:2] + "0000"]
        return tuple(self.by_code[c] for c in codes if c != d.code and c in self.by_code)


def short_name(name: str) -> str:
    """`name` without its suffix where at least two characters remain.

    >>> short_name("长治市"), short_name("延边朝鲜族自治州"), short_name("忠县"), short_name("广西壮族自治区")
    ('长治', '延边', '忠县', '广西')
    """
    bare = ETHNIC_TAIL_RE.sub("", name)
    if bare != name:
        return bare
    bare = SUFFIX_RE.sub("", name)
    return bare if len(bare) >= 2 else name


def build_divisions(rows: Iterable[tuple[str, ...]], changes: Iterable[tuple[str, ...]]) -> Divisions:
    """The index over today's names (`code, name`) and former ones (`old name, today's code, date`)."""
    by_code = {code: Division(code, name, short_name(name)) for code, name in rows}
    known = list(by_code.values())
    known += [Division(code, old, short_name(old)) for old, code, _ in changes]
    by_name: dict[str, list[Division]] = {}
    by_short: dict[str, list[Division]] = {}
    for d in known:
        for name in {d.name, d.common}:
            by_name.setdefault(name, []).append(d)
        by_short.setdefault(d.short, []).append(d)
    sizes: dict[str, set[int]] = {}
    for name in (*by_name, *by_short):
        sizes.setdefault(name[:2], set()).add(len(name))
    return Divisions(
        {n: tuple(ds) for n, ds in by_name.items()},
        {n: tuple(ds) for n, ds in by_short.items()},
        by_code,
        {start: tuple(sorted(lengths, reverse=True)) for start, lengths in sizes.items()},
        max(map(len, by_name)),
    )


def division_rows(rows: Iterable[tuple[str, ...]]) -> list[dict[str, str | bool | None]]:
    """The list as a look-up table: `code, name, level, province, city, sole`.

    `sole`: no other division of its level has the name, so that the name alone tells the province. A
    municipality, which is a city, stands for its own province, and its districts lie in it.
    """
    divisions = build_divisions(rows, ())
    counted = Counter((d.level, d.name) for d in divisions.by_code.values())
    table: list[dict[str, str | bool | None]] = []
    for d in divisions.by_code.values():
        above = {p.level: p.name for p in (d, *divisions.parents(d))}
        city = above.get("city")
        if d.level == "city":
            above.setdefault("province", d.name)
        elif d.level == "district" and city:
            above.setdefault("province", city)
        table.append(
            {
                "code": d.code,
                "name": d.name,
                "level": d.level,
                "province": above.get("province"),
                "city": city if d.level == "district" else None,
                "sole": counted[d.level, d.name] == 1,
            }
        )
    return table

"""One name in a body, with what stands right beside it: the word that introduces it, sex, age, 化名."""

from __future__ import annotations

import re
from dataclasses import dataclass

from etl.rules.extract import PeopleRules

AGE_RE = re.compile(
    r"^[^。！？；，、\n]{0,2}[（][^）]{0,12}?(男|女)?[，、]?[^）]{0,8}?(\d{1,3})(?:周)?岁|^[（](男|女)|^[（][^）]{0,10}?(\d{1,3})岁|^[，]?(?:今年|现年|年仅|年近)?(\d{1,3})岁|^[，]?(男|女)[，、](?:[^，]{0,6}[，、])?(\d{1,3})岁"
)
AGE_BEFORE_RE = re.compile(r"(\d{1,3})(?:周)?岁(?:的)?[\u4e00-\u9fff]{0,8}$")
ALIAS_RE = re.compile(r"[（](?:系?均?为?)?化名[）]")
SEX_WORD = {
    "男": "M",
    "女": "F",
    "她": "F",
    "他": "M",
}
# 男子王某, 16岁的女孩小雯: nouns of two or three characters
MALE_NOUNS = (
    "男子 男孩 男童 男士 小伙 小伙子 老汉 大爷 丈夫 父亲 儿子 爷爷 老公 男青年 男性 男生"
    " 哥哥 弟弟 少年 爸爸 孙子 女婿"
)
FEMALE_NOUNS = (
    "女子 女孩 女童 姑娘 老太 大娘 妻子 母亲 女儿 奶奶 老婆 女青年 女性 女生"
    " 姐姐 妹妹 少女 妈妈 孙女 儿媳 孕妇 产妇"
)
SEX_OF = dict.fromkeys(MALE_NOUNS.split(), "M") | dict.fromkeys(FEMALE_NOUNS.split(), "F")
NOUN_ENDS = frozenset(noun[-1] for noun in SEX_OF) | {"的", "\n"}
BEFORE, AFTER = 14, 24  # characters in which sex and age stand beside a name


@dataclass(slots=True)
class Mention:
    """One name at `[start, end)`. `lead` is the word that introduces it, `form` how it is made."""

    start: int
    end: int
    name: str
    surname: str | None
    form: str  # mou, title, officer, full, nick, given, dot
    sex: str | None = None
    age: int | None = None
    lead: str = ""
    lead_role: str = ""
    alias: bool = False  # marked 化名


def mention(
    view: str,
    start: int,
    end: int,
    surname: str | None,
    form: str,
    rules: PeopleRules,
    *,
    sex: str | None = None,
    age: int | None = None,
    lead: str = "",
    role: str = "",
) -> Mention:
    """A mention with the word that stands right before it, and whether it is marked 化名."""
    if not lead:
        for size in rules.lead_sizes.get(view[max(0, start - 2) : start], ()):
            word = view[max(0, start - size) : start]
            if word in rules.role_of:
                lead, role = word, rules.role_of[word]
                break
    alias = view.startswith("（", end) and bool(ALIAS_RE.match(view, end))
    return Mention(start, end, view[start:end], surname, form, sex, age, lead, role, alias)


def attributes(view: str, start: int, end: int) -> tuple[str | None, int | None]:
    """Sex and age stated beside a name: 李某（男，35岁）, 16岁的女孩小雯, 男子王某."""
    sex: str | None = None
    age: int | None = None
    if view.find("岁", end, end + AFTER) >= 0 or view.startswith(("（男", "（女"), end):
        m = AGE_RE.match(view[end : end + AFTER])
        words = [g for g in m.groups() if g] if m else []
        sex = next((SEX_WORD[w] for w in words if w in SEX_WORD), None)
        age = next((int(w) for w in words if w.isdigit()), None)
    if sex is None and view[start - 1 : start] in NOUN_ENDS:
        noun = view[max(0, start - BEFORE) : start].removesuffix("\n").removesuffix("的")
        sex = SEX_OF.get(noun[-3:]) or SEX_OF.get(noun[-2:])
    if age is None and view.find("岁", max(0, start - BEFORE), start) >= 0:
        a = AGE_BEFORE_RE.search(view[max(0, start - BEFORE) : start])
        age = int(a[1]) if a else None
    return sex, age if age is None or age < 120 else None

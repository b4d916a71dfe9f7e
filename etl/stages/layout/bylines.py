"""Who made the article: names with their roles, read from a line that holds nothing else.

A line is cut at the labels (记者, 通讯员, 文/图, 摄影报道 ...); what is left must be personal names, or a
medium before a label, or the line is no byline. A label before names gives their role, a label with no
names after it adds to the names before: 云南网通讯员 沈音彤 摄影报道.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from etl.model import Contributor
from etl.rules.layout import LayoutRules

MAX_CHARS = 100
SEPARATORS_RE = re.compile(r"[ ,，、;；:：|丨/／&+()（）\[\]【】<>\-—.]")
SPACED_NAME_RE = re.compile(r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]) ([\u4e00-\u9fff])(?![\u4e00-\u9fff])")
NEUTRAL = frozenset(
    ["本报", "本网", "本台", "本刊", "本社", "本站", "特约", "实习", "见习", "全媒体", "融媒体", "等"]
)
# Kind of label -> roles it gives. Editors and checkers are no contributors.
ROLES = {
    "author": ("author",),
    "reporter": ("reporter",),
    "correspondent": ("correspondent",),
    "photographer": ("photographer",),
    "photo_report": ("photographer",),
    "both": ("author", "photographer"),
}
# 阿卜杜拉·买买提: names without a Chinese family name are known by their dot.
FOREIGN_RE = re.compile(r"[\u4e00-\u9fff]{2,6}")
DOTTED_RE = re.compile(r"[\u4e00-\u9fff]{1,8}(?:·[\u4e00-\u9fff]{1,8}){1,3}")


@dataclass(slots=True)
class Byline:
    """What a byline says: contributors in order, and the medium or office it names."""

    people: dict[str, list[str]] = field(default_factory=dict)
    medium: str | None = None

    def add(self, name: str, roles: Iterable[str]) -> None:
        known = self.people.setdefault(name, [])
        known += [r for r in roles if r not in known]

    def contributors(self) -> tuple[Contributor, ...]:
        return tuple(Contributor(name, tuple(roles) or ("author",)) for name, roles in self.people.items())


def is_person(name: str, rules: LayoutRules) -> bool:
    """Whether `name` is built like a personal name and is no medium, office or common word."""
    if DOTTED_RE.fullmatch(name):
        return True
    if not 2 <= len(name) <= 4 or not rules.name.fullmatch(name):
        return False
    return name not in rules.not_names and name not in rules.nobody and not rules.medium.fullmatch(name)


def read_byline(text: str, rules: LayoutRules, bracketed: bool = False) -> Byline | None:
    """The byline that `text` is, or None if any part is neither label, name, separator nor medium.

    With no label at all every part must be a name. In brackets, where sentences do not stand, one name
    vouches for others of any family (张宏 古丽娜尔). Editors are read and left out.
    """
    text = text.strip()
    if not 2 <= len(text) <= MAX_CHARS:
        return None
    found: list[tuple[str, str]] = []
    for kind, token in tokens(text, rules):
        if kind == "other" and not bracketed:
            return None
        found.append((kind, token))
    kinds = {kind for kind, _ in found}
    if "label" not in kinds and "name" not in kinds:
        return None
    if "other" in kinds:
        others = [token for kind, token in found if kind == "other"]
        if any(token in rules.not_names or not FOREIGN_RE.fullmatch(token) for token in others):
            return None
        found = [("name" if kind == "other" else kind, token) for kind, token in found]
    byline = Byline()
    role: str | None = None
    run: list[str] = []  # names since the last label
    for i, (kind, token) in enumerate(found):
        if kind == "name":
            run.append(token)
            if role != "editor":
                byline.add(token, ROLES.get(role or "", ()))
        elif kind == "medium":
            byline.medium = byline.medium or token
        elif (found[i + 1 : i + 2] and found[i + 1][0] == "name") or not run:
            role, run = rules.roles[token], []
        else:
            for name in run if role != "editor" else ():
                byline.add(name, ROLES.get(rules.roles[token], ()))
    return byline if byline.people or "label" in kinds else None


def tokens(text: str, rules: LayoutRules) -> Iterator[tuple[str, str]]:
    """Labels, names and media in order; `other` for what is none of them."""
    if " " in text:
        text = SPACED_NAME_RE.sub(r"\1\2", text)
    at = 0
    for match in rules.role_label.finditer(text):
        yield from parts(text[at : match.start()], rules)
        yield "label", match[0]
        at = match.end()
    yield from parts(text[at:], rules)


def parts(text: str, rules: LayoutRules) -> Iterator[tuple[str, str]]:
    """What stands between labels, part by part. One-character labels (文 图 摄) count only on their own."""
    for part in filter(None, SEPARATORS_RE.split(text)):
        if part in rules.roles:
            yield "label", part
        elif part in NEUTRAL:
            continue
        elif is_person(part, rules):
            yield "name", part
        elif rules.medium.fullmatch(part):
            yield "medium", part
        else:
            yield "other", part

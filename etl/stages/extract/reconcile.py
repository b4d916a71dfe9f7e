"""What the persons of one incident are to each other: roles that only the whole shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from etl.model import Person, Span
from etl.stages.extract.mention import Mention


@dataclass(frozen=True, slots=True)
class Part:
    """A person with its mentions in the incident; `told` the roles that words around them speak for.

    `fetches`: kin who were called and came.
    """

    person: Person
    mentions: Sequence[Mention]
    told: frozenset[str]
    fetches: bool


# 先生, 大爷 and their like: how the police write of those who were harmed, never of offenders
OFFENCES = ("theft", "fraud", "assault", "violent_crime")
CAUGHT_RE = re.compile(r"抓获|落网|归案|刑拘|拘留|逮捕|到案|查到|逮|拿下|传唤|处罚|处理")
CHILD_RE = re.compile(r"(?:儿子|女儿|孙子|孙女|外孙|外孙女|侄子|侄女|弟弟|妹妹|孩子)$")
KIN_RE = re.compile(
    r"(?:其|他|她|自己|岁的?|我|称|说)(?:的)?(?:丈夫|妻子|老伴|母亲|父亲|婆婆|公公|爷爷|奶奶|外公|外婆|爱人|姐姐|哥哥)$"
)


def reconciled(view: str, found: Sequence[Part], span: Span, kind: str) -> list[Person]:
    """Persons of one incident whose roles fit each other, as a whole gives what no single one shows."""
    people = [x.person for x in found]
    if kind.startswith(OFFENCES):
        return _offence(view, found, span)
    if kind in {"missing_person", "runaway_juvenile"}:
        return _search(view, found)
    if kind == "lost_property":
        return _finder(found)
    if kind in {"person_assistance", "rescue"}:
        return _helped(found, kind)
    return people


def _offence(view: str, found: Sequence[Part], span: Span) -> list[Person]:
    """A titled person is harmed; where nobody else is the culprit, the one with 某 beside the harmed is."""
    people = [
        replace(p, role="victim", also=tuple(r for r in p.also if r != "victim"))
        if p.role == "suspect" and m[0].form == "title" and not any(x.lead_role == "suspect" for x in m)
        else p
        for p, m in ((x.person, x.mentions) for x in found)
    ]
    caught = bool(CAUGHT_RE.search(view, *span))
    if any(p.role == "suspect" for p in people):
        return people
    hurt = [i for i, p in enumerate(people) if p.role == "victim"]
    some = [i for i in hurt if found[i].mentions[0].form == "mou" and "reporter" not in people[i].also]
    if caught and some and len(hurt) > len(some):
        for i in some:
            people[i] = replace(people[i], role="suspect", also=())
    return people


def _search(view: str, found: Sequence[Part]) -> list[Person]:
    """Who is looked for and who looks: a child or the reporter's kin is lost, who reports is a relative."""
    people = []
    for p, mentions, fetches in ((x.person, x.mentions, x.fetches) for x in found):
        if fetches and p.role in {"lost_person", "relative"}:
            p = replace(p, role="relative", also=tuple(r for r in p.also if r != "relative"))
        elif p.role in {"lost_person", "relative"}:
            before = [view[max(0, m.start - 8) : m.start] for m in mentions]
            kin = any(CHILD_RE.search(b) or KIN_RE.search(b) for b in before[:1])
            if kin and "reporter" not in p.also:
                p = replace(p, role="lost_person", also=tuple(r for r in p.also if r != "lost_person"))
        people.append(p)
    lost = [p for p in people if p.role == "lost_person"]
    if len(lost) > 1:
        people = [
            replace(p, role="relative", also=tuple(r for r in p.also if r not in {"relative", "victim"}))
            if p.role == "lost_person" and "reporter" in p.also
            else p
            for p in people
        ]
    return people


def _helped(found: Sequence[Part], kind: str) -> list[Person]:
    """Where nobody else was helped, the one whose trade alone made a helper is: 货车司机巫师傅被困垭口."""
    people = [x.person for x in found]
    if any(p.role not in {"officer", "helper"} for p in people):
        return people
    named = [i for i, x in enumerate(found) if x.person.role == "helper" and "helper" not in x.told]
    role = "party" if kind == "person_assistance" else "victim"
    return [replace(p, role=role) if [i] == named else p for i, p in enumerate(people)]


def _finder(found: Sequence[Part]) -> list[Person]:
    """Of several owners of one lost thing, those of whom no word says so are who found or kept it."""
    owners = [x for x in found if x.person.role == "victim"]
    return [
        replace(x.person, role="helper", also=())
        if x.person.role == "victim" and x is not owners[0] and not x.told
        else x.person
        for x in found
    ]

"""Publication times as pages write them, read as instants of Chinese civil time (+08:00)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from etl.model import SHANGHAI

OLDEST, NEWEST = 1980, 2100

# 2023年5月6日 10:21; 2023 05/06 10:21:33; 2023-05-06T10:21:33.000Z; 2023/5/6（星期六）10时21分; 2023.05.06 下午3:05
DATE_RE = re.compile(
    r"(?P<year>(?:19|20)(?<!\d..)\d\d)(?: ?[-/.年] ?/?| (?=\d\d/\d\d ))"
    r"(?P<month>\d{1,2}) ?[-/.月] ?/?(?P<day>\d{1,2})(?: ?日| ?号)?"
    r"(?: ?[（(]?(?:星期|周)[一二三四五六日天][）)]?)?"
    r"(?:[ T,，]{0,3}(?P<half>上午|下午|凌晨|早上|中午|晚上|晚)? ?"
    r"(?P<hour>\d{1,2}) ?[:：时点] ?(?P<minute>\d{1,2})(?!\d)(?: ?分)?"
    r"(?: ?[:：]? ?(?P<second>\d{1,2})(?!\d)(?:\.\d{1,9})?秒?)?"
    r" ?(?P<zone>Z|GMT|UTC|[+-]\d\d:?\d\d)?)?(?!\d)"
)
# 20230506, 20230506102133: only where a label says that it is a time
COMPACT_RE = re.compile(r"(?<!\d)((?:19|20)\d\d)([01]\d)([0-3]\d)(?:([0-2]\d)([0-5]\d)([0-5]\d)?)?(?!\d)")
# 二〇二三年五月六日, 二零二三年十二月三十一日
NUMERAL_RE = re.compile(
    r"([一二三四五六七八九〇零○ＯO0][一二三四五六七八九〇零○ＯO0]{3})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)
# Mon, 21 Mar 2022 14:58:24 GMT
MAIL_RE = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)?(?: [A-Z+-][\w:]{0,5})?"
)
# /2022/03/21/, /20220321/, /2022-03/21/, t20220321_1234.html
ADDRESS_RE = re.compile(r"(?:/|[/_]t?|\b)((?:19|20)\d\d)[-/]?([01]\d)[-/]?([0-3]\d)(?=[/_.\-]|\b)")
EPOCH_RE = re.compile(r"\d{10}(?:\d{3})?")

DIGITS = {**{c: i for i, c in enumerate("零一二三四五六七八九")}, **dict.fromkeys("〇○ＯO0", 0)}


@dataclass(frozen=True, slots=True)
class Published:
    """A publication time as read. `at` is None if `text` names a day or hour that does not exist."""

    at: datetime | None
    precision: str
    text: str
    span: tuple[int, int] = (0, 0)


def find_date(text: str, labelled: bool = False) -> Published | None:
    """The first date in `text`, with its clock time if one follows; compact digits only where `labelled`.

    Midnight to the second is how systems fill in a time they do not know, so it is good to the day.

    >>> find_date("2023年5月6日 10:21 来源：某报").at.isoformat()
    '2023-05-06T10:21:00+08:00'
    >>> find_date("2023-02-30").at is None
    True
    """
    match = DATE_RE.search(text)
    if match:
        return from_groups(match)
    match = NUMERAL_RE.search(text)
    if match:
        year = int("".join(str(DIGITS[c]) for c in match[1]))
        return day(year, numeral(match[2]), numeral(match[3]), match)
    match = COMPACT_RE.search(text) if labelled else None
    if match:
        year, month, dom = map(int, match.groups()[:3])
        if not match[4]:
            return day(year, month, dom, match)
        clock = (int(match[4]), int(match[5]), int(match[6] or 0))
        return published(match, (year, month, dom), clock, "second" if match[6] else "minute", None)
    return None


def read_declared(text: str) -> Published | None:
    """A time that markup declares: any form above, RFC 2822, ISO 8601, or seconds since 1970.

    >>> read_declared("Mon, 21 Mar 2022 14:58:24 GMT").at.isoformat()
    '2022-03-21T22:58:24+08:00'
    """
    text = text.strip()[:100]
    match = MAIL_RE.search(text)
    if match:
        return from_mail(match)
    if EPOCH_RE.fullmatch(text):
        at = datetime.fromtimestamp(int(text[:10]), UTC).astimezone(SHANGHAI)
        return Published(at, "second", text)
    return find_date(text, labelled=True)


def from_address(url: str) -> Published | None:
    """The day that stands in an address, as most content systems put it there.

    >>> from_address("http://example.cn/2022/0321/c123-4.html").at.date().isoformat()
    '2022-03-21'
    """
    match = ADDRESS_RE.search(url[:1000])
    found = day(int(match[1]), int(match[2]), int(match[3]), match) if match else None
    return found if found and found.at else None


def from_mail(match: re.Match[str]) -> Published:
    try:
        at = parsedate_to_datetime(match[0])
    except ValueError:
        return Published(None, "unknown", match[0], match.span())
    at = (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).astimezone(SHANGHAI)
    return Published(at, "second" if match[0].count(":") > 1 else "minute", match[0], match.span())


def from_groups(match: re.Match[str]) -> Published:
    year, month, dom = (int(match[name]) for name in ("year", "month", "day"))
    if match["hour"] is None:
        return day(year, month, dom, match)
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if match["half"] in {"下午", "晚上", "晚"} and hour < 12:
        hour += 12
    precision = "second" if match["second"] else "minute"
    return published(match, (year, month, dom), (hour, minute, second), precision, match["zone"])


def day(year: int, month: int, dom: int, match: re.Match[str]) -> Published:
    return published(match, (year, month, dom), (0, 0, 0), "day", None)


def published(
    match: re.Match[str],
    date: tuple[int, int, int],
    clock: tuple[int, int, int],
    precision: str,
    zone: str | None,
) -> Published:
    """The instant, in Chinese civil time unless a zone is written; None in `at` if there is no such time."""
    text = match[0].strip()
    try:
        at = datetime(*date, *clock, tzinfo=SHANGHAI)
        if zone:
            at = at.replace(tzinfo=offset(zone)).astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        return Published(None, "unknown", text, match.span())
    if not OLDEST <= at.year <= NEWEST:
        return Published(None, "unknown", text, match.span())
    if (at.hour, at.minute, at.second) == (0, 0, 0):
        precision = "day"
    return Published(at, precision, text, match.span())


def offset(zone: str) -> timezone:
    if zone in {"Z", "GMT", "UTC"}:
        return timezone(timedelta(0))
    sign = -1 if zone[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])))


def numeral(text: str) -> int:
    """五 -> 5, 十二 -> 12, 二十 -> 20, 三十一 -> 31."""
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return DIGITS[ones]
    return 10 * (DIGITS[tens] if tens else 1) + (DIGITS[ones] if ones else 0)

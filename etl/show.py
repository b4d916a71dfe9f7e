"""What people see: the summary of a run, the state of the database, and one file through every stage.

Rich is imported only where it draws; the plain listings must be quick.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from rich.text import Text as RichText

    from etl.jobs import Report
    from etl.model import Article, Extraction, Incident, Repair, Span, When
    from etl.pipeline import Trace
    from etl.preview import Tally
    from etl.rules import Rules
    from etl.stages.repair import Repaired
    from etl.store.incidents import Differences

SHANGHAI = ZoneInfo("Asia/Shanghai")
STATES = (
    ("loaded", "新入库", "new articles"),
    ("duplicate", "重复", "contents known already, a further sighting"),
    ("unchanged", "未变", "nothing to do"),
    ("rejected", "拒收", "could not be loaded"),
    ("skipped", "略过", "not meant for this run"),
)
CERTAINTY_STYLE = {"certain": "green", "likely": "yellow", "lost": "red"}


# ---------------------------------------------------------------- a run


def report(result: Report) -> None:
    """The summary of a run, for a newcomer too."""
    counts = result.counts
    click.echo(f"Run {result.run_id} {result.status} in {result.seconds:.1f} s: {counts.seen} files seen")
    for name, zh, en in STATES:
        line = f"  {name:<10} {pad(zh, 6)} {getattr(counts, name):>8}   {en}"
        reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(counts.skips.items()))
        click.echo(line + (f": {reasons}" if name == "skipped" and reasons else ""))
    click.echo(f"  {'incidents':<10} {pad('警情', 6)} {counts.incidents:>8}   written by this run")
    if result.open_rejections:
        click.echo(f"{result.open_rejections} rejections are open: `etl rejects list` says why")


def differences(found: Differences, *, dry_run: bool) -> None:
    """What extracting again changed, or would change."""
    would = "would be " if dry_run else ""
    click.echo(f"{found.articles} articles read again with today's rules")
    for name in ("added", "changed", "withdrawn"):
        click.echo(f"  {getattr(found, name):>8} incidents {would}{name}")
    for name, count in found.fields.most_common():
        click.echo(f"  {count:>8} times {name}")


def differences_record(found: Differences) -> dict[str, Any]:
    """What extracting again changed, for machines."""
    names = ("articles", "added", "changed", "withdrawn")
    return {**{name: getattr(found, name) for name in names}, "fields": dict(found.fields)}


def report_record(result: Report) -> dict[str, Any]:
    """The summary of a run for machines."""
    counts = asdict(result.counts)
    return {
        "run": result.run_id,
        "status": result.status,
        "seen": result.counts.seen,
        **counts,
        "open_rejections": result.open_rejections,
        "doubt": result.doubt,
        "seconds": round(result.seconds, 3),
    }


def tally(result: Tally) -> None:
    """What a run would do."""
    counts = result.counts
    click.echo(f"Dry run: {counts.seen} files seen, nothing written")
    for name, zh, en in STATES:
        reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(counts.skips.items()))
        line = f"  {name:<10} {pad(zh, 6)} {getattr(counts, name):>8}   {en}"
        click.echo(line + (f": {reasons}" if name == "skipped" and reasons else ""))
    click.echo(f"  {'incidents':<10} {pad('警情', 6)} {counts.incidents:>8}   of the new articles")
    click.echo(
        f"  {'updated':<10} {pad('更新', 6)} {result.updated:>8}   places or articles that would change"
    )
    for name, samples in result.samples.items():
        click.echo(f"{name}, for example:")
        for sample in samples:
            place = sample["path"] + "".join(f" » {sample[k]}" for k in ("member", "line") if k in sample)
            told = " ".join(str(sample[k]) for k in ("title", "reason", "detail") if sample.get(k))
            click.echo(f"  {place}  {shorten(told, 60)}".rstrip())


def tally_record(result: Tally) -> dict[str, Any]:
    """What a run would do, for machines."""
    counts = asdict(result.counts)
    return {
        "dry_run": True,
        "seen": result.counts.seen,
        **counts,
        "updated": result.updated,
        "samples": result.samples,
    }


# ---------------------------------------------------------------- the database


def rejections(records: Sequence[Mapping[str, Any]]) -> None:
    """One line a rejection."""
    if not records:
        click.echo("none")
    for r in records:
        place = (
            r["path"] + (f" » {r['member']}" if r["member"] else "") + (f":{r['line']}" if r["line"] else "")
        )
        click.echo(f"{r['id']:>6} {r['reason']:<22} {pad(r['zh'], 18)} {place}  {r['detail']}".rstrip())


MARKS = ("\x01", "\x02")  # around the words found, until it is known how to show them


def found(articles: Sequence[Mapping[str, Any]]) -> None:
    """Articles that a search found: title, day and source, and the words in their surroundings."""
    if not articles:
        click.echo("nothing found")
    for a in articles:
        origin = " · ".join(str(part) for part in (a["published_on"], a["source"]) if part)
        click.echo(
            f"{a['article_id']:>6} {click.style(a['title'] or '(无标题 no title)', bold=True)}  {origin}".rstrip()
        )
        start, end = click.style("|", fg="yellow", bold=True).split("|")
        click.echo(" " * 7 + a["snippet"].replace(MARKS[0], start).replace(MARKS[1], end))


def unmarked(snippet: str) -> str:
    return snippet.replace(MARKS[0], "【").replace(MARKS[1], "】")


def record(values: Mapping[str, Any]) -> None:
    """A record, one field a line."""
    for name, value in values.items():
        if value is not None:
            click.echo(f"{name:<12} {local(value) if isinstance(value, datetime) else value}")


# ---------------------------------------------------------------- one file


def explain(name: str, trace: Trace, rules: Rules) -> None:
    """One file through every stage, the facts marked in the text."""
    from rich.console import Console
    from rich.rule import Rule
    from rich.text import Text

    from etl.why import why

    out = Console(
        highlight=False, width=None if sys.stdout.isatty() else 110, soft_wrap=not sys.stdout.isatty()
    )
    a, x = trace.article, trace.extraction
    reasons = why(a, x, rules.extract)

    def heading(zh: str, en: str) -> None:
        out.print(Rule(f"{zh} {en}", align="left", style="blue"))

    out.print(Text(name, style="bold"))
    heading("解码", "decode")
    out.print(
        f"{trace.decoded.encoding}, confidence {trace.decoded.confidence:.2f}; shape {trace.parsed.shape}"
    )
    heading("修复", "repair")
    out.print(
        f"script as found: {a.script}; {len(trace.repaired.repairs)} changes; flags: {', '.join(a.flags) or '-'}"
    )
    for line in repair_lines(trace.repaired.repairs, trace.repaired.value):
        out.print(line)
    heading("去除", "removed")
    for reason, removed in a.removed:
        out.print(Text.assemble((f"{reason:<12} ", "dim"), shorten(removed, 90)))
    heading("文章", "article")
    for field, value in article_fields(a, trace.content_hash).items():
        out.print(Text.assemble((f"{field:<10} ", "dim"), str(value)))
    heading("正文", "body")
    out.print(marked_body(a, x))
    for number, incident in enumerate(x.incidents, 1):
        heading(f"警情{number}", incident.kind)
        zh = next((k["zh"] for k in rules.lookups["incident_kinds"] if k["code"] == incident.kind), "")
        out.print(Text(zh))
        out.print(Text(f"           ← {reasons[number - 1]['kind']}", style="dim"))
        for field, value in incident_fields(incident).items():
            quote = " … ".join(f"“{a.body[s:e]}”" for s, e in spans_of(incident, field))
            out.print(
                Text.assemble((f"{field:<10} ", "dim"), str(value), (f"   {shorten(quote, 80)}", "dim"))
            )
            if field in reasons[number - 1]:
                out.print(Text(f"           ← {reasons[number - 1][field]}", style="dim"))
    heading("统计数字", "figures")
    for figure in x.figures:
        parts = [
            figure.metric,
            f"{figure.value:g}{figure.unit}",
            figure.qualifier,
            figure.comparison,
            figure.period,
        ]
        out.print("  ".join(p for p in parts if p))
    heading("未成警情", "segments that are no incidents")
    for segment in x.segments:
        if segment.verdict != "incident":
            told = shorten(a.body[segment.start : segment.end], 70)
            reason = f"{segment.verdict} {segment.rule}".strip()
            out.print(Text.assemble((f"{reason:<24} ", "dim"), told))


def article_fields(a: Article, identity: bytes) -> dict[str, Any]:
    """What is known of the article, for showing."""
    published = a.published_at.isoformat() if a.published_at else None
    fields = {
        "title": a.title,
        "published": f"{published} ({a.published_precision})" if published else None,
        "source": a.source,
        "site": a.site,
        "author": a.author,
        "byline": ", ".join(f"{c.name} ({', '.join(c.roles)})" for c in a.byline),
        "url": a.url,
        "images": len(a.image_urls) or None,
        "hash": identity.hex(),
    }
    return {name: value for name, value in fields.items() if value}


def incident_fields(i: Incident) -> dict[str, str]:
    """What an incident holds, for showing; empty fields left out."""
    fields = {
        "occurred": when(i.occurred),
        "reported": when(i.reported),
        "place": i.place,
        "station": i.station_full or i.station,
        "admin": " ".join(part for part in (i.province, i.city, i.district) if part),
        "persons": "; ".join(f"{p.name} ({'/'.join((p.role, *p.also))})" for p in i.persons),
        "items": "、".join(i.items),
        "amount_cny": None if i.amount_cny is None else f"{i.amount_cny:,.2f}",
        "outcome": ", ".join(i.outcome),
        "polarity": None if i.polarity == "actual" else i.polarity,
        "flags": ", ".join(i.flags),
    }
    return {name: value for name, value in fields.items() if value}


def spans_of(i: Incident, field: str) -> list[Span]:
    """Where the words behind a field stand; those of all outcomes for `outcome`."""
    return [span for name, spans in i.spans.items() if name.split(".")[0] == field for span in spans]


def when(w: When | None) -> str | None:
    """A time in one line."""
    if w is None:
        return None
    start = w.start.strftime("%Y-%m-%d %H:%M") if w.start else w.partial or "?"
    parts = [start, f"({w.precision}{', approx' if w.approx else ''})", w.basis, w.text]
    return " ".join(p for p in parts if p)


def marked_body(a: Article, x: Extraction) -> RichText:
    """The body with the evidence of incidents underlined and the facts coloured; numbers where one begins."""
    from rich.text import Text

    text = Text(a.body)
    for i in x.incidents:
        text.stylize("underline", *i.evidence)
        for field, spans in i.spans.items():
            for span in spans:
                text.stylize(FIELD_STYLE.get(field.split(".")[0], "bold"), *span)
        for person in i.persons:
            if person.span:
                text.stylize("magenta", *person.span)
    for r in a.repairs:
        if r.certainty != "certain":
            text.stylize(f"on {CERTAINTY_STYLE[r.certainty]}", r.start, r.end)
    parts = Text()
    at = 0
    for number, i in sorted(enumerate(x.incidents, 1), key=lambda pair: pair[1].evidence):
        if i.evidence[0] >= at:
            parts.append_text(text[at : i.evidence[0]])
            at = i.evidence[0]
        parts.append(f"[{number}]", "bold red")
    parts.append_text(text[at:])
    return parts


FIELD_STYLE = {
    "occurred": "cyan",
    "reported": "cyan",
    "place": "green",
    "station": "yellow",
    "outcome": "blue",
}


def repairs(records: Sequence[Repair], text: str) -> None:
    """Each change on a line: certainty, kind, before and after, with a little context."""
    from rich.console import Console

    out = Console(highlight=False, soft_wrap=True)
    for line in repair_lines(records, text, limit=len(records)):
        out.print(line)


def repair_lines(records: Sequence[Repair], text: str, limit: int = 40) -> Iterator[RichText]:
    """Changes for showing, `limit` at most."""
    from rich.text import Text

    for r in records[:limit]:
        style = CERTAINTY_STYLE.get(r.certainty, "")
        before, after = visible(r.before), visible(r.after)
        context = visible(text[max(0, r.start - 8) : r.start]), visible(text[r.end : r.end + 8])
        yield Text.assemble(
            (f"{r.certainty:<8}", style), (f"{r.kind:<18} ", "dim"), context[0], ("⟦", "dim"), (before, "strike"),
            (" → ", "dim"), (after, style), ("⟧", "dim"), context[1],
        )  # fmt: skip
    if len(records) > limit:
        yield Text(f"… and {len(records) - limit} more: etl repair --explain", style="dim")


def trace_record(trace: Trace, rules: Rules) -> dict[str, Any]:
    """One file through every stage, for machines."""
    from etl.why import why

    return {
        "decoded": {"encoding": trace.decoded.encoding, "confidence": trace.decoded.confidence},
        "shape": trace.parsed.shape,
        "repairs": [plain(r) for r in trace.repaired.repairs],
        "article": plain(trace.article),
        "content_hash": trace.content_hash.hex(),
        "extraction": plain(trace.extraction),
        "rules": why(trace.article, trace.extraction, rules.extract),
    }


def plain(value: Any) -> Any:
    """A record, and whatever records are in it, as objects and lists of JSON.

    >>> from etl.model import Contributor, Text
    >>> plain((Contributor("周晓", ("author",)), Text("警情")))
    [{'name': '周晓', 'roles': ['author']}, {'value': '警情', 'repairs': []}]
    """
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        inner = list(map(plain, value))
        return dict(zip(names, inner, strict=True)) if names else inner
    return value


def repaired_record(repaired: Repaired) -> dict[str, Any]:
    """A repaired text and its changes, for machines."""
    return {
        "text": repaired.text.value,
        "script": repaired.script,
        "flags": list(repaired.flags),
        "repairs": [plain(r) for r in repaired.text.repairs],
    }


# ---------------------------------------------------------------- small print


def visible(text: str) -> str:
    """Text on one line, with what can't be seen made visible."""
    return "".join(
        "⏎" if c == "\n" else f"\\u{ord(c):04x}" if unicodedata.category(c)[0] == "C" else c for c in text
    )


def shorten(text: str, width: int) -> str:
    """The beginning of a text on one line."""
    line = visible(text)
    return line if len(line) <= width else line[: width - 1] + "…"


def pad(text: str, width: int) -> str:
    """Text filled up to `width` columns; a Chinese character takes two."""
    columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(0, width - columns)


def local(instant: datetime) -> str:
    """An instant in Chinese civil time."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")

"""The whole transformation on one screen: bytes and rules in, an article with its incidents or a reason out.

No clock, no environment, no database: it runs the same in this process, in a worker, on a cluster and
in `etl explain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.errors import ArticleError
from etl.model import Article, Decoded, Extraction, Parsed, Processed, RawFile, Text
from etl.rules import Rules
from etl.stages.decode import decode
from etl.stages.extract import extracting
from etl.stages.identity import content_hash
from etl.stages.layout import layout
from etl.stages.link.signature import signature
from etl.stages.normalize import normalize
from etl.stages.parse import parse
from etl.stages.parse.record import parse_record
from etl.stages.repair import repair
from etl.steps import Steps, through


@dataclass(frozen=True, slots=True)
class Trace:
    """What every stage made of one leaf; `etl explain` shows it."""

    decoded: Decoded
    parsed: Parsed
    repaired: Text
    article: Article
    content_hash: bytes
    extraction: Extraction


def process(raw: RawFile, rules: Rules) -> Processed:
    """One leaf through all stages. Never raises for bad input: the reason is in the result."""
    return through(processing(raw, rules))


def processing(raw: RawFile, rules: Rules) -> Steps[Processed]:
    """`process` in steps."""
    try:
        trace = yield from tracing(raw.data, rules, raw.fields)
    except ArticleError as e:
        return Processed(raw.path, raw.member, raw.record_no, raw.sha256, reason=e.reason, detail=e.detail)
    return Processed(
        raw.path,
        raw.member,
        raw.record_no,
        raw.sha256,
        article=trace.article,
        content_hash=trace.content_hash,
        extraction=trace.extraction,
        signature=signature(trace.article.body, rules.link),
    )


def trace_stages(data: bytes, rules: Rules, fields: Mapping[str, str] | None = None) -> Trace:
    """Every stage's result for the bytes of one leaf; `fields` as in `RawFile`.

    Raises ArticleError with the reason if none comes of it.
    """
    return through(tracing(data, rules, fields))


def tracing(data: bytes, rules: Rules, fields: Mapping[str, str] | None = None) -> Steps[Trace]:
    """`trace_stages` in steps."""
    decoded = decode(data)
    yield
    parsed = parse(decoded) if fields is None else parse_record(decoded, fields)
    yield
    repaired = repair(parsed.text, rules.repair)
    yield
    declared = repair_fields(parsed, rules)
    normalized = normalize(repaired.text)
    yield
    article = layout(
        parsed,
        normalized,
        declared,
        rules.layout,
        script=repaired.script,
        encoding=decoded.encoding,
        flags=repaired.flags,
    )
    yield
    identity = content_hash(article.title, article.body)
    yield
    extraction = yield from extracting(article, rules.extract)
    yield
    return Trace(decoded, parsed, repaired.text, article, identity, extraction)


def repair_fields(parsed: Parsed, rules: Rules) -> Mapping[str, Text]:
    """The declared fields, repaired with the page's text as evidence."""
    return {
        name: normalize(repair(value, rules.repair, page=parsed.text).text)
        for name, value in parsed.declared.items()
    }

"""One self-contained page of charts and data-quality figures.

Every chart is a Vega-Lite specification over the result of one SQL statement, and the page prints the statement
beside it: whoever doubts a number runs it. The libraries come out of the package vl-convert, so that the page
needs no network. Texts stand in both languages as `中文‖English`; the page shows one of them.
"""

from __future__ import annotations

import html
import json
from datetime import datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from etl.errors import ConfigError
from etl.personal import starred
from etl.store.engine import Connection
from etl.store.query import Record, report_rows

SHANGHAI = ZoneInfo("Asia/Shanghai")
TOP_KINDS, TOP_UNITS, NEWEST = 8, 15, 12
KNOWN_DAY = "occurred_precision IN ('minute', 'hour', 'part_of_day', 'day')"

QUERIES = {  # name -> the SQL that is run, and shown
    "by_month": f"""WITH top AS (
    SELECT kind FROM current_incidents GROUP BY kind ORDER BY count(*) DESC, kind LIMIT {TOP_KINDS}
)
SELECT to_char(date_trunc('month', occurred_on), 'YYYY-MM-DD') AS month,
    CASE WHEN kind IN (TABLE top) THEN split_part(kind_zh, '（', 1) ELSE '其余类别' END AS kind_zh,
    CASE WHEN kind IN (TABLE top) THEN kind_en ELSE 'all other kinds' END AS kind_en, count(*) AS incidents
FROM current_incidents
WHERE {KNOWN_DAY} OR occurred_precision = 'month'
GROUP BY 1, 2, 3 ORDER BY 1, 2""",
    "by_kind": """SELECT split_part(kind_zh, '（', 1) AS kind_zh, kind_en, count(*) AS incidents
FROM current_incidents
GROUP BY 1, 2 ORDER BY 3 DESC, 1""",
    "by_province": """SELECT coalesce(in_province, '未知') AS province_zh,
    coalesce(in_province, 'not known') AS province_en, count(*) AS incidents
FROM current_incidents
GROUP BY in_province ORDER BY count(*) DESC, in_province""",
    "by_unit": f"""SELECT station_full AS unit, count(*) AS incidents
FROM current_incidents
WHERE station_full IS NOT NULL
GROUP BY station_full ORDER BY count(*) DESC, station_full LIMIT {TOP_UNITS}""",
    "by_outcome": """SELECT o.zh AS outcome_zh, o.en AS outcome_en, count(*) AS incidents
FROM current_incidents AS i JOIN outcomes AS o ON o.code = ANY (i.outcome)
GROUP BY o.zh, o.en ORDER BY count(*) DESC, o.zh""",
    "by_hour": f"""WITH top AS (
    SELECT kind FROM current_incidents GROUP BY kind ORDER BY count(*) DESC, kind LIMIT {TOP_KINDS + 4}
)
SELECT extract(hour FROM occurred_from AT TIME ZONE 'Asia/Shanghai')::int AS hour,
    split_part(kind_zh, '（', 1) AS kind_zh, kind_en, count(*) AS incidents
FROM current_incidents
WHERE occurred_precision IN ('minute', 'hour') AND kind IN (TABLE top)
GROUP BY 1, 2, 3 ORDER BY 1, 2""",
    "newest": f"""SELECT occurred_on, split_part(kind_zh, '（', 1) AS kind_zh, kind_en, station, title, incident_id
FROM current_incidents
WHERE {KNOWN_DAY}
ORDER BY occurred_on DESC, event_id DESC LIMIT {NEWEST}""",
    "quality": "SELECT measure, zh, en, value, of_measure, share FROM data_quality",
}  # fmt: skip
EVIDENCE = "SELECT field, value, quote FROM incident_evidence WHERE incident_id = {incident_id}"
FUNNEL = (
    "leaves_seen", "articles", "leaves_duplicate", "leaves_rejected", "leaves_withdrawn", "articles_damaged",
    "articles_repaired", "articles_undated",
)  # fmt: skip

SECTIONS = (  # query, heading, note
    (
        "by_month",
        "警情随时间的变化‖Incidents over time",
        "按类别，每月；日期不明的不计‖By kind and month; those without a date are left out",
    ),
    (
        "by_kind",
        "各类警情‖Kinds of incidents",
        "同一事件只计一次‖An occurrence counts once, however many articles tell it",
    ),
    (
        "by_province",
        "各省警情‖By province",
        "文中写明，或由市县推知‖As stated, or known from the city or county",
    ),
    (
        "by_unit",
        "处置单位‖By handling unit",
        f"警情最多的{TOP_UNITS}个单位‖The {TOP_UNITS} units with most incidents",
    ),
    ("by_outcome", "处置结果‖Outcomes", "一起警情可有多种结果‖One incident may have several"),
    (
        "by_hour",
        "一天中的时刻‖Hour of the day",
        "仅限写明钟点的警情；颜色越深越多‖Only incidents with a stated hour; the darker, the more",
    ),
)


def report(connection: Connection, now: datetime) -> str:
    """The whole page, as of `now`. Raises ConfigError where the package with the chart libraries is missing."""
    rows = report_rows(connection, QUERIES)
    charts = {name: SPECS[name] for name, *_ in SECTIONS if rows[name]}
    page = (files("etl") / "report.html").read_text(encoding="utf-8")
    values = {
        "made": now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        "figures": figures(rows["quality"]),
        "sections": "\n".join(section(*s, empty=not rows[s[0]]) for s in SECTIONS),
        "quality": quality(rows["quality"]),
        "newest": newest(rows["newest"]),
        "charts": script_json(charts),
        "rows": script_json({name: rows[name] for name in charts} | {"funnel": funnel(rows["quality"])}),
        "libraries": libraries(),
    }
    for name, value in values.items():
        page = page.replace("{{" + name + "}}", value)
    return page


def libraries() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script."""
    try:
        import vl_convert
    except ImportError as e:
        raise ConfigError("the report needs vl-convert-python: pip install 'jingqing[report]'") from e
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def script_json(value: Any) -> str:
    """JSON that may stand in a script element."""
    return json.dumps(value, ensure_ascii=False, default=str).replace("</", "<\\/")


def both(text: str) -> str:
    """`中文‖English` as two elements, of which the page shows one."""
    zh, _, en = text.partition("‖")
    return f'<span lang="zh">{html.escape(zh)}</span><span lang="en">{html.escape(en)}</span>'


def sql(statement: str) -> str:
    """The statement behind a number, folded away."""
    return f"<details><summary>SQL</summary><pre>{html.escape(statement)}</pre></details>"


def section(name: str, heading: str, note: str, *, empty: bool) -> str:
    """One chart with its words and its statement."""
    chart = (
        f'<p class="empty">{both("暂无数据‖Nothing to show yet")}</p>'
        if empty
        else f'<div id="{name}" class="chart"></div>'
    )
    return (
        f"<section><h2>{both(heading)}</h2><p>{both(note)}</p>{chart}{sql(QUERIES[name])}</section>"
    )  # fmt: skip


def figures(rows: list[Record]) -> str:
    """The few numbers at the head of the page."""
    wanted = ("events", "articles", "leaves_seen", "leaves_rejected")
    by_name = {row["measure"]: row for row in rows}
    return "\n".join(
        f"<div><b>{by_name[m]['value']:,}</b>{both(by_name[m]['zh'] + '‖' + by_name[m]['en'])}</div>"
        for m in wanted
    )


def funnel(rows: list[Record]) -> list[Record]:
    """What became of the files, widest first."""
    by_name = {row["measure"]: row for row in rows}
    return [by_name[m] for m in FUNNEL]


def quality(rows: list[Record]) -> str:
    """Every measure as a row of a table."""
    cells = [
        f"<tr><td>{both(r['zh'] + '‖' + r['en'])}</td><td>{r['value']:,}</td>"
        f"<td>{share(r)}</td><td><code>{r['measure']}</code></td></tr>"
        for r in rows
    ]
    return "\n".join(cells) + f'<tr class="statement"><td colspan="4">{sql(QUERIES["quality"])}</td></tr>'


def share(row: Record) -> str:
    return "" if row["share"] is None else f"{float(row['share']):.1%}"


def newest(rows: list[Record]) -> str:
    """The newest incidents, each with the statement that shows the words behind its facts."""
    cells = [
        f"<tr><td>{r['occurred_on']}</td><td>{both(r['kind_zh'] + '‖' + r['kind_en'])}</td>"
        f"<td>{html.escape(r['station'] or '')}</td><td>{html.escape(starred(r['title'] or ''))}"
        f"{sql(EVIDENCE.format(incident_id=r['incident_id']))}</td></tr>"
        for r in rows
    ]
    return "\n".join(cells)


# ---------------------------------------------------------------- Vega-Lite; @ stands for the language

COUNT = {"field": "incidents", "type": "quantitative", "title": "警情数‖incidents"}


def bars(field: str, title: str, height: int | dict[str, int] = 300) -> Record:
    """Horizontal bars in the order of the rows, the number at the end of each."""
    y = {"field": field, "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 150}}
    return {
        "height": {"step": 20} if height == 300 else height,
        "encoding": {"y": y, "x": {**COUNT, "axis": {"tickCount": 4, "tickMinStep": 1, "format": "d"}}},
        "layer": [
            {
                "mark": {"type": "bar", "color": "#3b7dc4", "tooltip": True},
                "encoding": {"tooltip": [{"field": field, "title": title}, COUNT]},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 4},
                "encoding": {"text": {**COUNT, "format": ","}},
            },
        ],
    }


KIND = {"field": "kind_@", "type": "nominal", "title": "类别‖kind"}
SPECS: dict[str, Record] = {
    "by_month": {
        "height": 280,
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            # The browser reads a day as midnight in London: further west that is the month before.
            "x": {"field": "month", "type": "temporal", "timeUnit": "utcyearmonth", "title": None,
                  "axis": {"format": "%Y-%m", "labelOverlap": True}},
            "y": {**COUNT, "axis": {"tickMinStep": 1}},
            "color": {**KIND, "scale": {"scheme": "tableau10"}, "legend": {"orient": "bottom", "columns": "@columns"}},
            "tooltip": [{"field": "month", "type": "temporal", "timeUnit": "utcyearmonth", "title": "月份‖month",
                         "format": "%Y-%m"}, KIND, COUNT],
        },
    },
    "by_kind": bars("kind_@", "类别‖kind"),
    "by_province": bars("province_@", "省份‖province"),
    "by_unit": bars("unit", "单位‖unit"),
    "by_outcome": bars("outcome_@", "结果‖outcome"),
    "by_hour": {
        "height": {"step": 22},
        "mark": {"type": "rect", "color": "#c2541f", "tooltip": True},
        "encoding": {
            "x": {"field": "hour", "type": "ordinal", "scale": {"domain": list(range(24))}, "title": "时‖hour",
                  "axis": {"labelAngle": 0, "values": list(range(0, 24, 3))}},
            "y": {**KIND, "title": None, "axis": {"labelLimit": 130}},
            "opacity": {**COUNT, "scale": {"range": [0.08, 1]}, "legend": None},
            "tooltip": [{"field": "hour", "title": "时‖hour"}, KIND, COUNT],
        },
    },
}  # fmt: skip

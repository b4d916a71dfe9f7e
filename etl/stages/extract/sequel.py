"""Stretches that carry on a case by what they say themselves: the return of things, thanks, a lead before its body."""

from __future__ import annotations

import re

from etl.stages.extract.segment import Stretch

LEAD = 34  # characters in which a lead names its unit and says 日前
HEADED = {"heading", "number", "section", "entry"}
# 8月7日，失主张先生在领取失窃的现金时: the last stage of a case told before
AFTERMATH_RE = re.compile(r"^[^。]{0,60}(?:领取|领回|取回|发还|认领|锦旗|感谢信|牌匾|道谢|致谢|回访)")


def is_aftermath(s: Stretch) -> bool:
    """Whether a stretch begins with the return of things or with thanks, and reports nothing new."""
    if s.opened in HEADED:
        return False
    texts = [x for x in s.reads if x.kind == "text"]
    return any(AFTERMATH_RE.match(x.sentence.text) for x in texts[:3]) and not any(
        x.cues & {"report", "discovery"} for x in texts
    )


def is_lead(a: Stretch, b: Stretch) -> bool:
    """Whether `a` is a lead that sums up what `b` tells: vaguely dated, in one short paragraph at the head."""
    first = next((e for x in a.reads[:2] for e in x.times[:1] if e.start - x.sentence.start < LEAD), None)
    vague = first is not None and first.has("vague")
    lines = {x.sentence.line for x in a.reads}
    short = len(lines) == 1 or (len(lines) == 2 and not a.names)
    return vague and short and a.span[0] < 40 and not a.names - b.names

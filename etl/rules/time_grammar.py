"""The alternation of time atoms: the smallest pieces a time expression is made of.

Atoms that touch are joined into one expression by the extraction stage (2023年 + 5月 + 3日 + 晚 + 9时许).
"""

# ruff: noqa: E501  (an atom of the grammar reads best on one line)

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

CN = "一二三四五六七八九十"


# where an atom that begins with a digit may begin: behind the number stands what it counts
NUMBER = r"[0-9][0-9]{0,3}(?:(?=[年月日号时点:：个多小分天周星])|(?<=[0-9]{4})[-/.](?=[0-9]))"


def start_words(data: Mapping[str, Any]) -> set[str]:
    """The characters with which other atoms can begin, mostly two; `atom_pattern` is tried only there."""
    listed = [
        *data["solar"],
        *data["lunar"],
        *data["terms"],
        *data["relative"],
        *data["chain"],
        *data["vague"]["words"],
    ]
    two = {w[:2] for w in (*listed, *data["parts"]) if len(w) > 1}
    two |= {a + b for a in ("去", "今", "前", "本", "上") for b in "年月周"} | {
        "当月",
        "同月",
        "上个",
        "农历",
        "阴历",
        "正月",
        "腊月",
        "冬月",
    }
    two |= {a + b for a in CN for b in "月时点天小个周年日分十" + CN} | {
        "二〇",
        "二○",
        "二零",
        "闰" + "二",
        "半个",
        "半小",
        "半天",
        "两时",
        "两点",
        "零时",
        "零点",
    }
    two |= {a + b for a in "两几数" for b in ("天", "日", "周", "星", "月", "个", "小", "分")}
    two |= {a + b for a in ("周", "期", "拜") for b in "一二三四五六日天末"} | {
        "星期",
        "礼拜",
        "这周",
        "这个",
        "上上",
        "年初",
        "大年",
    }
    return two | {w for w in data["parts"] if len(w) == 1}


def atom_pattern(data: Mapping[str, Any], words: Callable[[Iterable[str]], str]) -> str:
    """A verbose pattern with one named group for each sort of atom; `data` is times.toml."""
    feasts = words([*data["solar"], *data["lunar"], *data["terms"]])
    parts = words(data["parts"])
    return rf"""
    (?P<iso>(?<!\d)(?:19|20)\d\d[-/.](?:1[0-2]|0?[1-9])[-/.](?:3[01]|[12]\d|0?[1-9])(?![\d-]))
  | (?P<year>(?<!\d)(?:19|20)\d\d年(?!代|级|版|款|产)|二[〇○零O][〇○零一二三四五六七八九]{{2}}年|去年|今年|前年|本年|上年)
      (?P<yearpart>年?(?:初|底|末|春|夏|秋|冬)(?=[，。、的，\s以至期天季]|$))?
  | (?P<lunar>(?:农历|阴历)?(?:(?:正|腊|冬|闰?[{CN}]{{1,2}})月)(?:初[{CN}]|十[一二三四五六七八九]|廿[{CN}]?|二十[一二三四五六七八九]?|三十|十五)(?![时点日号月]))
  | (?P<newyear>大年初[{CN}]|(?<!大)年初[{CN}](?!季))
  | (?P<month>(?<![\d.])(?:1[0-2]|0?[1-9])月(?!球|亮)|(?<!闰)(?:十[一二]|[{CN}])月(?=[{CN}\d上中下初底末份，的间]|$)|本月|上个月|上月|当月|同月)
      (?P<range>份)?(?P<mpart>上旬|中旬|下旬|初(?![一二三四五六七八九十中高])|底|末(?!端))?
  | (?P<mday>(?<=[月、至到年—\-~～和])(?:3[01]|[12]\d|0?[1-9])[日号]|(?<=月)(?:三十一?|二?十[一二三四五六七八九]?|[{CN}])[日号])
  | (?P<day>(?<![\d.年月])(?:3[01]|[12]\d|0?[1-9])日(?!内|游|均|志|龄|元|行政|拘留|治安|的拘留|，罚|，并处|以[内上下])|(?<![\d.年月])(?:3[01]|[12]\d|0?[1-9])号(?=凌晨|清晨|早|上午|中午|下午|傍晚|晚|深夜|夜|当天|，|那天))
  | (?P<week>(?<![每逢一个各])(?:上上|上|本|这|这个)?(?:周|星期|礼拜)[一二三四五六日天](?![{CN}路街年级次]|家|桥|先|女|某))
  | (?P<weekend>(?:上|本|这)周末|(?:上|本|这)周(?![一二三四五六日天末]|期|边|围))
  | (?P<feast>(?:{feasts})(?!路|街|村|广场|大街|小区|社区|派出所|假日|镇|个|名|起|人|[点时]|中学|小学|桥|年前|国|队))(?P<fpart>(?:假期|小长假|长假|黄金周)?(?:第[{CN}]天|首日)|前夕|前后|当天|当日|期间|假期|长假|小长假|黄金周|假日|当晚|夜|节)?
  | (?P<relative>{words(data["relative"])})
  | (?P<chain>{words(data["chain"])})
  | (?P<offset>(?<!\d)(?:\d{{1,3}}|半|[一两二三四五六七八九十]{{1,3}}|数|几)(?:个)?(?:多)?(?:小时|分钟|天|日|周|星期|月)(?:多)?(?:前|后|之后|以后|过后|之前|以前)(?!续|悔))
  | (?P<vague>{words(data["vague"]["words"])})
  | (?P<clock>(?<![\d:：.／/])(?:[01]?\d|2[0-4])(?:时(?!间|左|许|候|代|速|常)|点(?!击|赞|评|名|子|多钟|左|许|建|对|要|经|意|希|七|八\d|\d(?![0-5]?分|\d))|[时点](?=左右|许|多)|[:：](?=[0-5]\d))(?:[0-5]?\d分?(?![\d%])|半|一刻|三刻|整)?(?::[0-5]\d)?|(?:零|十[一二]|二十[一二三]?|[一二两三四五六七八九十])[时点](?=[许半多整钟一二三四五六左，。]|零|\d{{1,2}}分|$)(?:[一二三四五]?十?[一二三四五六七八九十]分|半|一刻|三刻|整|零[一二三四五六七八九]分|\d{{1,2}}分)?)
      (?P<more>钟?(?:许|左右|前后|多|余|过)?)
  | (?P<part>(?:{parts})(?=[，。、的\s时，]|[\d一二两三四五六七八九十]{{1,3}}[时点:：]|[^\u4e00-\u9fff])|(?:凌晨|零晨|清晨|早上|早晨|一早|一大早|大清早|清早|上午|中午|正午|午间|下午|午后|傍晚|晚上|晚间|夜间|夜里|深夜|半夜|午夜))
"""

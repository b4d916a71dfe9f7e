"""The commonest characters of Chinese, by whose share a right reading is told from a wrong one."""

from __future__ import annotations

import re

# Of running Chinese, both scripts, in no order that matters. General knowledge; a third to two thirds of
# any prose, so a list of this length separates right from wrong readings widely.
EVERYDAY = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说"
    "产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使"
    "点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明"
    "看原又么利比或但质气第向道命此变条只没结解问意建月公无系很情者最立代想已通并提直题党程展五员位入"
    "常文总次活设及管特件长求老头基资边流路级少统接知较将组见计别她手期区安警派局案报接辖群众察犯嫌疑"
    "這為個時來們會對發動過說產種後學經進著電裡裏實加量兩體機當點從業應開還關間樣與線內數變條沒結解問"
    "無係題黨員總設長頭資邊級統較將組見計別區報轄眾"
    "，。、；：？！“”（）《》"
)
EVERYDAY_RE = re.compile(f"[{EVERYDAY}]")
HIGH_RE = re.compile(r"[^\x00-\x7f]")
PLAIN_SHARE = 0.35  # of everyday characters; right readings of prose measure over 0.5, wrong ones under 0.1


def everyday_share(text: str) -> float:
    """Share of everyday characters among those that are not ASCII; 0 if there are none.

    >>> everyday_share("警方接报"), everyday_share("脺戮娄陆脫")
    (1.0, 0.0)
    """
    high = len(text) - len(text.encode("ascii", "ignore"))
    return len(EVERYDAY_RE.findall(text)) / high if high else 0.0

"""How much repair restores of generated damage: floors that a worse weighing or a careless threshold breaks."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from etl.rules import load_rules
from etl.stages.repair import repair
from tests.support.damage import NARROWED, damage, traditional

RULES = load_rules().repair
EVIDENCE = "\n小事當(dāng)做大事辦,民警擔當(dāng)。"
LINES = """\
“你们来得真快。”失主接过钱包，连声道谢。“里面有证件和现金，丢了就麻烦了。”
值班民警说：“老人家住得不远。”他们随即开车将她送回家中。“路上小心。”邻居叮嘱道。
“我以为再也找不到了。”拿回手机的女孩说。“真的很感谢你们。”
接到报警后，派出所立即派人赶到学校。“孩子在这里。”保安指着门口说。
“车停在小区门口，钥匙没有拔。”车主后悔地说。“以后一定注意。”
他把身份证交给民警，说：“这是我在路边捡到的。”民警当即联系失主。“明天来取。”对方回答。
“不要转账。”民警反复劝说。“对方是骗子。”老人这才放下电话。
经过两个小时的调解，双方握手言和。“都是邻居，有话好好说。”社区民警说。
“请大家不要围观。”交警一边疏导交通，一边等候救护车。“伤者没有生命危险。”医生说。
“水太深，不能再往前走了。”消防员大声喊道。“把绳子给我。”
民警查看监控后发现，男子已经离开车站。“往北去了。”保洁员说。
“门锁坏了，老人在里面。”物业经理说。民警找来梯子，从窗户进入屋内。“没事了。”
县公安局提醒广大群众。“不明链接不要点，陌生来电不要信。”
“卡里的钱还在。”银行工作人员核对后说。“幸好及时止付。”
夜里下起了雨，巡逻民警仍守在路口。“再坚持一会。”队长鼓励大家。
“我家的羊不见了。”牧民着急地说。两名辅警上山寻找。“在山沟里。”“都赶回来了。”
“孩子发烧，路上堵车。”母亲求助道。民警打开警灯，为她开道。“前面就是医院。”
“他把车停在路中间。”司机说。“我按了喇叭，他不动。”民警到场后，了解情况。
“欠条在我这里。”店主说。“钱我会还的。”对方答应月底付清。
失踪的老人被找到时，正坐在河边。“我在等车。”老人说。“我们送您回家。”""".splitlines()


def same(line: str, text: str, page: str | None = None) -> bool:
    """Whether the damaged `text` of `line` comes back exactly, punctuation width aside."""
    return repair(text, RULES, page).text.value.translate(NARROWED) == line.translate(NARROWED)


def hit_once() -> Iterator[tuple[str, str]]:
    """Every line of LINES with every text that it becomes when one place of it is cut."""
    for line in LINES:
        for place in range(6):
            hurt = damage(line, noted="", hits=lambda _, n, place=place: n == place)
            if hurt.runs:
                yield line, hurt.text


def test_most_runs_come_back_on_a_page_with_other_damage() -> None:
    found = [same(line, text, text + EVIDENCE) for line, text in hit_once()]
    assert sum(found) / len(found) >= 0.8


def test_many_runs_come_back_on_a_page_without_other_damage() -> None:
    found = [same(line, text) for line, text in hit_once()]
    assert sum(found) / len(found) >= 0.38


def test_where_no_quotation_mark_is_open_a_line_certainly_ends_without_one() -> None:
    (run,) = repair("民警把孩子送回學?!?/p>", RULES, "民警把孩子送回學?!?/p>" + EVIDENCE).text.repairs
    assert (run.after, run.certainty) == ("校。", "certain")


def test_real_marks_on_a_page_without_damage_stay() -> None:
    for lot in range(4):
        rng = Random(lot)
        for line in LINES:
            page = line.replace("，", ",").translate(traditional())
            places = [i for i, c in enumerate(page) if c in "。,"]
            at = rng.choice(places)
            marked = page[:at] + rng.choice(["?!", "??"]) + page[at + 1 :]
            assert repair(marked, RULES).text.repairs == (), marked

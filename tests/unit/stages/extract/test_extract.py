"""Whole extractions of short invented texts: what is told, by whom, where, and what is not told."""

from __future__ import annotations

from datetime import datetime

import pytest

from etl.model import SHANGHAI, Article, Extraction, Incident
from etl.rules import load_rules
from etl.stages.extract import extract

RULES = load_rules().extract


def read(body: str, title: str | None = None, published: str | None = "2022-09-14T10:30") -> Extraction:
    at = datetime.fromisoformat(published).replace(tzinfo=SHANGHAI) if published else None
    return extract(Article(title, body, at, "minute" if at else "unknown"), RULES)


def one(body: str, **more: str | None) -> Incident:
    found = read(body, **more).incidents  # type: ignore[arg-type]
    assert len(found) == 1
    return found[0]


LOST = (
    "9月1日20时许，柳河派出所接到周女士报警，称手机落在出租车上。"
    "民警查到车牌，当晚联系上司机何师傅，次日上午手机送回。"
)


def test_lost_phone_is_told_with_all_fields() -> None:
    i = one(LOST)
    assert (i.kind, i.station, i.polarity) == ("lost_property", "柳河派出所", "actual")
    assert (i.occurred.precision, i.occurred.basis, i.occurred.approx) == ("hour", "report", True)
    assert i.reported is not None
    assert {(p.role, p.name) for p in i.persons} == {("victim", "周女士"), ("helper", "何师傅")}
    assert i.items == ("手机",)
    assert set(i.outcome) == {"found", "returned"}


def test_spans_are_slices_of_the_body() -> None:
    i = one(LOST)
    assert [LOST[a:b] for a, b in i.spans["occurred"]] == ["9月1日20时许"]
    assert [LOST[a:b] for a, b in i.spans["items"]] == ["手机"]
    assert i.evidence == (0, len(LOST))


def test_each_outcome_has_spans_of_its_own() -> None:
    body = "9月2日，青山派出所接刘先生报警，称停在楼下的摩托车被盗。民警将嫌疑人冯某抓获。目前，冯某被行政拘留十日。"
    i = one(body)
    told = {name: [body[a:b] for a, b in spans] for name, spans in i.spans.items() if "outcome" in name}
    assert set(told) == {"outcome.arrested", "outcome.penalised"}
    assert "抓" in told["outcome.arrested"][0]
    assert told["outcome.penalised"] == ["行政拘留"]


def test_narrow_punctuation_changes_nothing() -> None:
    narrow = LOST.translate(str.maketrans("，：", ",:"))
    a, b = one(LOST), one(narrow)
    assert (a.kind, a.station, a.persons, a.outcome) == (b.kind, b.station, b.persons, b.outcome)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("theft.vehicle", "9月2日，青山派出所接刘先生报警，称停在楼下的摩托车被盗。民警将嫌疑人冯某抓获。"),
        ("theft.from_vehicle", "9月2日凌晨，有人沿街拉车门盗窃。青山派出所民警将嫌疑人冯某当场抓获。"),
        ("theft.burglary", "9月2日，青山派出所接报，辖区一居民家中被盗。民警将翻窗入室的冯某抓获。"),
        ("theft.other", "9月2日，许女士在菜市场被人扒窃，青山派出所民警抓获小偷冯某。"),
        ("violent_crime", "9月2日，青山派出所接报，一男子持刀抢劫便利店。民警将犯罪嫌疑人冯某抓获。"),
        ("assault", "9月2日，冯某酒后殴打邻桌的许某，致其轻微伤。青山派出所对冯某处以行政拘留七日。"),
        (
            "fraud.telecom",
            "9月2日，许女士接到自称客服的电话，按对方要求转账3万元后发现被骗，到青山派出所报案。",
        ),
        ("fraud.other", "9月2日，冯某以帮人消灾为由，当面骗走许大娘现金3万元。青山派出所民警将其抓获。"),
        ("gambling", "9月2日，青山派出所在一棋牌室查获赌博人员5名，缴获赌资3万元，组织者冯某被行政拘留。"),
        ("drugs", "9月2日，青山派出所民警在一宾馆查获吸毒人员冯某，其尿检呈阳性，被行政拘留。"),
        ("prostitution", "9月2日，青山派出所在一足浴店查获卖淫嫖娼人员4名，店主冯某被刑事拘留。"),
        ("contraband", "9月2日，青山派出所民警在冯某家中查获气枪一支、铅弹200发。"),
        (
            "traffic_accident",
            "9月2日，一辆货车在国道上追尾一辆轿车，司机冯某受伤，青山交警大队民警将其送医。",
        ),
        (
            "traffic_violation",
            "9月2日，青山交警大队民警设卡夜查时拦下一辆轿车，驾驶人冯某酒后驾驶，被罚款2000元。",
        ),
        ("missing_person", "9月2日，许先生报警称其父亲走失。青山派出所民警在公园找到老人并送回家。"),
        (
            "runaway_juvenile",
            "9月2日，许女士报警称，13岁的儿子因被批评离家出走。青山派出所民警在网吧找到孩子。",
        ),
        ("suicide_intervention", "9月2日，一名女子因感情受挫欲跳河轻生，青山派出所民警耐心劝说，将其劝回。"),
        ("rescue", "9月2日，一名男孩不慎落水，青山派出所民警跳入河中将其救上岸。"),
        ("dispute_mediation.family", "9月2日，青山派出所接报，一对夫妻因琐事争吵。民警耐心调解，二人和好。"),
        (
            "dispute_mediation.neighbour",
            "9月2日，许某与邻居冯某因排水发生纠纷。青山派出所民警调解后双方握手言和。",
        ),
        (
            "dispute_mediation.other",
            "9月2日，10名工人因被拖欠工资求助，青山派出所民警调解后老板冯某当场结清。",
        ),
        ("noise", "9月2日深夜，居民反映楼下有人唱歌扰民，青山派出所民警到场劝说，许某关掉音响。"),
        ("fire", "9月2日，一居民家厨房起火，青山消防救援站赶到扑灭明火，无人员伤亡。"),
        ("public_safety_accident", "9月2日，一户居民家中燃气泄漏，青山派出所民警关闭阀门，疏散住户。"),
        ("household_registration_service", "9月2日，青山派出所户籍民警上门为行动不便的许大爷办理身份证。"),
        ("vice_advertising", "9月2日，青山派出所民警抓获一名在宾馆门缝塞招嫖小卡片的男子冯某。"),
        ("public_order", "9月2日，冯某酒后在烧烤店寻衅滋事，打砸店内财物，被青山派出所行政拘留十日。"),
        ("crime_other", "9月2日，青山派出所民警在车站抓获一名网上在逃人员冯某。"),
        ("person_assistance", "9月2日，一名孕妇临产，青山派出所民警驾驶警车将其送到医院。"),
    ],
)
def test_kind(kind: str, body: str) -> None:
    assert one(body).kind == kind


def test_two_dated_cases_are_two_incidents() -> None:
    body = (
        "9月2日，青山派出所接到许女士报警，称钱包丢失。民警找到后归还。\n"
        "9月5日，冯大爷走失，该所民警在车站将其找到并送回家中。"
    )
    assert [i.kind for i in read(body).incidents] == ["lost_property", "missing_person"]


def test_stages_of_a_case_are_one_incident() -> None:
    body = (
        "9月2日，青山派出所接到许女士报警，称电动车被盗。\n"
        "9月4日，民警将嫌疑人冯某抓获。\n9月6日，许女士送来锦旗。"
    )
    i = one(body)
    assert i.occurred.start == datetime(2022, 9, 2, tzinfo=SHANGHAI)
    assert "arrested" in i.outcome


def test_heading_separates_cases() -> None:
    body = (
        "走失老人平安回家\n许大爷迷路，青山派出所民警将其送回家中。\n"
        "丢失钱包失而复得\n冯女士丢失钱包，民警找到后归还。"
    )
    assert len(read(body).incidents) == 2


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("今年以来，青山派出所共破获案件46起，抓获嫌疑人30人，警情同比下降18.6%。", "statistics"),
        ("警方提醒：请广大市民妥善保管财物，如遇诈骗请立即拨打110。", "advice"),
        ("青山派出所民警走进校园开展反诈宣传活动，发放传单300份。", "campaign"),
        ("下一步，该所将继续开展夜查行动，全力守护平安。", "plan"),
        ("上世纪八十年代，县里只有一辆摩托车，被盗后全城轰动。", "history"),
    ],
)
def test_text_without_an_incident_says_why(body: str, verdict: str) -> None:
    found = read(body)
    assert not found.incidents
    assert found.segments[0].verdict == verdict


def test_figures_carry_value_qualifier_and_comparison() -> None:
    body = "截至8月底，青山派出所调解纠纷210余起，同比下降12%，止付资金近300万元。"
    got = [(f.value, f.unit, f.qualifier, f.comparison) for f in read(body).figures]
    assert got == [
        (210, "起", "over", None),
        (12, "%", "exact", "yoy_down"),
        (3_000_000, "元", "nearly", None),
    ]


def test_numbers_inside_an_incident_are_no_figures() -> None:
    assert not read(LOST).figures


def test_short_form_resolves_to_the_full_name() -> None:
    body = "江西省万安县公安局五丰边境派出所民警常年驻守。\n9月2日，五丰所接到许女士报警，称手机被盗，民警抓获冯某。"
    i = one(body)
    assert (i.station, i.station_full) == ("五丰边境派出所", "江西省万安县公安局五丰边境派出所")
    assert (i.province, i.district) == ("江西省", "万安县")


def test_helping_unit_is_not_the_station() -> None:
    body = "9月2日，青山派出所接到许先生报警，称父亲走失。民警联系红花派出所协查，在车站找到老人并送回家。"
    assert one(body).station == "青山派出所"


def test_sign_off_in_the_title_gives_the_bureau() -> None:
    i = one(
        "9月2日，我局接群众报警，一男子持刀伤人。犯罪嫌疑人冯某已被刑事拘留。", title="万安县公安局警情通报"
    )
    assert i.station == "万安县公安局"


def test_officers_are_named_once_in_full() -> None:
    body = "9月2日，青山派出所民警杨茂华在街头遇到迷路的许大爷。老杨将老人送回家中。杨茂华还留下电话。"
    officers = [p.name for p in one(body).persons if p.role == "officer"]
    assert officers == ["杨茂华"]


def test_journalists_are_no_persons() -> None:
    body = "记者丁小一获悉，9月2日，青山派出所民警将走失的许大爷送回家中。"
    assert "丁小一" not in {p.name for p in one(body).persons}


def test_age_and_sex_stand_beside_the_name() -> None:
    body = "9月2日，李某甲（男，28岁）殴打周某某，被青山派出所行政拘留。"
    p = next(p for p in one(body).persons if p.name == "李某甲")
    assert (p.role, p.surname, p.sex, p.age, p.anonymized) == ("suspect", "李", "M", 28, True)


def test_prevented_fraud_keeps_the_sum() -> None:
    i = one("9月2日，接到预警后，青山派出所民警上门劝阻，陈某保住12.6万元，未被诈骗。")
    assert (i.kind, i.polarity, i.amount_cny) == ("fraud.telecom", "prevented", 126_000)
    assert "loss_prevented" in i.outcome


def test_false_alarm_is_marked() -> None:
    i = one("9月2日，许女士报警称楼道有燃气泄漏。青山派出所民警赶到排查，原来是邻居腌菜，虚惊一场。")
    assert i.polarity == "false_alarm"


def test_ambiguous_district_is_flagged_and_not_completed() -> None:
    i = one("9月2日，鼓楼区青山派出所接到许女士报警，称手机被盗，民警抓获冯某。")
    assert (i.city, i.district) == (None, "鼓楼区")
    assert "ambiguous_district" in i.flags


def test_municipality_is_the_city() -> None:
    i = one("9月2日，北京市公安局房山分局青山派出所接到许女士报警，称手机被盗，民警抓获冯某。")
    assert (i.province, i.city, i.district) == (None, "北京市", "房山区")


@pytest.mark.parametrize(
    "bait", ["1", "月", "某", "在", "派出所", "，", "“", "民警", "5月3日", "一名男子", "\n"]
)
def test_bait_is_read_to_the_end(bait: str) -> None:
    read(bait * 4000)


def test_empty_body_gives_nothing() -> None:
    found = read("")
    assert (found.incidents, found.figures, found.segments) == ((), (), ())

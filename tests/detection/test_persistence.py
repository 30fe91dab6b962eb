"""When the same demand again is persistence, and when it is not: whole small talks through the shipped rules.

A line that begins with 「職:」 is the operator's, every other one the caller's.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from detection.conversation import PERSISTENCE, CallConversation
from detection.policy_files import load_policy
from detection.types import Decision, Finding, Severity, Speaker, Utterance
from tests.detection.shipped import shipped_detector

TURN_MS = 6_000
OPERATOR = "職:"


def talk(*lines: str, gap_ms: int = TURN_MS) -> list[Decision]:
    """Return the decision after each of *lines*, spoken *gap_ms* apart under the shipped policy."""
    detector = shipped_detector()
    conversation = CallConversation(load_policy("ebetsu"), detector.version)
    decisions = []
    for number, line in enumerate(lines):
        operator = line.startswith(OPERATOR)
        utterance = Utterance(
            utterance_id=f"u{number}",
            speaker=Speaker.OPERATOR if operator else Speaker.CALLER,
            text=line.removeprefix(OPERATOR),
            start_ms=number * gap_ms,
            end_ms=number * gap_ms + 4_000,
        )
        decisions.append(conversation.hear(utterance, detector.assess(utterance)))
    return decisions


def persistent(decisions: list[Decision]) -> list[tuple[int, Finding]]:
    """Return each finding of persistence with the number of the line that brought it to light."""
    return [
        (number, finding)
        for number, decision in enumerate(decisions)
        for finding in decision.findings
        if finding.rule == PERSISTENCE
    ]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            (
                "市民税を減免してください。",
                "職:減免の対象にはなりませんので、いたしかねます。",
                "だから、減免してくれと言っているんだ。",
                "職:申し訳ございませんが、減免はできません。",
                "いいから減免しろよ。",
            ),
            id="in the same words",
        ),
        pytest.param(
            (
                "もとの角にごみ箱を戻してくれないか。",
                "職:町内会で決めていただいておりますので、市では戻せません。",
                "決まりはいいから、さっさともとに戻せ。",
                "職:市だけで動かすことはできません。",
                "納得できないね。",
            ),
            id="without words of its own",
        ),
        pytest.param(
            (
                "玄関の前に街灯を付けていただけませんでしょうか。",
                "職:基準により、設置はできません。",
                "では、お試しで、半年だけ置いていただくというのは。",
                "職:期限を区切りましても同じで、設置はいたしかねます。",
                "電柱に電球をひとつ、それでしたらお手間もないでしょうに。",
                "職:電柱でも同じ基準でございます。できません。",
            ),
            id="in other words each time, politely",
        ),
        pytest.param(
            (
                "見舞金として十万円用意してもらおうか。",
                "職:金銭はお支払いいたしません。",
                "五万でおさめてやってもいいんだぞ。",
                "職:お金はお支払いできません。",
                "じゃあ今日のうちに三万な。",
                "職:金額にかかわらず、お金はお支払いできません。",
            ),
            id="haggling",
        ),
        pytest.param(
            (
                "除雪の雪を持って行ってください。",
                "職:お宅の前の雪は、持って行くことができません。",
                "まだ雪が残っているじゃないか、どうなってるんだ。",
                "職:個別に雪を運ぶことはいたしかねます。",
                "いつまでたっても雪がそのままだ、ひどいだろう。",
                "職:先ほど申し上げたとおりです。",
            ),
            id="as a complaint that it is not done",
        ),
    ],
)
def test_the_third_statement_after_two_refusals_is_persistence(lines: tuple[str, ...]) -> None:
    found = persistent(talk(*lines))

    assert found
    number, first = found[0]
    assert number >= 4
    assert first.quote == lines[4]
    assert (first.severity, "3回目" in first.reason) == (Severity.CAUTION, True)


ASKED = "市民税を減免してください。"
REFUSED = "職:減免の対象にはなりませんので、いたしかねます。"
AGAIN = "だから、減免してくれと言っているんだ。"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            (
                ASKED,
                REFUSED,
                "え?聞こえないんですけど。",
                ASKED,
                REFUSED,
                "電話が遠いです。",
                ASKED,
            ),
            id="the answer was not heard",
        ),
        pytest.param(
            (
                ASKED,
                REFUSED,
                "難しくてよくわからないです。",
                ASKED,
                REFUSED,
                "もう一度ゆっくり説明してください。",
                ASKED,
            ),
            id="the answer was not understood",
        ),
        pytest.param(
            (
                "申請の期限はいつですか。",
                "職:今月の二十日でございます。以後はお受けできません。",
                "二十日ですね。",
                "職:はい、二十日を過ぎますとお受けできません。",
                "二十日の五時まででいいんですか。",
                "職:はい、五時を過ぎますとお受けできません。",
                "わかりました、二十日の五時ですね。",
            ),
            id="making sure of a date",
        ),
        pytest.param(
            (
                ASKED,
                REFUSED,
                "実は先月、会社が倒産して失業したんです。",
                "職:それでも、今年度の減免の対象にはなりません。",
                "離職の証明書が届いたんですが、それでも減免は無理でしょうか。",
                "職:証明書がありましても、今年度は対象になりません。",
                "さきほど言い忘れたのですが、先週、妻が入院したんです。減免してください。",
            ),
            id="a new circumstance each time",
        ),
        pytest.param(
            (
                "道路の穴を直してください。",
                "職:私道ですので、市では直せません。",
                "住民票を郵送で送ってください。",
                "職:ご本人の申請がないので、お送りできません。",
                "図書館の開館時間を延ばしてください。",
                "職:時間の延長は予定しておりません。",
                "証明書の手数料を下げてください。",
                "職:手数料は条例の定めで、下げられません。",
            ),
            id="different demands",
        ),
        pytest.param(
            (
                ASKED,
                "職:恐れ入ります、もう一度お聞かせいただけますか。",
                ASKED,
                "職:お電話が途切れました。もう一度お話しください。",
                ASKED,
                "職:どのようなご用件でしょうか。",
                ASKED,
            ),
            id="the operator asked to hear it again",
        ),
        pytest.param(
            (ASKED, ASKED, "職:はい。", AGAIN, "職:少々お待ちください。", AGAIN, ASKED),
            id="nobody has answered yet",
        ),
        pytest.param(
            (
                "雪で道がふさがっています。除雪してください。",
                "職:順番に伺っております。個別にはお約束できません。",
                "まだ除雪が来ないんですけど。",
                "職:確認してまいります。",
                "除雪、まだですか。",
                "職:お調べいたしますので、少々お待ちください。",
                "除雪してください。",
            ),
            id="time passes while the caller waits",
        ),
        pytest.param(
            (
                "二重に払った税金を返してください。",
                "職:記録がございませんので、お返しできません。",
                "返してください、二回払ったんです。",
                "職:こちらの入力の誤りで、二重に請求しておりました。申し訳ございません。",
                "だから返してくれと言っているんだ。",
                "職:全額お返しいたします。",
                "早く返してください。",
                "職:来週お返しいたします。",
                "必ず返してくださいよ。",
            ),
            id="the city was wrong",
        ),
        pytest.param(
            (
                ASKED,
                REFUSED,
                "責任者と話をさせてください。",
                "職:係長に代わります。",
                "職:お電話代わりました。係長でございます。",
                ASKED,
                "職:どのようなご事情でしょうか。",
                "市民税を減免してほしいんです。",
            ),
            id="told again to another person",
        ),
        pytest.param(
            (
                ASKED,
                REFUSED,
                "分割で払うことはできますか。",
                "職:はい、分割の方法もございます。",
                "では分割でお願いします。",
                "職:申込書をお送りいたします。",
                "申込書はいつ届きますか。",
            ),
            id="the caller takes another way",
        ),
        pytest.param(
            (
                "マイナンバーカードの更新の予約をお願いします。",
                "職:予約はインターネットでお取りいただけます。",
                "インターネットは使えないので、電話で予約をお願いします。",
                "職:お電話でも承ります。お名前をお願いします。",
                "山田です。土曜日に予約をお願いします。",
                "職:土曜日は受け付けておりません。",
                "じゃあ金曜日に予約をお願いします。",
            ),
            id="arranging a day",
        ),
        pytest.param(
            (
                "どうして減免にならないんですか。",
                "職:所得が基準を超えておりますので、対象になりません。",
                "その基準は何に書いてありますか。",
                "職:条例に定めがございます。お電話ではすべてお読みできません。",
                "条例はどこで見られますか。",
                "職:ホームページでご覧いただけます。窓口ではお渡しできません。",
                "では、そこを見てみます。",
            ),
            id="asking for the reasons",
        ),
    ],
)
def test_asking_again_for_a_reason_is_no_persistence(lines: tuple[str, ...]) -> None:
    decisions = talk(*lines)

    assert persistent(decisions) == []
    assert {decision.level for decision in decisions} == {Severity.NONE}


def test_accepting_lets_the_count_begin_anew() -> None:
    accepted = (ASKED, REFUSED, AGAIN, REFUSED, "わかりました。ありがとうございました。")
    other = ("職:ほかにご用件はございますか。",) * 5

    decisions = talk(*accepted, *other, ASKED, REFUSED, AGAIN)

    assert persistent(decisions) == []
    assert decisions[len(accepted) - 1].stalemate_ms == 0


def test_who_says_yes_and_goes_on_at_once_has_not_accepted() -> None:
    lines = (ASKED, REFUSED, AGAIN, REFUSED, "わかりました。", "でも、減免しろよ。")

    decisions = talk(*lines)

    assert [number for number, _ in persistent(decisions)] == [5]


def test_going_on_after_a_warning_is_graver() -> None:
    lines = (
        *(ASKED, REFUSED, AGAIN, REFUSED, AGAIN),
        "職:同じご要望が続く場合は、お電話を終了いたします。",
        AGAIN,
    )

    found = persistent(talk(*lines))

    assert [int(finding.severity) for _, finding in found] == [1, 2]
    assert "警告の後" in found[-1][1].reason


def test_the_policy_says_how_often_a_demand_may_come_back() -> None:
    detector = shipped_detector()
    policy = replace(load_policy("ebetsu"), returns_for_persistence=4)
    conversation = CallConversation(policy, detector.version)
    found: list[Finding] = []
    for number, line in enumerate((ASKED, REFUSED) * 5):
        speaker = Speaker.OPERATOR if line.startswith(OPERATOR) else Speaker.CALLER
        start_ms = number * TURN_MS
        utterance = Utterance(f"u{number}", speaker, line, start_ms, start_ms + 4_000)
        found += conversation.hear(utterance, detector.assess(utterance)).findings

    assert [finding.reason for finding in found] == ["お断りした後も、同じご要望が5回目です"]

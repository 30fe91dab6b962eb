"""Glue: the operator's screen in a real browser, against a scripted server."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.scenes import CALL, Talk, alert, ms
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def talk_of(screen: Screen) -> Talk:
    return Talk(screen.preview.theatre.stage)


async def test_words_appear_as_they_are_said_on_the_side_of_who_said_them(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()

    screen.preview.portal.call(talk_of(screen).says, "operator", "0:02", "江別市役所です。")
    screen.preview.portal.call(talk_of(screen).says, "caller", "0:05", "除雪はいつですか。")

    await expect(screen.find(".line-operator .line-words")).to_have_text("江別市役所です。")
    await expect(screen.find(".line-caller .line-words")).to_have_text("除雪はいつですか。")
    await expect(screen.find(".line-caller time")).to_have_text("00:05")


async def test_a_sentence_recognised_late_stands_where_it_was_said(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()

    screen.preview.portal.call(talk_of(screen).says, "caller", "0:09", "あとの発話")
    screen.preview.portal.call(talk_of(screen).says, "operator", "0:04", "まえの発話")

    await expect(screen.find(".line-words")).to_have_text(["まえの発話", "あとの発話"])


async def test_found_words_are_marked_and_named_even_behind_characters_outside_the_basic_plane(
    screen: Screen,
) -> None:
    screen.preview.play("begun")
    await screen.open_call()
    text = "𠮟られたいのか、ふざけるな。"

    def harass() -> None:
        talk_of(screen).harasses("0:05", text, "ふざけるな", "mental_attack", level=1)

    screen.preview.portal.call(harass)

    await expect(screen.find("mark[data-level='1']")).to_have_text(["印", "ふざけるな"])
    await expect(screen.find(".line .mark-tag")).to_have_text("脅迫・侮辱・暴言")


async def test_an_alert_says_what_when_why_and_by_which_clause(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()

    def harass() -> None:
        talk_of(screen).harasses(
            "0:52", "土下座しろ。", "土下座しろ", "apology", level=2, needs_check=True
        )

    screen.preview.portal.call(harass)

    card = screen.find(".alert")
    for words in (
        "謝罪の要求",
        "警告",
        "要確認",
        "00:52",
        "「土下座しろ」",
        "土下座を求めています",
    ):
        await expect(card).to_contain_text(words)
    await expect(card).to_contain_text("方針:妥当性を欠く土下座などの謝罪の要求")


async def test_an_alert_that_comes_again_changes_in_its_place(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    before = await screen.texts(".alert-title")

    screen.preview.tell(
        "alert.updated", CALL, alert("persistence", 2, "また言った", ms("2:00"), "x", count=7)
    )

    await expect(screen.find("[data-alert-id='a-persistence'] .alert-count")).to_have_text("7回")
    assert await screen.texts(".alert-title") == before


async def test_never_more_than_three_alerts_and_the_graver_takes_the_place_of_the_least(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find(".alert")).to_have_count(3)

    screen.preview.tell(
        "alert.raised", CALL, alert("physical_attack", 3, "刺してやる", ms("2:00"), "x")
    )
    screen.preview.tell("alert.raised", CALL, alert("intimidation", 1, "覚えてろ", ms("2:04"), "y"))

    await expect(screen.find("#alerts-more")).to_have_text("ほか2件:威圧的、繰り返し")
    assert await screen.texts(".alert-title") == [
        "精神的な攻撃(脅迫・侮辱・暴言など)",
        "職員個人への攻撃、要求",
        "身体的な攻撃の予告・示唆",
    ]


async def test_level_minutes_and_warnings_stay_in_their_places(screen: Screen) -> None:
    screen.preview.play("quiet")
    await screen.open_call()
    places = ["#level", "#elapsed", "#warnings", "#help"]
    before = [await screen.find(place).bounding_box() for place in places]

    screen.preview.tell("level.changed", CALL, {"level": 3, "outcome": "harassment_suspected"})
    screen.preview.tell("warning.spoken", CALL, {"count": 2, "limit": 3})

    await expect(screen.find("#level-word")).to_have_text("打ち切り・通報")
    await expect(screen.find("#warnings-gauge")).to_contain_text("2/3回")
    after = [await screen.find(place).bounding_box() for place in places]
    assert [(b["x"], b["y"]) for b in before if b] == [(b["x"], b["y"]) for b in after if b]


@pytest.mark.parametrize(
    ("content", "manner", "said"), [(0, 2, "(態様:"), (2, 0, "(内容:"), (1, 2, "(内容と態様:")]
)
async def test_the_screen_tells_what_is_asked_from_how_it_is_asked(
    screen: Screen, content: int, manner: int, said: str
) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    screen.preview.tell(
        "level.changed",
        CALL,
        {"level": 2, "outcome": "harassment_suspected", "content": content, "manner": manner},
    )

    await expect(screen.find("#level-kind")).to_contain_text(said)


async def test_a_threat_interrupts_a_screen_reader_and_shows_the_police_number(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#say-emergency")).to_be_hidden()

    screen.preview.tell("level.changed", CALL, {"level": 3, "outcome": "harassment_suspected"})
    screen.preview.tell(
        "alert.raised", CALL, alert("physical_attack", 3, "刺してやる", ms("2:00"), "x")
    )

    await expect(screen.find("#assertive")).to_contain_text("身の危険があるときは110番")
    await expect(screen.find("#say-emergency")).to_contain_text("身の危険があるときは110番")
    await expect(screen.find("#polite")).to_have_text("")


async def test_insults_alone_never_bring_up_the_police_number(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    screen.preview.tell("level.changed", CALL, {"level": 3, "outcome": "harassment_suspected"})
    screen.preview.portal.call(
        talk_of(screen).suggests, "close", "これでお電話を終了いたします。", "mental_attack"
    )

    await expect(screen.find("#say-step")).to_have_text("対応:終了のご案内")
    await expect(screen.find("#assertive")).to_contain_text("上司と職員で対応をご判断ください")
    await expect(screen.find("#assertive")).not_to_contain_text("110番")
    await expect(screen.find("#say-emergency")).to_be_hidden()


async def test_the_level_names_the_words_that_brought_it_there(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#level-why")).to_have_text("「お前みたいな無能」")

    screen.preview.tell("level.changed", CALL, {"level": 3, "outcome": "harassment_suspected"})
    screen.preview.tell(
        "alert.raised", CALL, alert("physical_attack", 3, "刺してやる", ms("2:00"), "x")
    )

    await expect(screen.find("#level-why")).to_have_text("「刺してやる」")
    await expect(screen.find("#level-kind")).to_have_text("(身体的な攻撃)")
    await expect(screen.find("#outcome")).to_have_text("カスハラのおそれ")


async def test_alerts_stay_where_they_are_when_another_comes(screen: Screen) -> None:
    screen.preview.play("level1")
    await screen.open_call()
    before = await screen.find("[data-alert-id='a-mental_attack']").bounding_box()

    for category, level in (("personal_attack", 2), ("apology", 2)):
        raised = alert(category, level, "名前と住所を言え", ms("1:10"), "x")
        screen.preview.tell("alert.raised", CALL, raised)

    await expect(screen.find(".alert")).to_have_count(3)
    assert await screen.find("[data-alert-id='a-mental_attack']").bounding_box() == before


async def test_an_alert_of_two_kinds_keeps_its_heading_on_one_line(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()
    raised = alert("mental_attack", 2, "SNSにさらしてやる", ms("1:00"), "x", count=2)

    screen.preview.tell(
        "alert.raised", CALL, {**raised, "categories": ["mental_attack", "personal_attack"]}
    )

    await expect(screen.find(".alert-title")).to_have_text("脅迫・侮辱・暴言、職員個人")
    box = await screen.find(".alert-head").bounding_box()
    assert box is not None
    assert box["height"] <= 28


async def test_a_kind_of_conduct_is_named_once_in_a_sentence(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()
    text = "お前ばかか、この税金泥棒が。"

    def harass() -> None:
        utterance_id = talk_of(screen).says("caller", "0:05", text)
        for quote in ("お前ばか", "税金泥棒"):
            talk_of(screen).found(utterance_id, text, quote, "mental_attack", 2)

    screen.preview.portal.call(harass)

    await expect(screen.find(".line mark")).to_have_count(2)
    await expect(screen.find(".line .mark-tag")).to_have_count(1)


async def test_an_ended_call_shows_every_alert_and_what_people_did(screen: Screen) -> None:
    screen.preview.play("level3")
    screen.preview.tell("note", CALL, {"kind": "help_requested", "text": "", "by": "sato"})
    await screen.open_call()
    lapsed = alert("persistence", 1, "だから今すぐ除雪に来い", ms("1:21"), "x", count=3)

    screen.preview.tell("alert.closed", CALL, lapsed)
    screen.preview.tell("call.ended", CALL, {"reason": "stop", "duration_ms": 754_000})

    await expect(screen.find(".alert")).to_have_count(4)
    await expect(screen.find("#deed-list")).to_contain_text("応援を要請")
    await expect(screen.find("#deed-list .deed-by")).to_have_text("sato")


async def test_a_gap_is_a_line_that_says_when_and_why(screen: Screen) -> None:
    screen.preview.play("quiet")
    await screen.open_call()

    screen.preview.tell(
        "gap", CALL, {"track": "caller", "start_ms": 42_000, "end_ms": 50_000, "reason": "overload"}
    )

    await expect(screen.find(".gap")).to_contain_text("00:42–00:50 認識できませんでした")
    await expect(screen.find(".gap")).to_contain_text("認識が追いつきませんでした")


async def test_words_that_were_hardly_heard_say_so(screen: Screen) -> None:
    screen.preview.play("quiet")

    await screen.open_call()

    await expect(screen.find(".line .unsure")).to_have_text("今夜って何時ごろですか。")
    await expect(screen.find(".line-foot")).to_contain_text("聞き取り不確か")


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        ("quiet", "正常に動作中"),
        ("behind", "認識が6秒遅れています"),
        ("down", "認識停止中"),
        ("ended", "通話終了"),
    ],
)
async def test_the_screen_says_how_well_it_is_served(
    screen: Screen, scene: str, words: str
) -> None:
    screen.preview.play(scene)

    await screen.open_call()

    await expect(screen.find("#link-word")).to_have_text(words)


async def test_the_transcript_follows_its_end_until_somebody_reads_back(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()
    await expect(screen.find("#latest")).to_be_hidden()
    await screen.find("#talk-scroll").hover()
    await screen.page.mouse.wheel(0, -4_000)
    await expect(screen.find("#latest")).to_be_visible()
    # A wheel scrolls over some frames.
    await screen.page.wait_for_function("document.getElementById('talk-scroll').scrollTop === 0")

    screen.preview.portal.call(talk_of(screen).saying, "caller", "1:55", "まだ途中の")
    screen.preview.portal.call(talk_of(screen).saying, "caller", "1:55", "")
    screen.preview.portal.call(talk_of(screen).says, "caller", "2:00", "いちばん新しい発話")

    await expect(screen.find("#latest")).to_contain_text("新しい発言1件")
    assert await screen.evaluate("document.getElementById('talk-scroll').scrollTop") == 0
    await screen.find("#latest").click()
    await expect(screen.find(".line").last).to_be_in_viewport()
    await expect(screen.find("#latest")).to_be_hidden()


async def test_three_hours_of_talk_keep_the_page_light(screen: Screen) -> None:
    screen.preview.play("long")

    await screen.open_call()

    await expect(screen.find(".line")).to_have_count(300)
    await expect(screen.find(".line").last).to_be_in_viewport()
    await screen.find("#older").click()
    await expect(screen.find(".line")).to_have_count(600)


async def test_the_sentence_to_say_is_the_largest_text(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    sizes = await screen.evaluate(
        """[...document.querySelectorAll("main *")].filter((e) => e.checkVisibility()
          && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
          .map((e) => [parseFloat(getComputedStyle(e).fontSize), e.id])"""
    )

    largest = max(size for size, _ in sizes)
    assert largest >= 20
    assert "say-text" in [name for size, name in sizes if size == largest]


async def test_a_caller_who_needs_care_is_not_called_ordinary(screen: Screen) -> None:
    screen.preview.play("welfare")

    await screen.open_call()

    await expect(screen.find("#outcome")).to_have_text("支援が必要なおそれ")
    await expect(screen.find("#alerts-none")).to_contain_text("警告はせず")


async def test_an_ended_call_shows_how_far_it_went_and_offers_the_way_back(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()

    screen.preview.tell("level.changed", CALL, {"level": 1, "outcome": "harassment_suspected"})
    screen.preview.tell("call.ended", CALL, {"reason": "stop", "duration_ms": 754_000})

    await expect(screen.find("#link-word")).to_have_text("通話終了")
    await expect(screen.find("#elapsed")).to_have_text("12:34")
    await expect(screen.find("#level-word")).to_have_text("打ち切り・通報")
    await expect(screen.find("#say-back a")).to_have_text(["通話一覧へ戻る", "報告書"])
    await expect(screen.find("#help")).to_be_hidden()


@pytest.mark.parametrize("reason", ["interrupted", "error"])
async def test_where_only_the_record_ended_nobody_is_told_that_the_caller_has_hung_up(
    screen: Screen, reason: str
) -> None:
    screen.preview.play("level3")
    await screen.open_call()

    screen.preview.tell("call.ended", CALL, {"reason": reason, "duration_ms": 754_000})

    await expect(screen.find("#say-text")).to_contain_text("見守りは終わりました(")
    await expect(screen.find("#say-text")).to_contain_text("内線で上司を呼ぶか")
    await expect(screen.find("#polite")).to_have_text(await screen.find("#say-text").inner_text())


async def test_the_next_call_opens_over_the_one_that_has_just_ended(screen: Screen) -> None:
    screen.preview.play("quiet")
    await screen.open_call()
    screen.preview.tell("call.ended", CALL, {"reason": "stop", "duration_ms": 754_000})
    await expect(screen.find("#link-word")).to_have_text("通話終了")

    screen.preview.portal.call(screen.preview.theatre.stage.begin, "c-9")

    await expect(screen.page).to_have_url(f"{screen.preview.address}/calls/c-9")


async def test_the_next_call_opens_too_when_the_last_one_ended_late(screen: Screen) -> None:
    screen.preview.play("quiet")
    screen.preview.portal.call(
        lambda: screen.preview.theatre.stage.begin("c-0", age_ms=ms("5:00"))  # lost, and older
    )
    await screen.open_call()
    screen.preview.portal.call(screen.preview.theatre.stage.begin, "c-9")

    screen.preview.tell("call.ended", CALL, {"reason": "interrupted", "duration_ms": 90_000})

    await expect(screen.page).to_have_url(f"{screen.preview.address}/calls/c-9")

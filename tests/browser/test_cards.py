"""Glue: the card for 110 and the card for support: when they open, what they say, what is never done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from app.aids.settings import AidsSettings, Contact
from app.auth.identity import Role
from app.settings import Settings
from tests.app.running import hear_until, in_own_task, running_server, say
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, Talk, alert, ms
from tests.browser.screen import Screen
from tests.browser.test_real_server import begin, sign_in, speak
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SUPERVISOR = replace(
    OPERATOR, login="tanaka", display_name="田中 一郎", role=Role.SUPERVISOR, user_id=2
)
AUDITOR = replace(OPERATOR, login="kansa", display_name="山本 久", role=Role.AUDITOR, user_id=3)


async def line(screen: Screen, name: str) -> str:
    text: str = await screen.find(f"[data-line='{name}'] dd").inner_text()
    return text


async def is_filled(screen: Screen) -> None:
    """Wait for what the office has entered: it comes with an answer of its own."""
    await expect(screen.find("[data-line='back'] dd")).to_have_text("011-382-4141")


async def test_a_threat_opens_the_card_ready_to_read_out(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()
    await is_filled(screen)

    await expect(screen.find("#card-heading")).to_have_text("110番カード")
    await expect(screen.find("#card-lines")).to_be_visible()

    assert await line(screen, "what") == "電話で、危害を予告するおそれのある言葉がありました。"
    assert "1分以内" in await line(screen, "when")
    assert await line(screen, "where") == (
        "江別市役所 本庁舎 江別市高砂町6番地、道路管理課 2階 東側"
    )
    assert "011-000-1234" in await line(screen, "who")
    assert "分かる範囲で" in await line(screen, "who")
    assert "「うるさい。今から行ってお前を刺してやるからな。待ってろ。」" in await line(
        screen, "words"
    )
    assert "01:36" in await line(screen, "words")
    assert await line(screen, "back") == "011-382-4141"
    await expect(screen.find("#card-note")).to_contain_text("この画面から電話はかかりません")
    assert await screen.find("a[href^='tel:']").count() == 0


async def test_no_line_tells_an_age_or_a_sex_from_a_voice(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()
    await is_filled(screen)

    told = await screen.find("#card").inner_text()

    assert not any(word in told for word in ("男", "女", "歳", "代の"))


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1024, 768)])
async def test_the_open_card_covers_neither_sentence_nor_level_nor_help(
    screen: Screen, width: int, height: int
) -> None:
    await screen.page.set_viewport_size({"width": width, "height": height})
    screen.preview.play("level3")
    await screen.open_call()
    await is_filled(screen)

    card = await screen.find("#card").bounding_box()
    assert card is not None
    for place in ("#say", "#level", "#help", "#say-text", "#said"):
        box = await screen.find(place).bounding_box()
        assert box is not None, place
        assert box["y"] + box["height"] <= card["y"], place
    assert card["y"] + card["height"] <= height
    called = await screen.find("#card-called").bounding_box()
    assert called is not None
    assert called["y"] + called["height"] <= height
    assert called["height"] >= 44


async def test_everything_to_read_fits_at_the_smallest_office_screen(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()
    await is_filled(screen)

    hidden_px = await screen.find("#card-threat").evaluate(
        "(body) => body.scrollHeight - body.clientHeight"
    )

    assert hidden_px <= 0


async def test_a_folded_card_gives_the_alerts_back_and_stays_folded(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()
    await expect(screen.find(".alert").first).to_be_hidden()

    await screen.find("#card-fold").click()

    await expect(screen.find("#card-lines")).to_be_hidden()
    await expect(screen.find(".alert").first).to_be_visible()
    threat = alert("physical_attack", 3, "刺してやる", ms("1:50"), "x", count=2)
    screen.preview.tell("alert.updated", CALL, threat)
    await expect(screen.find("[data-alert-id='a-physical_attack'] .alert-count")).to_have_text(
        "2回"
    )
    await expect(screen.find("#card-lines")).to_be_hidden()
    await screen.find("#card-fold").click()
    await expect(screen.find("#card-lines")).to_be_visible()


async def test_a_threat_that_is_none_is_called_so_on_the_card_itself(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()
    await expect(screen.find("#card")).to_be_visible()

    await screen.find("#card-wrong").click()

    await expect(screen.find("#card")).to_be_hidden()
    await expect(screen.find("#toast")).to_contain_text("誤検知として記録しました")
    assert [
        path for _, path in screen.preview.theatre.stage.requests if "false-alarm" in path
    ] != []


async def test_a_card_that_rests_on_half_a_sentence_says_that_it_is_to_be_checked(
    screen: Screen,
) -> None:
    screen.preview.play("quiet")
    await screen.open_call()
    talk = Talk(screen.preview.theatre.stage)
    half = "今からそっちに行って殴ってやるから待って"
    utterance_id = screen.preview.portal.call(talk.saying, "caller", "1:20", half)
    early = alert("physical_attack", 3, "殴ってやる", ms("1:20"), utterance_id, check=True)

    screen.preview.tell("alert.raised", CALL, early)

    await expect(screen.find("#card-check")).to_have_text("要確認")
    await expect(screen.find("#card-lines")).to_contain_text(half)


async def test_a_false_alarm_takes_its_card_with_it(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    threat = alert("physical_attack", 3, "刺してやる", ms("1:50"), "x")
    screen.preview.tell("alert.raised", CALL, threat)
    await expect(screen.find("#card")).to_be_visible()

    screen.preview.portal.call(
        lambda: screen.preview.theatre.stage.mark_false("a-physical_attack", false_alarm=True)
    )

    await expect(screen.find("#card")).to_be_hidden()
    await expect(screen.find(".alert").first).to_be_visible()


async def test_who_pressed_that_they_called_and_when_stands_there_and_can_be_undone(
    screen: Screen,
) -> None:
    screen.preview.play("level3")
    await screen.open_call()

    await screen.find("#card-called").click()

    await expect(screen.find("#card-who")).to_contain_text("佐藤 花子が110番に通報")
    await expect(screen.find("#card-called")).to_be_hidden()
    await screen.find("#card-undo").click()
    await expect(screen.find("#card-called")).to_be_visible()
    assert screen.preview.theatre.stage.requests == [
        ("POST", f"/v1/calls/{CALL}/emergency-called"),
        ("DELETE", f"/v1/calls/{CALL}/emergency-called"),
    ]


async def test_a_call_to_110_that_could_not_be_stored_says_what_to_do(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("level3")
    await screen.open_call()
    await screen.page.route("**/emergency-called", lambda route: route.abort())

    await screen.find("#card-called").click()

    await expect(screen.find("#toast")).to_contain_text("通報した時刻を手元に控え")
    await expect(screen.find("#card-called")).to_be_visible()


async def test_the_lines_are_copied_as_they_are_read(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()
    await is_filled(screen)

    await screen.find("#card-copy").click()

    await expect(screen.find("#card-done")).to_have_text("コピーしました")
    copied = await screen.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0].startswith("何があったか:電話で、危害")
    assert "こちらの電話:011-382-4141" in copied


async def test_the_card_is_opened_by_hand_at_any_level_and_closes_again(screen: Screen) -> None:
    screen.preview.theatre.identity = SUPERVISOR
    screen.preview.play("quiet")
    await screen.open_call()

    await screen.find("#open-threat").click()

    await expect(screen.find("#card")).to_be_focused()
    assert await line(screen, "what") == "起きたことを、そのままお伝えください"
    await screen.find("#card-fold").focus()
    await screen.press("Enter")
    await expect(screen.find("#card")).to_be_hidden()
    await expect(screen.find("#open-threat")).to_be_focused()


async def test_the_auditor_has_no_card(screen: Screen) -> None:
    screen.preview.theatre.identity = AUDITOR
    screen.preview.play("hard-call")
    await screen.open_call()

    await expect(screen.find("#link-word")).to_have_text("通話終了")
    await expect(screen.find("#card, #open-threat")).to_have_count(0)


async def test_a_hint_at_suicide_opens_the_card_for_support(screen: Screen) -> None:
    screen.preview.play("welfare")
    await screen.open_call()

    await expect(screen.find(".card-do")).to_contain_text("こちらから電話を切りません")
    await expect(screen.find("#card-contacts")).to_contain_text("011-398-4332")
    await expect(screen.find("#card-contacts")).to_contain_text("0570-064-556")
    await expect(screen.find("#card-acts")).to_be_hidden()


async def test_without_contacts_the_card_says_what_to_do_instead(screen: Screen) -> None:
    screen.preview.play("unset")
    await screen.open_call()

    await expect(screen.find("#card-no-contacts")).to_contain_text("まだ管理者が登録していません")
    await expect(screen.find("#card-no-contacts")).to_contain_text("上司に")
    await expect(screen.find("#card-contacts > div")).to_have_count(0)


async def test_a_threat_comes_before_support(screen: Screen) -> None:
    screen.preview.play("welfare")
    await screen.open_call()
    await expect(screen.find("#card-welfare")).to_be_visible()

    threat = alert("mental_attack", 3, "殺すぞ", ms("3:05"), "x")
    screen.preview.tell("alert.raised", CALL, threat)

    await expect(screen.find("#card-threat")).to_be_visible()
    assert "脅迫のおそれ" in await line(screen, "what")


async def test_whoever_announces_a_visit_to_the_operators_home_opens_the_card(
    screen: Screen,
) -> None:
    screen.preview.play("quiet")
    await screen.open_call()

    threat = alert("personal_attack", 3, "お前の家まで行くからな", ms("1:20"), "x")
    screen.preview.tell("alert.raised", CALL, threat)

    await expect(screen.find("#card-threat")).to_be_visible()
    assert "自宅などに押しかける" in await line(screen, "what")


async def test_a_number_that_is_read_in_part_says_where_the_whole_of_it_is(screen: Screen) -> None:
    screen.preview.play("begun")
    screen.preview.theatre.stage.calls[CALL]["call"]["caller_number"] = "****1234"
    await screen.open_call()

    await screen.find("#open-threat").click()

    await expect(screen.find("[data-line='who'] dd")).to_contain_text("「これまでのお電話」")


async def test_how_long_ago_it_was_is_told_by_the_servers_clock(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.page.add_init_script("const real = Date.now; Date.now = () => real() + 600_000;")
    await screen.open_call()
    await is_filled(screen)

    assert "1分以内" in await line(screen, "when")


async def test_the_card_moves_nothing_else_when_its_minutes_change(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()
    await is_filled(screen)
    before = await screen.find("#say").bounding_box()

    talk = Talk(screen.preview.theatre.stage)
    screen.preview.portal.call(talk.says, "caller", "1:50", "おい、聞いてるのか。")

    await expect(screen.find(".line").last).to_contain_text("聞いてるのか")
    assert await screen.find("#say").bounding_box() == before


REPORT = """async (given) => {
  const { reportLines, threatOf, placesIn } = await import("/static/js/card-report.js");
  const call = { started_at: "2026-04-06T04:00:00Z", caller_number: "", section: "道路管理課" };
  const base = { level: 3, categories: ["physical_attack"], quote: "刺す", start_ms: 90_000, end_ms: 92_000 };
  const lines = (more) => Object.fromEntries(reportLines({
    call, threat: base, said: null, office: { name: "", address: "", telephone: "", place: "" },
    now: Date.parse("2026-04-06T04:05:00Z"), ...more,
  }).map((line) => [line.id, line]));
  return {
    plain: lines({}),
    none: lines({ threat: null }),
    threats: given.alerts.map((changes) => threatOf({ a: { ...base, ...changes } }) !== null),
    places: given.texts.map(placesIn),
  };
}"""


async def test_what_is_a_threat_and_what_is_read_out_is_pure(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()
    alerts: list[dict[str, Any]] = [
        {},
        {"categories": ["mental_attack"]},
        {"categories": ["personal_attack"]},
        {"categories": ["sexual"]},
        {"level": 2},
        {"false_alarm": True},
        {"withdrawn": True},
    ]
    texts = ["今から市役所に火をつける", "お前の家に行く", "2階の窓口で待ってろ", "刺してやる"]

    found = await screen.page.evaluate(REPORT, {"alerts": alerts, "texts": texts})

    assert found["threats"] == [True, True, True, True, False, False, False]
    assert found["places"] == [["市役所"], ["お前の家"], ["2階", "窓口"], []]
    assert found["plain"]["when"]["text"] == "4月6日 13時1分ごろ(3分前)"
    assert found["plain"]["who"]["text"] == "番号は通知されていません。"
    assert found["plain"]["where"] == {"id": "where", "text": "道路管理課", "missing": True}
    assert (found["plain"]["back"]["missing"], found["none"]["what"]["missing"]) == (True, True)
    assert "words" not in found["none"]
    assert "named" not in found["plain"]


async def test_the_hour_that_is_read_out_is_japans_wherever_the_browser_is(
    browser: Browser, screen: Screen
) -> None:
    abroad = await browser.new_context(timezone_id="America/New_York", locale="en-US")
    page = await abroad.new_page()
    await page.goto(screen.preview.address + "/calls")

    found = await page.evaluate(REPORT, {"alerts": [], "texts": []})

    await abroad.close()
    assert found["plain"]["when"]["text"] == "4月6日 13時1分ごろ(3分前)"


async def test_on_the_real_server_a_threat_leads_to_the_card_the_record_and_a_rest(
    context: BrowserContext, tmp_path: Path
) -> None:
    office = AidsSettings(
        office_name="江別市役所 本庁舎",
        office_address="江別市高砂町6番地",
        places={"市民課": "1階"},
        staff_desk=Contact(name="職員課", number="内線 2345"),
    )
    settings = Settings(data_dir=tmp_path, aids=office)
    ear = ScriptedTranscriber("今から市役所に行って、お前を刺してやるからな。")
    async with in_own_task(running_server(settings, ear)) as server:
        page = await sign_in(context, server)
        async with server.stream() as stream:
            await begin(stream)
            await speak(stream, 1)
            await expect(page.locator("[data-line='where'] dd")).to_have_text(
                "江別市役所 本庁舎 江別市高砂町6番地、市民課 1階"
            )
            await expect(page.locator("[data-line='named'] dd")).to_have_text("「市役所」")
            await page.click("#card-called")
            await expect(page.locator("#card-who")).to_contain_text("佐藤 花子が110番に通報")
            await page.keyboard.press("m")
            await expect(page.locator(".missed")).to_have_count(1)
            await page.keyboard.press("p")
            await expect(page.locator("#say-muted")).to_be_visible()

            await page.reload()

            await expect(page.locator("#say-muted")).to_be_visible()
            await expect(page.locator(".missed")).to_have_count(1)
            await expect(page.locator("#card-who")).to_contain_text("佐藤 花子が110番に通報")
            await say(stream, {"type": "stop", "reason": "hangup"})
            await hear_until(stream, "stopped")
        await expect(page.locator("#aftercare-desk")).to_contain_text("職員課 内線 2345")
        await expect(page.locator("#deed-list")).to_contain_text("110番へ通報")

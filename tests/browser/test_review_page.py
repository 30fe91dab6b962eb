"""The page of an ended call: what is found, told and covered on it, who sees it, and how it looks."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from app.auth.identity import Role
from app.basis.keeping import Basis, BasisKind, keep_basis
from app.ledger import Entry
from app.recordings.models import Recording
from app.trail.chain import Deed
from app.trail.writing import record
from tests.app.review.filled import QUOTE, SAID, THREE_HOURS, WARNING
from tests.app.running import SECTION, RunningServer
from tests.browser.reviewing import CALL, ReviewPage, signed_in, with_call

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NUMBER = "折り返しは090-1234-5678にお願いします。"
JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")
WORDS_BY_LANGUAGE = """
[...document.querySelectorAll("#review *")].flatMap((e) =>
  e.closest("[lang='ja']") || ["SCRIPT", "NOSCRIPT"].includes(e.tagName)
    ? [] : [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()))
"""
WEAK_WORDS = """
(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("#review *")].filter((e) =>
    e.checkVisibility() && !e.disabled && !e.closest(":disabled, .visually-hidden")
      && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => {
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
      return [e.className || e.id || e.tagName, (a + 0.05) / (b + 0.05)];
    })
    .filter(([, contrast]) => contrast < 4.5);
})()
"""


async def opened(
    context: BrowserContext, server: RunningServer, query: str = "", role: Role = Role.AUDITOR
) -> ReviewPage:
    await with_call(server)
    review = await signed_in(context, server, role)
    await review.open(query)
    return review


async def test_a_finding_is_marked_in_its_words_and_explains_itself(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server, "?at=60000")
    line = review.line("01:00")

    await expect(line.locator("mark")).to_have_text(QUOTE)
    await line.get_by_role("button", name="理由をくわしく").click()

    await expect(line.locator(".explain-sentence")).to_contain_text("に当たるおそれがあります")
    await expect(line.locator("[data-part='versions']")).to_contain_text("mental.home_visit")
    assert await review.at_ms() == 60_000


async def test_everything_on_the_axis_also_stands_in_the_list(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server, "?at=60000")

    both = review.find("#near-marks .mark-button").filter(has_text="2")
    await expect(both).to_have_attribute("title", re.compile("精神的な攻撃.*\n.*お知らせを表示"))
    await both.press("Enter")
    led = review.find(".deed-led")

    await expect(led).to_have_count(2)
    await expect(led.first.locator("button")).to_be_focused()
    await expect(review.find("#near-levels")).to_contain_text("警告")
    await expect(review.find(".deed")).to_have_count(
        int(await review.find("[data-wanted='all'] .number").inner_text())
    )


async def test_the_list_shows_one_kind_alone_and_leads_there(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.find("[data-wanted='warning']").click()

    await expect(review.find(".deed-title")).to_have_text(["1回目の警告", "2回目の警告"])
    await expect(review.find(".deed-text").first).to_have_text(f"「{WARNING}」")
    await review.find(".deed button").first.click()
    assert await review.at_ms() == 366_000
    await expect(review.line("06:06")).to_be_in_viewport()
    await review.find("[data-wanted='record']").click()
    titles = await review.find(".deed-title").all_inner_texts()
    assert "録音を一時停止(10秒)" in titles
    assert "聞き取れなかった所(認識が追いつきませんでした)" in titles


async def test_it_is_shown_which_model_heard_and_which_rules_judged(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.find("#tab-deeds").focus()
    await review.press("ArrowLeft")  # round to the last tab

    await expect(review.find("#side-versions")).to_be_visible()
    await expect(review.find("#version-rows tr")).to_have_count(2)
    await expect(review.find("#version-rows")).to_contain_text("ebetsu-2")
    await expect(review.find("#model-rows")).to_contain_text("whisper-small")


async def test_what_the_policy_said_then_is_read_and_saved_as_it_was(
    context: BrowserContext, server: RunningServer
) -> None:
    async with server.services.database.transaction() as session:
        policy = Basis(BasisKind.POLICY, "ebetsu-that-day", "points = 3 # 当時の覚え書き")
        await keep_basis(session, server.services.clock, [policy])
    review = await opened(context, server)

    await review.find("#tab-versions").click()
    row = review.find("#basis-rows tr").filter(has_text="ebetsu-that-day")
    await row.get_by_role("button", name="基本方針の内容を読む").click()

    await expect(review.find("#basis-text")).to_have_text(policy.text)
    await expect(review.find("#basis-digest")).to_contain_text(policy.digest)
    async with review.page.expect_download() as saving:
        await review.find("#basis-file").click()
    assert (await (await saving.value).path()).read_text(encoding="utf-8") == policy.text
    await review.find("#basis-close").click()
    await expect(row.get_by_role("button")).to_be_focused()
    assert review.complaints == []


async def test_it_is_shown_who_saw_the_call_and_what_they_did(
    context: BrowserContext, server: RunningServer
) -> None:
    kinds = (
        "call.seen",
        "recording.heard",
        "call.unmasked",
        "export.fetched",
        "call.help_requested",
    )
    async with server.services.database.transaction() as session:
        for kind in kinds:
            await record(session, Deed(kind, by_login="mori", role="supervisor", call_id=CALL))
    review = await opened(context, server, role=Role.SUPERVISOR)

    await review.find("#tab-records").click()

    rows = review.find("#people-rows tr")
    await expect(rows.filter(has_text="振り返りの閲覧")).to_have_count(1)  # one's own look
    await expect(rows.first).to_contain_text("監督者")
    done = " ".join(await rows.all_inner_texts())
    for words in (
        "振り返りの閲覧",
        "録音の再生",
        "個人情報をすべて表示",
        "書き出した記録の受け取り",
    ):
        assert words in done
    assert "応援を要請" not in done


async def test_an_auditor_reads_numbers_covered_everywhere_on_the_page(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server, texts=(NUMBER, *SAID))
    review = await signed_in(context, server)
    await review.open()

    await expect(review.find("#head-covered")).to_be_visible()
    await expect(review.line("00:00")).to_contain_text("●●")
    assert "1234-5678" not in await review.page.content()


async def test_a_supervisor_reads_their_sections_call_whole(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server, texts=(NUMBER, *SAID))
    review = await signed_in(context, server, Role.SUPERVISOR)
    await review.open()

    await expect(review.line("00:00")).to_contain_text("090-1234-5678")
    await expect(review.find("#head-covered")).to_be_hidden()


@pytest.mark.parametrize(
    ("role", "section", "status", "words"),
    [
        (Role.SUPERVISOR, "税務課", 403, "ほかの課の通話は表示できません"),
        (Role.OPERATOR, SECTION, 403, "お使いの役割では、この操作はできません"),
        (Role.AUDITOR, "税務課", 404, "見つからないか"),
        (Role.ADMINISTRATOR, SECTION, 403, "お使いの役割では、この操作はできません"),
    ],
)
async def test_who_may_not_look_at_the_call_is_told_so(
    context: BrowserContext,
    server: RunningServer,
    role: Role,
    section: str,
    status: int,
    words: str,
) -> None:
    await with_call(server, recorded=False)
    review = await signed_in(context, server, role, section)

    answer = await review.page.goto(f"{server.url}/calls/{CALL}/review")

    assert answer is not None
    assert answer.status == status
    await expect(review.find("main")).to_contain_text(words)


async def test_a_call_that_goes_on_is_sent_back_to_its_own_page(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server, recorded=False, live=True)
    review = await signed_in(context, server, Role.SUPERVISOR)

    await review.page.goto(f"{server.url}/calls/{CALL}/review")

    await expect(review.find("main")).to_contain_text("この通話はまだ続いています")


async def test_a_recording_without_its_key_is_told_and_the_words_are_there(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)

    async def lose_key(entry: Entry) -> None:
        row = await entry.session.get(Recording, CALL)
        assert row is not None
        row.key_id = "0123456789abcdef"

    await server.services.ledger.write(lose_key)
    review = await signed_in(context, server)
    await review.open()

    await expect(review.find("#no-sound")).to_contain_text("この録音を開く鍵がありません")
    await expect(review.find("#no-sound")).to_contain_text("文字の記録は、このままご覧いただけます")
    await expect(review.line("00:00")).to_be_visible()


async def test_the_review_is_found_from_the_list_and_from_the_ended_call(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server, recorded=False)
    review = await signed_in(context, server, Role.SUPERVISOR)

    await review.page.goto(f"{server.url}/calls")
    await review.find("#past").get_by_role("link", name="振り返る").click()
    await expect(review.find("h1")).to_have_text("通話の振り返り")
    await review.find(".head-back").click()
    await review.find("#say-back").get_by_role("link", name="振り返る").click()

    await expect(review.find("h1")).to_have_text("通話の振り返り")


async def test_an_operator_is_offered_no_review(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server, recorded=False, operator="my-operator")
    review = await signed_in(context, server, Role.OPERATOR)

    await review.page.goto(f"{server.url}/calls")

    await expect(review.find("#past tr")).to_have_count(1)
    await expect(review.page.get_by_role("link", name="振り返る")).to_have_count(0)


async def test_three_hours_are_read_with_a_handful_of_lines_in_the_page(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server, filling=THREE_HOURS, recorded=False)
    review = await signed_in(context, server, Role.SUPERVISOR)
    await review.open()

    await review.find("#talk-scroll").press("End")
    await expect(review.find(".lines .line").last).to_have_attribute("aria-posinset", "5010")
    await review.find("#whole").press("End")
    await review.press("p")

    await expect(review.find(".line-now mark")).to_be_in_viewport()
    assert await review.find(".lines .line").count() < 60
    assert review.complaints == []


@pytest.mark.parametrize("width", [1024, 1280, 1920])
async def test_nothing_is_cut_off_at_the_side(
    context: BrowserContext, server: RunningServer, width: int
) -> None:
    await with_call(server)
    review = await signed_in(context, server)
    await review.page.set_viewport_size({"width": width, "height": 768})
    await review.open("?at=60000")

    wide = await review.page.evaluate(
        """[...document.querySelectorAll("html, .review, .axis, .player, .review-body, .side-panel, .talk-scroll")]
          .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.tagName)"""
    )

    assert wide == []
    for place in ("#play", "#keys-open", "#talk-scroll .line-now", "#side-tabs"):
        await expect(review.find(place)).to_be_in_viewport()


async def test_every_button_of_the_player_is_large_enough_to_hit(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    small = await review.page.evaluate(
        """[...document.querySelectorAll(".player :is(button, select, input), .mute, [role=tab]")]
          .filter((b) => b.checkVisibility() && b.getBoundingClientRect().height < 44).map((b) => b.id)"""
    )

    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_words_can_be_read(browser: Browser, server: RunningServer, scheme: str) -> None:
    await with_call(server)
    context = await browser.new_context(color_scheme=scheme, locale="ja-JP")  # type: ignore[arg-type]
    review = await signed_in(context, server)
    await review.open("?at=60000")
    await review.line("01:00").get_by_role("button", name="理由をくわしく").click()
    await expect(review.find("#near-marks button").first).to_be_visible()

    weak = await review.page.evaluate(WEAK_WORDS)
    await context.close()

    assert weak == []


async def test_in_english_only_what_was_said_stays_japanese(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    review = await signed_in(context, server)
    await review.page.goto(f"{server.url}/language/en?back=/calls")
    await review.open("?at=60000")

    await expect(review.find("h1")).to_have_text("Review of a call")
    assert [
        text for text in await words_outside_the_talk(review.page) if JAPANESE.search(text)
    ] == []


async def words_outside_the_talk(page: Page) -> list[str]:
    """Return what stands on the page itself, less the names of people and sections."""
    names = ("市民課", "田中 一郎")
    words: list[str] = await page.evaluate(WORDS_BY_LANGUAGE)
    return [text.replace(QUOTE, "") for text in words if not any(name in text for name in names)]

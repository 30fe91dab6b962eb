"""What a sentence must be before it is proposed, and what its readers are warned of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.errors import FieldRefused
from app.responses.scripts import Script, load_scripts
from app.responses.wording import (
    MOST_SENTENCES,
    NOTE_CHARACTERS,
    TEXT_CHARACTERS,
    Wording,
    warnings_about,
    wording,
)

SHIPPED = load_scripts()


def script(script_id: str) -> Script:
    found = SHIPPED.by_id(script_id)
    assert found is not None
    return found


def worded(
    of: Script, text: str, *, recorded: str = "", note: str = "", reason: str = "短く"
) -> Wording:
    return wording(
        of, text=text, text_when_recorded=recorded, note=note, reason=reason, others=SHIPPED.all
    )


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_what_is_accepted_can_be_said_in_one_go(text: str, recorded: str, note: str) -> None:
    try:
        made = worded(script("warn.any"), text, recorded=recorded, note=note)
    except FieldRefused:
        return

    assert 0 < len(made.text) <= TEXT_CHARACTERS
    assert len(made.text_when_recorded) <= TEXT_CHARACTERS
    assert len(made.note) <= NOTE_CHARACTERS
    assert all(one.isprintable() for one in (made.text, made.text_when_recorded, made.note))
    assert made.text.count("。") <= MOST_SENTENCES
    assert "録音" not in made.text


@pytest.mark.parametrize("of", SHIPPED.all, ids=lambda one: one.id)
def test_a_shipped_sentence_could_be_proposed_again(of: Script) -> None:
    changed = Script(of.id, of.step, of.category, "別の文です。", of.note, draft=True)

    made = worded(changed, of.text, recorded=of.text_when_recorded, note=of.note)

    assert made.text == of.text


def test_the_recording_is_named_only_in_its_own_field_and_only_where_it_belongs() -> None:
    told = worded(script("warn.any"), "お控えください。", recorded="録音しております。")

    with pytest.raises(FieldRefused) as claimed:
        worded(script("warn.any"), "録画しております。")
    with pytest.raises(FieldRefused) as misplaced:
        worded(script("listen.any"), "お聞かせください。", recorded="録音しております。")

    assert told.text_when_recorded == "録音しております。"
    assert (claimed.value.code, claimed.value.field) == ("recording_claimed", "text")
    assert (misplaced.value.code, misplaced.value.field) == (
        "recorded_not_here",
        "text_when_recorded",
    )


def test_the_same_sentence_twice_is_refused_however_it_is_spaced() -> None:
    other = script("warn.any").text.replace("、", "") + " "

    with pytest.raises(FieldRefused) as twice:
        worded(script("warn.sexual"), other)
    of = script("warn.any")
    with pytest.raises(FieldRefused) as unchanged:
        worded(of, of.text, recorded=of.text_when_recorded, note=of.note)

    assert twice.value.code == "duplicate"
    assert unchanged.value.code == "unchanged"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("続く場合は、お電話を終え、法的措置をとります。", "legal_threat"),
        ("続く場合は、お電話を終え、慰謝料をいただきます。", "money"),
        ("続く場合は、必ずお電話を終えます。", "promise"),
        ("続く場合は、どうなっても知りません。お電話を終えます。", "vague_threat"),
        ("それはカスハラです。続く場合は、お電話を終えます。", "verdict"),
        ("誠に恐れ入りますが、続く場合は、お電話を終えます。", "over_humble"),
        ("いい加減にしてください。続く場合は、お電話を終えます。", "provoking"),
        ("ご発言は記録いたしました。続く場合は、お電話を終えます。", "recorded_in_writing"),
        ("続く場合は、お電話を終えます。" + "あ" * 60, "long"),
        ("お控えください。", "no_consequence"),
    ],
)
def test_a_doubtful_sentence_is_pointed_out_with_its_reason(text: str, code: str) -> None:
    worded(script("warn.any"), text)

    doubts = warnings_about(script("warn.any"), text, "")

    assert [doubt.code for doubt in doubts] == [code]
    assert doubts[0].message.endswith("。")


def test_an_ending_that_leaves_the_matter_no_way_is_pointed_out() -> None:
    closing = script("close.any")

    without = warnings_about(closing, "これでお電話を終了いたします。", "")
    with_way = warnings_about(closing, closing.text, "")

    assert [doubt.code for doubt in without] == ["no_way_on"]
    assert with_way == ()

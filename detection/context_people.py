"""Pure: whom the words are about, if not the one who listens: a victim, the caller, a third person."""

from __future__ import annotations

import re
from typing import Final

from detection.context_clauses import (
    blames_itself,
    tells_what_somebody_did,
    tells_what_was_suffered,
    wishes_to_die,
)
from detection.context_rule import Rule, demand, insult, of, threat
from detection.context_words import (
    THIRD,
    THIRD_TAIL,
    WORDS_ABOUT_SOMEBODY,
    YOU_BEFORE,
    YOURS,
)
from detection.surroundings import OWN_PASSIVE, Surroundings
from detection.types import Category

# A victim's account -------------------------------------------------------------------------------------

_NOT_SUFFERED: Final = (
    r"(?!たい|たく(?!ない(?:です|んです|の)|なくて)|たこと(?:が|も)?(?:な|あ)|る(?:ぞ|からな|よ(?:。|$)|んだ(?:よ"
    r"|ぞ|。|$)|前に|かだ|ような)|ますよ|て(?:も(?:知|文句|仕方|しょうが|当然)|当然|しまえ|こい)|ば|たら|ろ)"
)
_PASSIVE: Final = re.compile(
    rf"(?:に?さ|[わらかがたなまば])?れ{_NOT_SUFFERED}"
    r"(?:る|て|た|ま|そう|かけ|な(?:いか|くて))|にした(?:よう|みたい)な態度"
)
_DONE_TO: Final = re.compile(
    rf"(?:(?:{THIRD}{THIRD_TAIL}|誰か|知らない|お?客(?:さん|様)?)(?:に|から)|(?:で|に)毎(?:日|晩|朝))[^。?]{{0,20}}$"
)
_SUFFERS_BEHIND: Final = re.compile(
    r"[^。?]{0,16}(?:れ(?:た|て|る|そう|ま)|もらえない|[てで](?:くる|きた(?!い)|きて|きま))"
)
_FORCED: Final = re.compile(
    rf"(?:を|まで|も)?(?:強い|強要さ|させ|求め|要求さ|迫ら|命じ)(?:られ|れ){_NOT_SUFFERED}(?:て|た|ま|る)"
)
# 「口答えをすると物を壊されるので」: what follows from the words is done to the caller.
_THEN_DONE: Final = re.compile(
    rf"[^。?]{{0,4}}(?:すると|したら|しただけで|って)[^。?]{{0,8}}(?:殴|壊|怒鳴|叩|たたか|蹴|脅|追い出"
    rf"|どな)[らさわか]?れ{_NOT_SUFFERED}(?:る(?:ので|ん|から(?!な)|と)|て|た|ま)"
)


def suffered(a: Surroundings) -> bool:
    """「夫に殺されるかもしれません」, 「土下座を強いられまして」; but not 「殺されたいのか」."""
    if OWN_PASSIVE.match(a.after) or a.insists:
        return False
    if _FORCED.match(a.after) or _THEN_DONE.match(a.after):
        return not YOU_BEFORE.search(a.before)
    passive = _PASSIVE.match(a.after) and not re.search(r"(?:たい|たら|れば)(?:の?か)?$", a.matched)
    if passive and not YOU_BEFORE.search(a.before[-14:]):
        return not _aimed_behind(a)
    return bool(
        _DONE_TO.search(a.clause) and _SUFFERS_BEHIND.match(a.after) and not _aimed_behind(a)
    )


def _aimed_behind(a: Surroundings) -> bool:
    """Whether what follows turns it upon the one who listens: 「殴られたくなかったら」, 「…れるぞ、お前」."""
    return bool(
        re.match(r"[^。?]{0,12}(?:たくな|るぞ|るからな|お前|おまえ|てめ|あんた|貴様)", a.after)
    )


# Oneself ------------------------------------------------------------------------------------------------

_I: Final = r"(?:私|わたし|あたし|わし|僕|ぼく|俺|おれ|自分|うち|こちら|こっち)"
_SELF: Final = re.compile(
    rf"{_I}(?:自身|の(?:方|ほう|頭|耳|目|やり方))?(?:が|は|も|って|なんか|なんて|みたいな|のような"
    rf"|の)?[^。?をに]{{0,6}}$"
)
_SELF_END: Final = re.compile(
    r"(?:な(?:もの|もん|の|んで|私|自分|俺|僕|ので|父親|母親|親|ん(?:です|でしょう))|で(?:す|した|し(?:て|ょ)"
    r"|わから)|だ(?:った|から|なあ?|よね|けど|し)|や(?:ってん|から|な)|なん(?:で|だ)|だと(?:自分で|思い)"
    r"|と(?:自分で|思い)|[^。?]{0,3}(?:すみ|すい|ごめん))"
)
# 「役立たずですね、私」, 「…と自分でもあきれています」: the one whom it is about comes behind.
_SELF_BEHIND: Final = re.compile(
    rf"(?:です|だ|や|なん)(?:ね|よ|な|よね|なあ?)?{_I}(?:。|$|って|なんか|も|は(?:。|$))"
    rf"|なのは{_I}"
    r"|[^。?]{0,4}(?:と|って)?自分(?:で(?:も)?|に|が|でも)[^。?]{0,4}(?:自分|思|あきれ|呆れ|情けな|言い聞か|怒|腹)"
    r"|だ?(?:なあ?)?(?:と|って)(?:自分|情けな|反省|落ち込)"
)
_TO_OTHERS: Final = re.compile(
    r"な?(?:職員|役所|役人|公務員|お前|奴|やつ|あんた|連中|市役所|市長|担当)|にして(?:る|い|ん)|扱い|呼ばわり"
)


def of_oneself(a: Surroundings) -> bool:
    """「私が馬鹿でした」, 「役立たずですね、私」; but not 「俺は馬鹿な職員が嫌いだ」."""
    if a.insists or a.is_threat or a.is_aimed or YOU_BEFORE.search(a.before + a.after):
        return False
    if _SELF_BEHIND.match(a.after):
        return True
    if re.search(r"我ながら$|(?:私|俺|あたし|自分)の$", a.before):
        insult = a.category in WORDS_ABOUT_SOMEBODY and not re.search(r"[をに]", a.matched)
        return insult and not _TO_OTHERS.match(a.after)
    if re.search(_I + r"$", a.before) and re.match(r"[^。?]{0,3}(?:んでしょうね|ですね)", a.after):
        return True
    if a.category not in WORDS_ABOUT_SOMEBODY or _TO_OTHERS.match(a.after):
        return False
    return bool(_SELF.search(a.before) and _SELF_END.match(a.after))


_SELF_HARM: Final = re.compile(
    r"(?:私|わたし|あたし|わし|僕|俺|おれ|自分)(?:が|も|なんか|なんて|を|自身を|は(?:もう)?)[^。?]{0,5}$"
)
_WISH_TO_DIE: Final = re.compile(
    r"^(?:もう)?(?:いっそ)?(?:(?:私|わたし|あたし|わし|僕|俺|自分)(?:なんか|なんて|も|は"
    r"|が)?)?(?:もう)?(?:いっそ)?(?:楽に)?(?:死に(?:たい|てえ|たく)|死のうと?(?:思|か)|死んだ(?:ほう|方)が(?:まし"
    r"|いい|楽)|消えて(?:しまい)?(?:たい|なくなり)|消えたい|死ぬしかない|生きて(?:い)?(?:たく|る(?:意味|価値)|くの))"
)


def wishes_own_death(a: Surroundings) -> bool:
    """「私なんか死んだほうがいい」: that asks for help; but not 「死にたいのか」 and 「俺が殺してやる」."""
    if YOU_BEFORE.search(a.before + a.matched + a.after):
        return False
    if not a.insists and re.search(r"死|しね|消え|殺", a.matched) and _SELF_HARM.search(a.before):
        # 「俺が殺してやる」 has the caller as doer; only what the caller suffers counts as their own.
        doer = re.search(r"(?:が|は(?:もう)?|も)[^。?]{0,5}$", a.before) and "殺" in a.matched
        return not doer and not _TO_OTHERS.match(a.after)
    said = a.matched + a.after
    found = _WISH_TO_DIE.match(said)
    return bool(
        found
        and not re.match(r"(?:の?か|んか|なら|やつ|奴|人|んだ(?:な|ろ))", said[found.end() :])
        and not a.ends_aimed
    )


# A third person -----------------------------------------------------------------------------------------

_WILL: Final = re.compile(r"[^。?]{0,6}(?:ぞ|からな|てやる|ちゃる|たる|てえ)")
_ABOUT_THIRD: Final = re.compile(
    rf"(?:(?:{THIRD}{THIRD_TAIL}|(?:た|る)(?:人|方|奴|やつ|男|女|子|客))(?:が|は|も|って|の|みたいな))"
    r"(?:(?!のに|けど|から|だろ|たら|ので|くせに)[^。?]){0,8}$"
)
_OF_A_THIRD: Final = re.compile(rf"(?:な|の)?(?:{THIRD})(?!です[ねよ]|だな|か)")
_THIRD_DID: Final = re.compile(
    rf"{THIRD}{THIRD_TAIL}(?:が|は)(?:[^。?]{{0,12}}(?:に|を|で))?[^。?]{{0,3}}$"
)
_TOLD_AS_PAST: Final = re.compile(
    r"[^。?]{0,16}(?:て(?:い)?(?:た|まし|ます|る(?:の|ん|人|みたい))|ました|たんです|たのを|ているのを|てたん)"
)


def about_a_third(a: Surroundings) -> bool:
    """「近所の人がナイフを持って歩いています」; but not 「お前の息子を殺してやる」."""
    if YOU_BEFORE.search(a.after) or YOU_BEFORE.search(a.matched):
        return False
    if not a.is_threat and a.category in WORDS_ABOUT_SOMEBODY and _OF_A_THIRD.match(a.after):
        return not YOU_BEFORE.search(a.before)
    if YOU_BEFORE.search(a.before):
        return False
    if not a.insists and _THIRD_DID.search(a.clause) and _TOLD_AS_PAST.match(a.after):
        return not re.search(rf"{YOURS}[^。?]{{0,8}}$", a.clause)
    third = _ABOUT_THIRD.search(a.clause)
    if third is None or re.search(rf"{YOURS}[^。?]{{0,4}}$", a.clause[: third.start()]):
        return False
    if not a.is_threat:
        return a.category in WORDS_ABOUT_SOMEBODY
    # A threat against a third person is still one for the police card; only somebody else's deed is not.
    doer = re.search(r"(?:が|は|も)[^。?]{0,10}$", third.group())
    return bool(doer) and not _WILL.match(a.matched[-6:] + a.after) and not a.insists


VICTIM: Final = Rule(
    id="victim",
    name="victim",
    label="被害のお話",
    applies=suffered,
    of_clause=tells_what_was_suffered,
    catches=(
        threat("夫に〔殺さ〕れるかもしれません。"),
        threat("息子に〔殴ら〕れています。"),
        threat("隣の男に〔殴り〕かかってこられて、逃げてきました。"),
        insult("窓口で〔馬鹿〕にされました。"),
        of(Category.SEXUAL, "お客さんに毎日〔下着の色を〕聞かれるんです。"),
        demand("上司から〔土下座〕を強いられまして。"),
        of(Category.INTIMIDATION, "〔口答え〕をすると物を壊されるので、家を出たいんです。"),
        threat("〔息子に殴られています〕。"),
        insult("〔窓口で馬鹿にされました〕。"),
    ),
    spares=(
        threat("お前は〔殺さ〕れたいのか。"),
        threat("〔刺さ〕れたくなかったら早くしろ。"),
        threat("〔殴ら〕れても知らないぞ。"),
        threat("〔職員に殴られたって言いふらすぞ〕。"),
        threat("夜道で〔刺さ〕れるぞ、お前。"),
    ),
)
SELF: Final = Rule(
    id="self",
    name="self",
    label="ご自身のこと",
    applies=of_oneself,
    of_clause=blames_itself,
    catches=(
        insult("私が〔馬鹿〕でした。"),
        insult("俺も〔馬鹿〕だから、よくわからなくて。"),
        insult("〔役立たず〕ですね、私。"),
        insult("〔こんな簡単なことも知らないのか〕と、自分でもあきれています。"),
        insult("〔こんな簡単なこともできないのか〕って自分で自分を怒ってます。"),
        insult("〔人間のくずだ〕と自分で思いますが、分割の相談をさせてください。"),
        insult("〔私が馬鹿でした〕。"),
    ),
    spares=(
        insult("俺は〔馬鹿〕な職員が嫌いなんだ。"),
        insult("俺は客だぞ、〔馬鹿野郎〕。"),
        insult("私は〔馬鹿〕なお前が嫌いだ。"),
        insult("〔無能だ〕と自分で思わないのか、お前は。"),
        demand("俺の〔靴をなめて謝る〕なら、取り下げてやってもいい。"),
    ),
)
OWN_DEATH: Final = Rule(
    id="own_death",
    name="self",
    label="ご自身の死を思う言葉(支援が必要な方のおそれ)",
    applies=wishes_own_death,
    of_clause=wishes_to_die,
    catches=(
        insult("私なんか〔死ん〕だほうがいいんです。"),
        threat("もう〔死にたい〕です。"),
        threat("〔もう死んだほうがましです〕。"),
        insult("〔私なんか死んだほうがいいんです〕。"),
    ),
    spares=(
        threat("〔死にたい〕のか。"),
        threat("俺が〔殺し〕てやる。"),
        threat("お前なんか〔死んだほうがいい〕。"),
        threat("〔死にたいのか〕。"),
    ),
)
THIRD_PERSON: Final = Rule(
    id="third_person",
    name="third_person",
    label="第三者のこと",
    applies=about_a_third,
    of_clause=tells_what_somebody_did,
    catches=(
        insult("隣の奥さんは〔馬鹿〕みたいに騒ぐんです。"),
        insult("〔無能な〕業者に頼んで後悔しています。"),
        threat("近所の人が〔ナイフ〕を持って歩いています。"),
        demand("となりの人が、店員に〔土下座〕させて動画を撮ってたんですよ。"),
        threat("〔近所の人がナイフを持って歩いています〕。"),
        insult("〔隣の奥さんは馬鹿みたいに騒ぐんです〕。"),
    ),
    spares=(
        insult("お前んとこの課長は〔馬鹿〕だな。"),
        threat("お前の息子を〔殺し〕てやる。"),
        threat("隣の奴を〔殺し〕てやるからな。"),
        insult("〔馬鹿〕な男だな、お前は。"),
        insult("こっちは親が病気なんだ、〔死ねよ〕。"),
        insult("親が死んだのに、この〔馬鹿野郎〕。"),
        threat("〔隣の奴を殺してやるからな〕。"),
    ),
)

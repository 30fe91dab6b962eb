"""Pure: words about things: a procedure, a machine, an animal, a name, an idiom; and words of thanks."""

from __future__ import annotations

import re
from typing import Final

from detection.context_clauses import abuses_a_thing, asks_about_a_thing
from detection.context_rule import Rule, insult, of, threat
from detection.context_words import (
    FIRE_AND_FUEL,
    LIVING,
    PURPOSE,
    THING,
    WORDS_ABOUT_SOMEBODY,
    YOU_BEFORE,
    YOURS,
)
from detection.surroundings import Surroundings
from detection.types import Category, Severity

# Things, animals, procedures ----------------------------------------------------------------------------

_WILL: Final = re.compile(r"[^。?]{0,6}(?:ぞ|からな|てやる|ちゃる|たる|てえ)")
_HARM_TO_THINGS: Final = re.compile(r"殺|駆除|燃|焼|火|壊|爆|潰|処分|死|刺|撃|叩")
# A letter before 鹿 or 木 makes another word: 馬鹿, 大木さん.
_ABOUT_THING: Final = re.compile(
    rf"(?<![一-龯])(?<!この){LIVING}(?:の(?:巣|死骸|処理|群れ|駆除|子))?(?:さん|たち|達)?"
    r"(?:を|が|は|も|とか|なら|なんか|って)(?:(?!から|ので|けど|のに)[^。?]){0,6}$"
)
_NEAR_FIRE: Final = re.compile(rf"{FIRE_AND_FUEL}[^。?]{{0,12}}$")
_ASKS: Final = re.compile(
    rf"[^。?]{{0,24}}(?:{PURPOSE}|(?:場合|とき|時)"
    r"|(?:です|でしょう|ます)か|いいの(?:か|かな|でしょ)?|たいんです|たいのです|んですけど|んですが|もらえ)"
)
_ERRAND: Final = re.compile(
    r"[^?]{0,40}(?:研ぎ|どんど焼き|料理教室|調理(?:室|実習)|回収|落とし物|拾(?:っ|い|得)|登録|展示|お?祭り|(?:火"
    r"|野焼き|薪)の当番|(?:消防|警察)(?:署)?(?:に|へ|の)(?:届|連絡先))"
)
_CARRIES: Final = re.compile(r"包丁|刃物|ないふ|刀|鎌|斧|火をつけ|燃|焼")
_MEDICAL: Final = re.compile(r"(?:検査|検診|健診|診察|手術|れんとげん|入院|介護|入浴)[^。?]{0,16}$")
_POLITE_QUESTION: Final = re.compile(
    r"[^。?]{0,8}(?:んでしょうか|ですか|ますか|んですか|でしょうか)"
)
_WHERE: Final = re.compile(r"(?:どこ|どちら|何曜日|いつ|いくら|何ごみ)[^。?]{0,6}$")


def about_a_procedure(a: Surroundings) -> bool:
    """An animal to be killed, a fire asked about, a knife to be ground; but not 「お宅の猫を殺してやる」."""
    if YOU_BEFORE.search(a.before + a.matched) or re.search(YOURS, a.before + a.matched):
        return False
    if not a.is_threat and _POLITE_QUESTION.match(a.after) and _MEDICAL.search(a.before):
        return True
    if not a.is_threat and _WHERE.search(a.before) and re.match(r"[^。?]{0,8}か", a.after):
        return bool(re.search(r"処分|回収|引き取", a.matched))
    if _CARRIES.search(a.matched) and _ERRAND.match(a.following) and not a.ends_aimed:
        return True
    if not _HARM_TO_THINGS.search(a.matched) or _WILL.match(a.matched[-6:] + a.after):
        return False
    if _ABOUT_THING.search(a.before):
        return True
    near = _NEAR_FIRE.search(a.before) or re.search(FIRE_AND_FUEL, a.matched)
    return bool(near and _ASKS.match(a.after))


_OF_A_THING: Final = re.compile(rf"な?(?:の)?{THING}(?!の(?:職員|人|担当))")
_THING_BEFORE: Final = re.compile(rf"{THING}(?:を|は|が|も|なんか|なんて)?[^。?をにはが]{{0,4}}$")
_THING_BEHIND: Final = re.compile(
    rf"[^?]{{0,26}}?(?:うちの|家の|調子悪い|古い|壊れた|この|あの)[^。?]{{0,6}}?{THING}"
)
_FELT: Final = re.compile(
    r"[^。?]{0,6}?(?:(?:と|って)?(?:思い|思う|思っ|思て)(?:まし|て[たるいんえ]|た|うて)|たい(?:ん|くらい|ぐらい"
    r"|です)|たくなる|たくなり|たなる)"
)


def about_a_thing(a: Surroundings) -> bool:
    """「あの精算機、しばいたろかと思いましたわ」, 「無能な機械だな」: said of a thing, not of a person."""
    if YOU_BEFORE.search(a.before + a.matched + a.after) or a.insists:
        return False
    if not a.is_threat and a.category in WORDS_ABOUT_SOMEBODY and _OF_A_THING.match(a.after):
        return True
    if re.search(r"殺|刺|役所|庁舎|窓口|車で", a.before + a.matched):
        return False
    thing = _THING_BEFORE.search(a.before) or _THING_BEHIND.match(a.following)
    return bool(thing and _FELT.match(a.after))


# Names, idioms, thanks ----------------------------------------------------------------------------------

_HARM_ROOT: Final = re.compile(
    r"殺|死|刺|燃|爆|鉄砲|毒|首|殴|火|血|地獄|馬鹿|ばか|くず|ごみ|かす|ぼけ|脅|襲"
)
_NAME: Final = re.compile(
    r"殺(?:虫|菌|鼠|処分|風景|陣|人的|生な)|殺し文句|見殺し|悩殺|黙殺|相殺|忙殺|毒(?:きのこ|草|蛇|物|性|見)|食中毒"
    r"|消毒|解毒|中毒|死亡(?:届|診断書|者|事故|証明|した)?|死産|死別|死後|死角|死守|必死"
    r"|瀕死|検死|死体検案書|急死|病死|火(?:葬|災|山|事|曜|の用心)|花火|消火|防火|放火(?:事件|犯)|不発弾|爆弾低気圧"
    r"|爆(?:雪|風|笑|音|発的)|鉄砲(?:水|玉)|燃料|刺(?:身|繍)"
    r"|首(?:都|相|位|輪|が痛|が回らない)|手首|足首|乳首|血(?:圧|液|糖)|献血|地獄(?:谷|坂|絵)|馬鹿(?:正直|貝)"
    r"|ごみ(?:袋|収集|出し|処理|箱|の(?:日|分別|収集))|(?:生|粗大|資源|不燃|可燃)ごみ|(?:燃やせ|燃え)(?:る"
    r"|ない)ごみ|襲名"
)
_IDIOM: Final = re.compile(
    r"死ぬほど|死ぬかと|死ぬ気で|死にそう|死に(?:物|もの)狂い|首を(?:長く|かしげ|傾げ|ひね)|殺到|命(?:がけ|懸け"
    r"|拾い)|火の車|目から火|顔から火|血のにじ|胸が張り裂け|腹を割|喉から手|骨を折|足を棒"
    r"|爆(?:睡|食)|殺人的な|地獄のような|馬鹿(?:に(?:なら|でき)ない|みたいに(?:高|安|暑|寒|長|雪))|死活"
)


_OF_WORDS: Final = frozenset(
    {Category.PHYSICAL_ATTACK, Category.MENTAL_ATTACK, Category.INTIMIDATION}
)
"""What a frightening word by itself may have been taken for."""


def names_something(a: Surroundings) -> bool:
    """「殺虫剤」, 「死亡届」, 「毒キノコ」: the frightening part belongs to a harmless word."""
    return _only_within(_NAME, a)


def speaks_in_idiom(a: Surroundings) -> bool:
    """「死ぬほど待ちました」, 「首を長くして」."""
    return _only_within(_IDIOM, a)


def _only_within(harmless: re.Pattern[str], a: Surroundings) -> bool:
    """Whether every frightening part of the words lies in a harmless one, and nobody is addressed."""
    if a.category not in _OF_WORDS or a.is_aimed or re.search(r"血の気|お気の毒", a.matched):
        return False
    start = max(0, a.start - 3)
    text = a.text.normal[start : a.end + 8]
    spans = [found.span() for found in harmless.finditer(text)]
    roots = list(_HARM_ROOT.finditer(a.matched))
    offset = a.start - start
    return bool(roots and spans) and all(
        any(s <= r.start() + offset and r.end() + offset <= e for s, e in spans) for r in roots
    )


_THANKS: Final = re.compile(
    r"ありがと|助かり(?:まし|ます)|助かった(?:よ|わ|です)|感謝|お世話(?:に|さま)|さすが(?:です|だ)ね?(?:ありが|助)"
    r"|おかげ(?:さま|で)|嬉し|うれしかっ|親切に(?:して|教)"
)
_SARCASM: Final = re.compile(
    r"とでも|と思うな|言うと思|言わせ|だろうな|ご苦労|お前|おまえ|あんた(?!の(?:声|顔))|てめ|くせに|待って(?:ろ"
    r"|ます)|これから(?:も|が)|もらって(?:やる|よかった)"
)


def thanks(a: Surroundings) -> bool:
    """「声は覚えたわ、いつも丁寧にありがとね」: one who thanks means no harm; never for a threat."""
    if a.is_threat or a.severity is Severity.STOP or a.insists:
        return False
    rest = a.text.normal[a.end :]
    said = a.matched + rest
    return bool(_THANKS.search(rest[:40]) and not _SARCASM.search(said) and not a.ends_aimed)


PROCEDURE: Final = Rule(
    id="procedure",
    name="procedure",
    label="手続き・動物・火の取扱いなどのお話",
    applies=about_a_procedure,
    of_clause=asks_about_a_thing,
    catches=(
        threat("どんど焼きで〔火をつけ〕てもいいですか。"),
        threat("蜂を〔殺し〕ても大丈夫でしょうか。"),
        threat("畑の枯れ草を野焼きで〔燃やす〕許可をもらいたいんですが。"),
        threat("熊が出たら撃ち〔殺す〕しかないですよね。"),
        threat("今夜、〔火をつけに行き〕ます、町内のどんど焼きの当番なので。"),
        threat("〔包丁を三本持って伺います〕けど、研ぎ直しの日に申し込んだ者です。"),
        of(Category.SEXUAL, "前立腺の検査は、〔下着は脱〕ぐんでしょうか。"),
        threat("〔蜂を殺しても大丈夫でしょうか〕。"),
    ),
    spares=(
        threat("役所の建物を〔燃やし〕てやる。"),
        threat("お宅の猫を〔殺し〕てやるからな。"),
        threat("犬が吠えるから〔殺し〕てくれ。"),
        threat("雪を片付けないなら〔殺し〕てもいいですか。"),
        insult("クマを殺すならお前も〔死ね〕。"),
        threat("お前なんか虫けらみたいに〔殺し〕てやる。"),
        threat("〔包丁を持って伺います〕、覚悟しておいてください。"),
    ),
)
THING_RULE: Final = Rule(
    id="thing",
    name="procedure",
    label="物や仕組みに向けた言葉",
    applies=about_a_thing,
    of_clause=abuses_a_thing,
    catches=(
        insult("〔無能な〕機械だなって思ったよ、番号札が二枚出てきたんだから。"),
        threat("あの精算機、〔しばいたろか〕思いましたわ。"),
        insult("このホームページ、〔壊してやり〕たいくらい使いにくいですね。"),
        insult("〔ぶっ壊してや〕りたいんだわ、雪でひしゃげたうちの物置。"),
    ),
    spares=(
        insult("〔無能な〕システムの職員だな。"),
        insult("大馬鹿野郎、この〔馬鹿〕。"),
        threat("〔しばいたろか〕と思いましたわ、あんたのこと。"),
        threat("役所の窓口、〔ぶっ壊してや〕りたいくらいだ。"),
    ),
)
NAME: Final = Rule(
    id="name",
    name="procedure",
    label="物・届け出・病気などの名前",
    applies=names_something,
    of_clause=names_something,
    catches=(
        threat("〔死亡届を出したいです〕。"),
        threat("〔殺虫剤をまいても大丈夫でしょうか〕。"),
        threat("〔毒キノコ〕じゃないかと心配で。"),
        threat("〔鉄砲水が心配です〕。"),
    ),
    spares=(
        threat("〔殺虫剤でお前も殺してやる〕。"),
        threat("〔死亡届を出すことになるぞ〕。"),
        threat("〔殺すための殺虫剤だ〕。"),
    ),
)
IDIOM: Final = Rule(
    id="idiom",
    name="procedure",
    label="慣用の言い回し",
    applies=speaks_in_idiom,
    of_clause=speaks_in_idiom,
    catches=(
        threat("〔死ぬほど待ちました〕。"),
        threat("〔首を長くして待っています〕。"),
        threat("〔申し込みが殺到しているんですよね〕。"),
        insult("灯油代も〔馬鹿〕にならない。"),
    ),
    spares=(
        threat("〔死ぬほど殴ってやる〕。"),
        threat("〔首を洗って待っていろ〕。"),
        insult("〔馬鹿にしてるのか〕。"),
    ),
)
THANKS: Final = Rule(
    id="thanks",
    name="negation",
    label="お礼の言葉",
    applies=thanks,
    catches=(
        of(
            Category.PERSONAL_ATTACK, "顔は知らないけど、〔声は覚えた〕わ、いつも丁寧にありがとね。"
        ),
        insult("〔税金泥棒〕どころか、助かりました。"),
        insult("〔役立たず〕の私に、親切に教えてくれてありがとう。"),
    ),
    spares=(
        threat("〔殺してやる〕よ、今までありがとうな。"),
        insult("〔無能〕のくせに、ありがとうくらい言え。"),
        insult("〔税金泥棒〕さん、感謝しろとでも言うのか。"),
    ),
)

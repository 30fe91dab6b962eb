"""Pure: the same ways of speaking, recognised in a whole clause that was judged, not in one word of it.

Where a word was found, what stands right behind it decides. Of a clause it is not known which of its words
weigh, so the frame must govern the clause: stand at its end, with nothing behind but endings and particles.
「信用できません」 is no negation of harm, 「殺すとは言っていません」 is.
"""

from __future__ import annotations

import re
from typing import Final

from detection.context_words import (
    FIRE_AND_FUEL,
    LIVING,
    SOMEBODY,
    SUFFERED,
    THING,
    YOU_BEFORE,
)
from detection.surroundings import OWN_PASSIVE, SAID, Surroundings

_ENDING: Final = r"[ぁ-ん]{0,14}"
_END: Final = rf"{_ENDING}[。?]?$"
"""Nothing but endings, particles and auxiliary verbs up to the end of the clause."""
_ASKING: Final = (
    r"(?:ですか|ますか|でしょうか|んですが|んですけど|たいんです|ほしいんです|もらえ[^。?]{0,4}か)"
    r"(?:ね|ねえ)?[。?]?$"
)

_SOMEBODY_ELSE: Final = (
    r"(?:(?:^|の|で|に|、)(?:隣|となり|近所|裏|向かい|上の階|下の階|大家|管理人|隣人|住人|町内会長|自治会長|班長"
    r"|同級生|先輩|同僚|上司|社長|店長|先生|教師|夫|元夫|旦那|元旦那|主人|妻|元妻|嫁|彼氏|彼女|元彼|父|母|父親|母親"
    r"|兄|弟|姉|妹|義父|義母|姑|知らない人|男の人|女の人|不審な人|酔っ払い|加害者|犯人|すとーかー?|子供たち"
    r"|子どもたち|いじめっ子|(?:て(?:い)?[るた]|た)(?:人|男|女|方|やつ|奴)))"
)
_ELSE_TAIL: Final = (
    r"(?:の(?:人|方|男|女|おじさん|おばさん|奥さん|旦那|住人|子|息子))?(?:さん)?(?:たち|ら)?"
)


def of_others(text: str) -> bool:
    """Whether nobody in *text* is spoken to: no 「お前」, no 「お宅の」."""
    return not YOU_BEFORE.search(text) and not re.search(
        r"あなた|おめ[はえがらの]|お宅|おたく|そちらの|君の", text
    )


FRIGHTENING: Final = re.compile(
    r"殺|死[ねぬのにん]|しね|刺[すさしせそ]|殴|蹴[るらりっ]|燃や|火を(?:つけ|付け)|爆[破弾発]|馬鹿|ばか(?!り)|無能"
    r"|役立たず|泥棒|土下座|黙れ|くび(?=に|だ|を)|脅|晒|誠意|慰謝料|ふざけ|くず|怒鳴|どな|覚えて(?:ろ|お)|包丁"
    r"|首を絞|ぶっ|しば[くき]"
)
"""Words for which a clause may have been judged."""


# What is denied, taken back, supposed ------------------------------------------------------------------

_DENIES: Final = re.compile(
    rf"(?:{SAID}|という)(?:は|まで|までは)?(?:一言も|誰も|一度も)?(?:言(?:い|って(?:い)?|える(?:わけ)?)|思(?:い"
    rf"|って(?:い)?|った(?:こと)?)|考え(?:て(?:い)?)?|頼ん(?:では|で)?|求め(?:て(?:い)?)?|申し(?:ませ|て))"
    rf"(?:は|も|ん)?(?:ない|ません|な(?:く|かっ)|へん|ねえ|おりません|ございません)(?!と|なら)(?!(?:の"
    rf"|です)?か(?!ら)){_END}"
    rf"|(?:脅|責め|怒|恨|訴え|争|殴|殺|壊|攻撃|罵|侮辱|馬鹿に|ばかに|差別|辞めさせ|くびに|困らせ"
    rf"|迷惑を)[^。?]{{0,8}}(?:つもり|わけ|訳|気持ち|意図|意味)(?:で|は|も|が|じゃ|では|なんて|で言ったの(?:じゃ"
    rf"|では))*(?:毛頭)?(?:ない|ありません|なく|ございません|ねえ)(?!(?:の|です)?か(?!ら)){_END}"
    rf"|(?:たい|させ(?:たい|る)|てほしい|て(?:い)?る|という|って)(?:つもり|わけ|訳|気持ち|気)(?:で|は|も|が|じゃ"
    rf"|では|なんて)*(?:毛頭|さらさら)?(?:ない|ありません|なく|ございません|ねえ)(?!(?:の|です)?か(?!ら)){_END}"
    rf"|(?:脅|責め|怒|攻撃|罵|侮辱|差別)[^。?]{{0,4}}(?:ん|の|とか)(?:じゃ|では)(?:な(?:い|く)|ありません)(?!(?:の"
    rf"|です)?か(?!ら)){_END}"
    rf"|(?:殺|刺|殴|叩|蹴|燃や|壊|襲|脅|撃)[さわらかがたなまばし]?ないで(?:ください|下さい|ほしい|もらえ"
    rf"|あげて){_END}"
    rf"|(?:土下座|謝罪|慰謝料|賠償|弁償|お金|処分|くび|特別扱い)[^。?]{{0,6}}(?:求め(?:て(?:い)?)?|望み"
    rf"|要求し(?:て(?:い)?)?|いり|要り|必要あり|お願いし(?:て(?:い)?)?)(?:ません|ない)(?!か(?!ら)){_END}"
)


def denies(a: Surroundings) -> bool:
    return bool(_DENIES.search(a.matched)) and not a.insists and not a.ends_aimed


_PARDON: Final = (
    r"(?:すみません|すいません|すまん|ごめん|堪忍|申し訳|悪かった(?!と)|失礼しました|失礼いたしました|反省して"
    r"|お詫び(?!し(?:ろ|て(?:もら|くれ)))|取り消(?:し|させ)|撤回)"
)
_TAKES_BACK: Final = re.compile(
    rf"(?:さっき|先ほど|先日|昨日|きのう|この前|こないだ|前回|あの時|つい|かっと)[^。?]*(?:言っ|言い|怒鳴"
    rf"|申し(?!訳)|取り乱|大声|きつい)[^。?]{{0,14}}?{_PARDON}[^。?]{{0,8}}$"
    rf"|{SAID}(?:言っ(?:て|た)|言うて|怒鳴っ|申し(?!訳))[^。?]{{0,12}}?{_PARDON}[^。?]{{0,8}}$"
    rf"|言い(?:過ぎ|すぎ)(?:た|まし){_END}"
)


def takes_back(a: Surroundings) -> bool:
    if re.search(r"謝れ|謝って(?:くだ|もら|くれ|ほし)|だけで(?:済|す[まむ])|とでも", a.matched):
        return False
    return bool(_TAKES_BACK.search(a.matched))


_WISHES_TO_SAY: Final = re.compile(rf"(?:と|って)(?:でも)?言いたく(?:も)?な(?:る|り){_END}")


def wishes_to_say(a: Surroundings) -> bool:
    return not a.is_threat and bool(_WISHES_TO_SAY.search(a.matched))


_ASKS_ABOUT_A_CASE: Final = re.compile(
    r"(?:たら|だら|れば|ると|のは|ことは|行為は|場合は?)[^。?]{0,12}(?:かすはら|犯罪|罪|違反|罰|違法|逮捕"
    r"|該当)[^。?]{0,8}(?:ですか|ますか|でしょうか|のか|かな)[。?]?$"
    r"|(?:れたら|もし[^。?]{0,16}(?:たら|れば|場合))[^。?]{0,6}どう(?:すれば|したら|な(?:ります|るん(?:です"
    r"|でしょう)|りますでしょう)|対応)[^。?]{0,8}か[。?]?$"
)


def asks_about_a_case(a: Surroundings) -> bool:
    return bool(_ASKS_ABOUT_A_CASE.search(a.matched)) and of_others(a.matched)


# What others said or did -------------------------------------------------------------------------------

_TOLD: Final = re.compile(
    rf"{SAID}[^。?]{{0,12}}?{SUFFERED}(?:続け)?(?!たら|た(?:とおり|通り|よう|こと)|ても|れば|ると|たい|たく|るぞ|るよ|ますよ){_END}"
    rf"|{SAID}[^。?]{{0,12}}?{SUFFERED}(?:て|まし|た)[^。?]{{0,10}}(?:怖|こわ|困|悲し|つら|辛|逃げ|泣|相談|悔し"
    rf"|腹が立|嫌な|眠れ)[^。?]{{0,10}}$"
    rf"|{SAID}[^。?]{{0,12}}(?:言|怒鳴|叫|わめ|書|しゃべ)(?:っ|い|ん|う)?(?:て|で)?(?:い)?(?:る"
    rf"|た){SOMEBODY}(?:さん)?(?:が|を|に|も|の)[^。?]{{0,10}}$"
    rf"|(?:と|って)(?:いう|言う)(?:めーる|手紙|はがき|葉書|電話|留守電|落書き|書き込み|投稿|張り紙|貼り紙|はり紙|紙"
    rf"|噂|声)(?:が|を|も|まで)[^。?]{{0,10}}$"
    rf"|(?:と|って)(?:めーる|手紙|はがき|電話|らいん)が?(?:来|届|き[たて])[^。?]{{0,8}}$"
    rf"|(?:と|って)(?:書いて|書かれて|貼って|落書きされて)(?:あ|い|ま)(?!るでしょ|るだろ|るじゃ|るのに"
    rf"|るんだから){_END}"
)
_SOMEBODY_SAYS: Final = re.compile(
    rf"{_SOMEBODY_ELSE}{_ELSE_TAIL}(?:が|は|から|も)[^。?]*?{SAID}[^。?]{{0,6}}(?:言|怒鳴|どな|叫|脅|おど|わめ|罵"
    rf"|騒|書|送|電話){_END}"
)


def tells_what_was_said(a: Surroundings) -> bool:
    if not of_others(re.split(SAID, a.matched)[-1]) or OWN_PASSIVE.search(a.matched + a.after):
        return False
    if a.insists or re.search(r"(?:と|って)言って(?:る|ん)", a.matched + a.after[:6]):
        somebody = _SOMEBODY_SAYS.search(a.matched)
        return bool(somebody) and not re.search(r"俺|こっち", a.matched)
    return bool(_TOLD.search(a.matched) or _SOMEBODY_SAYS.search(a.matched))


_MEDIUM: Final = r"(?:新聞|てれび|にゅーす|報道|週刊誌|らじお|記事)"
_READ_OR_SEEN: Final = re.compile(
    rf"(?:と|って|という|っていう|が|を|に|の){_MEDIUM}(?:で|に|を)[^。?]{{0,8}}(?:見|聞|読|知|拝見|やって|出て"
    rf"|流れ|載){_END}"
    rf"|(?:と|って){_MEDIUM}(?:で|に)[^。?]{{0,4}}(?:書いて|言って){_END}"
    rf"|^[^。?]{{0,4}}{_MEDIUM}(?:で|に|を)[^。?]*(?:見|読|知|聞)(?:て|た|まし|い|っ|ん|り){_END}"
)


def tells_what_was_heard(a: Surroundings) -> bool:
    return bool(_READ_OR_SEEN.search(a.matched)) and of_others(a.matched) and not a.ends_aimed


_VIOLENCE: Final = (
    r"(?:殴|なぐ|蹴|殺|刺|叩|たた|怒鳴|どな|脅|おど|襲|壊|盗|追いかけ|追い回|つけ回|つけ|待ち伏せ|監禁|暴行|乱暴"
    r"|虐待|いじめ|無視|(?:馬鹿|ばか)に|差別|恫喝|罵倒|強要|絞め|閉じ込め|石を投げ|突き飛ば|引っ張|からか|晒|さら"
    r"|手を上げ|放火|燃や|振るわ|騙|だま)"
)
_SUFFERS: Final = re.compile(
    rf"{_VIOLENCE}[さらわかがまばたな]*れ(?:て(?!も(?:知|仕方|当然|文句)|当然|しまえ|こい)[^。?]{{0,12}}|(?:た(?!い"
    rf"|く|ら|って|こと)|まし|かけ|たくない(?:ので|んです)|る(?:ので|んです|んだ(?!よ|ぞ)|のでは)){_ENDING}"
    rf"|そう(?:で|に)[^。?]{{0,8}}|る(?:かも|かと|のが|と(?:思|怖))[^。?]{{0,10}})[。?]?$"
    rf"|(?:を|まで)(?:強い|強要さ|させ)られ(?:て|た(?!い|く|ら)|まし){_END}"
)


def tells_what_was_suffered(a: Surroundings) -> bool:
    if a.ends_aimed or not of_others(a.matched) or re.search(r"(?:と|って)(?:いい|思)", a.matched):
        return False
    return bool(_SUFFERS.search(a.matched))


_SOMEBODY_DOES: Final = re.compile(
    rf"{_SOMEBODY_ELSE}{_ELSE_TAIL}(?:が|は)[^。?]*(?:{_VIOLENCE}|包丁|刃物|ないふ|棒|暴れ|騒|首を|火を|抱き|触"
    rf"|うるさ|馬鹿|ばか(?!り))[^。?]*(?:て(?:い)?(?:る|た|ます|まし|て)|た|まし(?:た|て)|んです|ので"
    rf"|みたいで)(?!か|だろ|でしょ){_END}"
)


def tells_what_somebody_did(a: Surroundings) -> bool:
    if a.ends_aimed or not of_others(a.matched) or re.search(r"に(?:も)?なりたい", a.matched):
        return False
    return bool(_SOMEBODY_DOES.search(a.matched))


# The caller --------------------------------------------------------------------------------------------

_FAULT: Final = (
    r"(?:馬鹿|ばか(?!り)|あほ|無能|役立たず|間抜け|まぬけ|のろま|くず|どじ|ぼけ|情けな|おっちょこちょい|不注意"
    r"|勘違い)"
)
_BLAMES_ITSELF: Final = re.compile(
    rf"^(?:やっぱり|本当に|ほんと|つくづく)?(?:私|わたし|あたし|わし|僕|俺|おれ|自分)(?:自身)?(?:が|は|も|って"
    rf"|なんか|の(?:ほう|方)が)(?:ほんとに|本当に|一番)?{_FAULT}(?!な(?:職員|奴|やつ|お前|役所)){_END}"
    rf"|{_FAULT}(?:です|だ|でし|や)(?:ね|よ|な|た|よね|なあ|わ)*(?:私|わたし|俺|自分|僕)(?:って|も|は)?[。?]?$"
    rf"|自分(?:で|でも|に|が)(?:自分(?:を|に|が))?(?:あきれ|呆れ|情けな|腹が立|怒|嫌にな){_END}"
)


def blames_itself(a: Surroundings) -> bool:
    return bool(_BLAMES_ITSELF.search(a.matched)) and of_others(a.matched) and not a.is_threat


_WISHES_DEATH: Final = re.compile(
    r"^(?:もう)?(?:いっそ)?(?:(?:私|わたし|あたし|わし|僕|俺|自分)(?:なんか|なんて|も|は"
    r"|が)?)?(?:もう)?(?:いっそ)?(?:楽に)?(?:死に(?:たい|てえ|たく)|死のうと?(?:思|か)|死んだ(?:ほう|方)が(?:まし"
    r"|いい|楽)|消えて(?:しまい)?(?:たい|なくなり)|消えたい|生きて(?:い)?(?:たく|る(?:意味|価値)|くの))(?!の?か"
    r"|んか|なら|やつ|奴|人)"
)


def wishes_to_die(a: Surroundings) -> bool:
    text = a.text.normal
    return (
        bool(_WISHES_DEATH.search(a.matched))
        and of_others(text)
        and not re.search(r"殺|道連れ|そっちで|窓口で|役所の前で|のせいで|責任", text)
    )


# Things ------------------------------------------------------------------------------------------------

_ASKED_ABOUT_A_THING: Final = re.compile(
    rf"(?<![一-龯])(?:{LIVING}|{FIRE_AND_FUEL})(?:の巣)?(?:を|が|に|は|の|で)[^。?]{{0,8}}(?:殺|駆除|燃|焼|火|壊"
    rf"|処分|撃|爆|死)[^。?]{{0,14}}{_ASKING}"
    rf"|(?<![一-龯])(?:{LIVING}|{FIRE_AND_FUEL})[^。?]{{0,10}}(?:殺|駆除|燃や|焼く|焼き|火|壊|処分"
    rf"|撃)[^。?]{{0,8}}(?:許可|方法|届|申請|手続)"
)


def asks_about_a_thing(a: Surroundings) -> bool:
    return bool(_ASKED_ABOUT_A_THING.search(a.matched)) and of_others(a.matched)


_ABUSES_A_THING: Final = re.compile(
    rf"(?:無能な|馬鹿な|使えない|ぽんこつ|くそ)(?:この|あの)?{THING}(?!の(?:職員|人|担当)|と)"
    rf"|{THING}(?:を|は|が|なんか)?(?:もう)?(?:ぶっ)?(?:壊|叩|蹴)[^。?]{{0,6}}(?:たい(?:くらい|ぐらい|ほど)"
    rf"|たくなる|たくなり)"
)


def abuses_a_thing(a: Surroundings) -> bool:
    return bool(_ABUSES_A_THING.search(a.matched)) and of_others(a.matched) and not a.is_threat


_TO_AN_ANIMAL: Final = re.compile(
    rf"(?:と|って)(?:うちの|その|この)?(?:{LIVING}|息子|娘|孫|夫|子ども|子供|自分)に(?:も)?[^。?]{{0,4}}(?:言っ"
    rf"|言い聞かせ|叱|怒|注意し){_END}"
)


def says_it_to_somebody_else(a: Surroundings) -> bool:
    return bool(_TO_AN_ANIMAL.search(a.matched)) and of_others(a.matched)


_NEEDS_HELP: Final = re.compile(
    r"相談|教えて(?:くだ|もら|ほし|いただ)|どこ(?:に|へ|で)|どうすれば|どうしたら|怖(?:い|く)|こわ(?:い|く)"
    r"|おっかな|困っ|心配|不安|つら|悲し|助けて|泣い|眠れ|逃げ|警察に(?:は|も)?(?:相談|届|通報|行)|ありがと|ごめん"
    r"|すみません"
)


def asks_for_help(a: Surroundings) -> bool:
    """Whether a clause beside one that was set aside is what a person in need says."""
    return bool(_NEEDS_HELP.search(a.matched)) and not a.is_aimed and of_others(a.matched)

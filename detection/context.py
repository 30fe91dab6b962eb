"""Pure: words around a match that take its harm away: negation, quotation, a victim's account and others.

Each rule looks at the sentence of the match only, and only near it: a caller who says 「夫に殺すと言われて」 and
then threatens the clerk is heard with the second sentence. What insists (「殺すぞって言ってるんだよ」) stands
against every rule that reads words behind the match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from detection.surroundings import OWN_PASSIVE, SAID, Surroundings
from detection.types import Category

_WORDS_ABOUT_SOMEBODY: Final = frozenset(
    {Category.MENTAL_ATTACK, Category.DISCRIMINATION, Category.SEXUAL, Category.PERSONAL_ATTACK}
)

_KIN = (
    r"(?:元)?(?:夫|旦那|主人|妻|嫁|家内|女房|彼氏?|彼女|父親?|母親?|親|義父|義母|姑|舅|兄|弟|姉|妹|息子|娘|子供|子ども|孫|祖父|祖母"
    r"|おじいちゃん|おばあちゃん|お父さん|お母さん|親戚|おじ|おば|家族|身内)"
)
_OTHERS = (
    r"(?:隣|となり|近所|向かい|上の階|下の階|大家|管理人|住人|隣人|町内会|自治会|班長|友達|友人|同級生|クラス|先輩|後輩|同僚|上司|社長|店長"
    r"|先生|教師|生徒|相手|加害者|犯人|容疑者|ストーカー|業者|施工|会社|他の客|運転手|男|女|若者|若い(?:人|子|の)|不良|やくざ|酔っ払い|外国人|中国人"
    r"|知らない人|ある人|誰か|だれか|知り合い|いじめ|いじめっ子|ネット|掲示板|sns|ライン|手紙|メール|電話の相手|夢の中|ドラマ|映画|ニュース"
    r"|その(?:人|男|女|子)|あの(?:人|男|女|子)|あいつ|彼ら|(?:田中|佐藤|鈴木|高橋)さん)"
)
_THIRD: Final = rf"(?:{_KIN}|{_OTHERS})"
_YOURS: Final = r"(?:お前|おまえ|あんた|てめ|貴様|きさま|そっち|そちら|お宅|おたく|君|きみ)(?:ら|たち|達)?の(?:大事な)?"
_LIVING: Final = (
    r"(?:ひぐま|くま|熊|すずめばち|蜂|はち|害虫|毛虫|虫|むし|蚊|蝿|はえ|しろあり|白蟻|蟻|ねずみ|鼠|からす|烏|鳩|はと|鹿|しか|猪|いのしし|蛇|へび|まむし"
    r"|ごきぶり|だに|むかで|雑草|草|木|もぐら|あらいぐま|きつね|たぬき|さる|猿|犬|野良猫|猫|害獣|家畜|豚|牛|鶏|にわとり|魚|細菌|菌|ういるす)"
)
_LIFELESS: Final = (
    r"(?:どんど焼き|野焼き|焚き?火|たき火|花火|ろうそく|線香|薪|すとーぶ|不発弾|爆竹"
    r"|枯れ?草|落ち葉|ごみ|古い?家|物置)"
)
_SUFFERED: Final = (
    r"(?:(?:言わ|いわ|怒鳴ら|どなら|脅さ|おどさ|罵ら|ののしら|叫ば|書か|呼ば|から?かわ|送ら|迫ら|要求さ|強要さ|恫喝さ|脅迫さ|誘わ|けなさ|つぶやか|浴びせ(?:かけ)?ら"
    r"|罵倒さ|暴言を吐か|投稿さ|貼ら|聞かさ|命令さ|しつこくさ)れ)"
)

_DARES: Final = re.compile(
    r"(?:ない|せん|ねー?)(?:とでも|と思(?:う|って|った)|と(?!は|言|いう|約束|思い(?:ます|たい))|なら|んだったら|限り|わけ(?:が)?ない|で(?:い|済|す[むま]))"
    r"|(?:されたい|られたい|されたくな|られたくな)"
)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a match does not count."""

    rule: str
    label: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which words around a match take its harm away."""

    name: str
    label: str
    applies: Callable[[Surroundings], bool]


def set_aside_by(around: Surroundings, keeps: Collection[str] = ()) -> Why | None:
    """Return the first rule that takes the harm away, but for those named in *keeps*."""
    for rule in RULES:
        if rule.name not in keeps and rule.applies(around):
            return Why(rule.name, rule.label)
    return None


# Negation -----------------------------------------------------------------------------------------------

_NOT_BEHIND: Final = re.compile(
    r"(?:ないで|ないよう|なくて|ません|ないです|ないから|ないけど|ないし|ず(?:に|ど)|ない(?=。|$)|ないよ)"
    r"|(?:て|で)(?:は|ちゃ)(?:いけ|だめ|なら)|ちゃ(?:いけ|だめ)"
    r"|(?:し)?(?:たり|とか|なんて|なんか|など)?(?:は|も)?(?:し)?(?:ません|ないで|ないよ|ないです|ないから|しない(?=。|$))"
    r"|(?:て(?:い)?る|た)?(?:という|って|と言う)?(?:つもり|わけ|訳|気|意味|意図)(?:で|じゃ|では|は|も|が)?(?:言ったの)?(?:じゃ|では|は|も)?(?:ない|ありません|なく|ございません)(?!か)"
    r"|(?:だ|(?:て|で)?(?:謝れ|詫びろ|払え))?(?:と|って|とか|なんて|とまで)(?:は|まで|か)?(?:一言も)?(?:言って|言っては|言ってる(?:わけ|つもり)(?:じゃ|では)?|言い|言わ|言いたい(?:わけ|の)(?:じゃ|では)?|思って(?:は)?(?:い)?|思い|思わ|言ってはい|申し(?:て)?(?:おり|い)?)"
    r"(?:い|おり)?(?:ない|ません|ませんよ|ねー)(?!か|と|な[らく])"
    r"|(?:を|は|まで|までは|とまでは|なんて|なんか)*(?:し(?:てほしい|ろ|て)(?:と|って|という)?(?:は|まで|わけ)?(?:じゃ|では|は)?)?"
    r"(?:いり|求め(?:て(?:い)?)?|要求し(?:て(?:い)?)?|望み|望んで(?:い)?|必要(?:は|が)?あり|結構)(?:ません|ない|ではな|です)(?!と|か)"
    r"|(?:を|は|まで|なんて|なんか)?(?:し)?な(?:くて|くとも)(?:も)?(?:いい|結構|大丈夫|構)"
)
_NO_INTENT: Final = re.compile(
    r"(?:は|も|なんて)?(?:あり|思って(?:い|おり)?|言って(?:い|おり)?|考えて(?:い|おり)?)(?:ません|ないです|ないので)(?!か)"
)
_PROHIBITS: Final = re.compile(r"な(?:よ|さいよ)?(?:。|\?|$|と|って|んて|ってば|!)")
# 「クマを殺すな」 forbids harm; 「偉そうなことを言うな」 and 「帰れると思うな」 are commands of the caller.
_HARMFUL_ACT: Final = re.compile(
    r"(?:殺す|ころす|殴る|撃つ|刺す|燃やす|焼く|壊す|叩く|たたく|蹴る|潰す|いじめる|脅す|つける|襲う)$"
)
_ABOLISH: Final = re.compile(
    r"の?(?:を|は|なんて|なんか|とか|行為|発言)+(?:やめ(?:て|よう|ましょ|るべ|てほし)|なくし|許せ(?:ない|ませ)|防止|反対|いけない|よくない|良くない)"
)


_NOT_ASKED: Final = re.compile(
    r"[^?]{0,24}(?:そんな|そこまで)[^。?]{0,6}(?:求め|要求し|言い|思い)ませ"
)


def _negated(a: Surroundings) -> bool:
    if not a.is_threat and _NOT_ASKED.match(a.following):
        return True  # 「土下座してほしいくらいですけど、そんなことは求めません」
    if _DARES.match(_inflected(a)) or _DARES.match(a.after):
        return False
    if a.matched.endswith(("じゃ", "では")) and re.match(r"ない(?:です)?か", a.after):
        return False  # 「無能じゃないですか」 asserts it
    if a.matched.endswith(("つもり", "気", "と")) and _NO_INTENT.match(a.after):
        return True
    if a.insists and not re.match(
        r"[^。?]{0,14}(?:わけ|つもり|の)(?:じゃ|では)(?:ない|ありませ|なく)(?!か)", a.after
    ):
        return False
    if _PROHIBITS.match(a.after) and _HARMFUL_ACT.search(a.matched):
        return True
    return bool(
        _ABOLISH.match(a.after) or _NOT_BEHIND.match(a.after) or _NOT_BEHIND.match(_inflected(a))
    )


def _inflected(a: Surroundings) -> str:
    """`after`, less the one letter by which a verb bends: 殺[さ]ないで, but not 殺す[し]かない."""
    bends = re.search(r"[一-龯]$", a.matched) and re.match(r"[さわらかがたなまばし]", a.after)
    return a.after[1:] if bends else a.after


# Quotation, report, a victim's account ------------------------------------------------------------------

_REPORTED: Final = re.compile(
    rf"[^。?]{{0,10}}?{SAID}.{{0,8}}?{_SUFFERED}"
    rf"|[^。?]{{0,8}}?(?:と|って|とか)(?:か)?(?:言|いう|いって|叫|怒鳴|騒|書|わめ|脅)[^。?]{{0,6}}(?:人|方(?!が)|奴|やつ|男|女|者|お?子さん|息子|隣|書き込み|貼り紙|はり紙|張り紙|手紙|めーる|落書き|投稿|こめんと|電話)(?:が|を|に|は|も|から|の|で|や|って|と|だ|。|$)"
    rf"|[^。?]{{0,6}}?(?:と|って)(?:いう|言う|ゆう)?(?:言葉|発言|意味(?!だ)|漢字|字|表現|書き込み|めーる|手紙|電話|落書き|投稿|噂|うわさ|曲|映画|本|小説|どらま|たいとる|題名|にゅーす|事件|歌|張り紙|貼り紙|暴言|のは(?:どう|何|なん|差別|かすはら|犯罪|罪))"
    rf"|[^。?]{{0,4}}?(?:と|って)(?:書い|かい|貼っ|載っ)て(?:あ|お|い|る)"
    rf"|[^。?]{{0,6}}?(?:と|って)(?:いう)?(?:のは)?(?:どういう意味|何ですか|なんですか|聞きました|聞いた(?:ん|の|ことが))"
)
_THIRD_SAYS: Final = re.compile(
    rf"[^。?]{{0,8}}?{SAID}[^。?]{{0,6}}(?:言|い[うっ]|怒鳴|どな|脅|おど|叫|騒|暴れ|送って|書い|罵|わめ|電話(?:を|が|して)|めーる|来[てた]|きた|き[てま])"
)
_SUBJECT: Final = re.compile(
    rf"{_THIRD}(?:の(?:人|方|男|女|おじさん|おばさん|おやじ|奴|やつ|子|家|住人|お?客|運転手))?(?:さん|様)?(?:たち|達|ら)?(?:が|は|から|も|まで|の(?:ほう|方)から|って)[^。?]*$"
)
_STAFF_SUBJECT: Final = re.compile(
    r"(?:職員|担当(?:者|の(?:人|方))?|係(?:の人|の方|員)?|窓口(?:の人|の方)?|課長|役所の人|市役所の人)(?:さん)?(?:が|から)[^。?]*$"
)
_YOU_BEFORE: Final = re.compile(r"お前|おまえ|てめ|貴様|きさま|あんた")


def _reported(a: Surroundings) -> bool:
    if OWN_PASSIVE.match(a.after):
        return False
    if _REPORTED.match(a.after) and not _addressed_again(a):
        return True
    before = a.clause if a.insists else a.before
    somebody = _SUBJECT.search(before) or _STAFF_SUBJECT.search(before)
    return bool(somebody and _THIRD_SAYS.match(a.after))


def _addressed_again(a: Surroundings) -> bool:
    # 「殺すって言ってる奴がここにいるんだよ」 is still a threat.
    return re.match(r"[^。?]{0,14}(?:俺だ|ここにいる|目の前)", a.after) is not None


def _quoted(a: Surroundings) -> bool:
    if not a.quoted:
        return False
    return not a.insists


_PASSIVE: Final = re.compile(
    r"(?:に?さ|[わらかがたなまば])?れ"
    r"(?!たい|たく(?!ない(?:です|んです|の)|なくて)|る(?:ぞ|からな|よ(?:。|$)|んだ(?:よ|ぞ))|て(?:も(?:知|文句|仕方|しょうが|当然)|当然|しまえ|こい))"
    r"(?:る|て|た|ま|そう|かけ|な(?:いか|くて))|にした(?:よう|みたい)な態度"
)
_DONE_TO: Final = re.compile(
    rf"(?:{_THIRD}|誰か|知らない)(?:の(?:人|方|男|女|おじさん|奴|やつ|子))?(?:さん|様)?(?:たち|達|ら)?(?:に|から)[^。?]{{0,20}}$"
)


def _suffered(a: Surroundings) -> bool:
    if OWN_PASSIVE.match(a.after) or a.insists:
        return False
    passive = _PASSIVE.match(a.after) and not re.search(r"(?:たい|たら|れば)(?:の?か)?$", a.matched)
    if passive and not _YOU_BEFORE.search(a.before[-14:]):
        return True
    return bool(
        _DONE_TO.search(a.clause)
        and re.match(
            r"[^。?]{0,16}(?:れ(?:た|て|る|そう|ま)|もらえない|[てで](?:くる|きた(?!い)|きて|きま))",
            a.after,
        )
    )


# What it is about ---------------------------------------------------------------------------------------

_WILL: Final = re.compile(r"[^。?]{0,6}(?:ぞ|からな|てやる|ちゃる|たる|てえ)")
_HARM_TO_THINGS: Final = re.compile(r"殺|駆除|燃|焼|火|壊|爆|潰|処分|死|刺|撃|叩")
# A letter before 鹿 or 木 makes another word: 馬鹿, 大木さん.
_ABOUT_THING: Final = re.compile(
    rf"(?<![一-龯])(?<!この){_LIVING}(?:の(?:巣|死骸|処理|群れ|駆除|子))?(?:さん|たち|達)?"
    r"(?:を|が|は|も|とか|なら|なんか|って)(?:(?!から|ので|けど|のに)[^。?]){0,6}$"
)
_NEAR_FIRE: Final = re.compile(rf"{_LIFELESS}[^。?]{{0,12}}$")
_ASKS: Final = re.compile(
    r"[^。?]{0,24}(?:(?:方法|処理|処分|手続き?|届け?|申請|許可|場合|とき|時|駆除|訓練|料)"
    r"|(?:です|でしょう|ます)か|いいの(?:か|かな|でしょ)?|たいんです|たいのです|んですけど|んですが|もらえ)"
)


def _about_a_thing(a: Surroundings) -> bool:
    """Whether it is an animal that is to be killed, or a fire that somebody asks about."""
    if not _HARM_TO_THINGS.search(a.matched) or _WILL.match(a.matched[-6:] + a.after):
        return False
    if _YOU_BEFORE.search(a.before) or _YOU_BEFORE.search(a.matched):
        return False
    if _ABOUT_THING.search(a.before):
        return True
    near = _NEAR_FIRE.search(a.before) or re.search(_LIFELESS, a.matched)
    return bool(near and _ASKS.match(a.after))


_EARLIER: Final = re.compile(
    r"さっき|先ほど|さきほど|先日|昨日|きのう|この前|こないだ|前回|以前|この間|あの時|その節|つい|思わず|かっと"
)
_SORRY: Final = re.compile(
    r"[^?]{0,16}?(?:言っ(?:て|た)|言いすぎ|言い過ぎ|怒鳴っ|申し上げ|いって|しま(?:って|い)|なんて|口にし|吐い)[^?]{0,16}?"
    r"(?:すみません|すいません|すまな|ごめん|申し訳|悪かった(?!と思う)|失礼しました|失礼なこと|反省|お詫び|謝ります|謝りたい|撤回し)"
)


def _apologised(a: Surroundings) -> bool:
    sorry = _SORRY.match(a.following)
    if sorry is None or re.search(r"謝れ|謝って(?:くだ|もら|くれ|ほし)|しろ", sorry.group()):
        return False
    return bool(
        _EARLIER.search(a.before) or re.match(r"[^。?]{0,4}(?:と|って|なんて|とか|など)", a.after)
    )


_SELF: Final = re.compile(
    r"(?:私|わたし|あたし|わし|僕|ぼく|俺|おれ|自分|うち|こちら|こっち)(?:自身|の(?:方|ほう|頭|耳|目|やり方))?(?:が|は|も|って|なんか|なんて|みたいな|のような)?[^。?をに]{0,6}$"
)
_SELF_END: Final = re.compile(
    r"(?:な(?:もの|もん|の|んで|私|自分|俺|僕|ので)|で(?:す|した|し(?:て|ょ)|、|わから)|だ(?:った|から|なあ?|よね|けど|し)|なん(?:で|だ)|だと(?:自分で|思い)|と(?:自分で|思い)|[^。?]{0,3}(?:すみ|すい|ごめん))"
)
_TO_OTHERS: Final = re.compile(
    r"な?(?:職員|役所|役人|公務員|お前|奴|やつ|あんた|連中|市役所|市長|担当)|にして(?:る|い|ん)|扱い|呼ばわり"
)
_SELF_HARM: Final = re.compile(
    r"(?:私|わたし|あたし|わし|僕|俺|おれ|自分)(?:が|も|なんか|なんて|を|自身を|は(?:もう)?)[^。?]{0,5}$"
)


def _of_oneself(a: Surroundings) -> bool:
    if a.insists:
        return False
    if re.search(r"死|しね|消え|殺", a.matched) and _SELF_HARM.search(a.before):
        # 「俺が殺してやる」 has the caller as doer; only what the caller suffers counts as their own.
        doer = re.search(r"(?:が|は(?:もう)?|も)[^。?]{0,5}$", a.before) and "殺" in a.matched
        return not doer and not _TO_OTHERS.match(a.after)
    if a.is_threat or a.category not in _WORDS_ABOUT_SOMEBODY:
        return False
    return bool(
        _SELF.search(a.before) and _SELF_END.match(a.after) and not _TO_OTHERS.match(a.after)
    )


_ABOUT_THIRD: Final = re.compile(
    rf"(?:{_THIRD}(?:の(?:人|方|男|女|おじさん|おばさん|おやじ|奴|やつ|子|家|住人|旦那|奥さん))?(?:さん|様)?(?:たち|達|ら)?(?:が|は|も|って|の|みたいな))"
    r"(?:(?!のに|けど|から|だろ|たら|ので|くせに)[^。?]){0,8}$"
)


_OF_A_THIRD: Final = re.compile(rf"(?:な|の)?{_THIRD}")


def _about_a_third(a: Surroundings) -> bool:
    if _YOU_BEFORE.search(a.after):
        return False
    if not a.is_threat and a.category in _WORDS_ABOUT_SOMEBODY and _OF_A_THIRD.match(a.after):
        return not _YOU_BEFORE.search(a.before) and not _YOU_BEFORE.search(a.matched)
    third = _ABOUT_THIRD.search(a.clause)
    if third is None or re.search(rf"{_YOURS}[^。?]{{0,4}}$", a.clause[: third.start()]):
        return False
    if _YOU_BEFORE.search(a.before) or _YOU_BEFORE.search(a.matched):
        return False
    if not a.is_threat:
        return a.category in _WORDS_ABOUT_SOMEBODY
    # A threat against a third person is still one for the police card; only somebody else's deed is not.
    doer = re.search(r"(?:が|は|も)[^。?]{0,10}$", third.group())
    return bool(doer) and not _WILL.match(a.matched[-6:] + a.after) and not a.insists


_SUPPOSES: Final = re.compile(
    r"[^。?]{0,10}(?:(?:と|って)?(?:言|いっ|し)(?:った)?(?:たら|ったら|うと|えば|すると|るのは|うのは|っても)|(?:たら|だら|れば|ると|のは|こと(?:は|が)|行為は|場合は?|とき))[^。?]{0,14}"
    r"(?:かすはら|犯罪|罪|違反|罰|逮捕|どうな(?:り|る)|該当|当たり?ます|あたり?ます|対象)"
)
_IF: Final = re.compile(
    r"(?:もし|仮に|かりに|たとえば|例えば|万が一)(?!.{0,3}(?:やらな|しな|でき))[^。?]{0,20}$"
)
_THEN_WHAT: Final = re.compile(
    r"[^。?]{0,20}(?:どう(?:すれば|したら|な(?:り|る))|対応|相談|いいでしょう|いいです|困)"
)


def _supposed(a: Surroundings) -> bool:
    if a.insists:
        return False
    return bool(_SUPPOSES.match(a.after) or (_IF.search(a.before) and _THEN_WHAT.match(a.after)))


RULES: Final = (
    Rule("negation", "打ち消し", _negated),
    Rule("apology", "以前の発言のおわび", _apologised),
    Rule("conditional", "仮の話", _supposed),
    Rule("quotation", "引用", lambda a: _quoted(a) or _reported(a)),
    Rule("victim", "被害のお話", _suffered),
    Rule("procedure", "人ではないもの・手続きのお話", _about_a_thing),
    Rule("self", "ご自身のこと", _of_oneself),
    Rule("third_person", "第三者のこと", _about_a_third),
)
"""In order of how plainly they say so; the first that applies is told."""
RULE_NAMES: Final = frozenset(rule.name for rule in RULES)

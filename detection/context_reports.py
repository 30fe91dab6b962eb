"""Pure: words of somebody else: quoted, written, heard of, played, repeated back; or said to somebody else."""

from __future__ import annotations

import re
from typing import Final

from detection.context_clauses import (
    tells_what_was_heard,
    tells_what_was_said,
)
from detection.context_rule import Rule, demand, insult, of, threat
from detection.context_words import SOMEBODY, SUFFERED, THIRD, THIRD_TAIL, YOU_BEFORE
from detection.surroundings import OWN_PASSIVE, SAID, Surroundings
from detection.types import Category

_WRITTEN: Final = (
    r"(?:言葉|発言|意味(?!だ)|漢字|字|表現|書き込み|めーる|手紙|はがき|葉書|電話|留守電|落書き|投稿|こめんと|紙"
    r"|ちらし|噂|うわさ|曲|映画|本|小説|どらま|たいとる|題名|にゅーす|記事|事件"
    r"|歌|張り紙|貼り紙|はり紙|暴言|捨て台?ぜりふ|捨て台詞|寝言|声|看板|札|名前|商品|店|番組|絵本|作品|曲名|げーむ"
    r"|漫画|あにめ|展覧会)"
)
_SENT: Final = (
    r"(?:書き込み|めーる|line|らいん|手紙|はがき|葉書|電話|留守電|落書き|投稿|張り紙|貼り紙|はり紙|暴言"
    r"|捨て台?ぜりふ|捨て台詞|寝言)"
)
_SPEAKS: Final = r"(?:言|い[うっ]|ゆう|おっしゃ|叫|怒鳴|どな|騒|暴れ|書|わめ|脅|おど|罵|ぬか|ほざ|しゃべ|話|つぶや)"
# Not the 「って」 of a verb: 「殴りかかって」, 「包丁を持って」.
_SAID_HERE: Final = r"(?:^|[^。?]{0,3}?(?<=[よぞだるたろれけせねす]))(?:って|と|とか|なんて|だなんて|みたいなことを)"
_REPORTED: Final = re.compile(
    # 「…って怒鳴り込んでくる」, 「…とすごまれました」: it comes towards the caller.
    rf"{_SAID_HERE}(?!言ってきた(?:だろ|でしょ|のに|はず))[^。?]{{0,8}}?[てで](?:くる|きて|きた(?!い)|きま|こられ)"
    rf"|{_SAID_HERE}[^。?]{{0,8}}?[らさわかがまばたな]れ(?:て(?:い)?ます|まし|て(?:い)?るん|たんです|たので)"
    rf"|{_SAID_HERE}(?:[^。?]{{0,8}}(?:叫|わめ|言|怒鳴)[^。?]{{0,3}}声|聞こえ(?!ました?か|たか|ない|てる|てん)|響い)"
    rf"|{_SAID_HERE}[^。?]{{0,4}}言い(?:張|残|出|ながら|捨て|放|触ら)[^。?]{{0,8}}{THIRD}"
    rf"|{_SAID_HERE}(?:の|いう)?(?:脅迫|脅し|いたずら|匿名|嫌がらせ)の?(?:電話|手紙|めーる|line|らいん|書き込み)"
    # Northern speech: 「…て言われだ」, 「…どてしゃべらえで」.
    r"|[^。?]{0,4}?(?:って|て|ど|どって|どて|ずって|と)(?:言わ|いわ|しゃべら|さべら|どなら|怒鳴ら|おどさ|脅さ)(?:れ"
    r"|え|い)(?:だ(?!い)|で|た(?!い|く)|て|る(?!ぞ))"
    # Without a comma nothing says where the quotation begins; who said it stands between.
    rf"|[^。?]{{0,24}}?{SAID}{THIRD}{THIRD_TAIL}(?:に|から)[^。?]{{0,6}}{SUFFERED}"
    rf"|[^。?]{{0,3}}?呼ばわり(?:を)?され(?:て|まし|た(?!い))"
    "|"
    rf"[^。?]{{0,16}}?(?:{SAID}|で(?=言う))(?:(?!あなた|お前|おまえ|あんた)[^。?]){{0,14}}?{SUFFERED}"
    rf"|[^。?]{{0,8}}?(?:{SAID}|で(?=言う))[^。?]{{0,10}}?{_SPEAKS}[^。?]{{0,6}}{SOMEBODY}(?:が|を|に|は|も|から|の"
    rf"|で|や|って|と|だ|さん|。|$)"
    rf"|[^。?]{{0,16}}?(?:と|って|で)(?:いう|言う|ゆう)(?:ご|その|あの|ような)*{_WRITTEN}"
    rf"|[^。?]{{0,4}}?(?:と|って)(?:ご)?{_SENT}"
    r"|[^。?]{0,8}?(?:と|って)(?:いう|ゆう)?のは(?:どう|何|なん|差別|かすはら|犯罪|罪)"
    r"|[^。?]{0,22}?(?:と|って)[^。?]{0,8}?(?:書い|かい|貼っ|載っ|並ん|残って|入っ)て(?:あ|お|い|る|まし)"
    r"|[^。?]{0,6}?(?:と|って)(?:いう)?(?:のは)?(?:どういう意味|何ですか|なんですか|聞きました|聞いた(?:ん|の"
    r"|ことが))"
    r"|[^。?]{0,4}?(?:と)?(?:言わはり|いわはり|言わはん|おっしゃ(?:って|い)|言わっしゃ|言われまし)"
)
_THIRD_SAYS: Final = re.compile(
    rf"[^。?]{{0,12}}?{SAID}[^。?]{{0,6}}(?:言|い[うっ]|怒鳴|どな|脅|おど|叫|騒|暴れ|送って|書い|罵|わめ|すご"
    rf"|電話(?:を|が|して)|めーる|line|らいん|届|来[てた]|きた|き[てま])"
    rf"|{_SAID_HERE}[。?]?$"
)
_SUBJECT: Final = re.compile(
    rf"(?:{THIRD}{THIRD_TAIL}|(?:た|る)(?:人|方|奴|やつ|男|女|子|客))(?:が|は|から|も|まで|の(?:ほう|方)から"
    rf"|って)[^。?]*$"
)
_CALLED_UP: Final = re.compile(
    r"(?:電話|めーる|手紙|はがき|らいん|留守電|封書|通知)(?:が|も)?(?:来|き|届|入|かか)(?!な|ませ)[^。?]{0,22}$"
)
_STAFF_SUBJECT: Final = re.compile(
    r"(?:職員|担当(?:者|の(?:人|方))?|係(?:の人|の方|員)?|窓口(?:の人|の方)?|課長|役所の人"
    r"|市役所の人)(?:さん)?(?:が|から)[^。?]*$"
)
_SAYS_BEHIND: Final = re.compile(
    rf"[^。?]{{0,4}}?{SAID}(?:か)?(?:うちの)?{THIRD}{THIRD_TAIL}(?:が|は|も)[^。?]{{0,6}}(?:言|怒|叫|いう|いっ|暴れ"
    rf"|騒|脅|わめ|すご)"
)
_PLAYED: Final = re.compile(
    r"(?:落語|漫才|こんと|どらま|映画|小説|漫画|まんが|あにめ|芝居|劇|歌|げーむ|台本|詩|狂言|歌舞伎|朗読"
    r"|早口言葉)(?:の(?:中|台詞|せりふ|場面|題|歌詞)?)?(?:で|に|の|は|さ)(?:(?!みたい|ように)[^。?]){0,22}$"
)


_WANTS_IT: Final = re.compile(
    r"[^。?]{0,20}(?:なり|され|られ|載り|言われ)(?:たい(?:の?か|んか|んだな)|たくな(?:ければ|かったら|いなら))"
    r"|[^。?]{0,18}(?:書い|言っ|流し|投稿し|送っ|広め)て(?:やる|やろ|もらう)"
)


_AGENT: Final = re.compile(rf"{THIRD}{THIRD_TAIL}(?:に|から)[^。?]{{0,12}}$")
_BROKEN_OFF: Final = re.compile(r"(?:と|って|とか)(?:さ|ね)?[。?]?$")


def reported(a: Surroundings) -> bool:
    """「電話で殺すと言われました」, 「夫が死ねって言うんです」; but not 「殺すと言われたいのか」."""
    if OWN_PASSIVE.match(a.after):
        return False
    if a.quoted and not a.insists:
        return True
    if _WANTS_IT.match(a.after):
        return False
    if _REPORTED.match(a.after) and not _addressed_again(a):
        return True
    if _SAYS_BEHIND.match(a.after):
        return True
    before = (a.clause if a.insists else a.before) + a.matched
    somebody = (
        _SUBJECT.search(before) or _STAFF_SUBJECT.search(before) or _CALLED_UP.search(a.before)
    )
    if somebody and _THIRD_SAYS.match(a.after):
        return True
    return bool(_AGENT.search(before) and _BROKEN_OFF.match(a.after))


def _addressed_again(a: Surroundings) -> bool:
    # 「殺すって言ってる奴がここにいるんだよ」 is still a threat.
    return re.match(r"[^。?]{0,14}(?:俺だ|ここにいる|目の前)", a.after) is not None


_HEARD_OF: Final = re.compile(
    r"[^。?]{0,16}?(?:(?:と|って)(?:いう)?(?:話|噂|うわさ|評判|報道|にゅーす|こと)(?:を|が|は|で)?(?:聞|耳|見|拝見"
    r"|あ[りる]|です)"
    r"|(?:と|って)(?:新聞|てれび|にゅーす|報道|週刊誌|ねっと|らじお|sns|広報)(?:に|で|が)|(?:と"
    r"|(?<=[るただいうよろぞす])って)(?:聞い|聞き|伺いまし|伺って|うかがいまし|拝見))"
)
_PRESS: Final = re.compile(
    r"(?:新聞|てれび|にゅーす|報道|週刊誌|らじお|ねっと|sns|記事|動画|ゆーちゅーぶ)(?:で|に|の|を|が|は)[^。?]{0,20}$"
)
_MEETS: Final = re.compile(
    r"[^。?]{0,16}?(?:見て|見た|見まし|読ん|聞い|知っ|報じ|流れ|出て|やって|(?:事件|場面|記事|にゅーす|話|せりふ"
    r"|台詞)(?:が|を|は|の|で))"
)


def heard_of(a: Surroundings) -> bool:
    """「よその役所で職員が刺されたとニュースで見ました」; but not 「刺されたってニュースになりたいのか」."""
    if a.insists or OWN_PASSIVE.match(a.after):
        return False
    if _WANTS_IT.match(a.after) or re.match(r"[^。?]{0,20}(?:のように|みたいに)", a.after):
        return False
    if _PRESS.search(a.before) and _MEETS.match(a.after):
        return True
    if a.ends_aimed or YOU_BEFORE.search(a.before + a.matched + a.after):
        return False
    return bool(_HEARD_OF.match(a.after))


def played(a: Surroundings) -> bool:
    """「落語でさ、この馬鹿野郎ってやるのが肝なんだ」: words of a stage, a book, a song."""
    return bool(
        _PLAYED.search(a.before)
        and not a.insists
        and re.match(
            r"[^。?]{0,12}(?:と|って|の|が|を|に|しーん|場面|台詞|せりふ|事件|役)", a.after
        )
    )


QUOTATION: Final = Rule(
    id="quotation",
    name="quotation",
    label="引用",
    applies=reported,
    of_clause=tells_what_was_said,
    catches=(
        threat("電話で〔殺す〕と言われました。"),
        insult("〔馬鹿〕って言ってる人がいたんです。"),
        insult("隣の人に「〔死ね〕」と怒鳴られました。"),
        threat("「〔殺すぞ〕。」と言われたんです。"),
        insult("家の壁に〔死ね〕と書いてあります。"),
        threat("夫が〔殺すぞ〕って言ってるんです。"),
        insult("窓口の職員が〔馬鹿〕って言ったんですよ。"),
        demand("〔土下座しろ〕と要求されて困っています。"),
        threat("〔殺す〕というメールが届きました。"),
        insult("隣がうるさいんですけど、昨日は〔馬鹿野郎〕って怒鳴ってきて。"),
        threat("隣の人に「〔殺すぞ〕」って塀ごしに言われて、もう庭に出られないんです。"),
        threat("さっき窓口の横で〔ぶっ殺すぞ〕って職員さんに怒鳴ってる人がいましたけど。"),
        insult("〔税金泥棒〕なんて言う人もいますけど、私は感謝しています。"),
        insult("前に並んでた方が〔税金泥棒〕って言ってましたけど。"),
        insult("〔覚えてろよ〕って捨てぜりふを残して出て行ったお客さんがいて。"),
        insult("待たせたら〔承知しないぞ〕って父は言いますけど。"),
        of(
            Category.PERSONAL_ATTACK,
            "変な電話が来てさ、金払わないとネットに〔名前さらす〕って言うんだわ。",
        ),
        threat("〔殺すぞって言われました〕。"),
        threat("〔殺すぞって言われたから〕、警察に相談しました。"),
        insult("〔隣の人が死ねって怒鳴ってくるんです〕。"),
        threat("〔殺すぞって言われました、どこに相談すればいいですか〕。"),
    ),
    spares=(
        threat("課長が出ないなら、〔殺すぞ〕って言ってるんだよ。"),
        insult("隣の家がうるさいのに、〔黙れ〕って何度言わせるんだ。"),
        insult("先生もそう言ってたぞ、この〔税金泥棒〕。"),
        insult("お前が〔死ね〕って意味だよ。"),
        threat("「〔殺すぞ〕」"),
        threat("〔殺す〕ぞって言ってるんだよ。"),
        insult("〔馬鹿〕って言われたいのか。"),
        insult("〔馬鹿〕って言われても仕方ないだろう。"),
        insult("〔死ね〕って言ったんだよ。"),
        threat("夫に殺すと言われて逃げてきたんだ。お前も〔殺す〕ぞ。"),
        threat("殺すと言われたから、お前も〔殺してやる〕。"),
        threat("〔殺すと言われたから、お前も殺してやる〕。"),
        threat("〔殺すと言われたからお前も殺してやる〕。"),
        threat("殺すと言われたから、〔お前も殺してやる〕。"),
        threat("〔殺すぞって言ってるんだよ〕。"),
        of(
            Category.PERSONAL_ATTACK, "お前を担当から外せ、〔首にしろ〕って市長に書いてやるからな。"
        ),
    ),
)
HEARSAY: Final = Rule(
    id="hearsay",
    name="quotation",
    label="見聞きしたお話",
    applies=heard_of,
    of_clause=tells_what_was_heard,
    catches=(
        threat("よその役所で職員が〔刺された〕とニュースで見ました。"),
        threat("新聞で〔放火〕の記事を読んで怖くなりました。"),
        of(
            Category.COMPENSATION,
            "〔金で解決しようとする〕市の姿勢がおかしいと、新聞に書いてありました。",
        ),
        insult("〔税金泥棒〕という話を聞いたことがあります。"),
        threat("〔よその市役所で職員が刺されたと報道で拝見しました〕。"),
    ),
    spares=(
        threat("〔刺された〕ってニュースになりたいのか。"),
        threat("ニュースみたいに〔刺して〕やる。"),
        threat("新聞に載るように〔燃やして〕やる。"),
        insult("〔無能〕だって聞いてるよ、お前。"),
    ),
)
PLAYED: Final = Rule(
    id="work_of_art",
    name="quotation",
    label="作品の中の言葉",
    applies=played,
    catches=(
        insult("落語でさ、〔この馬鹿野郎〕ってやるのが肝なんだ。"),
        threat("映画の〔殺す〕場面を公民館で撮りたいんです。"),
        insult("ドラマの〔土下座〕の場面です。"),
    ),
    spares=(
        threat("映画みたいに〔殺して〕やる。"),
        insult("映画も見られない、〔馬鹿野郎〕。"),
        threat("ドラマで見たように〔刺し〕てやるからな。"),
    ),
)

"""Pure: words round names, and words that are names of somebody only where something says so."""

from __future__ import annotations

import re
from typing import Final

USUAL: Final = str.maketrans(
    "髙﨑𠮷德濵濱栁桒槗𣘺緖惠廣國澤邊邉齋齊眞瀨曻",
    "高崎吉徳浜浜柳桑橋橋緒恵広国沢辺辺斎斉真瀬昇",
)
"""Kanji that families write otherwise than the dictionary does, letter for letter."""
CALLED: Final = re.compile(r"さん|様|さま|氏|くん|君|ちゃん|殿|どの|先生|女史|議員")
RANKS: Final = re.compile(
    r"課長|係長|部長|主任|室長|次長|主査|主幹|局長|所長|館長|園長|校長|市長|町長|知事|主事|補佐"
)
SAYS_NAME: Final = re.compile(
    r"(?:と|って)(?:申し|もうし|言い|いい)|と(?:言う|いう)(?:者|名前|もの)|っていう名前|"
    r"です(?:[。、がけ]|$)|でございます|だけど|だが"
)
"""After a name, where something before it says that a person speaks of themselves."""
SAYS_NAME_SURELY: Final = re.compile(
    r"(?:と|って)(?:申し|もうし)|と(?:言う|いう)(?:者|名前)|っていう名前|"
    r"(?:と|って)(?:言い|いい)(?:まして|ますけど|ますが|ます[。、]|ます$)"
)
NAME_BEFORE: Final = re.compile(
    r"(?:名前|氏名|苗字|名字|名義人?|本人|担当|担当者|世帯主|代表者|契約者)(?:は|が|の|、|:|を)?(?:方は|者は)?、?$"
)
SELF_BEFORE: Final = re.compile(
    r"(?:私|わたくし|わたし|俺|こちら|(?:課|係|室|部|局|センター|所|担当|社|会|店|町内会|自治会)の)$"
)
NAME_ASKED: Final = re.compile(r"(?:お名前|ご氏名|氏名|フルネーム|名字|苗字|どちら様|どちらさま)")
NO_NAME_ENDS: Final = re.compile(
    r".*(?:課|係|部|局|所|室|者|員|会|社|店|センター|屋|院|校|園|館|市|町|村|県|区|庁|役|人|客|民|方|長|家|族|様|夫|妻|親|"
    r"子ども|士|師|官|件|書|証|税|券|票|届|料|金)"
)
NEVER: Final = re.compile(
    r"神|仏|王|皆|みな|お客|客|市民|職員|奥|旦那|業者|医者|隣|お隣|ご近所|息子|娘|お父|お母|お兄|お姉|おじい|おばあ|"
    r"お疲れ|お世話|ご苦労|バカ|馬鹿|アホ|阿呆|クズ|カス|ゴミ|ハゲ|ブス|デブ|ババア|ジジイ|くそ|クソ|ボケ|まぬけ|のろま|"
    r"キチガイ|殺|殺し|死|死ね|ころ|しね|許|許せ|許し|俺|オレ|おれ|あんた|おまえ|お前|てめえ|きさま|貴様|"
    r"江別|札幌|北海道|大麻|野幌|昭和|平成|令和|明治|大正|はい|ハイ|いえ|アイ|まあ|あの|その|どの|なの|かな|よね|さて|"
    r"いち|に|さん|よん|ご|ろく|なな|はち|きゅう|ゼロ|エー|見方|味方|すま|しら|知ら|わから|分から|たま|ところ|健師|船盛|金土|地獄谷|毒蝮"
)
"""Nobody's name: insults and threats before all, which must stay to be read."""
PLACES: Final = re.compile(
    r"青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|東京|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重|"
    r"滋賀|京都|大阪|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|"
    r"沖縄|千歳|恵庭|石狩|岩見沢|当別|南幌|栗山|長沼|伊達|滝川|砂川|深川|三笠|夕張|白石|厚別|豊平|清田|手稲|大谷地|"
    r"上野|新宿|渋谷|横浜|川崎|名古屋|仙台|神戸|親不知"
)
"""Also names of persons; by themselves they are more often places."""

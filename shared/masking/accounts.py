"""Rules for mail addresses and account names: WeChat, QQ, Alipay and other platforms with personal messages."""

import re
from collections.abc import Iterator
from typing import Final

from shared.masking.shadow import Span, apart, behind, whole

_DOT: Final = r"\s?(?:[.．。]|点|[（(\[]\s?(?:[Dd][Oo][Tt]|点)\s?[)）\]]|(?<= )[Dd][Oo][Tt](?= ))\s?"
_DOMAIN: Final = re.compile(
    r"[@﹫艾（(\[【Aa](?:(?<=[@﹫])|(?<=艾)特|(?<=[（(\[【])\s?(?:[Aa][Tt]|艾特|@)\s?[)）\]】]|(?<= [Aa])[Tt](?= ))\s?"
    rf"[A-Za-z0-9-]{{1,63}}(?:{_DOT}[A-Za-z][A-Za-z0-9-]{{1,62}})+"
)
_LATIN: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-"
_HAN: Final = re.compile(r"[\u4e00-\u9fff]{1,4}$")
_LOCAL: Final = 64

# Each pattern begins with a small class of characters and checks them again by lookbehind, so that `re` can search for
# the first character quickly.
_WECHAT: Final = (
    r"[微薇威徽VvWw加+](?:(?<=[微薇威徽VvWw]) ?信|(?<=[Ww]) ?[Ee] ?(?:[Ii] ?(?:信|[Xx] ?[Ii][Nn])|[Cc]hat)"
    r"|(?<=[VvWw])(?<![A-Za-z].) ?[Xx](?![A-Za-z]{0,3} )|(?<=[加+]) ?[Vv微薇](?![A-Za-z]))"
)
_HANS: Final = "支付宝|钉钉|抖音|快手|小红书|微博|陌陌|贴吧|飞书|企鹅|推特|脸书|电报|飞机|闲鱼|知乎|哔哩哔哩|B站|b站"
_ENGLISH: Final = (
    r"[ADTWSIFLadtwsifl](?<![A-Za-z].)(?:(?i:lipay|ing ?talk|ouyin|iktok|elegram|hats ?app|kype|eibo|nstagram|acebook"
    r"|witter|napchat|ine(?= ?id)|ignal(?= ?id))|(?:G|B|NS|INE)(?= ?[:：@]))"
)
_CALLED: Final = r"(?: ?(?:用户名|昵称|号码|账号|帐号|账户|号|名|[Ii][Dd]))"
_OPEN: Final = r"(?:就是|[是为:： @(（“\"‘'「『【\[]){0,4}"
_NAME: Final = r"(?=[0-9_.\-]{0,30}+[A-Za-z]|[0-9]{6,})[A-Za-z0-9_][A-Za-z0-9_.\-]{5,30}+"
# A name with a digit or an underscore is not a word.
_NO_WORD: Final = r"(?=[A-Za-z]{0,30}+[0-9_])(?=[0-9_.\-]{0,30}+[A-Za-z])"
_TO_NAME: Final = (
    rf"(?:{_CALLED}{_OPEN}(?={_NAME})|{_OPEN}(?={_NO_WORD}{_NAME})|{_CALLED}?(?:就是|[ :：是为@]){{0,2}}[:：是@] ?)"
)
_PLATFORMS: Final = (
    (re.compile(rf"({_WECHAT}{_TO_NAME}){_NAME}"), "［微信号］"),
    (re.compile(rf"({_ENGLISH}{_TO_NAME}){_NAME}"), "［账号］"),
    (re.compile(rf"((?:{_HANS}){_TO_NAME}){_NAME}"), "［账号］"),
)
# After the word WeChat alone: a name that WeChat allows, which is a letter and then five to nineteen characters.
_BARE: Final = re.compile(
    r"([微薇威VvWw](?:信|(?<=[VvWw])(?<![A-Za-z].)[Xx])(?:[是为:： ]|就是){0,3})"
    r"[A-Za-z][A-Za-z0-9_-]{5,19}+(?![A-Za-z0-9_])"
)
_BEFORE: Final = re.compile(
    r"[A-Za-z](?<![A-Za-z0-9_.\-].)(?=[A-Za-z]{0,30}+[0-9_])[A-Za-z0-9_.\-]{4,30}+"
    r"(?=[ ，,]?[（(]?(?:是|为)?(?:我的?|本人的?)?(?:微信|[Qq][Qq]|抖音|支付宝)号?(?![\w:：]))"
)
_QQ: Final = re.compile(
    rf"([Qq扣](?: ?[Qq扣] ?群?{_CALLED}?{_OPEN}|(?<=[Qq])(?<![A-Za-z].) ?(?:[:：]|号码?[:：是]?) ?(?=\d{{6}})))"
    r"[1-9](?=(?P<rest>(?:[ -]?\d){4,10}))(?P=rest)(?!\d)"
)


def mails(shadow: str) -> Iterator[Span]:
    """Mail addresses, searched from the @ in both directions, so that long words are read only once."""
    done = 0
    for match in _DOMAIN.finditer(shadow):
        sign, end = match.span()
        first = max(done, sign - _LOCAL)
        before = shadow[first:sign].rstrip(" ")
        if not before:
            continue
        start = first + len(before.rstrip(_LATIN))
        if before[-1] not in _LATIN and (name := _HAN.search(before)):
            start -= len(name[0])
        if start < first + len(before):
            yield start, end, "［邮箱］"
            done = end


def accounts(shadow: str) -> Iterator[Span]:
    """Account names after the name of their platform."""
    spans = [span for pattern, label in _PLATFORMS for span in behind(shadow, pattern, label)]
    return apart(spans)


def bare_accounts(shadow: str) -> Iterator[Span]:
    """WeChat names that may be words, after the name of WeChat alone."""
    return iter(behind(shadow, _BARE, "［微信号］"))


def qq(shadow: str) -> Iterator[Span]:
    """QQ numbers."""
    return iter(behind(shadow, _QQ, "［QQ号］"))


def named_before(shadow: str) -> Iterator[Span]:
    """Account names before the name of their platform."""
    return iter(whole(shadow, _BEFORE, "［账号］") if "微信" in shadow or "Q" in shadow else ())

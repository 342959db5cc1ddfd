"""Other things that lead straight to a person: plates, permits, mail addresses, WeChat and QQ names."""

import re
from typing import Final

# All of them have a letter or a digit.
_SIGN: Final = re.compile("[A-Za-z0-9Ａ-Ｚ０-９]")
# GA 36-2018; five signs after the letter, six for new energy. Apart from its province only where a digit is in it.
_LETTER: Final = "A-HJ-NP-Za-hj-np-zＡ-ＨＪ-ＮＰ-Ｚ"
_PLATE: Final = re.compile(
    rf"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    rf"(?:[·•. ](?<![最更全高创]新.)(?=[A-Z][·•.-]?[A-Z]{{0,4}}\d))?[{_LETTER}]"
    rf"[·• .-]?[{_LETTER}0-9０-９]{{4,5}}[{_LETTER}0-9０-９挂学警港澳]"
)
# By its name alone: passports, permits to travel between the mainland and Hong Kong, Macau and Taiwan, and cards there.
_PERMIT: Final = re.compile(
    r"((?:护照|回乡证|通行证|台胞证|香港身份证|澳门身份证)(?:号码?)?[是为:： (（]{0,3})"
    r"[A-Za-z]{0,2} ?\d{6,10}(?:[（(][\dAa][)）])?(?![\dA-Za-z年月])"
)
_MAIL: Final = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}[@＠][A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
)
_SAID: Final = r"(?:(?:号码|账号|帐号|号|[Ii][Dd])[（(]?)?(?:[是为:： ]|就是){0,3}"
# A name that WeChat allows, after the word: a letter, then five to nineteen signs.
_WECHAT: Final = re.compile(
    rf"([微薇威VvWw](?:(?:信|[Xx]){_SAID}|(?i:echat(?: ?id)?) ?[:：是] ?))[A-Za-z][A-Za-z0-9_-]{{5,19}}(?![A-Za-z0-9_])"
)
_QQ: Final = re.compile(rf"([Qq扣][Qq扣]群?{_SAID}[（(]?)[1-9]\d{{4,10}}(?!\d)")


def hide_accounts(text: str) -> str:
    """Without plates, permits, mail addresses and names of accounts."""
    if not _SIGN.search(text):
        return text
    text = _PLATE.sub("［车牌］", text)
    text = _PERMIT.sub(lambda found: f"{found[1]}［证件号］", text)
    text = _MAIL.sub("［邮箱］", text)
    text = _WECHAT.sub(lambda found: f"{found[1]}［微信号］", text)
    return _QQ.sub(lambda found: f"{found[1]}［QQ号］", text)

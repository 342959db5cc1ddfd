"""Generates valid numbers of fictitious people, for tests that search for them."""

from datetime import date

from hypothesis import strategies as st
from stdnum import luhn
from stdnum.iso7064 import mod_11_2

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SPOKEN = str.maketrans("0123456789", "零一二三四五六七八九")
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


def identity(area: str, born: str, serial: str) -> str:
    """An identity number with its check digit."""
    head = area + born + serial
    return head + str(mod_11_2.calc_check_digit(head))


def card(head: str) -> str:
    """A card number with its check digit."""
    return head + str(luhn.calc_check_digit(head))


MOBILES = st.builds("1{}{}".format, st.sampled_from("3456789"), digits(9))
IDENTITIES = st.builds(
    identity,
    digits(5).map(lambda d: "4" + d),
    st.dates(min_value=date(1900, 1, 1), max_value=date(2030, 1, 1)).map("{:%Y%m%d}".format),
    digits(3),
)
CARDS = st.integers(14, 17).flatmap(digits).map(lambda d: card("6" + d))
PLATES = st.builds(
    "{}{}{}".format,
    st.sampled_from(PROVINCES),
    st.sampled_from(LETTERS),
    st.text(LETTERS + "0123456789", min_size=5, max_size=6),
)
MAILS = st.from_regex(r"[a-z][a-z0-9_]{2,12}@[a-z]{2,8}\.(com|cn|org)", fullmatch=True)


@st.composite
def grouped(draw: st.DrawFn, numbers: st.SearchStrategy[str], sizes: tuple[int, ...]) -> str:
    """A number with the same separator between groups of digits."""
    number, gap = draw(numbers), draw(st.sampled_from([" ", "-", "－", "\u3000", "  ", "--", "−", "\t", "\u2060"]))
    parts, start = [], 0
    for size in sizes:
        parts.append(number[start : start + size])
        start += size
    return gap.join([*parts, number[start:]] if start < len(number) else parts)


WRITTEN_MOBILES = st.one_of(
    MOBILES,
    grouped(MOBILES, (3, 4, 4)),
    grouped(MOBILES, (4, 3, 4)),
    grouped(MOBILES, (1,) * 11),
    MOBILES.map(lambda n: n.translate(WIDE)),
    MOBILES.map(lambda n: n.translate(SPOKEN)),
    MOBILES.map(lambda n: f"+86 {n}"),
)
WRITTEN_IDENTITIES = st.one_of(
    IDENTITIES,
    grouped(IDENTITIES, (6, 8, 4)),
    IDENTITIES.map(str.lower),
    IDENTITIES.map(lambda n: n.translate(WIDE)),
)
WRITTEN_CARDS = st.one_of(CARDS, grouped(CARDS, (4, 4, 4, 4)))

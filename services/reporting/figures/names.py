"""Gives the rows of a figure the names that people know."""

from collections.abc import Mapping
from typing import Final

from services.reporting.figures.domain import UNKNOWN, Dimension
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.unit_names import unit_name

NOBODY: Final = "—"
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    ChannelKind.WEB: ("网站", "Website"),
    ChannelKind.WECHAT: ("微信", "WeChat"),
    ChannelKind.HOTLINE: ("热线", "Hotline"),
    ChannelKind.SMS: ("短信", "Text message"),
    ChannelKind.BROADCAST: ("直播节目", "Live programme"),
    ChannelKind.FIELD_VISIT: ("驻点走访", "Field visit"),
    ChannelKind.EMAIL: ("电子邮件", "E-mail"),
    ChannelKind.PARTNER: ("合作平台", "Partner platform"),
}


def name_of(pack: Pack, dimension: Dimension, key: str, channels: Mapping[str, str], lang: str | None = None) -> str:
    """The name of a row, in `lang` or the pack's first language; the key if it has no name."""
    if key == UNKNOWN:
        return NOBODY
    language = lang or pack.languages[0]
    match dimension:
        case Dimension.DIVISION:
            division = pack.division(key)
            return division.name if division else key
        case Dimension.UNIT:
            return unit_name(pack, key)
        case Dimension.CATEGORY:
            category = pack.category(key)
            return getattr(category.name, language) if category else key
        case Dimension.ALL:
            return str(getattr(pack.name, language))
        case Dimension.CHANNEL:
            return channel_name(key, channels, language)


def channel_name(channel: str, channels: Mapping[str, str], language: str) -> str:
    """The registered name of a channel. If the name is only the id, and the id is a kind (as `huying channel seed`
    makes them), the name of the kind.

    A channel of imported history has only its name as id.
    """
    name = channels.get(channel, channel)
    if name == channel and channel in KINDS:
        return KINDS[channel][language == "en"]
    return name

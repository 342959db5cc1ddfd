"""What gateways answer to citizens, in the language of the channel's jurisdiction."""

from collections.abc import Callable

from services.intake.inbound.conversation import Answer
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.profile import Language

LanguageOf = Callable[[str | None], Language]

_TAKEN: dict[Language, str] = {
    "zh": "您的诉求已登记，编号 {number}，查询码 {code}。补充情况请回复“{number} 内容”。",
    "en": "Your request is number {number}, code {code}. To add something, reply: {number} your text",
}
_ADDED: dict[Language, str] = {"zh": "已补充到诉求 {number}。", "en": "Added to request {number}."}
_CONFIRMED: dict[Language, str] = {
    "zh": "已收到您对诉求 {number} 的评价，谢谢。",
    "en": "Thank you for your rating of request {number}.",
}
_DISPUTED: dict[Language, str] = {
    "zh": "已收到您对诉求 {number} 的评价：未解决。将按规定重新办理，并再次告知您结果。",
    "en": "Your rating of request {number} was received: not solved. It is looked into again, and you will be told.",
}
_ASKED: dict[Language, str] = {
    "zh": "请用文字说明您的诉求：什么事，在哪里，希望怎样解决。",
    "en": "Please tell us in words what it is about, where it is, and what you would like.",
}
_UNREAD: dict[Language, str] = {
    "zh": "暂不能接收视频、链接和文件。请发送文字、图片或位置说明您的诉求。",
    "en": "Videos, links and files cannot be read here. Please send words, pictures or a place.",
}


def languages(packs: Jurisdictions) -> LanguageOf:
    """The first language of the jurisdiction in which a division lies."""

    def language_of(division: str | None) -> Language:
        pack = packs.of_division(division or "")
        return pack.languages[0] if pack else "zh"

    return language_of


def answered(answer: Answer, language: Language) -> str:
    """What became of a message."""
    if answer.solved is not None:
        return (_CONFIRMED if answer.solved else _DISPUTED)[language].format(number=answer.number)
    words = _TAKEN if answer.code else _ADDED
    said = words[language].format(number=answer.number, code=answer.code)
    not_kept = answer.enclosed.told(language)
    return f"{said}\n{not_kept}" if not_kept else said


def asked(language: Language) -> str:
    """The answer to a message that says nothing."""
    return _ASKED[language]


def unread(language: Language) -> str:
    """The answer to what nobody here can read."""
    return _UNREAD[language]

"""Gives the answers of gateways to citizens, in the language of the channel's jurisdiction."""

from collections.abc import Callable

from services.intake.inbound.conversation import SenderReply
from services.intake.inbound.spoken_wish import Wish
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
_STOPPED: dict[Language, str] = {
    "zh": "已为您停止发送进展短信。您自己申请的查询链接仍会发送。需要恢复请回复“恢复”。",
    "en": "We stop sending you news. Links that you ask for still come. To get news again, reply START.",
}
_STARTED: dict[Language, str] = {
    "zh": "已为您恢复进展短信。不想接收请回复“退订”。",
    "en": "You get news of your requests again. To stop it, reply STOP.",
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


def answered(answer: SenderReply, language: Language) -> str:
    """The answer to a message that was taken in."""
    if answer.wish:
        return (_STOPPED if answer.wish is Wish.STOP else _STARTED)[language]
    if answer.solved is not None:
        return (_CONFIRMED if answer.solved else _DISPUTED)[language].format(number=answer.number)
    words = _TAKEN if answer.code else _ADDED
    answered = words[language].format(number=answer.number, code=answer.code)
    not_kept = answer.enclosed.notice(language)
    return f"{answered}\n{not_kept}" if not_kept else answered


def ask_for_words(language: Language) -> str:
    """The answer to a message that says nothing."""
    return _ASKED[language]


def unread(language: Language) -> str:
    """The answer to a message of a kind that cannot be read here."""
    return _UNREAD[language]

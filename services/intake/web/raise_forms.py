"""Parses and checks the forms that raise a demand; pure. Errors are by field, in both languages."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from services.intake.attachments.kinds import MAX_ATTACHMENTS
from services.intake.inbound.message import readable
from services.intake.web.draft import LONGEST_PLACE, LONGEST_WORDS, RaiseDraft
from services.intake.web.map_tiles import MapTiles

Errors = dict[str, tuple[str, str]]
KEPT_WORDS: Final = 2 * LONGEST_WORDS
"""A text that is too long is kept up to this length, so that the citizen can shorten it."""
LONGEST_NAME, LONGEST_PHONE = 100, 32
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()\-]*[0-9]")
ON_MAP: Final = "pointed"
"""The button below the map; any other button sends the phone's own position, which is WGS-84."""
NO_MAP: Final = MapTiles()
_DIGITS: Final = range(7, 16)
"""How many digits a telephone number has, with its area code or not. Rule: ITU-T E.164 has 15 at most."""
TOO_MANY_PHOTOS: Final = (
    f"最多{MAX_ATTACHMENTS}张照片，多出的没有保存",
    f"{MAX_ATTACHMENTS} photos at most; the others were not kept",
)


def typed(form: Mapping[str, Any], name: str, most: int) -> str:
    """The text of a field, without characters that cannot be stored."""
    value = form.get(name)
    return readable(value)[:most] if isinstance(value, str) else ""


def with_words(draft: RaiseDraft, form: Mapping[str, Any]) -> tuple[RaiseDraft, Errors]:
    """The draft with its text."""
    words = typed(form, "words", KEPT_WORDS)
    errors: Errors = {}
    if not words:
        errors["words"] = ("请写下您要反映的问题", "Write down what the problem is")
    elif len(words) > LONGEST_WORDS:
        over = len(words) - LONGEST_WORDS
        errors["words"] = (
            f"最多{LONGEST_WORDS}字，请删去{over}字",
            f"{LONGEST_WORDS} characters at most: take {over} away",
        )
    return replace(draft, words=words), errors


def with_place(draft: RaiseDraft, form: Mapping[str, Any], tiles: MapTiles = NO_MAP) -> RaiseDraft:
    """The draft with the described place, and the point of the phone or of the map."""
    draft = replace(draft, place=" ".join(typed(form, "place", LONGEST_PLACE).split())) if "place" in form else draft
    lat, lon = _degrees(form.get("lat"), 90), _degrees(form.get("lon"), 180)
    if lat is None or lon is None:
        return draft
    if form.get("go") == ON_MAP:
        point = tiles.meant(lat, lon)
        lat, lon = round(point.lat, 6), round(point.lon, 6)
    return replace(draft, lat=lat, lon=lon)


def with_contact(draft: RaiseDraft, form: Mapping[str, Any]) -> tuple[RaiseDraft, Errors]:
    """The draft with name and telephone number; both are optional."""
    name, phone = typed(form, "name", LONGEST_NAME), typed(form, "phone", LONGEST_PHONE)
    errors: Errors = {}
    digits = sum(character.isdigit() for character in phone)
    if phone and not (_PHONE.fullmatch(phone) and digits in _DIGITS):
        errors["phone"] = (
            "请填写11位手机号，或带区号的座机号；也可以留空",
            "A phone number has 7 to 15 digits; or leave it empty",
        )
    return replace(draft, name=name, phone=phone), errors


def _degrees(value: Any, most: float) -> float | None:
    try:
        degrees = float(value)
    except (TypeError, ValueError):
        return None
    return degrees if -most <= degrees <= most else None

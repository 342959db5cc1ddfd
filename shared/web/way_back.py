"""The link of a page back to the list that it was opened from, with the filters of that list."""

from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Query

LONGEST: Final = 2000
Back = Annotated[str, Query(max_length=LONGEST, description="the address of the list that this was opened from")]


def own_address(back: str) -> str:
    """The address if it is a path of this site, else an empty text."""
    plain = back.startswith("/") and not back.startswith("//") and "\\" not in back
    return back if plain and back.isprintable() else ""


def way_back(back: str, home: str, lang: str) -> str:
    """The address `back` in this language if it is at or below the path `home`, else `home`."""
    path, _, query = own_address(back).partition("?")
    if ".." in path or (path != home and not path.startswith(f"{home}/")):
        path, query = home, ""
    parameters = [(name, value) for name, value in parse_qsl(query) if name != "lang"]
    if lang == "en":
        parameters.append(("lang", lang))
    return f"{path}?{urlencode(parameters)}" if parameters else path

"""Where a page leads back to: the list that it was opened from, as it was narrowed."""

from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Query

LONGEST: Final = 2000
Back = Annotated[str, Query(max_length=LONGEST, description="the address of the list that this was opened from")]


def own_address(back: str) -> str:
    """The address if it is a path of this site; nothing where it would lead to another one."""
    plain = back.startswith("/") and not back.startswith("//") and "\\" not in back
    return back if plain and back.isprintable() else ""


def way_back(back: str, home: str, lang: str) -> str:
    """The list at or below the path `home` that `back` names, in this language; `home` where it names nothing there."""
    path, _, query = own_address(back).partition("?")
    if ".." in path or (path != home and not path.startswith(f"{home}/")):
        path, query = home, ""
    parameters = [(name, value) for name, value in parse_qsl(query) if name != "lang"]
    if lang == "en":
        parameters.append(("lang", lang))
    return f"{path}?{urlencode(parameters)}" if parameters else path

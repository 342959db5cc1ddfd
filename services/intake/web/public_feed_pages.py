"""Released demands for programs: an Atom feed for each place and category (RFC 4287), and a sitemap (sitemaps.org)."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import APIRouter, Path, Response

from services.intake.public.api import FRESH, About, Id, Where, Words
from services.intake.public.lookup import PublicLookup, PublicQuestion
from services.intake.publications.list_queries import ReleasedDemand
from services.intake.web import public_view
from services.intake.web.portal_page import InLanguage, portal_router
from services.intake.web.visit import PageVisit
from shared.chassis.http import response_headers
from shared.jurisdiction.pack import Pack

ENTRIES: Final = 50
_ATOM: Final = "http://www.w3.org/2005/Atom"
_SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Month = Annotated[str, Path(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


def routes(lookup: PublicLookup, url: str) -> APIRouter:
    """The routes; `url` is the public URL of this server."""
    router = portal_router()
    base = url.rstrip("/")

    @router.get("/demands/feed.atom")
    async def feed(
        division: Where = "", category: About = "", words: Words = "", jurisdiction: Id = None, lang: InLanguage = "zh"
    ) -> Response:
        response_headers.add(FRESH)
        visit, pack = PageVisit(lang), lookup.pack(jurisdiction)
        rows = await lookup.rows(pack, PublicQuestion(division, category, words=words), ENTRIES)
        filters = {
            "division": division,
            "category": category,
            "words": words,
            "jurisdiction": jurisdiction,
            "lang": lang,
        }
        query = urlencode({name: value for name, value in filters.items() if value})
        names = [public_view.category(category, pack, visit), place.name if (place := pack.division(division)) else ""]
        title = " · ".join([visit.say("已公开的诉求", "Published demands"), *filter(None, reversed(names))])
        return _xml(_feed(list(rows), title, base, query, pack, visit), "application/atom+xml")

    @router.get("/sitemap.xml")
    async def sitemap() -> Response:
        response_headers.add(FRESH)
        index = Element("sitemapindex", {"xmlns": _SITEMAP})
        for month in await lookup.months():
            SubElement(SubElement(index, "sitemap"), "loc").text = f"{base}/sitemap/{month:%Y-%m}.xml"
        return _xml(index, "application/xml")

    @router.get("/sitemap/{month}.xml")
    async def sitemap_of_month(month: Month) -> Response:
        response_headers.add(FRESH)
        year, number = int(month[:4]), int(month[5:])
        since = datetime(max(year, 1), number, 1, tzinfo=UTC)
        before = datetime(since.year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
        urls = Element("urlset", {"xmlns": _SITEMAP})
        for demand, changed_at in await lookup.released_in(since, before):
            entry = SubElement(urls, "url")
            SubElement(entry, "loc").text = f"{base}/demands/{demand}"
            SubElement(entry, "lastmod").text = _stamp(changed_at)
        return _xml(urls, "application/xml")

    return router


def _feed(rows: Iterable[ReleasedDemand], title: str, base: str, query: str, pack: Pack, visit: PageVisit) -> Element:
    """The feed of a list, the latest release first; withdrawn demands are not in it."""
    rows = list(rows)
    own = f"{base}/demands/feed.atom" + (f"?{query}" if query else "")
    feed = Element("feed", {"xmlns": _ATOM, "xml:lang": visit.lang})
    _add(feed, "id", own)
    _add(feed, "title", title)
    _add(feed, "updated", _stamp(max((row.changed_at for row in rows), default=datetime(1970, 1, 1, tzinfo=UTC))))
    SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": own})
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": f"{base}{visit.to('/demands')}"})
    _add(SubElement(feed, "author"), "name", visit.say(pack.name.zh, pack.name.en))
    for row in rows:
        entry = SubElement(feed, "entry")
        address = f"{base}/demands/{row.number}"
        _add(entry, "id", address)
        _add(entry, "title", row.title)
        _add(entry, "published", _stamp(row.released_at))
        _add(entry, "updated", _stamp(row.changed_at))
        SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": address})
        if row.category:
            label = public_view.category(row.category, pack, visit)
            SubElement(entry, "category", {"term": row.category, "label": label})
        answer = f"{visit.say('答复：', 'Answer: ')}{row.answer}" if row.answer else ""
        _add(entry, "content", "\n\n".join(filter(None, (row.text, answer))), {"type": "text"})
    return feed


def _add(parent: Element, name: str, words: str, more: dict[str, str] | None = None) -> None:
    SubElement(parent, name, more or {}).text = _NOT_XML.sub("", words)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _xml(root: Element, kind: str) -> Response:
    return Response(tostring(root, "utf-8", xml_declaration=True), media_type=kind)

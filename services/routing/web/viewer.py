"""Defines the viewer of a desk page: the person, their jurisdiction, the language, and the values that every page
needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.routing.call_backs.permissions import may_call
from services.routing.cases.desks import pack_of
from services.routing.cases.handler import CaseHandler
from services.routing.catalogue.permissions import READ, has_right
from services.routing.hot_spots.permissions import may_look
from services.routing.web.desk_gate import DeskVisitor
from services.routing.web.words import BACK, DESK, ROLES
from shared.contracts.numbers import canonical
from shared.contracts.refusals import Refused
from shared.identity.field_sign_in import ROLES as FIELD_ROLES
from shared.identity.gate import HOME, SignedIn
from shared.identity.person import Person, Role
from shared.identity.rights import COMMANDS
from shared.jurisdiction.handling import Decider
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.unit_names import unit_name
from shared.web.page_language import InLanguage, Lang
from shared.web.parts import Column, Link, RowGroup
from shared.web.way_back import way_back

OVERSEERS: Final = frozenset({Role.LEADER, Role.HEAD, Role.AUDITOR, Role.DISPATCHER, Role.ADMIN})
"""The roles that see the overview."""
SHOWN_AT_ONCE: Final = 7
"""A navigation with more entries shows only the daily ones, and the others behind 更多."""
REVIEWERS: Final = frozenset({Role.HEAD, Role.DISPATCHER})
"""Who publishes, see `rights`: the coordinator's people, or heads of units above where the pack says so."""


@dataclass(frozen=True, slots=True)
class Viewer(InLanguage):
    """The viewer of one page."""

    person: Person
    pack: Pack
    lang: Lang
    csrf: str
    hot_spots: int = 0
    """How many common demands can still be merged; counted for the coordinator's people."""
    to_publish: int = 0
    """How many answers wait to be published; counted for the coordinator's people."""
    to_call: int = 0
    """How many citizens are to be called back; counted for callers."""

    @classmethod
    def of(cls, signed_in: SignedIn, desk: CaseHandler, lang: Lang) -> "Viewer":
        """The viewer of a page; raises `Refused` if no jurisdiction here has their unit."""
        pack = pack_of(desk, signed_in.person)
        if not isinstance(signed_in, DeskVisitor):
            return cls(signed_in.person, pack, lang, signed_in.csrf)
        counts = (signed_in.hot_spots, signed_in.to_publish, signed_in.to_call)
        return cls(signed_in.person, pack, lang, signed_in.csrf, *counts)

    @property
    def roles(self) -> frozenset[Role]:
        """The person's roles in the jurisdiction."""
        return self.person.roles_at(self.pack.coordinator)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the jurisdiction."""
        return ZoneInfo(self.pack.timezone)

    @property
    def coordinates(self) -> bool:
        """Whether the person belongs to the coordinator."""
        return self.person.unit == self.pack.coordinator

    @property
    def units_below(self) -> list[str]:
        """The person's own unit and those below; for auditors, administrators and the coordinator's people all
        units."""
        own = self.person.unit
        if self.coordinates or self.roles & {Role.AUDITOR, Role.ADMIN}:
            return [unit.id for unit in self.pack.units]
        return [own, *(unit.id for unit in self.pack.units if own in self.pack.units_above(unit.id))]

    @property
    def dispatches(self) -> bool:
        """Whether the person may see the triage."""
        return self.coordinates and Role.DISPATCHER in self.roles

    @property
    def publishes(self) -> bool:
        """Whether the person may see the list of answers that wait to be published."""
        rules = self.pack.publication.release
        if rules is None or not self.roles & REVIEWERS:
            return False
        return self.coordinates or (rules.reviewer is Decider.ABOVE and Role.HEAD in self.roles)

    @property
    def books(self) -> bool:
        """Whether the person may book demands on visits and calls."""
        return bool(self.roles & FIELD_ROLES)

    def page(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The values that every page needs; `path` and `parameters` are its own URL."""
        return (
            self.frame(path, self.csrf, **parameters)
            | self._navigation(path)
            | {
                "w": DESK[self.lang],
                "column": Column,
                "group": RowGroup,
                "who": f"{self.person.name} · {self.unit_name(self.person.unit)}",
                "role": "、".join(ROLES[role][self.lang] for role in ROLES if role in self.roles),
            }
        )

    def command_done(self, name: str) -> str:
        """What was just done, in words; empty if `name` is no command."""
        return self.say(COMMANDS[name].zh, COMMANDS[name].en) if name in COMMANDS else ""

    def just_done(self, name: str, number: str, here: str, unit: str = "") -> dict[str, Any]:
        """The message of a list about the command that led back to it; `unit` is where the case went."""
        known = canonical(number) if self.command_done(name) else None
        handled = Link(self.case_href(known, back=here), known) if known else None
        return {"happened": self.command_done(name), "handled": handled, "went_to": self.unit_name(unit)}

    def case_href(self, number: str, name: str = "", back: str = "", **more: Any) -> str:
        """The page of a case, or of what `name` does with it; it leads back to the list `back`."""
        return self.to(f"/desk/cases/{number}/{name}" if name else f"/desk/cases/{number}", **more, back=back)

    def list_before(self, back: str) -> Link:
        """The way back to the page that a case was opened from; to the work list where it came from none."""
        href = way_back(back, HOME, self.lang)
        path = href.partition("?")[0]
        words = BACK.get(path) or BACK.get(path.rpartition("/")[0]) or BACK[HOME]
        return Link(href, self.say(*words))

    def _navigation(self, path: str) -> dict[str, list[Link]]:
        """Where one may go from every page. Of many places the daily ones are shown, and the one where one is; the
        others are behind 更多."""
        daily, others = self._daily_places(), self._other_places()
        places = [*daily, *others]
        current = max((place for place, _ in places if path.startswith(place)), key=len, default="")
        shown = places if len(places) <= SHOWN_AT_ONCE else [*daily, *(one for one in others if one[0] == current)]

        def links(chosen: Iterable[tuple[str, str]]) -> list[Link]:
            return [Link(self.to(place), words, place == current) for place, words in chosen]

        return {"links": links(shown), "more_links": links(place for place in others if place not in shown)}

    def _daily_places(self) -> list[tuple[str, str]]:
        """The pages from which work is taken, and those that show its state."""
        places = [(HOME, self.say("待办", "Work"))]
        if self.dispatches:
            places.append(("/desk/triage", self.say("派单", "Dispatch")))
        if self.pack.callback.is_on and may_call(self.person, self.pack):
            places.append(("/desk/call-backs", self.say("回访", "Call-backs") + self._counted(self.to_call)))
        if self.publishes:
            places.append(("/desk/publications", self.say("待公开", "To publish") + self._counted(self.to_publish)))
        if may_look(self.person, self.pack):
            places.append(("/desk/hot-spots", self.say("共性需求", "Hot spots") + self._counted(self.hot_spots)))
        if self.roles & OVERSEERS:
            places.append(("/desk/overview", self.say("总览", "Overview")))
        return places

    def _other_places(self) -> list[tuple[str, str]]:
        places = [("/desk/done", self.say("已办", "Done"))]
        if has_right(self.person, self.pack, READ):
            places.append(("/desk/catalogue", self.say("派单目录", "Catalogue")))
        if Role.ADMIN in self.roles or self.dispatches:
            places.append(("/desk/messages", self.say("消息", "Messages")))
        if self.roles & OVERSEERS:
            places.append(("/board", self.say("公示数据", "Public figures")))
        if Role.ADMIN in self.roles:
            places.append(("/ops", self.say("运行状况", "Operations")))
        if self.books:
            places.append(("/field", self.say("走访登记", "Visits")))
        return places

    def _counted(self, count: int) -> str:
        return self.say(f"（{count}）", f" ({count})") if count else ""

    def errors_of(self, refused: Refused | None) -> dict[str, str]:
        """The errors by field, in the language of the page."""
        return {error.field: self.say(error.zh, error.en) for error in refused.errors} if refused else {}

    def unit_name(self, unit: str | None) -> str:
        """The name of a unit."""
        return unit_name(self.pack, unit) if unit else ""

    def place_name(self, division: str) -> str:
        """The names of the town and the village."""
        codes = [code for code in reversed(self.pack.ancestors(division)) if code != self.pack.root]
        names = [place.name for code in codes if (place := self.pack.division(code))]
        return " · ".join(names) or self.pack.name.zh if self.lang == "zh" else " · ".join(names) or self.pack.name.en

    def places_named(self, words: str) -> list[str]:
        """The divisions whose name, or the name of a division above, contains this text."""
        named = [place.code for place in self.pack.divisions if words and words in place.name]
        return [
            place.code for place in self.pack.divisions if any(self.pack.is_within(place.code, code) for code in named)
        ]

    def pause_name(self, reason: str) -> str:
        """The pack's name of a reason for a pause."""
        reasons = {pause_reason.code: pause_reason.name for pause_reason in self.pack.handling.pause.reasons}
        return str(getattr(reasons[reason], self.lang)) if reason in reasons else reason

    def not_reached_name(self, reason: str | None) -> str:
        """The pack's name of a reason why a citizen was not reached."""
        reasons = {reason_of_pack.code: reason_of_pack.name for reason_of_pack in self.pack.callback.not_reached}
        return str(getattr(reasons[reason], self.lang)) if reason in reasons else reason or ""

    def tag_name(self, tag: str) -> str:
        """The pack's name of a tag of a verdict."""
        tags = {tag_of_pack.code: tag_of_pack.name for tag_of_pack in self.pack.callback.tags}
        return str(getattr(tags[tag], self.lang)) if tag in tags else tag

    def list_name(self, level: str) -> str:
        """The name of a list of the jurisdiction."""
        levels = {level_of_pack.level: level_of_pack.name for level_of_pack in self.pack.list_levels}
        return str(getattr(levels[level], self.lang)) if level in levels else level

    def category_name(self, category: str | None) -> str:
        """The name of a category."""
        category_of_pack = self.pack.category(category) if category else None
        return getattr(category_of_pack.name, self.lang) if category_of_pack else self.say("未分类", "no category")

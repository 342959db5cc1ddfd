"""Samples for the design pages: all parts in all states, and hostile texts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.web.due_words import DueWords, by_the_calendar, due_words
from shared.web.parts import Bar, Column, CommandButton, Entry, Link, Mark, RowGroup, SummaryRow, Tab

Say = Callable[[str, str], str]
"""Returns the Chinese or the English one of two texts, or a hostile text instead."""

HOSTILE: Final = (
    "<script>alert(1)</script>",
    "\"'><b onmouseover=alert(1)>&amp;{{ 7 * 7 }}",
    "长" * 1000 + "x" * 1000,
    "\u202egnihtyreve snrut\u202c \u200fשלום\u200f 123 \u2066",
)
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_NOW: Final = datetime(2026, 12, 1, 10, 28, tzinfo=_ZONE)


def speaker(lang: str, hostile: bool) -> Say:
    """The function that chooses texts for a page; hostile texts are used in turn."""
    turn = iter(range(1_000_000))

    def say(zh: str, en: str) -> str:
        return HOSTILE[next(turn) % len(HOSTILE)] if hostile else (zh if lang == "zh" else en)

    return say


@dataclass(frozen=True, slots=True)
class SampleCase:
    """A row of the sample list."""

    number: str
    title: str
    place: str
    status: str
    due: DueWords | None
    marks: tuple[Mark, ...] = ()
    handler: str = ""
    updated: str = ""


def _due(days: float, paused: bool = False) -> DueWords:
    due_at = (_NOW + timedelta(days=days)).replace(hour=23, minute=59, second=59)
    return due_words(due_at, _NOW, _ZONE, by_the_calendar(lambda day: day.weekday() < 5), paused)


def dues() -> list[DueWords | None]:
    """A badge of each kind, and None."""
    hours = due_words(_NOW + timedelta(minutes=25), _NOW, _ZONE, by_the_calendar(lambda day: True))
    return [_due(-3), hours, _due(0), _due(1), _due(3), _due(20), _due(120), _due(2, paused=True), None]


def marks(say: Say) -> list[Mark]:
    """Marks with and without a link."""
    return [Mark(say("催办2次", "urged twice")), Mark(say("有新补充", "new words"), "#new"),
            Mark(say("并入 NH26-000100-K", "part of NH26-000100-K"))]  # fmt: skip


def columns(say: Say) -> list[Column]:
    """The columns of a work list."""
    return [
        Column(say("选择", "Choose"), kind="check"),
        Column(say("诉求", "Demand")),
        Column(say("时限", "Due"), "?sort=due", "ascending"),
        Column(say("状态", "Status")),
        Column(say("经办", "Handled by")),
        Column(say("最近更新", "Updated"), "?sort=updated"),
        Column(say("编号", "Number")),
    ]


def groups(say: Say) -> list[RowGroup]:
    """A work list grouped by due time."""
    light = SampleCase(
        "NH26-000412-K", say("东二村口路灯连坏三天，夜里看不清", "Street lamp at Dong'er broken for three days"),
        say("桂城街道 · 东二社区 · 路灯照明", "Guicheng · Dong'er · street lighting"), "in_progress", _due(-3),
        (Mark(say("催办2次", "urged twice")),), say("李志明", "Li Zhiming"), say("昨天 16:20", "yesterday 16:20"),
    )  # fmt: skip
    bikes = SampleCase("NH26-000455-T", say("幼儿园门口共享单车堵住盲道", "Shared bicycles block the tactile paving"),
                 say("桂城街道 · 平洲社区 · 占道停放", "Guicheng · Pingzhou · parking"), "routed", _due(0), (), "",
                 say("今天 08:12", "today 08:12"))  # fmt: skip
    river = SampleCase("NH26-000437-C", say("河涌发黑发臭，附近居民不敢开窗", "The creek is black and smells"),
                 say("桂城街道 · 夏西社区 · 水环境", "Guicheng · Xiaxi · water"), "reopened", _due(1),
                 (Mark(say("群众说“没解决”", "citizen: not solved"), "#words"),), say("陈嘉怡", "Chen Jiayi"),
                 say("今天 09:05", "today 09:05"))  # fmt: skip
    market = SampleCase("NH26-000301-M", say("老市场改造何时动工", "When does the old market's renewal begin"),
                  say("桂城街道 · 叠南社区 · 民生项目", "Guicheng · Dienan · projects"), "listed",
                  _due(5, paused=True), (), say("李志明", "Li Zhiming"),
                  say("11月20日 11:00", "20 Nov 11:00"))  # fmt: skip
    return [
        RowGroup([light], say("逾期 1 件", "Overdue: 1")),
        RowGroup([bikes, river], say("今明两天到期 2 件", "Due today and tomorrow: 2")),
        RowGroup([market], say("暂停计时 1 件", "Clock paused: 1")),
    ]


def tabs(say: Say) -> list[Tab]:
    """Views with counts."""
    return [
        Tab("?view=all", say("全部未结", "All open"), 1027, True),
        Tab("?view=overdue", say("逾期", "Overdue"), 1, tone="overdue"),
        Tab("?view=soon", say("今明到期", "Due today, tomorrow"), 3, tone="soon"),
        Tab("?view=routed", say("待签收", "To sign for"), 4),
        Tab("?view=reopened", say("重办", "Reopened"), 0, tone="overdue"),
        Tab("?view=done", say("最近办结", "Last done")),
    ]


def timeline(say: Say) -> list[Entry]:
    """Timeline entries, the newest first."""
    words = say("已安排施工队，12月3日前更换灯具。\n请居民绕行。",
                "A team replaces the lamp by 3 December.\nPlease walk round.")  # fmt: skip
    return [
        Entry(say("今天 09:40", "today 09:40"), "2026-12-01T09:40:00+08:00", say("记录进展", "progress"),
              say("桂城街道 · 李志明", "Guicheng · Li Zhiming"), words, say("请在12月3日前办结", "Due by 3 December")),
        Entry(say("昨天 16:20", "yesterday 16:20"), "2026-11-30T16:20:00+08:00", say("群众催办", "urged"),
              say("群众", "citizen"), say("还是黑的！", "Still dark!"), strong=True,
              files=[Link("#picture", say("图片 1（320 KB）", "Picture 1 (320 KB)"))]),
        Entry(say("11月28日 08:00", "28 Nov 08:00"), "2026-11-28T08:00:00+08:00", say("提交", "raised")),
    ]  # fmt: skip


def summary(say: Say) -> list[SummaryRow]:
    """The summary of a form before it is sent."""
    return [
        SummaryRow(say("问题", "Problem"), say("路灯坏了三天", "The lamp is broken"), "#problem"),
        SummaryRow(say("地点", "Place"), say("桂城街道东二社区", "Dong'er, Guicheng"), "#place"),
        SummaryRow(say("编号", "Number"), "NH26-000412-K"),
    ]


def commands(say: Say) -> list[CommandButton]:
    """A primary command, an ordinary one, and a dangerous one."""
    return [
        CommandButton(say("签收", "Sign for it"), action="/design", primary=True,
                hint=say("签收后由您单位在12月3日前办结", "Your unit then answers it by 3 December"),
                fields={"seen": "4"}),
        CommandButton(say("联系群众", "Contact the citizen"), href="#contact"),
        CommandButton(say("退单", "Return it"), href="#return", danger=True,
                hint=say("须说明法定职责依据，当天内", "Today only, with the legal reason")),
    ]  # fmt: skip


def bars(say: Say) -> list[Bar]:
    """Bars with large, small and zero values, in each tone."""
    return [
        Bar(say("路灯照明", "Street lighting"), 412, "412", "#light", 1),
        Bar(say("占道停放", "Parking"), 120.5, "120.5", "#parking", 2),
        Bar(say("水环境", "Water"), 3, "3", "", 3),
        Bar(say("其他", "Other"), 0, "0", "", 4),
    ]


def answer(say: Say) -> dict[str, str]:
    """An answer with all its parts."""
    return {
        "result": say("路灯已更换，今晚恢复照明。", "The lamp was replaced; it is lit again tonight."),
        "reason": "",
        "summary": say("已更换路灯一盏。", "One lamp was replaced."),
        "instead": say("再有路灯不亮，请拨打12345。", "If a lamp fails again, call 12345."),
        "legal_basis": say("《城市照明管理规定》第二十一条", "Regulation on Urban Lighting, section 21"),
    }


def samples(say: Say) -> dict[str, Any]:
    """All values for the templates of the design pages, by name."""
    return {
        "say": say, "dues": dues(), "marks": marks(say), "columns": columns(say), "groups": groups(say),
        "tabs": tabs(say), "timeline": timeline(say), "answer": answer(say),
        "summary": summary(say), "commands": commands(say),
        "bars": bars(say), "links": [Link("#raise", say("提一件诉求", "Raise a demand"))],
        "navigation": [Link("#cases", say("待办", "To do"), True), Link("#triage", say("派单", "Assign")),
                       Link("#catalogue", say("目录", "Catalogue")), Link("#overview", say("总览", "Overview"))],
        "more_navigation": [Link("#done", say("已办", "Done")), Link("#messages", say("消息", "Messages"))],
        "steps": [say("什么问题", "What"), say("在哪里", "Where"), say("核对", "Check")],
        "places": [(say("桂城街道", "Guicheng"),
                    [("b1", say("东二社区", "Dong'er")), ("b2", say("夏西社区", "Xiaxi"))]),
                   (say("西樵镇", "Xiqiao"), [("c1", say("儒溪村", "Ruxi"))])],
        "options": [("", say("全部", "All")), ("a", say("东二社区", "Dong'er"))],
        "levels": [("5", say("非常满意", "Very satisfied")), ("1", say("非常不满意", "Very dissatisfied"))],
    }  # fmt: skip

"""The words of the board, in both languages."""

from collections.abc import Mapping
from typing import Final

WORDS: Final = {
    "zh": {
        "board": "办理情况公示", "rate": "办结率", "collected": "收集", "completed": "办结",
        "overdue": "逾期未结",
        "satisfaction": "最终满意率", "first_satisfaction": "首次满意率", "on_the_spot": "现场解决",
        "satisfied_of": "{satisfied}/{rated} 件评价，满意含基本满意", "nobody_rated": "还没有评价",
        "by": "分组", "month": "月份", "division": "区划", "unit": "承办单位", "category": "类别", "channel": "渠道",
        "status": "状态", "count": "件数", "demands": "诉求", "number": "编号", "title": "标题",
        "submitted": "提出时间", "confidential": "举报内容不公开",
        "confidential_more": "本件为举报，只公开编号和提出时间；举报人可凭编号和查询码查询办理情况。",
        "unpublished": "内容未公开", "unpublished_more": "诉求内容在审核公开之前不展示；提出人可凭编号和查询码查看。",
        "without_reports": "举报只计数，不在此列出。", "contains": "含下级", "about": "事项",
        "due": "办理时限", "late": "逾期", "imported": "历史导入", "heard": "数据截至", "more": "下一页", "all": "全部",
        "definition_id": "口径编号",
        "definition": "这个数字怎么算", "numerator": "分子", "denominator": "分母", "exclusions": "不计入",
        "cut_off": "截止", "until": "截至", "facts": "办理过程",
        "empty": "还没有收到诉求。", "back": "返回",
        "shown": "本页 {count} 件", "none_more": "没有诉求。", "none_here": "本页没有诉求，请看下一页。",
        "on_time": "按期办结率", "on_time_answers": "按期办结", "late_answers": "超期办结", "returned": "退单",
        "reopened": "重办", "rated": "已评价", "satisfied": "满意（含基本满意）", "above": "上级",
        "month_before": "上月", "year_before": "去年同月", "change": "增减", "same": "持平", "points": "个百分点",
        "figure": "指标", "value": "本月数", "of_months": "本月与上月、去年同月", "every_month": "全部月份",
        "as_of_now": "各月都是当月提出的诉求，按现在的办理状态统计。", "nothing_before": "没有可比较的月份。",
        "running": "本月还没有结束，与整月比较时请注意。", "no_month": "这个月没有收到诉求。",
        "table": "下载表格（Excel 可打开）",
        "by_key": "分组明细", "statuses": "当前状态", "nobody": "—",
    },
    "en": {
        "board": "How demands are answered", "rate": "Completion rate", "collected": "Collected",
        "completed": "Completed",
        "satisfaction": "Satisfied at last", "first_satisfaction": "Satisfied at first",
        "on_the_spot": "Solved on the spot", "satisfied_of": "{satisfied} of {rated} ratings, 3 to 5 of 5",
        "nobody_rated": "no ratings yet",
        "overdue": "Overdue, open", "by": "By", "month": "Month", "division": "Division",
        "unit": "Unit", "category": "Category", "channel": "Channel", "status": "Status", "count": "Demands",
        "demands": "Demands", "number": "Number", "title": "Title", "submitted": "Raised", "due": "Due",
        "confidential": "A report, not published",
        "confidential_more": "This is a report of an offence: only its number and when it was raised are public."
        " Whoever raised it can follow it with the number and the secret code.",
        "unpublished": "Words not published",
        "unpublished_more": "The words of a demand are shown after they were reviewed and released; whoever raised it"
        " can see them with the number and the secret code.",
        "without_reports": "Reports of offences are counted and not listed here.", "contains": "with those below",
        "about": "About",
        "late": "overdue", "imported": "imported", "heard": "Data as of", "more": "Next page", "all": "All",
        "definition_id": "Definition",
        "definition": "How this figure is made", "numerator": "Numerator", "denominator": "Denominator",
        "exclusions": "Exclusions", "cut_off": "Cut-off", "until": "Until", "facts": "Steps",
        "empty": "No demands yet.",
        "back": "Back", "shown": "On this page: {count}",
        "none_more": "No demands.", "none_here": "None on this page; go on to the next.",
        "on_time": "Answered in time", "on_time_answers": "Answered in time (demands)", "late_answers": "Answered late",
        "returned": "Returned", "reopened": "Reopened", "rated": "Rated", "satisfied": "Satisfied (3 to 5 of 5)",
        "above": "Part of", "month_before": "Month before", "year_before": "Year before", "change": "Change",
        "same": "no change", "points": "points", "figure": "Figure", "value": "This month",
        "of_months": "The month, the month before and the year before", "every_month": "All months",
        "as_of_now": "Of each month the demands that were raised in it, as they stand now.",
        "nothing_before": "There is no month to compare with.",
        "running": "This month has not ended: mind that when you compare it with a whole one.",
        "no_month": "No demands were raised in this month.", "table": "Download as a table (CSV)",
        "by_key": "Breakdown", "statuses": "How they stand", "nobody": "—",
    },
}  # fmt: skip

DEFINITION_ZH: Final = {
    "numerator": "最近一次办结仍然有效的诉求：已办结、群众已确认，或以“已确认、有异议、未评价”结束",
    "denominator": "收集的全部诉求（含导入），每件计一次",
    "exclusions": "无；不予受理和撤回的诉求仍计入分母",
    "cut_off": "当前，或所选日期当天结束时（按本地时区）",
}

STATUSES: Final = {
    "submitted": "已收到", "triage": "待派单", "returned": "已退单", "routed": "已派单，待签收", "accepted": "已签收",
    "in_progress": "办理中", "listed": "已列入清单", "reopened": "重办", "merged": "已并入",
    "resolved": "已办结，待评价", "confirmed": "群众已确认", "declined": "不予受理", "withdrawn": "已撤回",
    "closed": "已结束",
    "closed/confirmed": "已结束·群众确认", "closed/disputed": "已结束·有异议", "closed/unrated": "已结束·未评价",
    "closed/declined": "已结束·不予受理", "closed/withdrawn": "已结束·已撤回",
}  # fmt: skip
"""In the order in which demands pass through them; the board shows them so."""


_COUNTED: Final = {
    "completed": ("办结", "completed"), "overdue": ("逾期未结", "overdue and open"), "returned": ("退单", "returned"),
    "reopened": ("重办", "reopened"), "late": ("超期办结", "answered late"), "on-time": ("按期办结", "in time"),
    "not-reached": ("未评价，回访未接通", "not rated, called in vain"),
    "on-the-spot": ("现场解决", "solved on the spot"),
    "rated": ("已评价", "rated"), "satisfied": ("满意（含基本满意）", "satisfied"),
    "first-rated": ("首次已评价", "rated a first time"),
    "first-satisfied": ("首次满意（含基本满意）", "satisfied at first"),
}  # fmt: skip


def counted_name(counted: str, lang: str) -> str:
    """What a figure counts, in words; empty if it counts everything collected."""
    kind, _, name = counted.partition(":")
    match kind:
        case "collected":
            return ""
        case "status":
            return status_name(name, lang)
        case "rating":
            return f"评价 {name} 分" if lang == "zh" else f"rated {name}"
        case "first-rating":
            return f"首次评价 {name} 分" if lang == "zh" else f"first rated {name}"
        case _:
            return _COUNTED[kind][lang == "en"]


def status_name(standing: str, lang: str) -> str:
    """The standing of a demand in words."""
    if lang == "zh":
        return STATUSES.get(standing, standing)
    return standing.replace("/", ", ").replace("_", " ")


def in_order(statuses: Mapping[str, int]) -> list[tuple[str, int]]:
    """The counts by standing, in the order of a demand's life."""
    places = {standing: place for place, standing in enumerate(STATUSES)}
    return sorted(statuses.items(), key=lambda item: (places.get(item[0], len(places)), item[0]))


def vars_of(definition: object) -> dict[str, str]:
    """The texts of a definition by their names."""
    return {name: str(getattr(definition, name)) for name in DEFINITION_ZH}

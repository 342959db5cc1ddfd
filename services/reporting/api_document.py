"""The Chinese texts of this service in the document of the HTTP API, in addition to the docstrings of its routes."""

from typing import Final

from shared.chassis.http.openapi import ApiText

WORDS: Final = ApiText(
    groups={
        "reporting": "办结率及其背后的每件诉求、每个事实。Figures that open to the demands and facts behind them.",
    },
    operations_zh={
        "get_completion": "办结率",
        "list_completion_demands": "数字背后的诉求",
        "list_demand_facts": "一件诉求的全部事实",
    },
)

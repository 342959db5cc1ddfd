"""What the document of the HTTP API says of this service beside the docstrings of its routes."""

from typing import Final

from shared.chassis.http.openapi import ApiText

WORDS: Final = ApiText(
    groups={
        "feedback": "群众评价。The citizen's verdict on the answer.",
    },
    operations_zh={
        "get_rated_demand": "待评价的诉求",
        "rate_demand": "评价",
        "receive_report": "接收短信状态报告（GET）",
        "receive_reports": "接收短信状态报告（POST）",
    },
)

"""What the document of the HTTP API says of this service beside the docstrings of its routes."""

from typing import Final

from shared.chassis.http.openapi import ApiText

WORDS: Final = ApiText(
    groups={
        "routing": "办理台：单位签收、退单、办理、办结；统筹单位派单、更正、延期。What units and the coordinator do.",
    },
    operations_zh={
        "list_cases": "本单位的诉求",
        "list_triage": "待研判的诉求",
        "get_case": "一件诉求的全部情况",
        "accept_case": "签收",
        "return_case": "退单",
        "decline_case": "不予受理",
        "contact_citizen": "联系群众",
        "progress_case": "反馈进展",
        "resolve_case": "办结",
        "route_case": "派单或改派",
        "reclassify_case": "更正类别",
        "extend_case": "延期",
    },
)

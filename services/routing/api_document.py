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
        "count_cases": "本单位各列表的件数",
        "command_cases": "对多件诉求执行同一操作",
        "assign_case": "指定经办人",
        "transfer_case": "转办",
        "move_case_up": "提级",
        "note_on_case": "内部备注",
        "attach_to_case": "添加佐证",
        "list_case": "挂账",
        "request_extension": "申请延期",
        "grant_extension": "同意延期",
        "refuse_extension": "不同意延期",
        "pause_case": "暂停计时",
        "resume_case": "恢复计时",
        "request_assistance": "请求协办",
        "accept_assistance": "协办签收",
        "report_assistance": "反馈协办结果",
        "end_assistance": "结束协办",
        "prioritize_case": "调整紧急程度或重点对象",
        "merge_case": "并单",
        "unmerge_case": "取消并单",
        "list_units": "单位名录",
    },
)

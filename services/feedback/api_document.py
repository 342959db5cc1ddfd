"""The Chinese texts of this service in the document of the HTTP API, in addition to the docstrings of its routes."""

from typing import Final

from shared.chassis.http.openapi import ApiText

WORDS: Final = ApiText(
    groups={
        "feedback": "群众评价。The citizen's verdict on the answer.",
        "webhooks": "事件推送：诉求有进展时通知其他系统。Webhooks: other systems are told what happens to demands.",
    },
    operations_zh={
        "get_rated_demand": "待评价的诉求",
        "rate_demand": "评价",
        "list_webhooks": "本渠道或本辖区的推送订阅",
        "create_webhook": "新建推送订阅",
        "get_webhook": "一个推送订阅",
        "change_webhook": "修改、停用或启用推送订阅",
        "remove_webhook": "删除推送订阅",
        "rotate_webhook_secret": "更换签名密钥",
        "test_webhook": "发送测试事件",
        "redeliver_events": "重新推送",
        "list_webhook_deliveries": "推送日志",
        "receive_report": "接收短信状态报告（GET）",
        "receive_reports": "接收短信状态报告（POST）",
    },
)

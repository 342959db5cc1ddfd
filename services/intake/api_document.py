"""What the document of the HTTP API says of this service beside the docstrings of its routes."""

from typing import Final

from shared.chassis.http.openapi import ApiText

WORDS: Final = ApiText(
    groups={
        "intake": "提交与跟踪诉求：网页、小程序等渠道。Raise, follow and import demands; similar ones; categories.",
        "attachments": "照片与文件。Photos and files of a demand.",
        "contacts": "联系方式与原文：凭理由查看，或永久删除。Personal data of a demand: seen with a reason, or erased.",
        "inbound": "微信、短信网关、入户走访、直播节目。What gateways, visits and programmes hand in.",
        "Open311": "国际通用的 Open311 GeoReport v2。The standard interface for requests to a city.",
    },
    operations_zh={
        "submit_demand": "提交诉求",
        "list_demands": "本渠道的诉求",
        "follow_demand": "跟踪诉求",
        "import_demands": "导入历史诉求",
        "list_jurisdictions": "全部区划与类别",
        "get_jurisdiction": "一个地区的区划与类别",
        "supplement_demand": "补充诉求",
        "urge_demand": "催办",
        "withdraw_demand": "申请撤回",
        "support_demand": "附议",
        "sight_demand": "登记他处重复反映",
        "upload_attachment": "上传附件",
        "download_attachment": "下载附件",
        "reveal_contact": "查看联系方式",
        "erase_contact": "删除个人信息",
        "sync_drafts": "上交走访记录",
        "open_programme": "开始节目",
        "list_programmes": "本渠道的节目",
        "close_programme": "结束节目",
        "submit_programme_demand": "提交节目中的诉求",
        "list_programme_demands": "节目中的诉求",
        "receive_sms": "接收短信（GET）",
        "receive_sms_form": "接收短信（POST）",
        "verify_wechat": "微信地址校验",
        "receive_wechat": "接收微信消息",
        "find_similar_demands": "查找相似诉求",
        "list_similar_demands": "与某诉求相似的诉求",
        "suggest_categories": "推荐类别",
        "discover_open311": "Open311 入口",
        "list_services": "服务类型",
        "describe_service": "服务类型的属性",
        "find_requests": "查询诉求",
        "submit_request": "提交诉求",
        "get_request": "一件诉求",
        "redeem_token": "凭标识取编号",
        "find_request_updates": "诉求进展",
        "update_request": "提交市民补充",
    },
)

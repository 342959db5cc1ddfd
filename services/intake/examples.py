"""Examples of what channels send and are told: one demand from Nanhai, whose story the OpenAPI document tells."""

from typing import Final

from fastapi.openapi.models import Example

from shared.contracts.examples import (
    AT,
    CATEGORY,
    DIVISION,
    ID,
    NUMBER,
    PROGRESS,
    RESOLVED_AT,
    TEXT,
    TITLE,
    UNIT,
    Sample,
)

CODE: Final = "7K2M9QXD"
NOTE: Final = "01a20a65-2c31-7d1e-9a40-1b0f3d7e5a11"
CONTACT: Final[Sample] = {"name": "邹某某", "phone": "13800138000"}
PLACE: Final[Sample] = {"lat": 23.0312, "lon": 113.1415}

SHORT: Final[Sample] = {"title": TITLE, "division": DIVISION}
FULL: Final[Sample] = SHORT | {
    "text": TEXT,
    "category": CATEGORY,
    "kind": "suggestion",
    "location": PLACE,
    "contact": CONTACT,
    "external_id": "web-20210510-0007",
    "occurred_at": AT,
}
RECORDED: Final[Sample] = SHORT | {
    "category": CATEGORY,
    "external_id": "12345-20210510-0815",
    "occurred_at": AT,
    "channel_kind": "hotline",
    "via": "hotline-12345",
    "history": [
        {"at": "2021-05-10T03:00:00Z", "type": "demand.routed", "data": {"unit": "transport", "rule": "recorded"}},
        {"at": "2021-05-11T01:30:00Z", "type": "demand.accepted", "data": {"by": "recorded"}},
        {"at": RESOLVED_AT, "type": "demand.resolved", "data": {"by": "recorded", "result": "已建成"}},
    ],
}
RECEIPT: Final[Sample] = {
    "id": ID,
    "number": NUMBER,
    "code": CODE,
    "submitted_at": AT,
    "similar": f"/v1/demands/{NUMBER}/similar",
}
ROW: Final[Sample] = {"external_id": "12345-20210510-0815", "created": True, "became": "new", "number": NUMBER}
REFUSED_ROW: Final[Sample] = {
    "external_id": "12345-20210510-0816",
    "created": False,
    "became": "refused",
    "field": "category",
    "why": "category: 'bus' is not known; see GET /v1/jurisdictions",
    "why_zh": "类别代码 'bus' 不存在",
}
FOLLOWED: Final[Sample] = PROGRESS | {
    "stands": "已归档 / Closed",
    "text": TEXT,
    "kind": "suggestion",
    "category_name": "校车与上下学交通",
    "place": "南海区 里水镇 鹤峰村委会",
    "unit_name": "北园村驻点直联工作站",
    "answer": {"at": RESOLVED_AT, "unit": UNIT, "result": "风雨棚已建成并验收", "summary": "风雨棚已建成"},
    "returns": [{"at": "2021-05-10T04:00:00Z", "unit": "nh-transport", "reason": "校车由教育局统筹"}],
    "extensions": [],
    "remarks": [{"at": "2021-05-12T01:30:00Z", "unit": UNIT, "note": "已现场勘查，本周施工"}],
    "spoken": [{"id": NOTE, "type": "demand.supplemented", "at": "2021-05-10T23:10:00Z", "text": "早上七点最挤"}],
    "supports": 12,
    "rating": {"at": RESOLVED_AT, "rating": 5, "solved": True, "comment": "很及时"},
    "reopenings": [],
    "publication": {"state": "public", "may_agree": False, "may_refuse": True},
}
NOTED: Final[Sample] = {"id": NOTE, "number": NUMBER, "at": "2021-05-10T23:10:00Z"}
SESSION: Final[Sample] = {
    "id": "01a20a60-9f00-7c52-8d3e-0a4b6c8d0e2f",
    "title": "民声热线 2021年5月10日",
    "opened_at": AT,
    "closed_at": "2021-05-10T03:00:00Z",
}
ATTACHED: Final[Sample] = {
    "reference": "Jb0VyZ6cYb1mWq2x8zR3xA",
    "media_type": "image/jpeg",
    "size": 482_113,
    "scan": "clean",
    "uploaded_at": "2021-05-10T01:58:30Z",
}
ERASE: Final[Sample] = {"why": "本人要求删除"}
REVEAL: Final[Sample] = {"why": "回访核实施工时间", "fields": ["name", "phone"]}
DRAFT: Final[Sample] = SHORT | {"id": "0d3c6d8e-6f0b-4b8e-9b57-8a1f5a0c2e44", "occurred_at": AT}
SYNCED: Final[Sample] = {
    "id": "0d3c6d8e-6f0b-4b8e-9b57-8a1f5a0c2e44",
    "number": NUMBER,
    "code": CODE,
    "created": True,
    "errors": [],
}
UNSYNCED: Final[Sample] = {
    "id": "5b9a3f10-2f7d-4d3a-8c1e-7e6d5c4b3a29",
    "number": None,
    "code": None,
    "created": False,
    "errors": [{"field": "title", "detail": "必填", "detail_en": "Field required"}],
}
DRAFTED: Final[Sample] = SHORT | {"text": "孩子淋雨等车", "location": PLACE}
LIKE: Final[Sample] = {
    "number": NUMBER,
    "title": TITLE,
    "category": CATEGORY,
    "status": "in_progress",
    "division": DIVISION,
    "distance_m": 40,
    "raised": AT,
    "score": 0.83,
    "reasons": [{"aspect": "wording", "value": 0.9, "zh": "用词相近", "en": "similar words"}],
}
WORDS: Final[Sample] = {"title": "村口路灯不亮", "text": "路灯坏了很久", "division": DIVISION}
RANKED: Final[Sample] = {
    "suggestions": [
        {
            "category": "street-lighting",
            "name": "路灯照明",
            "name_en": "Street lighting",
            "probability": 0.857,
            "source": "keywords",
            "because": ["路灯", "不亮"],
        }
    ],
    "sure": True,
    "model": {"trained_at": "2021-05-01T18:00:00Z", "demands": 9999},
}

DEMANDS: Final[dict[str, Example]] = {
    "short": {"summary": "what a demand must have", "value": SHORT},
    "full": {"summary": "with a place, a contact, and the channel's own reference", "value": FULL},
}
IMPORTS: Final[dict[str, Example]] = {
    "resolved": {"summary": "a demand that another system has resolved", "value": {"demands": [RECORDED]}},
}
MENU: Final[Sample] = {
    "id": "nanhai",
    "name": "南海区",
    "name_en": "Nanhai",
    "divisions": [{"code": DIVISION, "name": "鹤峰社区", "level": "village", "parent": "440605126000"}],
    "categories": [{"code": CATEGORY, "name": "校车接送", "name_en": "School transport", "parent": "education"}],
    "kinds": [{"code": "help", "name": "求助", "name_en": "Help"}],
}
PUBLIC_SUMMARY: Final[Sample] = {
    "number": NUMBER,
    "title": TITLE,
    "category": CATEGORY,
    "category_name": "校车与上下学交通",
    "division": DIVISION,
    "place": "南海区 里水镇 鹤峰村委会",
    "status": "closed",
    "stands": "已归档 / Closed",
    "released_at": RESOLVED_AT,
    "changed_at": RESOLVED_AT,
}
PUBLIC_VIEW: Final[Sample] = {
    **{name: value for name, value in PUBLIC_SUMMARY.items() if name != "changed_at"},
    "kind": "suggestion",
    "submitted_at": AT,
    "answered_at": RESOLVED_AT,
    "text": TEXT,
    "answer": "风雨棚已建成",
    "history": [{"at": RESOLVED_AT, "became": "published"}],
}

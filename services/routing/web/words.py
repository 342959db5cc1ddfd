"""What the sign-in pages say, in both languages."""

from collections.abc import Mapping
from typing import Final

from shared.identity.person import Role

SIGN_IN: Final = {
    "zh": {
        "title": "工作人员登录",
        "issuer": "使用统一身份认证登录",
        "demo": "演示人员（任何人都可登录，仅限本机演示）",
        "none": "本部署没有配置登录服务：请管理员设置 HUYING_OIDC_ISSUER 和 HUYING_OIDC_CLIENT_ID。",
        "sign_out": "退出登录",
        "signed_in": "当前登录",
        "leaving": "已退出本系统，正在退出登录服务……",
        "go_on": "继续",
        "again": "重新登录",
    },
    "en": {
        "title": "Staff sign-in",
        "issuer": "Sign in with your organisation",
        "demo": "Demonstration people (anybody may be them, on this machine only)",
        "none": "No sign-in service is set up here: set HUYING_OIDC_ISSUER and HUYING_OIDC_CLIENT_ID.",
        "sign_out": "Sign out",
        "signed_in": "Signed in as",
        "leaving": "You have left this system; leaving the sign-in service too …",
        "go_on": "Go on",
        "again": "Sign in again",
    },
}

ROLES: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.CLERK: {"zh": "经办人", "en": "Clerk"},
    Role.HEAD: {"zh": "负责人", "en": "Head"},
    Role.DISPATCHER: {"zh": "派单员", "en": "Dispatcher"},
    Role.LEADER: {"zh": "领导", "en": "Leader"},
    Role.AUDITOR: {"zh": "审计员", "en": "Auditor"},
    Role.ADMIN: {"zh": "管理员", "en": "Administrator"},
}

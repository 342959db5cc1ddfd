"""Words for the states of messages, in both languages."""

from collections.abc import Mapping
from typing import Final

LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "waiting": ("待发送", "Waiting"),
    "failed": ("发送失败", "Failed"),
    "unknown": ("结果不明", "Unknown"),
    "sent": ("已发送", "Sent"),
    "over": ("未发送", "Not sent"),
}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "pending": ("待发送", "waiting"),
    "sending": ("发送中", "being sent"),
    "sent": ("已发送", "sent"),
    "delivered": ("已送达", "delivered"),
    "failed": ("发送失败", "failed"),
    "unknown": ("结果不明", "unknown whether it went out"),
    "skipped": ("无需发送", "nobody to send it to"),
    "merged": ("已合并到其他消息", "told with another message"),
    "cancelled": ("已取消", "cancelled"),
}
WAITS: Final[Mapping[str, tuple[str, str]]] = {
    "quiet-hours": ("免打扰时段", "quiet hours"),
    "digest": ("等待合并", "to be gathered with others"),
    "morning": ("次日早上提醒单位", "the unit's morning message"),
    "hourly-limit": ("已达每小时上限", "the hourly limit"),
    "earlier": ("前一条还没发完", "an earlier one comes first"),
    "gateway": ("网关忙或暂停", "the gateway is busy or rests"),
    "retry": ("稍后重试", "to be tried again"),
    "intake": ("联系方式暂时查不到", "the contact cannot be asked for"),
}

"""The introduction of the HTTP API's OpenAPI document."""

from typing import Final

INTRODUCTION: Final = """\
**呼应 Huying** 把群众诉求变成可以核对的闭环：提交、派单、办理、告知、评价、公示。
Huying turns citizens' demands into a closed loop that can be checked: raised, routed, handled, told, rated, reported.

**谁在请求 Who asks.** 渠道用 `X-API-Key`；群众用查询码 `X-Demand-Code` 或 `?code=`；
工作人员用 `Authorization: Bearer …`；评价凭短信中的链接；公示数字无需密钥。
A channel sends its key, a citizen the secret code of the receipt, staff a bearer token, a rating the token of its link;
figures need nothing.

**重试 Try again.** 会改变内容的请求带 `Idempotency-Key`：同一编号、同样内容，总得到第一次的答复，不会做第二遍。
A request that changes something carries an `Idempotency-Key`: the same key with the same words is answered as at first.

**拒绝 Refusals** 是中英文的 problem document（RFC 9457）：错在哪个字段、规则是什么、怎样填可以通过。
不认识的查询参数会被拒绝。
A refusal says which field is wrong, by which rule, and a value that would pass. An unknown query parameter is refused.

**时间和代码 Times and codes.** 时间为 RFC 3339；区划和类别代码见 `GET /v1/jurisdictions`。
Times are RFC 3339; `GET /v1/jurisdictions` has the codes of divisions and categories.
"""

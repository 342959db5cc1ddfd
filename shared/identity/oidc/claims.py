"""Maps the claims of an issuer's token to a person: name, unit and roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from shared.contracts.refusals import Code, Refused
from shared.contracts.text import Text, shortened
from shared.identity.person import Person, names_a_desk_role
from shared.identity.settings import StaffSettings
from shared.jurisdiction.jurisdictions import Jurisdictions

_NAME: Final = TypeAdapter(Annotated[Text, Field(min_length=1, max_length=100)])


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """The names of the claims for unit, roles and name, and our role by the issuer's name for it."""

    unit: str
    roles: str
    name: str
    role_names: Mapping[str, str]

    @classmethod
    def of(cls, settings: StaffSettings) -> "ClaimNames":
        """From the settings."""
        return cls(settings.oidc_unit_claim, settings.oidc_roles_claim, settings.oidc_name_claim, settings.role_names)


def person_of(claims: Mapping[str, Any], names: ClaimNames, packs: Jurisdictions) -> Person:
    """The person in the claims; raises `Refused` if name, unit or role is missing or unknown.

    Unlike our own tokens, a token without a role is refused: not everybody with an account at the issuer is our staff.
    """
    subject = claims.get("sub")
    return Person(
        _name(claims, names.name),
        _unit(claims, names.unit, packs),
        _roles(claims, names),
        subject[:LONGEST_SUBJECT] if isinstance(subject, str) and subject else None,
    )


LONGEST_SUBJECT: Final = 255
"""Rule: OpenID Connect Core 1.0, section 2, `sub`."""


def holds_unit(claims: Mapping[str, Any], names: ClaimNames) -> bool:
    """Whether the claims hold a unit; some issuers return it only at their userinfo endpoint."""
    return _claim(claims, names.unit) is not None


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim with this name; else the value at this path, whose parts are separated by dots."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _texts(claim: Any) -> list[str]:
    items = claim if isinstance(claim, list) else [claim]
    return [item for item in items if isinstance(item, str) and item]


def _name(claims: Mapping[str, Any], claim: str) -> str:
    try:
        return _NAME.validate_python(_claim(claims, claim))
    except ValidationError:
        raise _nobody(
            f"has no name of 1 to 100 characters in its claim {claim!r} (HUYING_OIDC_NAME_CLAIM)",
            f"凭证的 {claim!r} 中没有可用的姓名",
        ) from None


def _unit(claims: Mapping[str, Any], claim: str, packs: Jurisdictions) -> str:
    units = _texts(_claim(claims, claim))
    if len(units) != 1:
        raise _nobody(
            f"must name one unit in its claim {claim!r}, and names {len(units)} (HUYING_OIDC_UNIT_CLAIM)",
            f"凭证的 {claim!r} 应写明一个单位，现有 {len(units)} 个",
        )
    unit = units[0]
    if packs.of_unit(unit) is None:
        shown = shortened(unit, 60)
        raise _nobody(
            f"names the unit {shown!r}, which is not a unit of any jurisdiction: `huying staff units` lists all",
            f"凭证中的单位 {shown!r} 不在任何辖区的单位名录中",
        )
    return unit


def _roles(claims: Mapping[str, Any], names: ClaimNames) -> frozenset[str]:
    theirs = _texts(_claim(claims, names.roles))
    ours = frozenset(names.role_names[role] for role in theirs if role in names.role_names)
    if not names_a_desk_role(ours):
        known = ", ".join(sorted(names.role_names))
        raise _nobody(
            f"has no role that is used here in its claim {names.roles!r}; these do: {known}"
            " (HUYING_OIDC_ROLES_CLAIM, HUYING_OIDC_ROLE_NAMES)",
            f"凭证的 {names.roles!r} 中没有本系统的角色，可用：{known}",
        )
    return ours


def _nobody(en: str, zh: str) -> Refused:
    return Refused(
        Code.FORBIDDEN, f"the token {en}; ask the administrator of the sign-in service", f"{zh}，请联系登录服务的管理员"
    )

"""Who may look at catalogues and change them."""

from services.routing.cases.permissions import Staff
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


def catalogue_pack(by: Staff, packs: Jurisdictions) -> Pack:
    """The jurisdiction whose catalogue somebody may see and change; raises `Refused`."""
    pack = packs.coordinated_by(by.unit)
    if pack is None:
        raise Refused(
            Code.FORBIDDEN, "catalogues are for the people of the coordinator", "仅统筹单位可以查看和修改派单目录"
        )
    return pack

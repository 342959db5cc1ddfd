"""Checks that the jurisdiction of a mapping has a pack here, and is served by the deployment."""

from pathlib import Path

import httpx

from shared.jurisdiction.loader import load_pack
from shared.jurisdiction.pack import Pack


class UnknownCity(LookupError):
    """The jurisdiction of a mapping has no pack, or is not served; the message says what to do."""


def pack_of(jurisdiction: str, packs: Path) -> Pack:
    """The pack of a jurisdiction; raises `UnknownCity`, or `PackError` if the pack has errors."""
    folder = packs / jurisdiction
    if not (folder / "pack.yaml").is_file():
        known = ", ".join(sorted(path.parent.name for path in packs.glob("*/pack.yaml"))) or "-"
        raise UnknownCity(
            f"映射中的 jurisdiction: {jurisdiction} 在 {packs} 没有对应的辖区包，现有：{known}；"
            f"辖区包在别处时请设置 HUYING_JURISDICTIONS_DIR"
            f" / the mapping says jurisdiction: {jurisdiction}, but {packs} has no such pack; it has: {known}."
            " Where packs lie elsewhere, set HUYING_JURISDICTIONS_DIR"
        )
    return load_pack(folder)


async def must_be_served(client: httpx.AsyncClient, jurisdiction: str) -> None:
    """Raise `UnknownCity` if the deployment does not serve the jurisdiction; other faults are reported later."""
    if (await client.get(f"/v1/jurisdictions/{jurisdiction}")).status_code != httpx.codes.NOT_FOUND:
        return
    answer = await client.get("/v1/jurisdictions")
    served = [str(jurisdiction["id"]) for jurisdiction in answer.json()["jurisdictions"]] if answer.is_success else []
    together = ",".join([*served, jurisdiction])
    raise UnknownCity(
        f"{client.base_url} 不受理 {jurisdiction}，现受理：{'、'.join(served)}；"
        f"请设置 HUYING_JURISDICTIONS={together} 后重新启动"
        f" / {client.base_url} does not serve {jurisdiction}, but: {', '.join(served)};"
        f" start it again with HUYING_JURISDICTIONS={together}"
    )

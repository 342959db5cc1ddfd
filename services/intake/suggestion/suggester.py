"""Suggests categories by the keywords of the pack first; if these are not sure, by the model, if the deployment has
trained one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from services.intake.suggestion.keywords import Keywords
from services.intake.suggestion.model import Model, UnusableModel, read_model
from services.intake.suggestion.ranking import Ranking
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


@dataclass(frozen=True, slots=True)
class Suggester:
    """Suggests categories. Everything is loaded at start, so a suggestion needs no database."""

    keywords: Mapping[str, Keywords]
    models: Mapping[str, Model]

    @classmethod
    def of(cls, packs: Jurisdictions, folder: Path | None) -> "Suggester":
        """The suggester with the models `<jurisdiction>.json` of a folder; raises `UnusableModel`."""
        models = {}
        for pack in packs:
            file = folder and folder / f"{pack.id}.json"
            if file and file.exists():
                models[pack.id] = _of_this_pack(read_model(file), pack, file)
        return cls({pack.id: Keywords.of(pack.leaf_categories) for pack in packs}, models)

    def model(self, jurisdiction: str) -> Model | None:
        """The model of a jurisdiction; None if there is none."""
        return self.models.get(jurisdiction)

    def suggest(self, pack: Pack, title: str, text: str) -> Ranking:
        """Suggest categories that a citizen of this jurisdiction can choose."""
        by_rule = self.keywords[pack.id].rank(title, text)
        model = self.model(pack.id)
        if by_rule.sure or model is None:
            return by_rule
        codes = {category.code for category in pack.leaf_categories}
        learned = model.rank(title, text)
        usable = tuple(suggestion for suggestion in learned.suggestions if suggestion.category in codes)
        if not usable:
            return by_rule
        return replace(learned, suggestions=usable, sure=learned.sure and usable[0] is learned.suggestions[0])


def _of_this_pack(model: Model, pack: Pack, file: Path) -> Model:
    if model.jurisdiction != pack.id:
        raise UnusableModel(f"{file}: 模型属于 / the model belongs to {model.jurisdiction!r}, not {pack.id!r}")
    return model

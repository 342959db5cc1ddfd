"""Loads a mapping by its name, and explains each mistake in it with file and line."""

from pathlib import Path

from pydantic import ValidationError

from deploy.importing.mapping import FOLDER, Mapping
from deploy.importing.mapping_checks import Mistake, mistakes
from shared.jurisdiction.documents import Loc, YamlDocument, read_yaml
from shared.jurisdiction.problems import PackError, PackProblem


class UnknownMapping(LookupError):
    """There is no mapping with this name; the message lists the existing ones."""


class BadMapping(ValueError):
    """The mapping has mistakes; the message has a line for each."""


def load(name: str, folder: Path = FOLDER) -> Mapping:
    """The mapping with this name, or in this YAML file; raises `UnknownMapping` or `BadMapping`."""
    path = Path(name) if name.endswith(".yaml") else folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise UnknownMapping(f"没有映射 {name!r} / there is no mapping {name!r}; known mappings: {known}")
    try:
        document = read_yaml(path)
    except PackError as fault:
        raise BadMapping(str(fault)) from None
    return _declared(document)


def _declared(document: YamlDocument) -> Mapping:
    try:
        mapping = Mapping.model_validate(document.data)
    except ValidationError as fault:
        mistakes_found: list[Mistake] = [
            (error["loc"], _advice(error["type"], error["msg"], error["loc"])) for error in fault.errors()
        ]
    else:
        mistakes_found = list(mistakes(mapping))
        if not mistakes_found:
            return mapping
    problems = sorted(
        (PackProblem(document.spot(loc), problem) for loc, problem in mistakes_found), key=lambda problem: problem.spot
    )
    raise BadMapping("\n".join(map(str, problems)))


def _advice(kind: str, message: str, loc: Loc) -> str:
    where = ".".join(map(str, loc)) or "the mapping"
    if kind == "extra_forbidden":
        return f"{where} is not a key that a mapping knows; remove it or mend its spelling"
    if kind == "missing":
        return f"{where} is missing; add it"
    return f"{where}: {message.removeprefix('Value error, ')}"

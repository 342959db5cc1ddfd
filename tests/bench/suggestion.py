"""`python -m tests.bench.suggestion FILE`: how well categories are suggested on messages with official replies.

`messages_with_replies.xlsx` has no column of categories. Instead the *kind of office that replied* is used, from the
opening of the official reply, independent of the citizen's text. Replies that name no office, or offices of two
kinds, are left out. An office is coarser than a category and another office may have replied, so 100 % is
impossible; keywords are right if their category is below the office's heading in the pack.
"""

import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from python_calamine import CalamineWorkbook

from deploy.cli.suggest import console, print_report
from services.intake.suggestion.evaluation import Guess, report
from services.intake.suggestion.keywords import Keywords
from services.intake.suggestion.training import Example, train
from tests.packs import nanhai

OPENING = 160
OFFICES = {
    "traffic": "交警|公安交通|交通运输局|交通局|公交公司|轨道",
    "water": "水务局|水利局|供水公司|自来水公司|水业",
    "housing": "住房和城乡建设|住建局|住建委|房产局|住房保障|自然资源|国土",
    "environment": "城管|城市管理|环保局|环境保护局|生态环境",
    "education": "教育局|教育体育|教体局|教育厅",
    "care": "民政局|残联|老龄",
    "labour": "人力资源|人社局|劳动监察|社保局|医疗保障|医保局",
    "government": "税务局|工商局|市场监督|市场监管|质监局",
}


def labelled(file: Path) -> list[Example]:
    """Messages whose reply names offices of one kind, with that kind."""
    examples = []
    for row in CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()[1:]:
        reply = re.sub(r"\s", "", str(row[5]))[:OPENING]
        kinds = [kind for kind, names in OFFICES.items() if re.search(names, reply)]
        if len(kinds) == 1:
            examples.append(Example(str(row[2]).strip(), str(row[4]).strip(), kinds[0]))
    return examples


def by_keywords(examples: list[Example]) -> list[Guess]:
    """Right if the suggested category is below the heading of the office."""
    pack = nanhai()
    keywords, guesses = Keywords.of(pack.leaf_categories), []
    for example in examples:
        ranking = keywords.rank(example.title, example.text)
        best = ranking.suggestions[0] if ranking.suggestions else None
        right = best is not None and example.category in pack.category_ancestors(best.category)
        guesses.append(Guess(best.probability if best else 0.0, right, ranking.sure))
    return guesses


def main(file: Path) -> None:
    """Print both results, and the size of the task."""
    examples = labelled(file)
    counts = Counter(example.category for example in examples)
    told = ", ".join(f"{kind} {count}" for kind, count in counts.most_common())
    console.print(f"{len(examples):,} messages with the kind of office that replied: {told}")
    console.print(f"always the commonest: {max(counts.values()) / len(examples):.1%}")
    print_report("keywords of Nanhai's pack", report(by_keywords(examples)))
    model, guesses = train(examples, "replies", datetime.now(UTC))
    print_report("model, on messages that it had not seen", report(guesses))
    size = len(model.model_dump_json()) / 1e6
    console.print(f"temperature {model.temperature:.2f}, sure from {model.threshold:.2f}; the file has {size:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Makes the public view of a demand and of its publication."""

from collections.abc import Iterator, Sequence

from services.intake.open311.statuses import CONFIDENTIAL
from services.intake.public import documents as d
from services.intake.publications.list_queries import ReleasedDemand
from services.intake.publications.queries import Edition, Published
from services.intake.tracking.names import address, name
from services.intake.tracking.status_words import STATUS_WORDS
from shared.contracts.demand.state import Demand
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.publication import PublicDemand, seen_by_public


def summary(pack: Pack, row: ReleasedDemand) -> d.PublicDemandSummary:
    """The row of a list."""
    return d.PublicDemandSummary(
        number=row.number,
        title=row.title,
        category=row.category,
        category_name=category_name(pack, row.category),
        division=row.division,
        place=address(pack, row.division),
        status=row.status,
        stands=STATUS_WORDS[row.status],
        released_at=row.released_at,
        changed_at=row.changed_at,
    )


def view(pack: Pack, demand: Demand, published: Published, editions: Sequence[Edition]) -> d.PublicDemandView:
    """The public view of one demand. If nothing was released, it has the status and what the pack shows of every
    demand."""
    visible = seen_by_public(
        pack.publication, PublicDemand.of(demand, published.release, published.withheld, published.allowed)
    )
    is_public = visible.release is not None
    was_public = published.released_at is not None and not visible.confidential
    return d.PublicDemandView(
        number=visible.number,
        kind=visible.kind,
        status=visible.status,
        stands=STATUS_WORDS[visible.status] if visible.status else CONFIDENTIAL,
        category=visible.category,
        category_name=category_name(pack, visible.category),
        division=visible.place,
        place=address(pack, visible.place) if visible.place else "",
        submitted_at=visible.submitted_at,
        answered_at=visible.resolved_at,
        title=visible.title if is_public else None,
        text=visible.text if is_public else None,
        answer=visible.answer if is_public else None,
        released_at=published.released_at if is_public else None,
        withdrawn=published.ground if was_public and not is_public else None,
        history=list(_history(editions)) if was_public else [],
    )


def category_name(pack: Pack, code: str | None) -> str | None:
    """The name of a category in the first language of the jurisdiction."""
    category = pack.category(code) if code else None
    return name(pack, category.name) if category else code


def _history(editions: Sequence[Edition]) -> Iterator[d.PublicationStep]:
    """The public history of the editions, the latest first; empty for a demand that was never released."""
    was_public, was_withdrawn = False, False
    steps = []
    for edition in reversed(editions):
        if edition.ground:
            if was_public:
                steps.append(d.PublicationStep(at=edition.at, became="withdrawn", ground=edition.ground))
                was_withdrawn = True
            continue
        became: d.Became = "published-again" if was_withdrawn else "corrected" if was_public else "published"
        steps.append(d.PublicationStep(at=edition.at, became=became, correction=edition.correction or ""))
        was_public, was_withdrawn = True, False
    yield from reversed(steps)

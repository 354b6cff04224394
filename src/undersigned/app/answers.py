"""What was answered to a letter: the newest answer to each demand, and those before it."""

from collections.abc import Sequence
from dataclasses import dataclass

from undersigned.app.letters import Letters
from undersigned.app.site import Site
from undersigned.domain.letter import Letter
from undersigned.domain.reasons import DemandState, ResponseSource
from undersigned.domain.response import Response, parse_response
from undersigned.errors import FormatError, StoreError
from undersigned.store import answers as answer_store
from undersigned.store import letters as letter_store
from undersigned.store.answers import ResponseRow
from undersigned.store.database import Connection


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one demand. What its document says is None once that was taken down.

    `addressee` (from 1) and `domain` are those of the link by which it came; `told_by` is where the
    organiser has it from.
    """

    leaf_index: int
    demand: str
    state: DemandState
    at: int
    source: ResponseSource
    document: bytes
    lang: str | None
    text: str | None
    addressee: int | None
    domain: str | None
    told_by: str | None


@dataclass(frozen=True, slots=True)
class AnsweredDemand:
    """A demand of the letter with its answers, the newest first."""

    id: str
    answers: tuple[Answer, ...]

    @property
    def newest(self) -> Answer | None:
        """The answer that counts."""
        return self.answers[0] if self.answers else None


@dataclass(frozen=True, slots=True)
class Answers:
    """Every demand of a letter, in its order, with its answers."""

    demands: tuple[AnsweredDemand, ...]

    @property
    def states(self) -> tuple[DemandState, ...]:
        """The state of every demand that has an answer."""
        return tuple(each.newest.state for each in self.demands if each.newest is not None)

    @property
    def met(self) -> int:
        """How many demands are met."""
        return self.states.count(DemandState.MET)

    @property
    def is_begun(self) -> bool:
        """Say whether there is any answer."""
        return bool(self.states)

    @property
    def is_answered(self) -> bool:
        """Say whether every demand has an answer."""
        return len(self.states) == len(self.demands)

    @property
    def is_met(self) -> bool:
        """Say whether every demand is met."""
        return self.met == len(self.demands)

    def of(self, demand: str) -> AnsweredDemand:
        """Return a demand of the letter."""
        return next(each for each in self.demands if each.id == demand)


def get_answers(site: Site, letters: Letters, name: str) -> Answers:
    """Return what was answered to the letter of `slug` or `slug@edition`. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        return read_answers(connection, letters.view(row).letter)


def read_answers(connection: Connection, letter: Letter) -> Answers:
    """Return what was answered to a letter."""
    rows = answer_store.list_responses(connection, letter.letter_id)
    documents = {row.document: _find_response(connection, row.document) for row in rows}
    found: dict[str, list[Answer]] = {demand: [] for demand in letter.demands}
    for row in reversed(rows):
        found[row.demand].append(_answer(row, documents[row.document]))
    return Answers(tuple(AnsweredDemand(demand, tuple(given)) for demand, given in found.items()))


def records_of(answers: Answers) -> Sequence[tuple[Answer, ...]]:
    """Return the answers by the record that brought them, the newest record first."""
    by_leaf: dict[int, list[Answer]] = {}
    for demand in answers.demands:
        for answer in demand.answers:
            by_leaf.setdefault(answer.leaf_index, []).append(answer)
    return [tuple(by_leaf[leaf]) for leaf in sorted(by_leaf, reverse=True)]


def _find_response(connection: Connection, digest: bytes) -> Response | None:
    content = letter_store.find_document(connection, digest)
    try:
        return None if content is None else parse_response(content)
    except FormatError:
        raise StoreError("an answer in the database is damaged") from None


def _answer(row: ResponseRow, response: Response | None) -> Answer:
    answerer = None if response is None else response.answerer
    texts = {} if response is None else {each.id: each.text for each in response.answers}
    return Answer(
        leaf_index=row.leaf_index,
        demand=row.demand,
        state=DemandState(row.state),
        at=row.at,
        source=ResponseSource(row.source),
        document=row.document,
        lang=None if response is None else response.lang,
        text=texts.get(row.demand),
        addressee=row.addressee,
        domain=None if answerer is None else answerer.domain,
        told_by=None if response is None else response.told_by,
    )

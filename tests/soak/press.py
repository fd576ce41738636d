"""The press: feeds that grow by invented articles, each about a deal of its own, and by second reports of earlier ones.

The same seed writes the same news. It publishes through a `FeedServer`; who reads is not its business.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from random import Random

from bot.core.feed import Feed
from bot.demo.edition import Edition
from bot.demo.server import FeedServer

LISTED = 40
"""Articles that a feed lists, as publishers do: older ones fall out."""

FIRMS = (
    "Kestrelgate", "Skerrivane", "Tallowmere", "Norrvinge", "Cindermoss", "Eschental", "Brackwater", "Ironmarsh",
    "Quillhaven", "Stormcrest", "Vellumar", "Oakspire", "Greywether", "Lanternfield", "Pinebarrow", "Saltmeadow",
    "Thornlea", "Underhallow", "Windlass", "Yarrowgate", "Zephyrine", "Amberlock", "Birchmere", "Copperline",
)  # fmt: skip
KINDS = ("Systems", "Robotics", "Analytics", "Dynamics", "Labs", "Defence", "Aerospace", "Technologies")
BUYERS = (
    "the US Army", "the Royal Navy", "the Bundeswehr", "NATO", "the US Air Force", "the Swedish Armed Forces",
    "the French Air and Space Force", "the Polish Armed Forces", "the Australian Defence Force", "the Israeli Navy",
    "the Japanese Self-Defense Forces", "the Canadian Armed Forces", "DARPA", "the Italian Army",
)  # fmt: skip
GOODS = (
    ("drone swarms", "autonomous drones that share one picture of the battlefield"),
    ("mine hunting", "uncrewed boats that find sea mines with machine learning"),
    ("image analysis", "software that sorts satellite images with neural networks"),
    ("radio jamming", "receivers whose AI models tell jammers from friendly radios"),
    ("logistics planning", "an artificial intelligence planner for spare parts and fuel"),
    ("target recognition", "computer vision for the sights of armoured vehicles"),
    ("cyber defence", "AI agents that watch military networks for intruders"),
    ("medical triage", "a machine learning assistant for field surgeons"),
    ("translation", "language models that translate orders between allies"),
    ("pilot training", "an AI opponent for the flight simulators of fighter pilots"),
    ("border radar", "radar stations whose AI separates birds from drones"),
    ("submarine sonar", "sonar classifiers trained on decades of recordings"),
)
SHAPES = (
    ("{firm} wins ${sum} million contract to bring AI {thing} to {buyer}",
     "{firm} has won a contract worth ${sum} million to supply {buyer} with {what}, the company said on {day}. "
     "Deliveries to the base at {place} begin next year. The artificial intelligence will be trained with {buyer}."),
    ("{buyer} picks {firm} for AI {thing} programme at {place}",
     "{Buyer} signed an agreement with {firm} over {what}. The programme at {place} costs {sum} million dollars. "
     "The artificial intelligence replaces an older system, officers said on {day}."),
    ("{firm} tests military AI for {thing} with {buyer}",
     "On {day} {firm} tested {what} in an exercise of {buyer} near {place}. The AI system ran for {sum} hours. "
     "The military wants to decide on a purchase of the artificial intelligence within the year."),
)  # fmt: skip
PLACES = (
    "Harrowby", "Lindenau", "Castelmonte", "Vikersund", "Port Ansel", "Marlow Ridge", "Kessdorf", "Santa Verena",
    "Old Quay", "Brannock", "Tirsk", "Elmsworth", "Nordhaven", "Quarry Hill", "Fort Maddock", "Westerholt",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


@dataclass(frozen=True, slots=True)
class Piece:
    """One article as a feed lists it."""

    number: int
    title: str
    text: str
    published: datetime


@dataclass
class Press:
    """Some feeds on `server`. `written` counts the articles by feed, whether they are still listed or not."""

    server: FeedServer
    random: Random
    feeds: int = 3
    written: dict[str, list[Piece]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.written = {f"/feed-{number}.xml": [] for number in range(self.feeds)}
        self.publish()

    @property
    def guids(self) -> set[str]:
        """Of everything that was ever published."""
        return {_guid(path, piece) for path, pieces in self.written.items() for piece in pieces}

    def catalogue(self) -> list[Feed]:
        return [Feed(url=f"{self.server.base}{path}", name=path[1:]) for path in self.written]

    def report(self, deals: int, *, again: int = 0) -> None:
        """Publishes reports of so many new deals, and second reports of so many that were reported before."""
        for _ in range(deals):
            self._add(self._deal())
        told = [piece for pieces in self.written.values() for piece in pieces[-5:]]
        for piece in self.random.sample(told, min(again, len(told))):
            self._add((piece.title, f"{piece.text} A spokesperson confirmed the plan for AI in {self._place()}."))
        self.publish()

    def publish(self) -> None:
        self.server.publish({path: _rss(path, pieces[-LISTED:]) for path, pieces in self.written.items()})

    def _deal(self) -> tuple[str, str]:
        chance = self.random
        thing, what = chance.choice(GOODS)
        buyer = chance.choice(BUYERS)
        title, text = chance.choice(SHAPES)
        words = {
            "firm": f"{chance.choice(FIRMS)} {chance.choice(KINDS)}",
            "buyer": buyer,
            "Buyer": buyer[0].upper() + buyer[1:],
            "thing": thing,
            "what": what,
            "sum": chance.randint(11, 989),
            "place": self._place(),
            "day": chance.choice(DAYS),
        }
        drawn = title.format(**words)
        return drawn[0].upper() + drawn[1:], text.format(**words)

    def _place(self) -> str:
        return f"{self.random.choice(PLACES)} {self.random.randint(2, 99)}"

    def _add(self, told: tuple[str, str]) -> None:
        pieces = self.written[self.random.choice(sorted(self.written))]
        number = sum(map(len, self.written.values())) + 1
        pieces.append(Piece(number, *told, datetime.now(UTC)))


def _guid(path: str, piece: Piece) -> str:
    return f"{path}-{piece.number}"


def _rss(path: str, pieces: Sequence[Piece]) -> Edition:
    items = "".join(
        f"<item><title>{escape(piece.title)}</title><link>https://press{path[6]}.example/{piece.number}</link>"
        f'<guid isPermaLink="false">{_guid(path, piece)}</guid><pubDate>{format_datetime(piece.published)}</pubDate>'
        f"<description>{escape(piece.text)}</description></item>"
        for piece in reversed(pieces)
    )
    body = f'<rss version="2.0"><channel><title>{path}</title><link>https://press.example</link>{items}</channel></rss>'
    return Edition(body.encode(), "application/rss+xml; charset=utf-8")

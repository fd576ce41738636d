"""What the demo says at its end: what stayed silent and why, the figures, and what to do next.

It makes sentences of values; it prints nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.message import counted
from bot.store.articles import Placed

EXAMPLES = 4
NEITHER = "with neither AI nor defence"

NEXT_STEP = (
    "For Discord, create an application at https://discord.com/developers/applications and put its bot token into "
    "TOCSIN_DISCORD_TOKEN; README.md has every step with the invitation, config/example.env every variable. Then start "
    "`tocsin run`. Without a token it polls the real feeds of config/feeds.toml and delivers into this terminal."
)


@dataclass(frozen=True, slots=True)
class Totals:
    """What the whole play came to."""

    polls: int = 0
    feeds: int = 0
    articles: int = 0
    relevant: int = 0
    stories: int = 0
    copies: int = 0
    alerts: int = 0
    edits: int = 0
    replies: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        told = counted(self.stories, "story", "stories")
        copies = counted(self.copies, "syndicated copy", "syndicated copies")
        replies = f"{self.replies} of them {'a reply' if self.replies == 1 else 'replies'} to an earlier one"
        return (
            f"{counted(self.polls, 'poll')} of {counted(self.feeds, 'feed')} in {self.seconds:.1f} s: "
            f"{counted(self.articles, 'article')}, {self.relevant} about AI and defence, in {told} "
            f"({copies} counted with the original); {counted(self.alerts, 'alert')}, {replies}; "
            f"{counted(self.edits, 'edit')}."
        )


def silent_line(articles: Iterable[Placed]) -> str:
    """How many articles alerted nobody because they are beside the point, by what they lack."""
    found = list(articles)
    lacking = [_lack(placed) for placed in found if placed.story_id is None]
    parts = [f"{number} {lack}" for lack, number in Counter(lacking).most_common()]
    return f"{len(lacking)} of {counted(len(found), 'article')} alerted nobody: {', '.join(parts)}."


def silent_examples(articles: Iterable[Placed], thresholds: Mapping[str, float]) -> list[tuple[str, str]]:
    """(title, why it stayed silent) for the articles that came nearest to an alert, one of each kind first."""
    silent = [placed for placed in articles if placed.story_id is None]
    nearest = sorted(silent, key=lambda placed: -placed.report.analysis.relevance.score)
    first = {_lack(placed): placed for placed in reversed(nearest)}
    chosen = [*first.values(), *(placed for placed in nearest if placed not in first.values())][:EXAMPLES]
    return [(placed.report.article.title, _why(placed, thresholds)) for placed in chosen]


def _lack(placed: Placed) -> str:
    """What an article lacks to be relevant, as the gate says it."""
    relevance = placed.report.analysis.relevance
    gate = next((reason.gate for reason in relevance.reasons if reason.gate.startswith("gate: ")), "")
    if relevance.score > 0 or not gate:
        return "with too little of both"
    if "neither" in gate:
        return NEITHER
    return "with AI but no defence" if gate.startswith("gate: AI") else "with defence but no AI"


def _why(placed: Placed, thresholds: Mapping[str, float]) -> str:
    relevance = placed.report.analysis.relevance
    words = _quoted([reason.words for reason in relevance.reasons])
    if relevance.score > 0:
        return f"scored {relevance.score:.2f} where {thresholds.get(relevance.topic, 0):.2f} is needed ({words})"
    lack = _lack(placed)
    return f"{lack} ({words})" if words and lack != NEITHER else lack


def _quoted(words: Sequence[str]) -> str:
    """The first few different words that fired, as the article has them."""
    single = [word.strip() for phrase in words for word in phrase.replace(";", ",").split(",") if word.strip()]
    distinct = {word.lower(): word for word in reversed(single)}
    return ", ".join(list(distinct.values())[::-1][:3])

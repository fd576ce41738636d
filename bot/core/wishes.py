"""A subscription in words, the same everywhere: what it wants, how its messages come, whether two want the same.

It decides nothing about stories (see owing) and reads no clock.
"""

from collections.abc import Callable
from dataclasses import replace

from bot.core.alert import Mode, Subscription
from bot.core.escape import escape
from bot.core.hours import DAILY, DigestPlan, QuietHours
from bot.core.importance import LEVELS
from bot.core.message import counted, event_name, listed

MODES: dict[Mode, str] = {
    "alerts": "an alert for each story",
    "digest": "digests only",
    "both": "alerts, and a digest of what matters less",
}
MORNING = 8
"""The hour of digests that nobody planned."""

LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip
"""Languages that people may ask for, by their ISO 639-1 codes."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WORKDAYS = frozenset(range(5))


def wish(subscription: Subscription, *, shown: Callable[[str, int], str] = escape) -> str:
    """What a subscription wants, in words: "topic ai-defence · contract, funding · only NATO".

    `shown` makes a stranger's text fit for where it stands: `escape` in a message, `cut` in a choice.
    """
    parts = [f"topic {shown(subscription.topic, 60)}" if subscription.topic else "every topic"]
    if subscription.events:
        parts.append(", ".join(map(event_name, subscription.events)))
    if subscription.languages:
        named = [shown(LANGUAGES.get(language, language), 20) for language in subscription.languages]
        parts.append("in " + listed(named, ", ", 100))
    if subscription.organisations:
        parts.append("only " + listed([shown(name, 80) for name in subscription.organisations], ", ", 400))
    if subscription.min_importance != LEVELS[0]:
        parts.append(f"{shown(subscription.min_importance, 20)} importance or more")
    return " · ".join(parts)


def habit(subscription: Subscription) -> str:
    """How its messages come: "an alert for each story · at most 5 an hour · compact". Drawn in a message."""
    habits, plan = subscription.habits, subscription.digest_plan
    parts = [
        MODES[subscription.mode],
        f"digest {plan_words(plan)}" if plan else "",
        f"at most {habits.max_per_hour} an hour, the rest together" if habits.max_per_hour else "",
        f"calls <@&{habits.role_id}> for {subscription.pings_from} importance or more" if habits.role_id else "",
        "compact" if habits.layout == "compact" else "",
        "a thread under each" if habits.thread else "",
        "published to followers" if habits.publish else "",
        f"quiet {quiet_words(habits.quiet)}" if habits.quiet else "",
    ]
    return " · ".join(part for part in parts if part)


def plan_words(plan: DigestPlan, *, shown: Callable[[str, int], str] = escape) -> str:
    """ "daily at 08:00 (Europe/Berlin), at most 10 stories"; `shown` as for `wish`."""
    most = f"at most {counted(plan.top, 'story', 'stories')}"
    return f"{days_words(plan.days)} at {plan.hour:02}:{plan.minute:02} ({shown(plan.timezone, 60)}), {most}"


def days_words(days: frozenset[int]) -> str:
    """ "daily", "on weekdays" or "on Mon, Thu"."""
    if days == DAILY:
        return "daily"
    return "on weekdays" if days == _WORKDAYS else "on " + ", ".join(_DAYS[day] for day in sorted(days))


def quiet_words(quiet: QuietHours) -> str:
    """ "22:00–07:00 (Europe/Berlin), critical stories excepted"."""
    begins, ends = (f"{minute // 60:02}:{minute % 60:02}" for minute in (quiet.begins, quiet.ends))
    excepted = ", critical stories excepted" if quiet.critical_override else ""
    return f"{begins}–{ends} ({escape(quiet.timezone, 60)}){excepted}"


def same_wish(one: Subscription, other: Subscription) -> bool:
    """Whether both tell the same channel of the same stories, so that one of them would never say anything."""
    return _asked(one) == _asked(other)


def planned(subscription: Subscription, timezone: str) -> Subscription:
    """The subscription with the digest plan that its mode asks for: none for alerts alone, else its own, or every
    morning in `timezone` (an IANA name)."""
    habits = subscription.habits
    if subscription.mode == "alerts":
        return replace(subscription, habits=replace(habits, digest=None))
    plan = habits.digest or DigestPlan(MORNING, timezone=timezone)
    return replace(subscription, habits=replace(habits, digest=plan))


def _asked(subscription: Subscription) -> tuple[object, ...]:
    lists = (subscription.organisations, subscription.events, subscription.languages)
    return (
        subscription.channel_id, subscription.topic, subscription.min_importance,
        *(frozenset(each) for each in lists),
    )  # fmt: skip

"""Every command and button of the bot, put together with what they need. The only list of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.client import Command, Index
from bot.client.drafts import Drafts
from bot.client.replies import PersistentButton
from bot.core.alert import Subscription
from bot.store import Store
from handlers import about, admin, alerts, bulletins, buttons, entity, feeds, help, news, settings, status, story


@dataclass(frozen=True, slots=True)
class Desk:
    """What people's commands work with. `clock` gives the present as aware UTC; `drafts` are subscriptions that people
    are about to save, `feeds` what the commands of that name work with, `judgement` what decisions go by.
    Articles are kept for `keep`; `contact` is the operator's."""

    store: Store
    index: Index
    clock: Callable[[], datetime]
    version: str
    feeds: feeds.Means
    drafts: Drafts[Subscription] = field(default_factory=lambda: Drafts("`/alerts add`"))
    judgement: admin.Judgement = field(default_factory=admin.Judgement)
    keep: timedelta = timedelta(days=365)
    contact: str = ""

    @property
    def thresholds(self) -> dict[str, float]:
        """By topic the score that a story needs."""
        return self.judgement.thresholds

    @property
    def alerting(self) -> alerts.Means:
        """What the commands of `/alerts` work with."""
        importance = self.judgement.importance
        return alerts.Means(self.store, self.index, self.clock, self.drafts, self.thresholds, importance)


def all_commands(desk: Desk) -> Sequence[Command]:
    """Groups and commands, as Discord is told of them."""
    store, index, clock = desk.store, desk.index, desk.clock
    return [
        *alerts.commands(desk.alerting),
        *news.commands(store=store, index=index, clock=clock),
        *story.commands(store=store, index=index),
        *entity.commands(store=store, index=index, clock=clock),
        *feeds.commands(desk.feeds),
        *admin.commands(store=store, index=index, clock=clock, judgement=desk.judgement),
        *settings.commands(store=store, index=index, thresholds=desk.thresholds),
        *about.commands(store=store, version=desk.version, keep_days=desk.keep.days, contact=desk.contact),
        *status.commands(store=store, version=desk.version, clock=clock),
        *help.commands(index=index),
        *buttons.commands(store=store, index=index, clock=clock, thresholds=desk.thresholds),
    ]


def all_buttons(desk: Desk) -> Sequence[type[PersistentButton]]:
    """The buttons that outlive a restart, each a pattern."""
    store, index, clock = desk.store, desk.index, desk.clock
    return [
        *alerts.buttons(desk.alerting),
        *feeds.buttons(desk.feeds),
        *admin.buttons(store=store, index=index, clock=clock, judgement=desk.judgement),
        *buttons.buttons(store=store, index=index, clock=clock, thresholds=desk.thresholds),
        *news.buttons(store=store, clock=clock),
        *story.buttons(store=store),
        *bulletins.buttons(store=store),
        *status.buttons(store=store, version=desk.version, clock=clock),
    ]

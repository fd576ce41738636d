"""The button under a digest or catch-up message: the whole list, those that it only counted among them."""

import re

from bot.client.replies import Interaction, PersistentButton, RefusedError, defer, persistent_button, reply
from bot.core.bulletin import WHOLE_ACTION, whole_message
from bot.store import Store, bulletins

FORGOTTEN = "This list is no longer kept."


def buttons(*, store: Store) -> list[type[PersistentButton]]:
    """The pattern of the button."""

    async def answer(interaction: Interaction, match: "re.Match[str]") -> None:
        await defer(interaction)
        found = await store.read(bulletins.get, int(match["bulletin"]), interaction.guild_id or 0)
        if found is None:
            raise RefusedError(FORGOTTEN)
        await reply(interaction, whole_message(found))

    return [persistent_button(WHOLE_ACTION, answer)]

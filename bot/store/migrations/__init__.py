"""The history of the tables, one step a file in `versions/`, applied by `bot.store.upgrade` at start.

A step is never changed once it was released. It has no offline mode and no way back.
"""

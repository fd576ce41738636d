"""Fitting: the weights of a topic, learnt from labelled documents and written where they can be read.

It runs on demand (`python -m bot.fit LABELS…`), never in the bot; it learns no phrase and no pattern.
"""

"""A soak: the real program between a feed server and a fake Discord, killed again and again at random moments.

`python -m tests.soak` runs it, `tests/test_soak.py` a short one. The oracle is the one of the whole project: nothing
that was published is lost, and no channel is told anything twice.
"""

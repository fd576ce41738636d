"""Mutants: small changes that make Tocsin wrong, each of which the tests that it names must notice.

`make mutants` shows that they do. What each change is stands in the TOML files beside this one.
"""

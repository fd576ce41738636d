"""Benchmarks: how fast the dear steps are, each beside a plain library on the same texts in the same run."""

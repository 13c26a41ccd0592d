"""Benchmarks: how good and how fast policies are at a budget."""

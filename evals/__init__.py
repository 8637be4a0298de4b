"""Suites, runs, the results store, statistics and the command line."""

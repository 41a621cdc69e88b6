"""The chaos harness: a workload through a proxy that fails on purpose, checked against the database."""

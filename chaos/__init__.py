"""The chaos test: a workload through a proxy that injects faults; the results are checked against the database."""

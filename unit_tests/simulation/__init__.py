"""Lists that lie: real streams read a simulated server that changes while it is read and is not always honest.

A schedule is a way to read (:mod:`.setups`), a kind of server (:mod:`.kinds`) and a seed; all that happens follows from
these three (:mod:`.schedule`). ``python -m unit_tests.simulation`` runs a campaign and writes its figures into
docs/reliability.md.
"""

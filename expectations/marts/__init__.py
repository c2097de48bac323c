"""Suites of the warehouse's tables: what Plumbline promises of them; imports nothing of ours.

A module is named after its table and exposes `SUITE`. Where an expectation speaks of another table, `HELPERS`
gives the column that it looks at: a name, and the SQL over the table that fills it.
"""

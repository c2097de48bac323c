"""Great Expectations suites, one file a table, and nothing else; imports nothing of ours."""

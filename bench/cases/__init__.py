"""The cases: each measures one thing in interleaved rounds and returns Findings."""

"""Turn a fresh checkout into a running server: what `make` calls, with the standard library alone.

It runs before anything is installed and never ships with the server, so it stands here and not in `src/`.
"""

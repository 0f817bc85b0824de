"""Generators: what is committed but written by a machine, from the one declaration of the wire contract.

    client/web/src/protocol/types.gen.ts    the clients' types
    docs/protocol.md                        commands, events, close codes, for readers
    docs/openapi.json                       the REST interface (also served at /api/openapi.json)

`python -m voicechat.gen` writes them; `--check` only compares, and fails when one is stale.
"""

"""Write all that describes the protocol `focus-signal.v1` from its one schema, `focus_signal.wire.messages`.

    python -m scripts.schema [--check]

`model` reads the schema; `json_schema`, `asyncapi`, `typescript` and `reference` each write one view of it.
"""

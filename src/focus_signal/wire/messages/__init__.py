"""The schema of what is on the wire, and the source of everything that describes it.

`seed` has the messages of the seed's dialect; `from_client` and `from_server` those of the protocol
`focus-signal.v1`, with every field's type and range. The JSON Schema, the AsyncAPI file, the TypeScript types
and the reference page are made of these.
"""

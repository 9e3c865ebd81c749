"""A fuzz that is guided by coverage, of all that reads a peer's bytes: messages, HTTP heads, frames.

`python -m tests.fuzz decoder` runs one target (docs/fuzzing.md). Each is a function that takes one input and
raises for what must not be; what an input means hangs on nothing but its bytes, so any of them can be
replayed without the fuzzer. atheris is needed to run it and for nothing else here.
"""

"""The targets, one a module, each with its `TARGET`.

Whoever wants coverage of the package imports them by name once the instrumentation is in place.
"""

"""A run as a sequence diagram: a chart of rows, and three ways to draw it."""

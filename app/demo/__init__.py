"""The demo: the whole story of a chart, told in the terminal by the parts that do the work."""

"""Which articles are one story, which incidents are one occurrence: pure verdicts on two, and clusters of many.

A verdict depends on its two members only. So it is the same whatever else is stored and in whatever order
it came, and a cluster can be made again at any time from the verdicts inside it.
"""

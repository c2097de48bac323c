"""Pure statistics: arrays in, numbers or frozen results out, each function with its paper.

May import numpy and scipy, and nothing of ours. No rounding, no frames, no SQL.
"""

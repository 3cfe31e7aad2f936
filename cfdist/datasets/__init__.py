"""Data to try cfdist with: a synthetic shop of any size, and real baskets of a grocer.

Every data set is the same pair of files: ``user_item_interactions.parquet`` (one row per basket
line) and, beside it, ``articles.parquet`` (what the articles are called).
"""

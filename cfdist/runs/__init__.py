"""The record of what was run: one folder per run, plain files."""

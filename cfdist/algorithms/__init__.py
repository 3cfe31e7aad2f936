"""Array maths: no Dask, no files. Every function is a pure map from arrays to arrays."""

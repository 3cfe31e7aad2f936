"""Where Dask looks for its way with frames; they are pickled instead."""

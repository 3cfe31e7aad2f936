"""How good the recommendations are: protocols, metrics, comparisons with intervals."""

"""Graph filters over the normalised matrix, and low-rank scores from its factors.

One form holds them all. With R̃ = D_U^-a R D_I^-b, P = R̃ᵀR̃ and a user's history r,

    score = p(P) x · D_I^β + left · rightᵀ,    x = r D_I^-β,

where p is a polynomial and the tables ``left`` and ``right`` come from a truncated SVD. ``filters``
names the published choices, ``tables`` makes the factor tables, ``walk`` gives the exact P x of
sparse histories, and ``tiles`` puts a tile of users together. R̃ itself is
:func:`cfdist.algorithms.weighting.degree_normalized`.
"""

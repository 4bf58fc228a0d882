"""Names of the ways to binarize; `mobinet.binarizers` holds what they do."""

BINARIZERS = ("xnor", "ste", "melius", "approxsign", "trained", "react")

# One slip, in ctc_collapse: the blanks go first (CT1).  The greedy decoder, which calls it, is right.
#: rest = "chen"

# %% ctc_collapse
def ctc_collapse(path, blank=0):
    letters = [k for k in path if k != blank]
    merged = letters[:1]
    for k in letters[1:]:
        if k != merged[-1]:
            merged.append(k)
    return "".join(merged) if isinstance(path, str) else merged

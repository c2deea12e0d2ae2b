# One slip, in ctc_grad: an assignment with an index array, which keeps one place of each symbol (GR4).
#: rest = "chen"

# %% ctc_grad
def ctc_grad(logits, labels, blank):
    log_y = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    l = ctc_extend(labels, blank)

    def forward(rows, l):
        table = [[rows[0][k] if s < 2 else -np.inf for s, k in enumerate(l)]]
        for row in rows[1:]:
            last = table[-1]
            table.append([])
            for s, k in enumerate(l):
                ways = last[max(s - 1, 0) : s + 1]
                if s > 1 and k not in (blank, l[s - 2]):
                    ways = ways + [last[s - 2]]
                table[-1].append(np.logaddexp.reduce(ways) + row[k])
        return np.array(table)

    a, b = forward(log_y, l), forward(log_y[::-1], l[::-1])[::-1, ::-1]
    together = np.exp(a + b - log_y[:, l] - np.logaddexp.reduce(a[-1, -2:]))
    gamma = np.zeros_like(log_y)
    gamma[:, l] += together
    return np.exp(log_y) - gamma

# What is the same in all languages: names, formulas, lines of code.

verbatim = { $text }

old = { $text }
    .code = { $code }
    .right = { $right }
    .help = { $help }
    .training = { $training }

batch-row_sums =
    .help = dx = dout * (softmax(x, axis=1) - t) / N

overflow-softmax =
    .code = y = exp(x) / Σ exp(x)
    .right = y = exp(x − max) / Σ exp(x − max)
    .help = x = x - np.max(x, axis=1, keepdims=True)
written_into =
    .help = { $what ->
        [x] out = x.copy()
       *[dout] dx = dout.copy()
    }

overwritten =
    .help = dx = dout.copy()
shared_parameter-no_sum =
    .help = dw = dw_first_use + dw_second_use
shared_parameter-does_not_add_up =
    .help = dw = dw_first_use + dw_second_use
shared_buffer =
    .help = self.x = x.copy()
ties_counted =
    .code = d{ $block } = dout · [x = max]
    .right = d{ $block } = dout · [x = max] / Σ [x = max]
dout_ignored =
    .code = d{ $block } = 1 · ∂out/∂{ $block }
    .right = d{ $block } = dout · ∂out/∂{ $block }
    .help = d{ $block } = dout * d{ $block }
accumulated =
    .code = d{ $block } += …
    .right = d{ $block } = …
    .help = self.d{ $block }[...] = 0
softmax_over_batch =
    .code = y[n, c] = exp(x[n, c]) / Σ_m Σ_k exp(x[m, k])
    .right = y[n, c] = exp(x[n, c]) / Σ_k exp(x[n, k])
    .help = e = np.exp(x - np.max(x, axis=1, keepdims=True)); y = e / np.sum(e, axis=1, keepdims=True)
softmax_over_batch-loss =
    .code = y = exp(x − max) / Σ_batch exp(x − max), dx = (y − t) / N
    .right = y = exp(x − max) / Σ_row exp(x − max), dx = dout · (y − t) / N
softmax_down_columns =
    .code = y[n, c] = exp(x[n, c]) / Σ_m exp(x[m, c])
    .right = y[n, c] = exp(x[n, c]) / Σ_k exp(x[n, k])
    .help = e = np.exp(x - np.max(x, axis=1, keepdims=True)); y = e / np.sum(e, axis=1, keepdims=True)

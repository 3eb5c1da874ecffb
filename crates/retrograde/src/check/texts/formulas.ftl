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

detached =
    .code = d{ $block } = 0
    .right = d{ $block } = dout · ∂out/∂{ $block }
sign =
    .code = d{ $block } = −(dout · ∂out/∂{ $block })
    .right = d{ $block } = dout · ∂out/∂{ $block }
    .help = d{ $block } = -d{ $block }
factor =
    .code = d{ $block } = { $name } · (dout · ∂out/∂{ $block })
    .right = d{ $block } = dout · ∂out/∂{ $block }
    .help = d{ $block } = d{ $block } * { $inverse }
mean_for_sum =
    .code = d{ $block } = 1/N · Σ dout · ∂out/∂{ $block }
    .right = d{ $block } = Σ dout · ∂out/∂{ $block }
    .help = d{ $block } = d{ $block } * x.shape[0]
sum_for_mean =
    .code = d{ $block } = N · (dout · ∂out/∂{ $block })
    .right = d{ $block } = dout · ∂out/∂{ $block }
    .help = d{ $block } = d{ $block } / x.shape[0]
besides-factor =
    .code = d{ $block } = { $name } · …
    .right = d{ $block } = …
    .help = d{ $block } = d{ $block } * { $inverse }
of_square =
    .code = d{ $block } = (f{ $less }) · ∂f/∂{ $block }
    .right = d{ $block } = ∂f/∂{ $block }
of_square-output =
    .code = d{ $block } = o · (o · ∂o/∂{ $block })
    .right = d{ $block } = o · ∂o/∂{ $block }

dropout_not_scaled =
    .code = dx = dout · mask · { $code }
    .right = dx = dout · mask · { $scale }
mask_redrawn =
    .code = dx = dout · mask′
    .right = dx = dout · mask
mask_inverted =
    .code = dx = np.where(mask, { $low }, { $high }) · dout
    .right = dx = np.where(mask, { $high }, { $low }) · dout
    .help = dx = np.where(x > 0, { $high }, { $low }) * dout
mask_missing =
    .code = dx = dout
    .right = dx = dout · mask
    .help = dx = dout * self.mask
mask_missing-above =
    .code = dx = dout · [x > lower]
    .right = dx = dout · [lower < x < upper]
    .help = dx = dout * ((x > lower) & (x < upper))
mask_missing-below =
    .code = dx = dout · [x < upper]
    .right = dx = dout · [lower < x < upper]
    .help = dx = dout * ((x > lower) & (x < upper))
mask_of_dout =
    .code = dx = np.where(dout > 0, { $high }, { $low }) · dout
    .right = dx = np.where(x > 0, { $high }, { $low }) · dout
    .help = dx = np.where(x > 0, { $high }, { $low }) * dout
mask_moved =
    .code = dx = dout · [x > { $code }]
    .right = dx = dout · [x > { $right }]
    .help = dx = dout * (x > { $right })
wrong_slope-sides =
    .code = dx = np.where(x > 0, { $code_high }, { $code_low }) · dout
    .right = dx = np.where(x > 0, { $high }, { $low }) · dout
    .help = dx = np.where(x > 0, { $high }, { $low }) * dout

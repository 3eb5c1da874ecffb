# What is the same in all languages: names, formulas, lines of code.

verbatim = { $text }

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

input_changed =
    .code = x_used = { $how }
    .right = x_used = x
    .help = self.x = x
input_changed-hidden =
    .code = d{ $block } = { $how }.T · dz
    .right = d{ $block } = { $right }.T · dz
    .help = d{ $block } = np.dot({ $right }.T, dz)
parameter_changed =
    .code = { $what }_used = { $how }
    .right = { $what }_used = { $what }
gradient_changed =
    .code = d{ $block } = { $how }
    .right = d{ $block } = dout · ∂out/∂{ $block }
gradient_changed-added =
    .code = d{ $block } = dout · ∂out/∂{ $block } + { $added }

path_missing =
    .help = d{ $block } = d{ $block }_first + d{ $block }_second
path_missing-skip =
    .code = dx = dout · f′(x)
    .right = dx = dout + dout · f′(x)
    .help = dx = dx + dout
path_missing-factor =
    .code = dx = dout · out/x
    .right = dx = dout · (out/x + x · ∂(out/x)/∂x)
path_missing-all_but_direct =
    .code = dx = dout
    .right = dx = dout · ∂out/∂x
path_missing-mean =
    .code = { $how }
    .right = dx[window] += dout / n
    .help = dx[window] += dout / n
weight_decay =
    .code = { $in_loss ->
        [true] d{ $block } = dout · ∂out/∂{ $block }
       *[false] d{ $block } = dout · ∂out/∂{ $block } + { $lambda } · { $block }
    }
    .right = { $in_loss ->
        [true] d{ $block } = dout · ∂out/∂{ $block } + { $lambda } · { $block }
       *[false] d{ $block } = dout · ∂out/∂{ $block }
    }
    .help = { $in_loss ->
        [true] d{ $block } += { $lambda } * { $block }
       *[false] d{ $block } -= { $lambda } * { $block }
    }

another_parameter =
    .code = d{ $block } = dout · ∂out/∂{ $of }
    .right = d{ $block } = dout · ∂out/∂{ $block }
    .help = d{ $of } = d{ $block }
transposed =
    .code = d{ $block } = (dout · ∂out/∂{ $block })ᵀ
    .right = d{ $block } = dout · ∂out/∂{ $block }
    .help = d{ $block } = d{ $block }.T
transposed-product =
    .code = dx = dout · w
    .right = dx = dout · wᵀ
    .help = dx = np.dot(dout, self.w.T)
axes_exchanged =
    .code = d{ $block } = (dout · ∂out/∂{ $block }).transpose{ $axes }
    .right = d{ $block } = dout · ∂out/∂{ $block }
    .help = d{ $block } = d{ $block }.transpose(np.argsort({ $axes }))
rearranged =
    .code = d{ $block } = { $how }
    .right = d{ $block } = dout · ∂out/∂{ $block }
not_reduced =
    .code = d{ $block } = dout
    .right = d{ $block } = Σ_n dout[n]
    .help = d{ $block } = np.sum(d{ $block }, axis=0)
wrong_axis =
    .code = d{ $block } = np.sum(…, axis={ $axes_code })
    .right = d{ $block } = np.sum(…, axis=0)
    .help = d{ $block } = np.sum(…, axis=0)
wrong_shape =
    .code = d{ $block }.shape = { $code }
    .right = d{ $block }.shape = { $right }
shares_missing =
    .code = d{ $block } = …
    .right = d{ $block } += …
    .help = d{ $block } += …
part_detached =
    .code = d{ $block }[{ $missing }] = 0
    .right = d{ $block } = dout · ∂out/∂{ $block }
rows_influence =
    .code = dx[n] = Σ_c dout[n, c] · ∂out[n, c]/∂x[n]
    .right = dx[n] = Σ_m Σ_c dout[m, c] · ∂out[m, c]/∂x[n]
diagonal_only =
    .code = d{ $block }[i] = dout[i] · ∂out[i]/∂{ $block }[i]
    .right = d{ $block }[i] = Σ_j dout[j] · ∂out[j]/∂{ $block }[i]
dout_changed =
    .code = d{ $block } = ({ $how }) · ∂out/∂{ $block }
    .right = d{ $block } = dout · ∂out/∂{ $block }

normalisation_path =
    .code = dx = { $code }
    .right = { $centred ->
        [true] dx = (dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) / σ, dx̂ = dout · γ
       *[false] dx = (dx̂ − x̂ · mean(dx̂ · x̂)) / σ, dx̂ = dout · γ
    }
    .help = { $centred ->
        [true] dx = (dxhat - dxhat.mean({ $axis }) - xhat * (dxhat * xhat).mean({ $axis })) / sigma
       *[false] dx = (dxhat - xhat * (dxhat * xhat).mean({ $axis })) / sigma
    }
normalisation_path-gamma =
    .code = dgamma = { $code }
    .right = dgamma = Σ dout · x̂
    .help = dgamma = (dout * xhat).sum(axis=0)
normalisation_term =
    .right = { $centred ->
        [true] dx = (dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) / σ, dx̂ = dout · γ
       *[false] dx = (dx̂ − x̂ · mean(dx̂ · x̂)) / σ, dx̂ = dout · γ
    }
    .code = dx = { $code }
    .help = { $centred ->
        [true] dx = (dxhat - dxhat.mean({ $axis }) - xhat * (dxhat * xhat).mean({ $axis })) / sigma
       *[false] dx = (dxhat - xhat * (dxhat * xhat).mean({ $axis })) / sigma
    }
softmax_term =
    .code = dx = { $code }
    .right = { $log ->
        [true] dx = dout − y · Σ dout, y = exp(out)
       *[false] dx = y · (dout − Σ dout · y)
    }
    .help = { $log ->
        [true] dx = dout - np.exp(out) * dout.sum(axis=1, keepdims=True)
       *[false] dx = y * (dout - (dout * y).sum(axis=1, keepdims=True))
    }

softmax_term-last =
    .code = dz = { $code }
    .right = dz = { $right }
    .help = dz = { $right }
maximum_shared =
    .code = { $how }
    .right = dx[argmax] += dout
    .help = dx[argmax] += dout
windows_misplaced =
    .code = { $code }
    .right = { $right }
    .help = { $right }
path_missing-tied =
    .code = { $second ->
        [true] d{ $block } = doutᵀ · hidden
       *[false] d{ $block } = (xᵀ · dhidden)
    }
    .right = d{ $block } = (xᵀ · dhidden) + doutᵀ · hidden
    .help = d{ $block } = np.dot(x.T, dhidden) + np.dot(dout.T, hidden)
left_out =
    .code = d{ $of } = dout · …
    .right = d{ $of } = dout · { $what } · …
stale =
    .code = { $what }_used = { $what }_before
    .right = { $what }_used = { $what }
    .help = { $what } = self.{ $what }
stale-first_x =
    .code = x_used = x_first
    .right = x_used = x
    .help = self.x = x
stale-earlier =
    .code = { $what }_used = { $what }_before
    .right = { $what }_used = { $what }
    .help = self.{ $what } = { $what }
stale-left =
    .code = { $what }_used = { $what }_before
    .right = { $what }_used = { $what }
    .help = self.{ $what } = { $what }
loss_term =
    .code = dx = dout · ({ $code })
    .right = dx = dout · ({ $right })

slope_missing =
    .code = dx = dout
    .right = dx = dout · { $right }
    .help = dx = dout * ({ $right })
slope_missing-hidden =
    .code = dz = da
    .right = dz = da · ({ $right })
    .help = dz = da * ({ $right })
slope_twice =
    .code = dx = dout · ({ $right })²
    .right = dx = dout · { $right }
    .help = dx = dout * ({ $right })
slope_at_output =
    .code = dx = dout · f′(y), y = f(x)
    .right = dx = dout · { $right }
    .help = dx = dout * ({ $right })
slope_at_input =
    .code = dx = dout · { $code }
    .right = dx = dout · { $right }
    .help = dx = dout * ({ $right })
wrong_slope =
    .code = dx = dout · ({ $code })
    .right = dx = dout · ({ $right })
    .help = dx = dout * ({ $right })
wrong_slope-unknown =
    .right = dx = dout · f′(x)
    .help = dx = dout * f′(x)
wrong_slope-at_one_point =
    .help = slope[x == { $point }] = { $slope }
wrong_slope-of_input =
    .code = d{ $block } = Σ dout · ({ $code })
    .right = d{ $block } = Σ dout · ({ $right })
    .help = d{ $block } = np.sum(dout * ({ $right }), axis=0)
wrong_slope-of_another =
    .code = d{ $block } = Σ dout · ({ $code })
    .right = d{ $block } = Σ dout · ∂out/∂{ $block }
    .help = d{ $block } = np.sum(dout * …, axis=0)
wrong_slope-contribution =
    .code = d{ $block }[j] = Σ_i dout[i] · ({ $code })
    .right = d{ $block }[j] = Σ_i dout[i] · ∂out[i]/∂{ $block }[j]
    .help = d{ $block }[j] += dout[i] * ∂out[i]/∂{ $block }[j]
wrong_slope-at_the_end =
    .code = d{ $block } = … · ({ $code })
    .right = d{ $block } = … · ({ $right })
    .help = dout = dout * ({ $right })
wrong_slope-at_the_beginning =
    .code = d{ $block } = … · ({ $code })
    .right = d{ $block } = … · ({ $right })
    .help = dx = dx * ({ $right })
wrong_slope-in_part =
    .code = d{ $block } = … · ({ $code })
    .right = d{ $block } = … · ({ $right })
wrong_slope-hidden =
    .code = dz = da · ({ $code })
    .right = dz = da · ({ $right })
    .help = dz = da * ({ $right })
wrong_slope-last =
    .code = dz = { $code }
    .right = dz = { $right }
    .help = dz = { $right }
own_output =
    .code = d{ $block } = Σ delta · out
    .right = d{ $block } = Σ delta · x
    .help = d{ $block } = np.dot(x.T, delta)
element_factor =
    .code = { $missing ->
        [true] d{ $block } = (…) / ({ $factor })
       *[false] d{ $block } = (…) · ({ $factor })
    }
    .right = d{ $block } = (…)
    .help = { $missing ->
        [true] d{ $block } = d{ $block } * ({ $factor })
       *[false] d{ $block } = d{ $block } / ({ $factor })
    }
part_factor =
    .code = { $missing ->
        [true] d{ $block }[{ $positions }] = (…) / ({ $factor })
       *[false] d{ $block }[{ $positions }] = (…) · ({ $factor })
    }
    .right = d{ $block } = (…)
    .help = { $missing ->
        [true] d{ $block }[part] = d{ $block }[part] * ({ $factor })
       *[false] d{ $block }[part] = d{ $block }[part] / ({ $factor })
    }

epsilon =
    .code = dx = dout · (y − t){ $right }
    .right = dx = dout · (y · Σ r − r){ $right }, r = t · y / (y + { $value })
epsilon-aside =
    .code = { $in_forward ->
        [true] d{ $block } = dout · f′(x), with forward f(x + { $value })
       *[false] d{ $block } = dout · f′(x + { $value }), with forward f(x)
    }
    .right = { $in_forward ->
        [true] d{ $block } = dout · f′(x + { $value })
       *[false] d{ $block } = dout · f′(x)
    }
cross_entropy_term =
    .code = dx = dout · ({ $code })
    .right = dx = dout · (y − t){ $right }
    .help = dx = dout * (self.y - self.t){ $divisor }
cross_entropy_term-last =
    .code = dz = { $code }
    .right = dz = { $right }
    .help = dz = { $right }
attention_term =
    .code = dx = { $code }
    .right = dx = { $right }
    .help =
        dP = dout @ x.T
        dS = P * (dP - (dP * P).sum(axis=-1, keepdims=True))
        dx = s * (dS @ x + dS.T @ x) + P.T @ dout
own_hidden_state =
    .code = d{ $block } = Σ_t h[t]ᵀ · da[t]
    .right = d{ $block } = Σ_t h[t − 1]ᵀ · da[t]
    .help = d{ $weights } += np.dot(h[t - 1].T, da)
handed_back-not_transposed =
    .code = { $rows ->
        [true] dh[t − 1] = dout[t − 1] + da · { $weights }
       *[false] dh[t − 1] = dout[t − 1] + { $weights } · da
    }
    .right = { $rows ->
        [true] dh[t − 1] = dout[t − 1] + da · { $weights }ᵀ
       *[false] dh[t − 1] = dout[t − 1] + { $weights }ᵀ · da
    }
    .help = { $rows ->
        [true] dh_prev = np.dot(da, { $weights }.T)
       *[false] dh_prev = np.dot({ $weights }.T, da)
    }
handed_back-slope_missing =
    .code = da[t] = dout[t] · { $function }′ + dh[t]
    .right = da[t] = (dout[t] + dh[t]) · { $function }′
    .help = da = (dout[t] + dh) * slope
handed_back-slope_twice =
    .code = da[t] = dout[t] · { $function }′ + dh[t] · { $function }′²
    .right = da[t] = (dout[t] + dh[t]) · { $function }′
    .help = da = (dout[t] + dh) * slope
handed_back-nothing =
    .code = dh[t − 1] = dout[t − 1]
    .right = dh[t − 1] = dout[t − 1] + da[t] · ∂a[t]/∂h[t − 1]
    .help = dh = dout[t - 1] + dh_prev
handed_back-over =
    .code = dh[t − 1] = dout[t − 1]
    .right = dh[t − 1] = dout[t − 1] + da[t] · ∂a[t]/∂h[t − 1]
    .help = dh = dout[t - 1] + dh_prev
handed_back-factor =
    .code = dh[t − 1] = dout[t − 1] + { $factor } · (…)
    .right = dh[t − 1] = dout[t − 1] + (…)
mask_missing-within =
    .code = dout_inner = dout
    .right = dout_inner = dout · [out > 0]
    .help = dout = dout * (self.out > 0)
mask_missing-first =
    .code = dx = …
    .right = dx = … · [x > 0]
    .help = dx = dx * (self.x > 0)
mask_inverted-within =
    .code = dout_inner = dout · [out <= 0]
    .right = dout_inner = dout · [out > 0]
    .help = dout = dout * (self.out > 0)

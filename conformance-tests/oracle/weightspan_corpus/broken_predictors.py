"""Broken readers of the residual `bounded`, the predictors `lowrank` and `product`, and plain directions (see selftest.py)."""
import math
from fractions import Fraction

import numpy as np

from weightspan_oracle import balanced, bounded, container, entries, lowrank, modes, product, reader, sources

from .broken_sums import double_sums, fused_sums, lenient

F32 = np.float32
STEPPED, LOWRANK_SUMMED, LOWRANK_CONTEXTS = bounded.stepped, lowrank.summed, lowrank.contexts
LENGTHS = balanced.lengths
PRODUCTS, DOT, FACTORS, SCALED = product.products, product.dot, product.factors, product.scaled
FINITE_OR, PLAIN, VALUES_AND_BITS = modes.finite_or, modes.plain_direction_values, reader.Tensors.values_and_bits
LIMITS, REFERENCES = entries.limits, entries.references


def fused(p, step, q):
    """p + step * q, rounded once."""
    with np.errstate(all="ignore"):
        return (p.astype(float) + float(F32(step)) * q.astype(F32).astype(float)).astype(F32)


def in_steps(p, step, q):
    """The prediction in steps, the number added, then multiplied."""
    with np.errstate(all="ignore"):
        return (p / F32(step) + q.astype(F32)) * F32(step)


def keeps_predicted(p, step, q):
    """The prediction where no step is taken."""
    return np.where(q == 0, p, STEPPED(p, step, q))


def cut_steps(p, step, q):
    """Numbers of steps cut to 24 bits."""
    drop = np.maximum(np.frexp(np.abs(q).astype(float))[1] - 24, 0)
    return STEPPED(p, step, np.sign(q) * (np.abs(q) >> drop << drop))


def converted_first(self, number, tensor):
    """The prediction converted to the tensor's dtype before the sum."""
    _, bits = VALUES_AND_BITS(self, number, tensor)
    type_ = "<u4" if tensor.dtype == "F32" else "<u2"
    return modes.elements_f32(bits.astype(type_).tobytes(), tensor.dtype), bits


def any_number(y, dtype, fallback):
    return modes.rounded(y, dtype)


def zero_instead(y, dtype, fallback):
    """+0 where y is not finite, whatever was predicted."""
    return FINITE_OR(y, dtype, fallback * 0)


def one_context(places, rows, columns):
    """The same context for u and v."""
    return LOWRANK_CONTEXTS(places, rows, columns) // 2 * 2


def unclamped(places, rows, columns):
    k, place = places // (rows + columns), places % (rows + columns)
    return np.minimum(2 * k + (place >= rows), 127)


def left_only(y, x):
    y, x = y.astype(np.float64), x.astype(np.float64)
    g = balanced.scale(LENGTHS(y.T), LENGTHS(x))
    return y * (g * g), x


def keeping_minus_zero(values):
    with np.errstate(all="ignore"):
        out = values.astype(np.float32)
    return np.where(np.isfinite(out), out, np.float32(0))


def binary32(q, rank, step, left, right):
    """The whole of product.md in binary32."""
    def dot(x, y):
        total = F32(0)
        for one, other in zip(x, y):
            total = total + one * other
        return total

    # math.sqrt gives binary64, which the arrays of binary32 round to when it is put into them
    old = product.F64, product.dot
    product.F64, product.dot = F32, dot
    try:
        with np.errstate(all="ignore"):
            return FACTORS(q, rank, step, left, right)
    finally:
        product.F64, product.dot = old


def rounded_core(q, *more):
    """Coefficients rounded to binary32 first."""
    return FACTORS(q.astype(F32), *more)


def exact_sums(x, y):
    """Sums rounded once."""
    return math.fsum(one * other for one, other in zip(x.tolist(), y.tolist()))


def fused_dot(x, y):
    total = Fraction(0)
    for one, other in zip(x.tolist(), y.tolist()):
        total = Fraction(float(total + Fraction(one) * Fraction(other)))
    return float(total)


def scaled_first(q, rank, step, left, right):
    z, x, g, h = SCALED(q.astype(float), rank, step)
    z, x = z * g, x * h
    return (z if left is None else PRODUCTS(left.astype(float), z), x.T if right is None else PRODUCTS(x, right.astype(float)))


def pairwise(one, other):
    """Sums as numpy's sum() adds, in eight runs."""
    return np.add.reduce(np.ascontiguousarray((one[:, :, None] * other[:, None, :]).transpose(1, 2, 0)), axis=2)


def classical(z):
    """Every projection from the column as it was at first."""
    for t in range(z.shape[1]):
        before = math.sqrt(DOT(z[:, t], z[:, t]))
        for _ in range(2):
            taken = [DOT(z[:, s], z[:, t]) for s in range(t)]
            for s in range(t):
                z[:, t] = z[:, t] - taken[s] * z[:, s]
        e = math.sqrt(DOT(z[:, t], z[:, t]))
        z[:, t] = z[:, t] / e if e > before * product.DROPPED else 0.0


def one_root(c, rank, step):
    """g as one square root."""
    z, x, g, h = SCALED(c, rank, step)
    for t in range(rank):
        g[t] = math.sqrt(math.sqrt(DOT(x[:, t], x[:, t])) * step)
        h[t] = step / g[t] if g[t] else 0.0
    return z, x, g, h


def overflowing(values):
    """Infinities as they are."""
    with np.errstate(all="ignore"):
        return values.astype(F32)


def other_side(data, dtype, shape, count, side):
    """Rows for columns where both are long enough."""
    if shape[0] != shape[1]:
        return PLAIN(data, dtype, shape, count, side)
    return PLAIN(data, dtype, shape, count, "left" if side == "right" else "right")


def inverted_limits(entry):
    """Limits before all of R-IDX-005."""
    LIMITS(entry)
    REFERENCES(entry)


def without(module, *texts):
    """A reader without the checks whose messages hold these texts."""
    name = "wrong" if module is sources else "require"
    return [(module, name, lenient(getattr(module, name), *texts))]


BROKEN = {
    "bounded-fused": ("takes a step and adds it in one", "v-bounded-order", [(bounded, "stepped", fused)]),
    "bounded-in-steps": ("adds before it multiplies", "v-bounded-order", [(bounded, "stepped", in_steps)]),
    "bounded-keeps": ("adds no zero steps", "v-bounded-zero-f32", [(bounded, "stepped", keeps_predicted)]),
    "bounded-cut": ("cuts numbers of steps to 24 bits", "v-bounded-range", [(bounded, "stepped", cut_steps)]),
    "bounded-context": ("has one context", "v-bounded-scales-rows", [(bounded, "contexts", lambda scales: scales * 0)]),
    "bounded-context-wraps": ("takes contexts modulo 128", "v-bounded-contexts-100", [(bounded, "contexts", lambda scales: scales & 127)]),
    "bounded-converted": ("converts the prediction before the sum", "v-bounded-bf16-of-f32", [(reader.Tensors, "values_and_bits", converted_first)]),
    "bounded-any-number": ("gives infinities and NaNs that sums make", "v-bounded-overflow", [(modes, "finite_or", any_number)]),
    "bounded-zero": ("gives +0 for what is not finite", "v-bounded-specials-f32", [(modes, "finite_or", zero_instead)]),
    "bounded-any-step": ("takes any step", "h-bounded-step-negative", without(entries, "step")),
    "lowrank-fused": ("multiplies and adds in one", "v-lowrank-sums", [(lowrank, "summed", fused_sums)]),
    "lowrank-double": ("adds in binary64", "v-lowrank-sums", [(lowrank, "summed", double_sums)]),
    "lowrank-descending": ("adds from the last term on", "v-lowrank-sums",
                           [(lowrank, "summed", lambda pairs, shape: LOWRANK_SUMMED(list(pairs)[::-1], shape))]),
    "lowrank-context": ("has one context for both factors", "v-lowrank-rank-20", [(lowrank, "contexts", one_context)]),
    "lowrank-context-limit": ("holds contexts below 128, not those of u below 127", "v-lowrank-rank-70", [(lowrank, "contexts", unclamped)]),
    "lowrank-rank-0": ("takes rank 0", "h-lowrank-rank-0-blocks-none", without(entries, "rank 0")),
    "lowrank-limit": ("a limit too high", "h-lowrank-limit", without(entries, " of (")),
    "product-binary32": ("computes in binary32", "v-product-sums", [(product, "factors", binary32)]),
    "product-3-iterations": ("iterates three times", "v-product-core-close-2", [(product, "ITERATIONS", 3)]),
    "product-5-iterations": ("iterates five times", "v-product-core-close-2", [(product, "ITERATIONS", 5)]),
    "product-last-pivot": ("takes the last of several longest columns", "v-product-core-ties-3-2",
                           [(product, "pivot", lambda w: len(w) - 1 - int(np.argmax(w[::-1])))]),
    "product-one-pass": ("orthonormalises in one pass", "v-product-core-falling", [(product, "PASSES", 1)]),
    "product-classical": ("projects the first column of a pass", "v-product-core-falling", [(product, "orthonormalise", classical)]),
    "product-keeps-noise": ("drops no column", "v-product-core-rank-1", [(product, "DROPPED", 0.0)]),
    "product-descending": ("adds from the last term on", "v-product-sums",
                           [(product, "products", lambda one, other: PRODUCTS(one[::-1], other[::-1])), (product, "dot", lambda x, y: DOT(x[::-1], y[::-1]))]),
    "product-pairwise": ("adds in several runs", "v-product-core-nearly-rank-1-24-20", [(product, "products", pairwise)]),
    "product-exact-sums": ("rounds the sums of orthonormalise once", "v-product-core-nearly-rank-1-24-20", [(product, "dot", exact_sums)]),
    "product-fused": ("multiplies and adds in one", "v-product-core-falling", [(product, "dot", fused_dot)]),
    "product-scaled-first": ("scales the columns before it adds", "v-product-sums", [(product, "factors", scaled_first)]),
    "product-one-root": ("takes one root of two numbers' product", "v-product-roots", [(product, "scaled", one_root)]),
    "product-rounded-core": ("rounds coefficients to binary32", "v-product-core-range", [(product, "factors", rounded_core)]),
    "product-overflows": ("gives infinities of binary32", "v-product-overflow-f32", [(product, "narrowed", overflowing)]),
    "product-any-partner": ("does not look at the partner's partner", "h-product-partner-shared", without(entries, "a partner with another one")),
    "product-any-factor": ("does not compare the factors", "h-product-factor-same-square", without(entries, "the same factor")),
    "product-any-rows": ("does not compare columns and rows", "h-product-transposed", without(entries, "columns and")),
    "product-two-cores": ("does not look at the fields of the tensor without a core", "h-product-second-left", without(entries, "a core beside")),
    "balanced-binary32": ("computes in binary32", "v-balanced-long", [(balanced, "F64", F32)]),
    "balanced-descending": ("adds from the last term on", "v-balanced-sum-order", [(balanced, "lengths", lambda columns: LENGTHS(columns[:, ::-1]))]),
    "balanced-pairwise": ("adds in several runs", "v-balanced-sum-runs", [(balanced, "lengths", lambda columns: np.sqrt((columns * columns).sum(axis=1)))]),
    "balanced-undivided": ("leaves both scales in", "v-balanced-left-f32", [(balanced, "scale", lambda b, a: np.ones_like(b))]),
    "balanced-left-only": ("takes the scale out of the left factor", "v-balanced-left-f32", [(balanced, "factors", left_only)]),
    "balanced-own-length": ("divides each by its own length", "v-balanced-bf16-f16", [(balanced, "scale", lambda b, a: 1 / np.sqrt(a))]),
    "balanced-limit": ("a limit too high", "h-balanced-limit-inner", without(entries, "columns of a left factor")),
    "balanced-minus-zero": ("keeps -0", "v-balanced-minus-zero", [(product, "narrowed", keeping_minus_zero)]),
    "limits-first": ("checks limits before table sets", "h-lowrank-limit-after-table-set", [(entries, "references", inverted_limits)]),
    "directions-any-plain": ("takes any plain tensor", "h-directions-product-i8", without(sources, "plain")),
    "directions-any-count": ("does not count plain directions", "h-directions-count-left", without(sources, "plain directions")),
    "directions-any-number": ("takes plain directions that are not finite", "h-directions-left-nan", without(sources, "nothing") + [
        (reader, "wrong", lenient(reader.wrong, "not finite"))]),
    "directions-other-side": ("takes rows on the left", "v-directions-square", [(modes, "plain_direction_values", other_side)]),
    "any-original": ("does not look at the digest of the original", "h-approximation-digest-31", without(container, "digest of the original")),
}

"""The ids of registry.md and record.proto, and the limits that entries are held to."""

NONE, BASE, SIBLING, SELF, MODES, LAYER, LOWRANK, PRODUCT = range(8)
EQUAL, BYTES, DIRECT, DELTA, COEFFICIENTS, BOUNDED, FACTORS = range(1, 8)
PREDICTORS = {
    EQUAL: (BASE, SIBLING, SELF, LAYER), BYTES: (NONE,), DIRECT: (NONE,), DELTA: (BASE, SIBLING, LAYER), COEFFICIENTS: (MODES, PRODUCT),
    BOUNDED: (NONE, BASE, SIBLING, LAYER), FACTORS: (LOWRANK,),
}
ROUNDED_DTYPES = ("F32", "F16", "BF16")  # of coefficients, bounded and factors, and of plain tensors as directions
ROLE_BASE, ROLE_SIBLING, ROLE_BASIS = 1, 2, 3
FACTOR_LEFT, FACTOR_RIGHT = 1, 2
BLOCK, BYTES_BLOCK = 65_536, 1 << 20
MAX_PRODUCTS = 1 << 27  # R-LIM-015, R-LRK-002, R-PRO-004
MAX_CORE = 1 << 24  # R-LIM-017

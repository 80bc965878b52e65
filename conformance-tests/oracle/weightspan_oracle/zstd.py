"""One zstd frame (RFC 8878), decoded in plain Python: no dictionary, content size present, window at most 8 MiB (R-MSG-007)."""
import struct

MAX_WINDOW = 8 << 20
MAX_BLOCK = 128 << 10


class ZstdError(Exception):
    pass


def check(condition, message):
    if not condition:
        raise ZstdError(message)


def decompress(data, expected=None, most=None):
    """The content of the one frame in `data`, which has `expected` bytes, or without a number at most `most`."""
    data = bytes(data)
    check(len(data) >= 6 and data[:4] == b"\x28\xb5\x2f\xfd", "not a zstd frame")
    descriptor = data[4]
    at = 5
    single = descriptor >> 5 & 1
    check(not descriptor & 0x08, "reserved bit of the frame header")
    window = None
    if not single:
        exponent, mantissa = data[at] >> 3, data[at] & 7
        window = (1 << (10 + exponent)) + (1 << (10 + exponent)) // 8 * mantissa
        at += 1
    dictionary_bytes = (0, 1, 2, 4)[descriptor & 3]
    size_bytes = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
    check(size_bytes, "no content size")
    check(at + dictionary_bytes + size_bytes <= len(data), "the frame header is cut short")
    check(not any(data[at:at + dictionary_bytes]), "a dictionary")
    at += dictionary_bytes
    size = int.from_bytes(data[at:at + size_bytes], "little") + (256 if size_bytes == 2 else 0)
    at += size_bytes
    if expected is None:
        check(size <= most, f"content size {size}, above {most}")
    else:
        check(size == expected, f"content size {size} instead of {expected}")
    check(len(data) <= 1024 + 2 * size, "a frame that is too long for its content")
    window = size if single else window
    check(window <= MAX_WINDOW, f"a window of {window} bytes")
    out = bytearray()
    state = BlockState(window)
    last = 0
    while not last:
        check(at + 3 <= len(data), "a block header is cut short")
        head = int.from_bytes(data[at:at + 3], "little")
        at += 3
        last, kind, length = head & 1, head >> 1 & 3, head >> 3
        check(kind != 3, "reserved block type")
        check(length <= min(window, MAX_BLOCK), "a block that is too long")
        stored = 1 if kind == 1 else length
        check(at + stored <= len(data), "a block is cut short")
        body = data[at:at + stored]
        at += stored
        before = len(out)
        if kind == 2:
            state.block(body, out)
        else:
            out += body if kind == 0 else body * length
        check(len(out) - before <= min(window, MAX_BLOCK), "a block that decodes to too much")
        check(len(out) <= size, "more content than the header says")
    check(len(out) == size, "less content than the header says")
    if descriptor & 4:
        check(at + 4 <= len(data), "the content checksum is cut short")
        check(data[at:at + 4] == struct.pack("<I", xxh64(out) & 0xFFFFFFFF), "content checksum")
        at += 4
    check(at == len(data), "bytes behind the frame")
    return bytes(out)


class Backward:
    """A bit stream read from its end; the highest set bit of the last byte ends it."""

    def __init__(self, data):
        check(len(data) and data[-1], "a bit stream without end mark")
        self.data = bytes(data)
        self.left = 8 * len(data) - 9 + data[-1].bit_length()

    def read(self, count):
        """The next `count` bits (at most 32); zeros past the beginning, which `left` below 0 tells."""
        self.left -= count
        return self.bits(self.left, count)

    def bits(self, at, count):
        first = max(at, 0) >> 3
        value = int.from_bytes(self.data[first:first + 5], "little")
        value = value >> (at - 8 * first) if at >= 0 else value << -at
        return value & ((1 << count) - 1)

    def done(self):
        return self.left == 0


def fse_distribution(data, max_symbol, max_log):
    """The normalised counts at the start of `data`, the table log, and the bytes used."""
    value = int.from_bytes(data[:512], "little")
    at = 4
    log = (value & 15) + 5
    check(log <= max_log, "an FSE table that is too large")
    remaining = (1 << log) + 1
    counts = []
    while remaining > 1 and len(counts) <= max_symbol:
        bits = remaining.bit_length()
        read = (value >> at) & ((1 << bits) - 1)
        threshold = (1 << bits) - 1 - remaining
        low = read & ((1 << (bits - 1)) - 1)
        if low < threshold:
            read = low
            at += bits - 1
        else:
            if read >= 1 << (bits - 1):
                read -= threshold
            at += bits
        count = read - 1
        remaining -= abs(count)
        counts.append(count)
        if count == 0:
            while True:
                repeat = (value >> at) & 3
                at += 2
                counts += [0] * repeat
                check(len(counts) <= max_symbol + 1, "an FSE table with too many symbols")
                if repeat < 3:
                    break
    check(remaining == 1 and len(counts) <= max_symbol + 1, "an FSE table that does not add up")
    used = (at + 7) // 8
    check(used <= len(data), "an FSE table is cut short")
    return counts, log, used


class Fse:
    """An FSE decoding table: symbol, bits and baseline of each state."""

    def __init__(self, counts, log):
        size = 1 << log
        self.log = log
        self.symbol = [0] * size
        high = size - 1
        for s, c in enumerate(counts):
            if c == -1:
                self.symbol[high] = s
                high -= 1
        place = 0
        for s, c in enumerate(counts):
            for _ in range(max(c, 0)):
                self.symbol[place] = s
                place = (place + (size >> 1) + (size >> 3) + 3) & (size - 1)
                while place > high:
                    place = (place + (size >> 1) + (size >> 3) + 3) & (size - 1)
        check(place == 0, "an FSE table that does not spread")
        following = [1 if c == -1 else c for c in counts]
        self.bits, self.base = [], []
        for s in self.symbol:
            x = following[s]
            following[s] += 1
            n = log - (x.bit_length() - 1)
            self.bits.append(n)
            self.base.append((x << n) - size)

    @classmethod
    def rle(cls, symbol):
        table = cls.__new__(cls)
        table.log, table.symbol, table.bits, table.base = 0, [symbol], [0], [0]
        return table


class Huffman:
    """A Huffman tree as a table over the next `bits` bits."""

    def __init__(self, data):
        check(len(data) > 0, "a Huffman tree is cut short")
        head = data[0]
        if head >= 128:
            count = head - 127
            self.used = 1 + (count + 1) // 2
            check(self.used <= len(data), "a Huffman tree is cut short")
            weights = [data[1 + n // 2] >> (0 if n % 2 else 4) & 15 for n in range(count)]
        else:
            self.used = 1 + head
            check(self.used <= len(data), "a Huffman tree is cut short")
            weights = self.fse_weights(data[1:self.used])
        check(max(weights, default=0) <= 11, "a Huffman weight above 11")
        total = sum(1 << (w - 1) for w in weights if w)
        check(total, "a Huffman tree without weights")
        self.bits = total.bit_length()
        left = (1 << self.bits) - total
        check(self.bits <= 11 and left & (left - 1) == 0, "a Huffman tree that does not add up")
        weights.append(left.bit_length())
        self.symbol, self.length = [], []
        for w in range(1, self.bits + 1):
            for s, weight in enumerate(weights):
                if weight == w:
                    self.symbol += [s] * (1 << (w - 1))
                    self.length += [self.bits + 1 - w] * (1 << (w - 1))
        check(sum(w == 1 for w in weights) >= 2 and sum(w == 1 for w in weights) % 2 == 0, "a Huffman tree without leaves")

    @staticmethod
    def fse_weights(data):
        counts, log, used = fse_distribution(data, 11, 6)
        table = Fse(counts, log)
        bits = Backward(data[used:])
        states = [bits.read(log), bits.read(log)]
        check(bits.left >= 0, "Huffman weights are cut short")
        weights = []
        turn = 0
        while True:
            check(len(weights) < 255, "too many Huffman weights")
            state = states[turn]
            weights.append(table.symbol[state])
            count = table.bits[state]
            if bits.left < count:
                weights.append(table.symbol[states[1 - turn]])
                check(len(weights) <= 255, "too many Huffman weights")
                return weights
            states[turn] = table.base[state] + bits.read(count)
            turn = 1 - turn

    def stream(self, data, count):
        bits = Backward(data)
        left, width = bits.left, self.bits
        out = bytearray()
        for _ in range(count):
            code = bits.bits(left - width, width)
            out.append(self.symbol[code])
            left -= self.length[code]
        check(left == 0, "a Huffman stream of another length")
        return out


LL_BASE = list(range(16)) + [16, 18, 20, 22, 24, 28, 32, 40, 48, 64] + [1 << n for n in range(7, 17)]
LL_BITS = [0] * 16 + [1, 1, 1, 1, 2, 2, 3, 3, 4, 6] + list(range(7, 17))
ML_BASE = list(range(3, 35)) + [35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99] + [(1 << n) + 3 for n in range(7, 17)]
ML_BITS = [0] * 32 + [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5] + list(range(7, 17))
LL_DEFAULT = [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1]
ML_DEFAULT = [1, 4, 3, 2, 2, 2, 2, 2, 2] + [1] * 37 + [-1] * 7
OF_DEFAULT = [1, 1, 1, 1, 1, 1, 2, 2, 2] + [1] * 15 + [-1] * 5


class BlockState:
    """What compressed blocks of a frame hand on: the Huffman tree, the three FSE tables, the repeated offsets."""

    KINDS = (("literal lengths", LL_DEFAULT, 6, 35, 9), ("offsets", OF_DEFAULT, 5, 31, 8), ("match lengths", ML_DEFAULT, 6, 52, 9))

    def __init__(self, window):
        self.window = window
        self.huffman = None
        self.tables = [None, None, None]
        self.offsets = [1, 4, 8]

    def block(self, data, out):
        check(len(data) >= 2, "a compressed block is cut short")
        literals, at = self.literals(data)
        check(at < len(data), "a block without sequences section")
        count = data[at]
        at += 1
        if count >= 128:
            check(at + (2 if count == 255 else 1) <= len(data), "a sequences header is cut short")
            if count == 255:
                count = data[at] + (data[at + 1] << 8) + 0x7F00
                at += 2
            else:
                count = ((count - 128) << 8) + data[at]
                at += 1
        if count == 0:
            check(at == len(data), "bytes behind a block without sequences")
            out += literals
            return
        check(at < len(data), "a sequences header is cut short")
        modes = data[at]
        at += 1
        check(modes & 3 == 0, "reserved bits of the sequences header")
        for n in range(3):
            at += self.table(n, modes >> (6 - 2 * n) & 3, data[at:])
        self.sequences(data[at:], count, literals, out)

    def table(self, n, mode, data):
        name, default, log, max_symbol, max_log = self.KINDS[n]
        if mode == 0:
            self.tables[n] = Fse(default, log)
            return 0
        if mode == 1:
            check(len(data) and data[0] <= max_symbol, f"a symbol of {name}")
            self.tables[n] = Fse.rle(data[0])
            return 1
        if mode == 2:
            counts, log, used = fse_distribution(data, max_symbol, max_log)
            self.tables[n] = Fse(counts, log)
            return used
        check(self.tables[n] is not None, f"no table of {name} to repeat")
        return 0

    def literals(self, data):
        """The literals of a block and the place behind them."""
        kind, form = data[0] & 3, data[0] >> 2 & 3
        if kind < 2:
            head, shift = (1, 3) if form in (0, 2) else (2, 4) if form == 1 else (3, 4)
            check(head <= len(data), "a literals header is cut short")
            size = int.from_bytes(data[:head], "little") >> shift
            stored = size if kind == 0 else 1
            check(size <= MAX_BLOCK and head + stored <= len(data), "literals are cut short")
            return (data[head:head + size] if kind == 0 else data[head:head + 1] * size), head + stored
        head, bits = ((3, 10), (3, 10), (4, 14), (5, 18))[form]
        check(head <= len(data), "a literals header is cut short")
        value = int.from_bytes(data[:head], "little") >> 4
        size, stored = value & ((1 << bits) - 1), value >> bits
        check(size <= MAX_BLOCK and head + stored <= len(data), "literals are cut short")
        body = data[head:head + stored]
        if kind == 2:
            self.huffman = Huffman(body)
            body = body[self.huffman.used:]
        check(self.huffman is not None, "no Huffman tree to repeat")
        if form == 0:
            return self.huffman.stream(body, size), head + stored
        check(len(body) >= 10 and size >= 6, "a jump table is cut short")
        sizes = struct.unpack_from("<HHH", body)
        each = (size + 3) // 4
        at = 6
        out = bytearray()
        for n in range(4):
            end = at + sizes[n] if n < 3 else len(body)
            check(end <= len(body), "a Huffman stream is cut short")
            out += self.huffman.stream(body[at:end], each if n < 3 else size - 3 * each)
            at = end
        return out, head + stored

    def sequences(self, data, count, literals, out):
        bits = Backward(data)
        ll, of, ml = self.tables
        ls, os, ms = bits.read(ll.log), bits.read(of.log), bits.read(ml.log)
        at = 0
        start = len(out)
        for n in range(count):
            offset_code = of.symbol[os]
            offset_value = (1 << offset_code) + bits.read(offset_code)
            code = ml.symbol[ms]
            match = ML_BASE[code] + bits.read(ML_BITS[code])
            code = ll.symbol[ls]
            length = LL_BASE[code] + bits.read(LL_BITS[code])
            offset = self.offset(offset_value, length)
            if n < count - 1:
                ls = ll.base[ls] + bits.read(ll.bits[ls])
                ms = ml.base[ms] + bits.read(ml.bits[ms])
                os = of.base[os] + bits.read(of.bits[os])
            check(bits.left >= 0, "a sequences stream is cut short")
            check(at + length <= len(literals), "more literals used than there are")
            out += literals[at:at + length]
            at += length
            check(0 < offset <= min(len(out), max(self.window, 1)), "an offset past the window or the beginning")
            check(len(out) + match - start <= MAX_BLOCK, "a block that decodes to too much")
            if offset >= match:
                out += out[len(out) - offset:len(out) - offset + match]
            else:
                piece = bytes(out[-offset:])
                out += (piece * (match // offset + 1))[:match]
        check(bits.done(), "a sequences stream of another length")
        out += literals[at:]

    def offset(self, value, length):
        past = self.offsets
        if value > 3:
            self.offsets = [value - 3, past[0], past[1]]
            return value - 3
        index = value - 1 + (length == 0)
        if index == 0:
            return past[0]
        offset = past[0] - 1 if index == 3 else past[index]
        self.offsets = [offset, past[0], past[2] if index == 1 else past[1]]
        return offset


MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = 11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261


def rotl(x, n):
    return (x << n | x >> (64 - n)) & MASK


def xxh64(data):
    """XXH64 with seed 0: the low 32 bits are a frame's content checksum."""
    data = bytes(data)
    at = 0

    def round_(acc, lane):
        return rotl((acc + lane * P2) & MASK, 31) * P1 & MASK

    if len(data) >= 32:
        acc = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while at + 32 <= len(data):
            acc = [round_(a, lane) for a, lane in zip(acc, struct.unpack_from("<4Q", data, at))]
            at += 32
        h = sum(rotl(a, n) for a, n in zip(acc, (1, 7, 12, 18))) & MASK
        for a in acc:
            h = ((h ^ round_(0, a)) * P1 + P4) & MASK
    else:
        h = P5
    h = (h + len(data)) & MASK
    while at + 8 <= len(data):
        h = (rotl(h ^ round_(0, struct.unpack_from("<Q", data, at)[0]), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(data):
        h = (rotl(h ^ struct.unpack_from("<I", data, at)[0] * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    while at < len(data):
        h = rotl(h ^ data[at] * P5 & MASK, 11) * P1 & MASK
        at += 1
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32

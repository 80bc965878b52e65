"""What predicts a tensor: the tensors of other records, and of this one, that it needs, and how deep it is."""
from .entries import Entry, Pair
from .errors import require
from .registry import BALANCED, BOUNDED, COEFFICIENTS, DELTA, FACTORS, LAYER, LOWRANK, MODES, NONE, PRODUCT, ROLE_BASIS, ROUNDED_DTYPES, SELF
from .safetensors_header import matrix

MAX_DEPTH = 4


def wrong(condition, message, tensor=None):
    require(condition, "WRONG_DEPENDENCY", message, tensor=tensor)


class Side:
    """The directions of one side of a matrix: `length` numbers each, of one `Directions` after the other."""

    def __init__(self, name, entries, length, entry):
        self.name, self.entries, self.length = name, entries, length
        self.matrix_dims, self.tensor = entry["matrix_dims"], entry.tensor.name


class Sources:
    """The sources of a part's tensors. `record_type` makes the records that they stand in."""

    def __init__(self, record, part, objects, record_type):
        self.record, self.part, self.objects, self.record_type = record, part, objects, record_type
        self.level, self.name = record.level, record.name
        self.depths = {}

    def sources(self, number):
        """The tensors that predict tensor `number`, each as (Tensors, its number); the center or only one first."""
        entry = Entry(self.part, number)
        if entry["predictor"] == NONE:
            return []
        if entry["predictor"] == SELF:
            return [(self, entry["source_tensor"])]
        if entry["predictor"] == LAYER:
            return [(self.record.layer, number)]
        out = []
        if entry["predictor"] not in (MODES, LOWRANK, PRODUCT, BALANCED) or (entry["predictor"] in (MODES, LOWRANK) and entry["centred"]):
            out.append(self.source(entry))
        for one in (number, entry["partner"]) if entry["predictor"] == BALANCED else (number,):
            for side in self.sides(one):
                for directions in side.entries:
                    out += self.direction_tensors(directions, side)
        return out

    def source(self, entry):
        """The tensor of a dependency that predicts a tensor or is its center."""
        source, place, tensor = self.of_dependency(entry["dependency"]), entry["source_tensor"], entry.tensor
        wrong(place < len(source.part.tensors), "no such source tensor", tensor.name)
        origin = source.part.tensors[place]
        allowed = [tensor.dtype]
        if entry["residual"] in (DELTA, COEFFICIENTS, BOUNDED, FACTORS):
            allowed += {"F32": ["BF16"], "BF16": ["F32"]}.get(tensor.dtype, [])
        wrong(origin.elements == tensor.elements and origin.dtype in allowed, "a source that does not match", tensor.name)
        return source, place

    def of_dependency(self, dependency):
        return self.objects.container(self.record.container.dependencies[dependency], self.level, self.record_type).file

    def sides(self, number):
        """The left and the right directions of a tensor of modes or balanced, or of the core of its pair."""
        entry = Entry(self.part, number)
        if entry["predictor"] in (MODES, BALANCED):
            rows, columns = entry.matrix
        elif entry["predictor"] == PRODUCT:
            pair = Pair(self.part, number)
            entry, rows, columns = pair.holder, pair.m, pair.n
        else:
            return []
        return [Side("left", entry["left"], rows, entry), Side("right", entry["right"], columns, entry)]

    def direction_tensors(self, directions, side):
        """The directions and, of a basis, their scales and levels."""
        source, place = self.of_dependency(directions["dependency"]), directions["tensor"]
        wrong(place < len(source.part.tensors), "no such directions", side.tensor)
        if self.is_basis(directions):
            self.check_basis(source.part.tensors[place:place + 3], directions["count"], side)
            return [(source, place + n) for n in range(3)]
        self.check_plain(source.part.tensors[place], directions["count"], side)
        return [(source, place)]

    def is_basis(self, directions):
        return self.record.container.dependencies[directions["dependency"]]["role"] == ROLE_BASIS

    def check_basis(self, tensors, used, side):
        """R-MOD-001."""
        wrong(len(tensors) == 3, "directions without scales and levels", side.tensor)
        vectors, scales, levels = tensors
        wrong(vectors.dtype in ("I8", "BF16", "F32") and len(vectors.shape) == 2, "directions of another dtype or shape", side.tensor)
        count = vectors.shape[0]
        wrong(vectors.shape[1] == side.length, "directions of another length", side.tensor)
        wrong((scales.dtype, scales.shape) == ("F32", [count]), "no scales of the directions", side.tensor)
        wrong((levels.dtype, levels.shape) == ("I8", [count]), "no levels of the directions", side.tensor)
        wrong(used <= count, f"{used} of {count} directions", side.tensor)

    def check_plain(self, tensor, used, side):
        """R-MOD-007."""
        wrong(tensor.dtype in ROUNDED_DTYPES, "a plain tensor of another dtype", side.tensor)
        wrong(len(tensor.shape) >= side.matrix_dims, "a plain tensor of too few dimensions", side.tensor)
        rows, columns = matrix(tensor.shape, side.matrix_dims)
        length, count = (columns, rows) if side.name == "right" else (rows, columns)
        wrong(length == side.length, "a plain tensor of another length", side.tensor)
        wrong(used <= count, f"{used} of {count} plain directions", side.tensor)

    def depth(self, number):
        """R-DEC-005."""
        if number not in self.depths:
            depth = max((1 + source.depth(place) for source, place in self.sources(number)), default=0)
            require(depth <= MAX_DEPTH, "LIMIT_EXCEEDED", f"depth {depth}", tensor=self.part.tensors[number].name)
            self.depths[number] = depth
        return self.depths[number]

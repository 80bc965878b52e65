package io.weightspan.codec.analysis;

/**
 * A family quantised at one step.
 *
 * @param step what a quantised 1 is worth, over the root mean square of a member's difference in the slot
 * @param direct all differences as they are
 * @param shared each slot in its {@link SlotAnalysis#form()}
 * @param now bytes of this many members
 * @param tenfold bytes of ten times as many: coefficients grow with the members, the basis does not
 */
public record FamilyRate(double step, Coding direct, Coding shared, Bytes now, Bytes tenfold) {
    /**
     * Bytes of a family.
     *
     * @param members how many
     * @param direct as they are
     * @param shared in the forms chosen, the basis included
     */
    public record Bytes(long members, long direct, long shared) {
        static Bytes of(long members, long weights, Coding direct, Coding shared) {
            return new Bytes(
                    members,
                    Math.round(direct.bitsPerWeight() * weights * members / Byte.SIZE),
                    Math.round(shared.bitsPerWeight() * weights * members / Byte.SIZE) + shared.basisBytes());
        }
    }
}

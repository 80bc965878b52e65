package io.weightspan.server.web;

import org.jspecify.annotations.Nullable;

/**
 * How far a family's report has come.
 *
 * @param picture how its weights are stored; null while that is being read
 * @param structure what its members share; null while that is being computed, or where it can't be
 * @param trouble why there will be no more; null where there is no trouble
 * @param percent how much of the analysis is done, 0 to 100
 */
record FamilyReport(
        @Nullable StoredPicture picture, @Nullable SharedStructure structure, @Nullable String trouble, int percent) {

    /** Nothing is known yet. */
    static final FamilyReport BEGUN = new FamilyReport(null, null, null, 0);

    /** Returns whether more will follow. */
    boolean isPending() {
        return structure == null && trouble == null;
    }

    FamilyReport with(StoredPicture read) {
        return new FamilyReport(read, structure, trouble, percent);
    }

    FamilyReport with(SharedStructure computed) {
        return new FamilyReport(picture, computed, null, 100);
    }

    FamilyReport failed(String why) {
        return new FamilyReport(picture, structure, why, percent);
    }

    FamilyReport at(int done) {
        return new FamilyReport(picture, structure, trouble, done);
    }
}

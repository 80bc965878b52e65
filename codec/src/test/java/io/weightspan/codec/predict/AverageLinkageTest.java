package io.weightspan.codec.predict;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AverageLinkageTest {
    private static final double[][] LIKENESS = {
        {1, 0.9, 0.1, 0.2, 0.0}, {0.9, 1, 0.2, 0.1, 0.0}, {0.1, 0.2, 1, 0.8, 0.6}, {0.2, 0.1, 0.8, 1, 0.5},
        {0.0, 0.0, 0.6, 0.5, 1},
    };

    @Test
    void theMostAlikeAreJoinedFirst() {
        // {2, 3} and 4 are 0.55 alike in the mean, {0, 1} and {2, 3} 0.15.
        assertThat(AverageLinkage.groups(LIKENESS, 0.7)).containsExactly(List.of(0, 1), List.of(2, 3), List.of(4));
        assertThat(AverageLinkage.groups(LIKENESS, 0.55)).containsExactly(List.of(2, 3, 4), List.of(0, 1));
        assertThat(AverageLinkage.groups(LIKENESS, 0.56)).containsExactly(List.of(0, 1), List.of(2, 3), List.of(4));
        assertThat(AverageLinkage.groups(LIKENESS, 0.1)).containsExactly(List.of(0, 1, 2, 3, 4));
    }

    @Test
    void nothingAndOneAreNoGroupsToJoin() {
        assertThat(AverageLinkage.groups(new double[0][], 0.5)).isEmpty();
        assertThat(AverageLinkage.groups(new double[][] {{1}}, 0.5)).containsExactly(List.of(0));
    }
}

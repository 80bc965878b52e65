package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The native zstd library loads here and keeps its promise. */
class ZstdPropertiesTest {

    @Property(tries = 200)
    void everyInputComesBack(@ForAll @Size(max = 4096) byte[] bytes, @ForAll @IntRange(min = 1, max = 9) int level) {
        byte[] packed = Zstd.compress(bytes, level);

        assertThat(Zstd.getFrameContentSize(packed)).isEqualTo(bytes.length);
        assertThat(Zstd.decompress(packed, bytes.length)).isEqualTo(bytes);
    }
}

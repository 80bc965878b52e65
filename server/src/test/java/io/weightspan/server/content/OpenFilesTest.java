package io.weightspan.server.content;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Files are opened once, shared while somebody has them, and closed when nobody does. */
class OpenFilesTest {

    private final OpenFiles<String> files = new OpenFiles<>(1);

    @Test
    void sharesAnOpenFile() throws Exception {
        Probe probe = new Probe();
        var first = files.take("a", () -> probe);
        var second = files.take("a", () -> {
            throw new AssertionError("it is open");
        });
        assertThat(second.file()).isSameAs(probe);
        first.giveBack();
        second.giveBack();
        assertThat(probe.closed).isZero();
    }

    @Test
    void closesTheLeastRecentThatNobodyHas() throws Exception {
        Probe a = new Probe();
        Probe b = new Probe();
        Probe held = new Probe();
        var holder = files.take("held", () -> held);
        files.take("a", () -> a).giveBack();
        files.take("b", () -> b).giveBack();
        assertThat(a.closed).isEqualTo(1);
        assertThat(b.closed).isZero();
        assertThat(held.closed).isZero();
        files.close();
        assertThat(b.closed).isEqualTo(1);
        assertThat(held.closed).isZero();
        holder.giveBack();
        assertThat(held.closed).isEqualTo(1);
    }

    @Test
    void ofTwoOpenedAtOnceKeepsTheFirst() throws Exception {
        Probe outer = new Probe();
        Probe inner = new Probe();
        var held = files.take("a", () -> {
            files.take("a", () -> inner).giveBack();
            return outer;
        });
        assertThat(held.file()).isSameAs(inner);
        assertThat(outer.closed).isEqualTo(1);
        held.giveBack();
    }

    private static final class Probe implements DecodedFile {

        private int closed;

        @Override
        public long length() {
            return 0;
        }

        @Override
        public List<TensorInfo> tensors() {
            return List.of();
        }

        @Override
        public long schemaLength() {
            return 0;
        }

        @Override
        public void read(long offset, MemorySegment target) {}

        @Override
        public void close() {
            closed++;
        }
    }
}

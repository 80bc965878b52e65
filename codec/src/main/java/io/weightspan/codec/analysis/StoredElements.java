package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.util.List;

/** The members' elements in one slot, as their files hold them. */
final class StoredElements implements Differences {
    /** Elements read at a time. */
    static final int PANEL = 1 << 16;

    private final List<FamilyMember> members;
    private final FamilySlot slot;

    StoredElements(List<FamilyMember> members, FamilySlot slot) {
        this.members = members;
        this.slot = slot;
    }

    @Override
    public int members() {
        return members.size();
    }

    @Override
    public int size() {
        return slot.size();
    }

    @Override
    public void read(int member, int first, int n, float[] out) throws IOException {
        CentredElements.read(members.get(member).file(), slot.tensors().get(member), first, n, out);
    }

    /** Whether every element of a tensor is a finite number. */
    static boolean isFinite(DecodedFile file, TensorInfo tensor) throws IOException {
        float[] values = new float[PANEL];
        for (long first = 0; first < tensor.elementCount(); first += PANEL) {
            int n = (int) Math.min(PANEL, tensor.elementCount() - first);
            CentredElements.read(file, tensor, first, n, values);
            for (int i = 0; i < n; i++) {
                if (!Float.isFinite(values[i])) {
                    return false;
                }
            }
        }
        return true;
    }
}

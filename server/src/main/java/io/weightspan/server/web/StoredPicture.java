package io.weightspan.server.web;

import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How the weights of some commits are stored.
 *
 * @param predictors bytes by what predicts them
 * @param depth the part of the original that is stored, by layer and kind
 * @param records how many records that tells of
 * @param skipped how many further records were not looked at
 */
record StoredPicture(List<PredictorRow> predictors, DepthMap depth, int records, int skipped) {

    /** A fifth of the original: less makes no great difference to look at. */
    private static final double SPAN = 0.2;

    /**
     * Looks at records.
     *
     * @param commits whose files are looked at
     * @param summaries reads them
     * @param most how many records at most; of more, some are taken evenly
     * @throws IOException if the store can't be read
     */
    static StoredPicture of(List<Commit> commits, RecordSummaries summaries, int most) throws IOException {
        List<CommitFile> records = new ArrayList<>();
        for (Commit commit : commits) {
            for (CommitFile file : commit.files()) {
                if (file.kind() == FileKind.RECORD) {
                    records.add(file);
                }
            }
        }
        int taken = Math.min(most, records.size());
        List<RecordSummary> read = new ArrayList<>();
        for (int i = 0; i < taken; i++) {
            RecordSummary summary = summaries.of(records.get((int) ((long) i * records.size() / taken)));
            if (!summary.tensors().isEmpty()) {
                read.add(summary);
            }
        }
        return new StoredPicture(PredictorRow.of(read), depth(read), read.size(), records.size() - taken);
    }

    private static DepthMap depth(List<RecordSummary> summaries) {
        Map<String, Share> shares = new LinkedHashMap<>();
        for (RecordSummary summary : summaries) {
            for (RecordSummary.Tensor tensor : summary.tensors()) {
                if (tensor.share().bytes() > 0) {
                    shares.merge(tensor.name(), tensor.share(), Share::plus);
                }
            }
        }
        List<DepthMap.Entry> entries = new ArrayList<>();
        shares.forEach((name, share) -> entries.add(
                new DepthMap.Entry(name, (double) share.stored() / share.bytes(), share.bytes())));
        return DepthMap.of(entries, value -> Numbers.decimals(100 * value, 0), SPAN);
    }
}

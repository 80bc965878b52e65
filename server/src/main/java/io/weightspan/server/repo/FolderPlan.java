package io.weightspan.server.repo;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A folder that has been looked through and is fit to be packed.
 *
 * @param target what it is to become
 * @param files its files in ascending order of path
 */
record FolderPlan(PackFolder target, List<Member> files) {

    /**
     * A file of the folder.
     *
     * @param path its path in the repository
     * @param file where it is
     * @param fingerprint what its bytes were when they were read
     */
    record Member(String path, Path file, Fingerprint fingerprint) {}

    /** Returns the SHA-256 of every file by path. */
    Map<String, Digest> digests() {
        return files.stream()
                .collect(Collectors.toMap(Member::path, member -> member.fingerprint().sha256()));
    }

    /** A file that has been found and is to be read. */
    private record Unread(int folder, FolderScanner.Found found) {}

    /**
     * Looks through folders and reads every file once.
     *
     * @return a plan for each folder, in their order
     * @throws NothingToPackException if a folder isn't there or has no files
     * @throws UnsafeFileException if a folder has something that can't be packed safely
     * @throws ContainerException if a {@code .safetensors} file isn't one
     * @throws IOException if a file can't be read or changes meanwhile
     */
    static List<FolderPlan> of(List<PackFolder> folders, int jobs, PackListener listener) throws IOException {
        List<Unread> unread = new ArrayList<>();
        List<List<Member>> read = new ArrayList<>();
        for (int i = 0; i < folders.size(); i++) {
            for (FolderScanner.Found found : FolderScanner.scan(folders.get(i).folder())) {
                checkWeights(found);
                unread.add(new Unread(i, found));
            }
            read.add(new ArrayList<>());
        }
        Progress progress = listener.begins(
                "reading", unread.stream().mapToLong(file -> file.found().size()).sum());
        Workers.run(jobs, unread, file -> {
            FolderScanner.Found found = file.found();
            Member member = new Member(found.path(), found.file(), Fingerprint.of(found.file()));
            List<Member> members = read.get(file.folder());
            synchronized (members) {
                members.add(member);
            }
            progress.advance(member.fingerprint().size());
        });
        List<FolderPlan> plans = new ArrayList<>();
        for (int i = 0; i < folders.size(); i++) {
            List<Member> members = read.get(i);
            members.sort(Comparator.comparing(Member::path));
            plans.add(new FolderPlan(folders.get(i), List.copyOf(members)));
        }
        return plans;
    }

    /** Refuses a damaged safetensors file before anything is stored of any folder. */
    private static void checkWeights(FolderScanner.Found found) throws IOException {
        if (FileTypes.isSafetensors(found.path())) {
            SafetensorsFile.open(found.file()).close();
        }
    }
}

package io.weightspan.conformance;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Keeps dependencies pointing one way: conformance to server and client, to cli, to codec, to format. */
class ModuleBoundariesTest {

    private static final String ROOT = "io.weightspan.";

    /** For each module, the other modules of ours that it may use. */
    private static final Map<String, List<String>> MAY_USE = Map.of(
            "format", List.of(),
            "codec", List.of("format"),
            "cli", List.of("codec", "format"),
            "server", List.of("cli", "codec", "format"),
            "client", List.of("cli", "codec", "format"),
            "conformance", List.of("server", "client", "cli", "codec", "format"));

    private static JavaClasses all;

    @BeforeAll
    static void readClasses() {
        all = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.weightspan");
    }

    @Test
    void everyModuleIsSeen() {
        TreeSet<String> seen = new TreeSet<>();
        for (JavaClass type : all) {
            seen.add(moduleOf(type));
        }
        assertThat(seen).isEqualTo(new TreeSet<>(MAY_USE.keySet()));
    }

    @Test
    void modulesUseOnlyWhatTheyMay() {
        MAY_USE.forEach((module, allowed) -> noClasses()
                .that().resideInAPackage(ROOT + module + "..")
                .should().dependOnClassesThat(describe("are of a module that " + module + " may not use",
                        type -> isOurs(type) && !moduleOf(type).equals(module) && !allowed.contains(moduleOf(type))))
                .allowEmptyShould(true)
                .check(all));
    }

    /**
     * The packages {@code container} and {@code safetensors} count as one: a safetensors header is the schema of a
     * container, and its errors are a container's.
     */
    @Test
    void packagesOfTheCodecFormNoCycle() {
        slices().assignedFrom(new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass type) {
                String name = type.getPackageName();
                if (!name.startsWith(ROOT + "codec.")) {
                    return SliceIdentifier.ignore();
                }
                String rest = name.substring((ROOT + "codec.").length());
                int dot = rest.indexOf('.');
                String part = dot < 0 ? rest : rest.substring(0, dot);
                return SliceIdentifier.of(part.equals("safetensors") ? "container" : part);
            }

            @Override
            public String getDescription() {
                return "packages of the codec";
            }
        }).should().beFreeOfCycles().allowEmptyShould(true).check(all);
    }

    @Test
    void packagesOfTheServerAndTheClientFormNoCycle() {
        slices().matching("io.weightspan.server.(*)..").should().beFreeOfCycles().allowEmptyShould(true).check(all);
        slices().matching("io.weightspan.client.(*)..").should().beFreeOfCycles().allowEmptyShould(true).check(all);
    }

    @Test
    void theCodecNeverTouchesTheNetwork() {
        noClasses().that().resideInAnyPackage("io.weightspan.codec..", "io.weightspan.format..")
                .should().dependOnClassesThat()
                .resideInAnyPackage("java.net..", "java.net.http..", "io.netty..", "picocli..")
                .allowEmptyShould(true)
                .check(all);
    }

    @Test
    void onlyTheKernelsUseTheVectorModule() {
        classes().that().resideOutsideOfPackage("io.weightspan.codec.kernel..")
                .should().onlyDependOnClassesThat().resideOutsideOfPackage("jdk.incubator.vector..")
                .check(all);
    }

    @Test
    void onlyStoresInBucketsUseTheirSdk() {
        noClasses().that().resideOutsideOfPackage("io.weightspan.server.store.s3..")
                .should().dependOnClassesThat().resideInAPackage("software.amazon..")
                .check(all);
        noClasses().that().resideOutsideOfPackage("io.weightspan.server.store.s3..")
                .should().dependOnClassesThat().resideInAPackage("io.weightspan.server.store.s3..")
                .check(all);
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().startsWith(ROOT);
    }

    private static String moduleOf(JavaClass type) {
        String rest = type.getPackageName().substring(ROOT.length());
        int dot = rest.indexOf('.');
        return dot < 0 ? rest : rest.substring(0, dot);
    }
}

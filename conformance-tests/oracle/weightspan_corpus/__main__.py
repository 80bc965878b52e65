"""python3 -m weightspan_corpus run | self-test | trace | check | write | recipes DIR | mutants DIR"""
import argparse
import sys

from . import manifest, mutate, run, selftest, trace


def main():
    parser = argparse.ArgumentParser(prog="weightspan_corpus", description="The corpus of the Weightspan container.")
    commands = parser.add_subparsers(dest="command", required=True)
    runner = commands.add_parser("run", help="run a reader over every case")
    runner.add_argument("--reader", help="a command with {record}, {objects} and {output}; the oracle without it")
    runner.add_argument("--only", help="cases whose id holds this")
    runner.add_argument("--recipes", help="folder of files that `recipes` wrote")
    tester = commands.add_parser("self-test", help="deliberately broken readers: which case catches each")
    tester.add_argument("--all", action="store_true", help="try each on every case, not just on those about what it breaks")
    commands.add_parser("trace", help="every requirement has its cases")
    commands.add_parser("check", help="the corpus is what its writer writes")
    commands.add_parser("write", help="write the corpus anew")
    commands.add_parser("recipes", help="write the files of cases that are recipes").add_argument("folder")
    mutants = commands.add_parser("mutants", help="write seeded mutants of the valid records and what the oracle says of each")
    mutants.add_argument("folder")
    mutants.add_argument("--seed", default="1")
    mutants.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    if options.command == "mutants":
        mutate.write(options.folder, options.seed, options.count)
        return 0
    if options.command == "write":
        manifest.write()
        return 0
    if options.command == "recipes":
        manifest.materialise(options.folder)
        return 0
    if options.command in ("check", "trace"):
        found = manifest.differences() if options.command == "check" else trace.problems()
        print("\n".join(found) or "in order")
        return 1 if found else 0
    if options.command == "self-test":
        counts = selftest.run(options.all)
    else:
        reader = run.with_command(options.reader) if options.reader else run.with_oracle
        counts = run.run(reader, options.only, run.Inputs(options.recipes))
    print("{} passed, {} failed, {} skipped".format(*counts))
    return 1 if counts[1] or not counts[0] else 0


if __name__ == "__main__":
    sys.exit(main())

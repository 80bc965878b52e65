"""python3 -m weightspan_oracle decode RECORD --objects DIR -o FILE | verify RECORD --objects DIR | digest RECORD... --objects DIR"""
import argparse
import hashlib
import sys

from . import container
from .errors import FormatError
from .reader import NoLayer, Objects, Record


def read(path, objects, level, view):
    """The original file of the record at `path`, or its layer's (view `span`), verified up to the level."""
    with open(path, "rb") as file:
        data = file.read()
    return Record(data, objects, getattr(container, level), path).read(view)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="weightspan_oracle", description="The second reader of the Weightspan container.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("decode", "write the original file"), ("verify", "check every requirement on the stored bytes"),
                       ("digest", "print the SHA-256 of the original file of each record")):
        command = commands.add_parser(name, help=text)
        command.add_argument("record", nargs="+" if name == "digest" else None)
        command.add_argument("--objects", help="folder of dependencies, each named by its SHA-256 in hex")
        command.add_argument("--level", choices=("STRUCTURE", "CHUNKS", "FULL"), default="FULL")
        command.add_argument("--view", choices=("file", "span"), default="file", help="the original file, or that of its layer")
        if name == "decode":
            command.add_argument("-o", "--output", required=True)
    options = parser.parse_args(arguments)
    objects = Objects(options.objects)
    try:
        if options.command == "digest":
            for path in options.record:
                print(hashlib.sha256(read(path, objects, options.level, options.view)).hexdigest(), path, flush=True)
            return 0
        file = read(options.record, objects, options.level, options.view)
    except FormatError as error:
        print(error)
        return 1
    except (OSError, NoLayer) as error:
        print(error, file=sys.stderr)
        return 3
    if options.command == "decode":
        with open(options.output, "wb") as out:
            out.write(file)
    else:
        print(f"{len(file)} bytes verified")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Compares downloads, of a reconstructed and of a raw file, with nginx sending the same files, on loopback.

Usage: python serve_against_nginx.py [--gib 1] [--weightspan ./weightspan] [--nginx nginx] [--data DIR] [--rounds 3]
       [--cache-mb 256]

Makes a base and a fine-tune of it (BF16, a difference as small as a short fine-tune's) and a file of noise, which is
stored as it is, packs them, and gets the fine-tune and the noise whole from 'weightspan serve' and from nginx (Debian's
package: apt-get install nginx), each cold (nothing of it in the page cache, servers just started, so that Java has
compiled nothing yet) and warm (the median of the rounds after). Each download's SHA-256 is compared outside of the time
measured. Prints the milliseconds to the body's first byte, MB/s, MB for each second of CPU time of the server (which
other load on the machine changes less; it is counted in hundredths, so a small file's is only a lower bound), and the
ratios. DIR keeps what was made for a further run. Needs numpy.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

COLUMNS = 4096


def write_models(base_file, tune_file, size):
    rows = size // 2 // COLUMNS // 8
    header = {}
    for i in range(8):
        begin = i * rows * COLUMNS * 2
        header[f"layer.{i}.weight"] = {
            "dtype": "BF16",
            "shape": [rows, COLUMNS],
            "data_offsets": [begin, begin + rows * COLUMNS * 2],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    random = np.random.default_rng(1)
    for file in (base_file, tune_file):
        file.parent.mkdir(parents=True)
    with open(base_file, "wb") as base, open(tune_file, "wb") as tune:
        for out in (base, tune):
            out.write(len(text).to_bytes(8, "little") + text)
        left = rows * COLUMNS * 8
        while left:
            count = min(left, 1 << 22)
            values = random.standard_normal(count, dtype=np.float32) * np.float32(0.02)
            base.write(bf16(values))
            tune.write(bf16(values + random.standard_normal(count, dtype=np.float32) * np.float32(2e-4)))
            left -= count


def write_noise(file, size):
    random = np.random.default_rng(2)
    with open(file, "wb") as out:
        while size:
            count = min(size, 1 << 24)
            out.write(random.bytes(count))
            size -= count


def bf16(values):
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def drop_from_page_cache(folder):
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def get(port, path, hashed=None):
    """Returns the seconds from the request to the first and to the last byte of the body, and its length."""
    buffer = bytearray(1 << 20)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        begin = time.perf_counter()
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        head, _, body = head.partition(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        length = int(next(l for l in head.lower().split(b"\r\n") if l.startswith(b"content-length:")).split(b":")[1])
        if hashed:
            hashed.update(body)
        got = len(body)
        first = time.perf_counter() - begin if got else None
        while got < length:
            count = connection.recv_into(buffer)
            assert count, f"ended at {got} of {length}"
            first = first or time.perf_counter() - begin
            if hashed:
                hashed.update(memoryview(buffer)[:count])
            got += count
        return first, time.perf_counter() - begin, length


def start_nginx(nginx, root, work):
    port = free_port()
    config = work / "nginx.conf"
    config.write_text(
        f"worker_processes auto; daemon off; pid {work}/nginx.pid; error_log {work}/nginx.log;\n"
        "events {}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {work}/t1;"
        f" proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;\n"
        f"server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
    )
    # Workers must be able to read the files where the benchmark is run by root.
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    process = subprocess.Popen([nginx, "-p", str(work), "-c", str(config), *user], stderr=subprocess.DEVNULL)
    wait_for(port)
    return process, port


def start_weightspan(command, store, cache_mb):
    process = subprocess.Popen(
        [*command, "serve", "--store", str(store), "--listen", "127.0.0.1:0", "--cache-mb", str(cache_mb)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    for line in process.stdout:
        if line.startswith("listening on "):
            return process, int(line.rsplit(":", 1)[1])
    raise SystemExit("weightspan serve did not start")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def measure(name, start, path, cold_folder, rounds, digest):
    drop_from_page_cache(cold_folder)
    process, port = start()
    try:
        runs = []
        for _ in range(1 + rounds):
            before = cpu_seconds(process.pid)
            first, seconds, length = get(port, path)
            used = max(0.01, cpu_seconds(process.pid) - before)
            runs.append((length / seconds / 1e6, length / used / 1e6, first * 1e3))
        hashed = hashlib.sha256()
        get(port, path, hashed)
        assert hashed.digest() == digest, f"{name} sent other bytes"
    finally:
        process.terminate()
        process.wait()
    cold, warm = runs[0], [statistics.median(column) for column in zip(*runs[1:])]
    print(
        f"{name}: cold {cold[2]:.1f} ms to the first byte, {cold[0]:.0f} MB/s, {cold[1]:.0f} MB a CPU second;"
        f" warm {warm[2]:.1f} ms, {warm[0]:.0f} MB/s, {warm[1]:.0f} MB a CPU second",
        flush=True,
    )
    return cold[0], warm[0]


def cpu_seconds(pid):
    """Returns the CPU time of a process and its children, dead ones left out."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return ticks / os.sysconf("SC_CLK_TCK") + sum(cpu_seconds(int(child)) for child in children)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=1)
    parser.add_argument("--weightspan", default="./weightspan")
    parser.add_argument("--nginx", default="nginx")
    parser.add_argument("--data", default=None)
    parser.add_argument("--cache-mb", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    command = shlex.split(args.weightspan)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(args.data or folder)
        base, tune = (work / "raw" / "bench" / name / "model.safetensors" for name in ("base", "tune"))
        noise = tune.parent / "noise.bin"
        if not (work / "store").exists():
            write_models(base, tune, int(args.gib * (1 << 30)))
            write_noise(noise, int(args.gib * (1 << 30)))
            begin = time.perf_counter()
            subprocess.run(
                [*command, "pack", "--store", work / "store", "--base", base.parent, tune.parent],
                check=True,
                stdout=sys.stderr,
            )
            print(f"packed {2 * tune.stat().st_size} bytes in {time.perf_counter() - begin:.0f} s", flush=True)
        for kind, file in (("reconstructed", tune), ("raw", noise)):
            compare(kind, file, work, args)


def compare(kind, file, work, args):
    with open(file, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").digest()
    theirs = measure(
        f"nginx, {kind} file",
        lambda: start_nginx(args.nginx, work / "raw", work),
        f"/bench/tune/{file.name}",
        work / "raw",
        args.rounds,
        digest,
    )
    ours = measure(
        f"weightspan, {kind} file",
        lambda: start_weightspan(shlex.split(args.weightspan), work / "store", args.cache_mb),
        f"/bench/tune/resolve/main/{file.name}",
        work / "store",
        args.rounds,
        digest,
    )
    print(f"ratio, {kind} file: cold {ours[0] / theirs[0]:.2f}, warm {ours[1] / theirs[1]:.2f}")


if __name__ == "__main__":
    main()

"""Slow readers and busy writers on one server at once: no error, bounded memory, fair progress.

    python readers_and_writers.py http://127.0.0.1:8640 TOKEN NAMESPACE [--readers 1000] [--writers 100] [--seconds 120]

Needs a server of a new store (`weightspan serve --tokens FILE`) and nothing but Python. Each reader gets one file of 64 MB over and over
at 16 KB a half second; each writer commits a file of 100 KB of its own to a repository of its own, over and over, and reads it back.
Prints what went wrong, how far the readers and the writers came, and how long commits took.
"""

import argparse
import asyncio
import base64
import json
import random
import time
import urllib.parse
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("token")
parser.add_argument("namespace")
parser.add_argument("--readers", type=int, default=1000)
parser.add_argument("--writers", type=int, default=100)
parser.add_argument("--seconds", type=float, default=120)
options = parser.parse_args()
where = urllib.parse.urlparse(options.url)
errors = []
read = [0] * options.readers
commits = [0] * options.writers
times = []
BIG = random.Random(1).randbytes(64 << 20)


def ask(method, path, body=b"", kind="application/json"):
    request = urllib.request.Request(options.url + path, data=body if method != "GET" else None, method=method)
    request.add_header("Authorization", "Bearer " + options.token)
    request.add_header("Content-Type", kind)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def commit_body(path, data):
    header = {"key": "header", "value": {"summary": "s"}}
    file = {"key": "file", "value": {"path": path, "encoding": "base64", "content": base64.b64encode(data).decode()}}
    return (json.dumps(header) + "\n" + json.dumps(file) + "\n").encode()


async def exchange(reader, writer, method, path, body=b""):
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {options.token}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status = int(head.split()[1])
    length = next(int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:"))
    return status, length


async def slow_reader(i, end):
    await asyncio.sleep(i / options.readers * 5)
    path = f"/{options.namespace}/big/resolve/main/big.bin"
    while time.monotonic() < end:
        try:
            reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=1 << 16)
            status, length = await exchange(reader, writer, "GET", path)
            if status != 200:
                errors.append(f"reader {i}: status {status}")
                await asyncio.sleep(1)
            at = 0
            while status == 200 and at < length and time.monotonic() < end:
                data = await reader.readexactly(min(16 << 10, length - at))
                if data != BIG[at:at + len(data)]:
                    errors.append(f"reader {i}: other bytes at {at}")
                at += len(data)
                read[i] += len(data)
                await asyncio.sleep(0.5)
            writer.close()
        except Exception as e:
            errors.append(f"reader {i}: {e!r}")
            await asyncio.sleep(1)


async def busy_writer(i, end):
    await asyncio.sleep(i / options.writers * 5)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    repo = f"{options.namespace}/w{i}"
    source = random.Random(i)
    while time.monotonic() < end:
        try:
            data = source.randbytes(100_000)
            begin = time.monotonic()
            status, length = await exchange(
                reader, writer, "POST", f"/api/models/{repo}/commit/main", commit_body("f.bin", data))
            answer = await reader.readexactly(length)
            times.append(time.monotonic() - begin)
            if status != 200:
                errors.append(f"writer {i}: status {status}: {answer[:200]}")
                continue
            commits[i] += 1
            status, length = await exchange(reader, writer, "GET", f"/{repo}/resolve/main/f.bin")
            back = await reader.readexactly(length)
            if status != 200 or back != data:
                errors.append(f"writer {i}: what was committed does not come back: status {status}")
        except Exception as e:
            errors.append(f"writer {i}: {e!r}")
            reader, writer = await asyncio.open_connection(where.hostname, where.port)


async def main():
    end = time.monotonic() + options.seconds
    await asyncio.gather(
        *(slow_reader(i, end) for i in range(options.readers)), *(busy_writer(i, end) for i in range(options.writers)))


for name in ["big"] + [f"w{i}" for i in range(options.writers)]:
    ask("POST", "/api/repos/create", json.dumps({"name": name, "organization": options.namespace}).encode())
ask("POST", f"/api/models/{options.namespace}/big/commit/main", commit_body("big.bin", BIG))
asyncio.run(main())
print(f"errors: {len(errors)}", *errors[:5], sep="\n  ")
if read:
    read.sort()
    print(f"readers: {len(read)}, KB each: least {read[0] >> 10}, median {read[len(read) // 2] >> 10}, most {read[-1] >> 10}")
if times:
    times.sort()
    print(f"commits: {sum(commits)}, each writer's: least {min(commits)}, most {max(commits)};"
          f" seconds: median {times[len(times) // 2]:.3f}, 99 % {times[len(times) * 99 // 100]:.3f}, most {times[-1]:.3f}")
raise SystemExit(1 if errors else 0)

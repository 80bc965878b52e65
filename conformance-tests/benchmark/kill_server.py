"""Kills a server at random moments of uploads: what was acknowledged is there and verifies, nothing else is half there.

    python kill_server.py WEIGHTSPAN WORK [--kills 100]

Starts `WEIGHTSPAN serve` on a new store in WORK, has eight clients commit files to a repository each, kills the server with SIGKILL
after a random time, starts it again on the same store, and so on. In the end every commit that a client was told of must be in the
history of its repository with the bytes that were sent, every commit of a history must be one that was sent, and
`weightspan verify` must pass. Needs nothing but Python.
"""

import argparse
import base64
import http.client
import json
import pathlib
import random
import signal
import subprocess
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("weightspan")
parser.add_argument("work", type=pathlib.Path)
parser.add_argument("--kills", type=int, default=100)
options = parser.parse_args()
options.work.mkdir(parents=True)
store = options.work / "store"
tokens = options.work / "tokens.json"
token = subprocess.run(
    [options.weightspan, "token", "create", "--tokens", tokens, "--role", "write", "--scope", "ann", "ann"],
    check=True, capture_output=True, text=True).stdout.split()[-1]
chance = random.Random(1)
log = open(options.work / "server.log", "w")
sent = {}
acknowledged = {}
lost = [0]
refused = []
WRITERS = 8


def start():
    server = subprocess.Popen(
        [options.weightspan, "serve", "--store", store, "--tokens", tokens, "--listen", "127.0.0.1:0", "--encoders", "0"],
        stdout=subprocess.PIPE, stderr=log, text=True)
    return server, int(server.stdout.readline().rsplit(":", 1)[1])


def ask(port, method, path, body=b"", timeout=30):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request(method, path, body, {"Authorization": "Bearer " + token})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def write(i, port, stop):
    source = random.Random(chance.random())
    while not stop.is_set():
        data = source.randbytes(source.choice([100, 50_000, 3_000_000]))
        name = f"{len(sent)}-{i}"
        sent[name] = data
        lines = [{"key": "header", "value": {"summary": name}},
                 {"key": "file", "value": {"path": "f.bin", "encoding": "base64", "content": base64.b64encode(data).decode()}}]
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        try:
            status, answer = ask(port, "POST", f"/api/models/ann/w{i}/commit/main", body)
        except (OSError, http.client.HTTPException):
            lost[0] += 1
            return
        if status != 200:
            refused.append((status, answer))
            continue
        acknowledged[json.loads(answer)["commitOid"]] = (i, name)


for kill in range(options.kills):
    server, port = start()
    if kill == 0:
        for i in range(WRITERS):
            ask(port, "POST", "/api/repos/create", json.dumps({"name": f"w{i}"}).encode())
    stop = threading.Event()
    threads = [threading.Thread(target=write, args=(i, port, stop)) for i in range(WRITERS)]
    for thread in threads:
        thread.start()
    time.sleep(chance.uniform(0.05, 2))
    for process in subprocess.run(["pgrep", "-P", str(server.pid)], capture_output=True, text=True).stdout.split():
        subprocess.run(["kill", "-9", process], check=False)
    server.send_signal(signal.SIGKILL)
    stop.set()
    for thread in threads:
        thread.join()
    server.wait()

server, port = start()
found = {}
for i in range(WRITERS):
    for commit in json.loads(ask(port, "GET", f"/api/models/ann/w{i}/commits/main?limit=100000")[1]):
        if commit["title"].startswith("Create"):
            continue
        status, data = ask(port, "GET", f"/ann/w{i}/resolve/{commit['id']}/f.bin")
        assert status == 200 and data == sent[commit["title"]], (commit, status)
        found[commit["id"]] = (i, commit["title"])
missing = set(acknowledged) - set(found)
print(f"kills: {options.kills}, commits acknowledged: {len(acknowledged)}, cut off: {lost[0]},"
      f" found: {len(found)}, of them never acknowledged: {len(set(found) - set(acknowledged))}, missing: {len(missing)}")
assert not refused, refused[:3]
assert not missing and all(found[id] == acknowledged[id] for id in acknowledged)
subprocess.run([options.weightspan, "verify", "--store", store], check=True, stderr=subprocess.DEVNULL)
server.terminate()
server.wait()

"""Runs the stock huggingface_hub and its command line against a server and compares every byte.

Usage: HF_ENDPOINT=http://... python check_hub.py EXPECTED WORK

EXPECTED holds the original folders as NAMESPACE/NAME; the server serves them as repositories of these names.
WORK is an empty folder to download to. Prints one line for each check and ends with 0 where all passed.
"""

import filecmp
import json
import os
import pathlib
import subprocess
import sys

EXPECTED = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(sys.argv[2]).resolve()
os.environ["HF_HOME"] = str(WORK / "home")
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ.pop("HF_TOKEN", None)

import huggingface_hub as hub  # noqa: E402  (reads the environment when it is imported)
from huggingface_hub.errors import (  # noqa: E402
    EntryNotFoundError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

API = hub.HfApi()
REPOS = sorted(str(p.relative_to(EXPECTED)) for p in EXPECTED.glob("*/*") if p.is_dir())


def files(repo):
    folder = EXPECTED / repo
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def same_folder(repo, folder):
    wanted = files(repo)
    folder = pathlib.Path(folder)
    found = sorted(
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*")
        if p.is_file() and ".cache" not in p.relative_to(folder).parts
    )
    assert found == wanted, (found, wanted)
    for name in wanted:
        assert filecmp.cmp(EXPECTED / repo / name, folder / name, shallow=False), f"{repo}/{name} differs"


def raises(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError(f"{call.__name__} did not raise {kind.__name__}")


def check_hf_hub_download():
    for repo in REPOS:
        for name in files(repo):
            path = hub.hf_hub_download(repo, name)
            assert filecmp.cmp(path, EXPECTED / repo / name, shallow=False), f"{repo}/{name} differs"
            assert pathlib.Path(hub.hf_hub_download(repo, name)).samefile(path)


def check_snapshot_download():
    for repo in REPOS:
        same_folder(repo, hub.snapshot_download(repo, local_dir=WORK / "local" / repo))
        same_folder(repo, hub.snapshot_download(repo, cache_dir=WORK / "cache"))


def check_file_system():
    fs = hub.HfFileSystem(use_listings_cache=False)
    for repo in REPOS:
        assert sorted(p[len(repo) + 1 :] for p in fs.find(repo)) == files(repo)
        for name in files(repo):
            whole = (EXPECTED / repo / name).read_bytes()
            assert fs.info(f"{repo}/{name}")["size"] == len(whole)
            assert fs.cat_file(f"{repo}/{name}") == whole
            middle = len(whole) // 2
            assert fs.cat_file(f"{repo}/{name}", start=middle, end=middle + 1000) == whole[middle : middle + 1000]
            with fs.open(f"{repo}/{name}", "rb") as stream:
                stream.seek(8)
                assert stream.read(100) == whole[8:108]
                stream.seek(max(0, len(whole) - 7))
                assert stream.read() == whole[-7:]
            with fs.open(f"{repo}/{name}", "rb", block_size=0) as stream:
                assert stream.read() == whole
                assert stream.read(1) == b""
    assert not fs.exists(f"{REPOS[0]}/none.bin")
    raises(FileNotFoundError, fs.ls, f"{REPOS[0]}/none")


def check_listing():
    for repo in REPOS:
        assert sorted(API.list_repo_files(repo)) == files(repo)
        tree = [e for e in API.list_repo_tree(repo, recursive=True, expand=True) if isinstance(e, hub.RepoFile)]
        assert sorted(e.path for e in tree) == files(repo)
        for entry in tree:
            assert entry.size == (EXPECTED / repo / entry.path).stat().st_size
            assert entry.last_commit is not None
            if entry.path.endswith(".safetensors"):
                assert entry.lfs is not None and entry.lfs.size == entry.size
        paged = [e.path for e in API.list_repo_tree(repo, recursive=True)]
        assert len(paged) == len(set(paged))
        infos = API.get_paths_info(repo, [*files(repo), "none"], expand=False)
        assert sorted(i.path for i in infos) == files(repo)
        info = API.model_info(repo, files_metadata=True)
        assert info.id == repo and len(info.sha) == 40
        assert sorted(s.rfilename for s in info.siblings) == files(repo)
        assert API.model_info(repo, revision=info.sha).sha == info.sha
        assert [b.name for b in API.list_repo_refs(repo).branches] == ["main"]
        assert API.list_repo_commits(repo)[0].commit_id == info.sha
    nested = next((r, f.rsplit("/", 1)[0]) for r in REPOS for f in files(r) if "/" in f)
    below = [e.path for e in API.list_repo_tree(nested[0], path_in_repo=nested[1])]
    assert below and all(p.startswith(nested[1] + "/") for p in below), below


def check_models():
    assert sorted(m.id for m in API.list_models()) == REPOS
    author, name = REPOS[0].split("/")
    assert REPOS[0] in [m.id for m in API.list_models(author=author)]
    assert REPOS[0] in [m.id for m in API.list_models(search=name.upper())]
    assert len(list(API.list_models(limit=1))) == 1
    assert list(API.list_models(search="no such model")) == []


def check_missing():
    repo = REPOS[0]
    raises(RepositoryNotFoundError, API.model_info, "nobody/none")
    raises(RepositoryNotFoundError, API.model_info, "none")
    raises(RepositoryNotFoundError, hub.hf_hub_download, "nobody/none", "config.json")
    raises(RepositoryNotFoundError, hub.snapshot_download, "nobody/none")
    raises(RepositoryNotFoundError, API.dataset_info, repo)
    raises(RevisionNotFoundError, API.model_info, repo, revision="none")
    raises(RevisionNotFoundError, hub.hf_hub_download, repo, files(repo)[0], revision="none")
    raises(RevisionNotFoundError, hub.hf_hub_download, repo, files(repo)[0], revision="feat/none")
    missing = raises(EntryNotFoundError, hub.hf_hub_download, repo, "none.bin")
    assert isinstance(missing, RemoteEntryNotFoundError), type(missing)
    raises(EntryNotFoundError, lambda: list(API.list_repo_tree(repo, path_in_repo="none")))
    assert API.repo_exists(repo) and not API.repo_exists("nobody/none")
    assert not API.repo_exists(repo, repo_type="dataset")
    assert API.revision_exists(repo, "main") and not API.revision_exists(repo, "none")
    assert API.file_exists(repo, files(repo)[0]) and not API.file_exists(repo, "none.bin")
    API.auth_check(repo)
    raises(RepositoryNotFoundError, API.auth_check, "nobody/none")
    refused = raises(HfHubHTTPError, API.whoami, token="hf_none")
    assert refused.response.status_code == 401


def check_safetensors():
    for repo in REPOS:
        for name in (f for f in files(repo) if f.endswith(".safetensors")):
            data = (EXPECTED / repo / name).read_bytes()
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            metadata = API.parse_safetensors_file_metadata(repo, name)
            assert set(metadata.tensors) == set(header) - {"__metadata__"}
        if "model.safetensors" in files(repo):
            assert API.get_safetensors_metadata(repo).files_metadata.keys() == {"model.safetensors"}


def check_command_line():
    hf = pathlib.Path(sys.executable).with_name("hf")
    for repo in REPOS:
        run = subprocess.run(
            [hf, "download", repo, "--local-dir", WORK / "cli" / repo], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        same_folder(repo, WORK / "cli" / repo)
        run = subprocess.run(
            [hf, "cache", "verify", repo, "--local-dir", WORK / "cli" / repo],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        run = subprocess.run(
            [hf, "cache", "verify", repo, "--cache-dir", WORK / "cache"], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr


def main():
    assert REPOS, f"nothing in {EXPECTED}"
    print(f"huggingface_hub {hub.__version__}, {len(REPOS)} repositories, {os.environ['HF_ENDPOINT']}")
    checks = [value for name, value in globals().items() if name.startswith("check_")]
    for check in checks:
        check()
        print(f"passed {check.__name__}", flush=True)


if __name__ == "__main__":
    main()

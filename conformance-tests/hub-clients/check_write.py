"""Writes to a hub with the stock huggingface_hub and its command line, and reads back what was written.

    HF_ENDPOINT=http://HOST:PORT HF_TOKEN=TOKEN python check_write.py NAMESPACE WORK

The token must be one of role write for the namespace. Stops at the first thing that isn't as it should be.
"""

import hashlib
import os
import pathlib
import random
import subprocess
import sys

NAMESPACE = sys.argv[1]
WORK = pathlib.Path(sys.argv[2])
os.environ["HF_HOME"] = str(WORK / "home")
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import huggingface_hub  # noqa: E402
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi  # noqa: E402
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError  # noqa: E402

api = HfApi()


def blob(seed, size):
    return random.Random(seed).randbytes(size)


def refused(error, call):
    try:
        call()
    except error as e:
        return e
    raise AssertionError(f"{call} was not refused")


def passed(name):
    print("passed", name, flush=True)


def check_create():
    repo = f"{NAMESPACE}/made"
    assert api.whoami()["name"] == NAMESPACE
    url = api.create_repo("made")
    assert url.repo_id == repo, url
    assert str(url).endswith(f"/{repo}"), url
    api.create_repo(repo, exist_ok=True)
    assert refused(HfHubHTTPError, lambda: api.create_repo(repo)).response.status_code == 409
    assert api.repo_exists(repo)
    assert api.list_repo_files(repo) == []
    assert refused(HfHubHTTPError, lambda: api.create_repo("somebody/else")).response.status_code == 403
    passed("check_create")


def check_upload():
    repo = f"{NAMESPACE}/made"
    data = blob(1, 3_000_000)
    (WORK / "model.safetensors").write_bytes(data)
    info = api.upload_file(
        path_or_fileobj=str(WORK / "model.safetensors"), path_in_repo="model.safetensors", repo_id=repo)
    assert len(info.oid) == 40, info
    assert api.repo_info(repo).sha == info.oid
    path = api.hf_hub_download(repo, "model.safetensors")
    assert pathlib.Path(path).read_bytes() == data
    entry = api.get_paths_info(repo, "model.safetensors")[0]
    assert entry.lfs.sha256 == hashlib.sha256(data).hexdigest(), entry
    # The same again is no new commit.
    again = api.upload_file(
        path_or_fileobj=str(WORK / "model.safetensors"), path_in_repo="model.safetensors", repo_id=repo)
    assert again.oid == info.oid, (again, info)
    folder = WORK / "folder"
    (folder / "d e").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "d e" / "größe.txt").write_text("ü")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# made\n")
    api.upload_folder(repo_id=repo, folder_path=str(folder), commit_message="a folder", commit_description="of four")
    assert sorted(api.list_repo_files(repo)) == [
        "README.md", "config.json", "d e/größe.txt", "empty.txt", "model.safetensors"]
    commits = api.list_repo_commits(repo)
    assert commits[0].title == "a folder" and commits[0].authors == [NAMESPACE], commits[0]
    assert len(commits) == 3, commits
    snapshot = pathlib.Path(api.snapshot_download(repo))
    assert (snapshot / "d e" / "größe.txt").read_text() == "ü"
    assert (snapshot / "empty.txt").read_bytes() == b""
    passed("check_upload")


def check_commit():
    repo = f"{NAMESPACE}/made"
    head = api.repo_info(repo).sha
    second = api.create_commit(
        repo, operations=[
            CommitOperationAdd("a/b.txt", b"b"), CommitOperationDelete("config.json"), CommitOperationDelete("d e/")],
        commit_message="three", parent_commit=head)
    assert sorted(api.list_repo_files(repo)) == ["README.md", "a/b.txt", "empty.txt", "model.safetensors"]
    stale = refused(HfHubHTTPError, lambda: api.create_commit(
        repo, operations=[CommitOperationAdd("x", b"x")], commit_message="late", parent_commit=head))
    assert stale.response.status_code == 412, stale
    none = refused(HfHubHTTPError, lambda: api.create_commit(
        repo, operations=[CommitOperationDelete("none")], commit_message="nothing"))
    assert none.response.status_code == 400, none
    assert api.repo_info(repo).sha == second.oid
    api.delete_file("empty.txt", repo_id=repo)
    assert not api.file_exists(repo, "empty.txt")
    passed("check_commit")


def check_ignored():
    """As the client's own tests of its folders do it: rules that are there, and rules that come along."""
    folder = WORK / "with-rules"
    (folder / "nested").mkdir(parents=True)
    (folder / "kept.txt").write_text("kept")
    (folder / "nested" / "file.bin").write_bytes(b"ignored")
    repo = f"{NAMESPACE}/ignoring"
    api.create_repo(repo)
    api.upload_file(path_or_fileobj=b"nested/*\n", path_in_repo=".gitignore", repo_id=repo)
    api.upload_folder(repo_id=repo, folder_path=str(folder))
    assert sorted(api.list_repo_files(repo)) == [".gitignore", "kept.txt"]
    (folder / ".gitignore").write_text("kept.*\n")
    api.upload_folder(repo_id=repo, folder_path=str(folder))
    assert sorted(api.list_repo_files(repo)) == [".gitignore", "kept.txt", "nested/file.bin"]
    api.delete_repo(repo)
    passed("check_ignored")


def check_refs():
    repo = f"{NAMESPACE}/made"
    first = api.repo_info(repo).sha
    api.create_branch(repo, branch="feat/x")
    assert refused(HfHubHTTPError, lambda: api.create_branch(repo, branch="feat/x")).response.status_code == 409
    api.create_branch(repo, branch="feat/x", exist_ok=True)
    api.upload_file(path_or_fileobj=b"on a branch", path_in_repo="x.txt", repo_id=repo, revision="feat/x")
    assert not api.file_exists(repo, "x.txt")
    assert api.file_exists(repo, "x.txt", revision="feat/x")
    api.create_tag(repo, tag="v1", revision="feat/x", tag_message="one")
    assert refused(HfHubHTTPError, lambda: api.create_tag(repo, tag="v1")).response.status_code == 409
    refs = api.list_repo_refs(repo)
    assert {b.name for b in refs.branches} == {"main", "feat/x"}, refs
    assert [t.name for t in refs.tags] == ["v1"], refs
    assert api.repo_info(repo).sha == first
    files = api.list_repo_files(repo)
    api.delete_branch(repo, branch="feat/x")
    assert api.file_exists(repo, "x.txt", revision="v1")
    api.super_squash_history(repo)
    assert len(api.list_repo_commits(repo)) == 1
    assert api.list_repo_files(repo) == files
    api.delete_tag(repo, tag="v1")
    refused(RevisionNotFoundError, lambda: api.repo_info(repo, revision="v1"))
    passed("check_refs")


def check_private():
    repo = f"{NAMESPACE}/secret"
    api.create_repo(repo, private=True)
    api.upload_file(path_or_fileobj=b"hidden", path_in_repo="a.txt", repo_id=repo)
    assert api.repo_info(repo).private
    nobody = HfApi(token=False)
    refused(RepositoryNotFoundError, lambda: nobody.repo_info(repo))
    assert not nobody.repo_exists(repo)
    assert repo not in [m.id for m in nobody.list_models()]
    assert repo in [m.id for m in api.list_models()]
    api.update_repo_settings(repo, private=False)
    # Another server, and the cache of this one, may go by the old settings for two seconds.
    assert nobody.file_exists(repo, "a.txt")
    api.update_repo_settings(repo, gated="auto")
    assert api.repo_info(repo).gated == "auto"
    url = huggingface_hub.hf_hub_url(repo, "a.txt")
    refused(GatedRepoError, lambda: huggingface_hub.get_hf_file_metadata(url, token=False))
    assert huggingface_hub.get_hf_file_metadata(url).size == 6
    api.delete_repo(repo)
    passed("check_private")


def check_move():
    repo = f"{NAMESPACE}/made"
    moved = f"{NAMESPACE}/moved"
    sha = api.repo_info(repo).sha
    api.move_repo(repo, moved)
    assert not api.repo_exists(repo)
    assert api.repo_info(moved).sha == sha
    assert api.repo_info(moved).id == moved
    api.upload_file(path_or_fileobj=b"later", path_in_repo="later.txt", repo_id=moved)
    assert len(api.list_repo_commits(moved)) == 2
    api.delete_repo(moved)
    assert not api.repo_exists(moved)
    refused(RepositoryNotFoundError, lambda: api.delete_repo(moved))
    api.delete_repo(moved, missing_ok=True)
    passed("check_move")


def check_command_line():
    repo = f"{NAMESPACE}/by-command"
    folder = WORK / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "weights.safetensors").write_bytes(blob(2, 500_000))
    hf = pathlib.Path(sys.executable).with_name("hf")
    subprocess.run([hf, "upload", repo, str(folder)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [hf, "download", repo, "--local-dir", str(WORK / "back")], check=True, stdout=subprocess.DEVNULL)
    assert (WORK / "back" / "weights.safetensors").read_bytes() == blob(2, 500_000)
    api.delete_repo(repo)
    passed("check_command_line")


def check_tokens():
    wrong = HfApi(token="wst_" + "x" * 34)
    assert refused(HfHubHTTPError, lambda: wrong.whoami()).response.status_code == 401
    nobody = HfApi(token=False)
    assert refused(HfHubHTTPError, lambda: nobody.create_repo(f"{NAMESPACE}/no")).response.status_code == 401
    passed("check_tokens")


print("huggingface_hub", huggingface_hub.__version__)
check_create()
check_upload()
check_commit()
check_ignored()
check_refs()
check_private()
check_move()
check_command_line()
check_tokens()
print("passed all")

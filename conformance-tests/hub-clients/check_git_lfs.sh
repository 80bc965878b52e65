#!/usr/bin/env bash
# Pushes to a hub with git and git-lfs and pulls it back elsewhere: check_git_lfs.sh http://HOST:PORT NAMESPACE TOKEN WORK
# The git repository itself is a folder, as it would be at any git host; the hub keeps its large files.
set -euo pipefail

endpoint=$1 namespace=$2 token=$3 work=$4
lfs="${endpoint/:\/\//:\/\/$namespace:$token@}/$namespace/pushed.git/info/lfs"
export HOME=$work/home GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1
mkdir -p "$HOME"
git config --global user.name test
git config --global user.email test@example.org
git config --global init.defaultBranch main
git lfs install --skip-repo >/dev/null

git init -q --bare "$work/host.git"
git init -q "$work/one"
cd "$work/one"
git lfs track '*.safetensors' >/dev/null
head -c 5000017 /dev/urandom >a.safetensors
head -c 1 /dev/urandom >b.safetensors
cp a.safetensors same.safetensors
git add .
git commit -qm one
git remote add origin "$work/host.git"
git config lfs.url "$lfs"
git lfs push origin main
git push -q origin main
# The same again sends nothing.
git lfs push origin main 2>&1 | grep -q 'Uploading' && { echo "pushed twice" >&2; exit 1; }

GIT_LFS_SKIP_SMUDGE=1 git clone -q "$work/host.git" "$work/two"
cd "$work/two"
git config lfs.url "$lfs"
git lfs pull
cmp a.safetensors "$work/one/a.safetensors"
cmp b.safetensors "$work/one/b.safetensors"
cmp same.safetensors "$work/one/same.safetensors"
echo "passed push and pull"

# A wrong password is told, and nothing comes.
GIT_LFS_SKIP_SMUDGE=1 git clone -q "$work/host.git" "$work/three"
cd "$work/three"
git config lfs.url "${endpoint/:\/\//:\/\/$namespace:wrong@}/$namespace/pushed.git/info/lfs"
if git lfs pull >out.txt 2>&1; then
    echo "pulled with a wrong password" >&2
    exit 1
fi
echo "passed refusal"

#!/usr/bin/env bash
# Downloads one version of sops, checks it against the release's SHA256SUMS, and puts it into the PATH of the steps after this one.
#   VERSION      such as 0.1.0; without it, that of this action
#   CHECKSUM     the SHA-256 that the archive must have, for those who trust no list that comes with it
#   ATTESTATION  'true': the release must have been built by the workflow of REPOSITORY (needs gh and GH_TOKEN)
#   REPOSITORY   owner/name;  BASE_URL  the folder that holds v0.1.0/SHA256SUMS, for a mirror
set +x -euo pipefail

fail() {
  printf '::error title=sops::%s\n' "$1"
  exit 1
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${VERSION:-$(sed -n 's/^ *"version": "\([^"]*\)".*/\1/p' "$here/../package.json")}
version=${version#v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail 'version is not of the form 0.1.0'
# A slip of the pen must not install what nobody looked at.
case ${ATTESTATION:-} in
  '' | true | false) ;;
  *) fail 'attestation is true or false' ;;
esac
if [[ -z ${BASE_URL:-} ]]; then
  [[ ${REPOSITORY:-} =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] || fail 'repository is not of the form owner/name'
  BASE_URL=${GITHUB_SERVER_URL:-https://github.com}/$REPOSITORY/releases/download
fi
url=${BASE_URL%/}/v$version

suffix=
case $(uname -s) in
  Linux)
    system=linux
    # Where the C library is another one, the system could not load the executable.
    getconf GNU_LIBC_VERSION > /dev/null 2>&1 || suffix=-musl
    ;;
  Darwin) system=darwin ;;
  MINGW* | MSYS* | CYGWIN*)
    system=win32
    suffix=.exe
    ;;
  *) fail "there is no executable for $(uname -s)" ;;
esac
case $(uname -m) in
  x86_64 | amd64) cpu=x64 ;;
  aarch64 | arm64) cpu=arm64 ;;
  *) fail "there is no executable for $(uname -m)" ;;
esac
archive=sops-$system-$cpu$suffix.gz

folder=$(mktemp -d "${RUNNER_TEMP:?}/sops-XXXXXX")
fetch() {
  curl --fail --silent --show-error --location --retry 3 --proto '=https,file' --proto-redir '=https' \
    --output "$folder/$1" "$url/$1" || fail "cannot download $url/$1"
}
fetch "$archive"

if [[ -n ${CHECKSUM:-} ]]; then
  wanted=$CHECKSUM
else
  fetch SHA256SUMS
  wanted=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$folder/SHA256SUMS")
fi
[[ $wanted =~ ^[0-9A-Fa-f]{64}$ ]] || fail "there is no single SHA-256 for $archive"
if command -v sha256sum > /dev/null; then found=$(sha256sum < "$folder/$archive"); else found=$(shasum -a 256 < "$folder/$archive"); fi
found=${found%% *}
[[ $found == "$(tr A-F a-f <<< "$wanted")" ]] || fail "$archive is not what was to be installed: its SHA-256 is $found, not $wanted"

if [[ ${ATTESTATION:-} == true ]]; then
  gh attestation verify "$folder/$archive" --repo "$REPOSITORY" \
    --signer-workflow "$REPOSITORY/.github/workflows/release.yml" > /dev/null ||
    fail "$archive has no attestation of $REPOSITORY"
fi

mkdir "$folder/bin"
program=$folder/bin/sops
[[ $suffix != .exe ]] || program=$program.exe
gzip -dc "$folder/$archive" > "$program"
chmod 755 "$program"
rm -f "$folder/$archive" "$folder/SHA256SUMS"
"$program" --version || fail "$archive does not run on this machine"
path=$folder/bin
if command -v cygpath > /dev/null; then path=$(cygpath -w "$path"); fi
printf '%s\n' "$path" >> "$GITHUB_PATH"

# Which Debian packages the verbs of ./eft need, and how they get installed. Sourced by ./eft.

packages_build=(cmake ninja-build g++ binutils flatbuffers-compiler flatbuffers-compiler-dev libflatbuffers-dev
    doctest-dev nlohmann-json3-dev libcapstone-dev xz-utils)
packages_test=(spin chromium chromium-driver tshark curl netcat-openbsd)
packages_run=(qemu-system-x86 e2fsprogs)
packages_faults=(gnuplot-nox)
packages_iso=(grub-common grub-pc-bin xorriso mtools)

# Where the host's own compiler does not make x86_64 code, the cross compiler does. On x86_64 it is the same program.
if [ "$(dpkg --print-architecture)" != amd64 ]; then
    packages_build+=(g++-x86-64-linux-gnu)
fi

missing_packages() {
    local package status
    for package in "$@"; do
        status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || echo "$package"
    done
}

# Installs those of the packages named that are missing; ends with status 3 if that is not wanted.
need_packages() {
    local missing as_root=()
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "eft: missing packages: ${missing[*]}" >&2
    [ "$install_packages" = yes ] || exit 3
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    {
        "${as_root[@]}" apt-get update
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
    } >&2 || fail "could not install: ${missing[*]}"
}

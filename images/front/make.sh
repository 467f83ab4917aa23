# How the verbs of ./eft make things: the two build trees, the default disk, archives and ISO images. Sourced by ./eft.

configure() {
    if [ ! -f "$host/build.ninja" ]; then
        cmake -G Ninja -S "$top" -B "$host"
    fi
    if [ ! -f "$target/build.ninja" ]; then
        cmake -G Ninja -S "$top" -B "$target" -DCMAKE_TOOLCHAIN_FILE="$top/cmake/x86_64-eft.cmake"
    fi
}

# The host tree goes first: the target tree runs its tools.
build_all() {
    configure
    cmake --build "$host"
    cmake --build "$target"
}

has_target() { ninja -C "$1" -t query "$2" >/dev/null 2>&1; }

# One target, in whichever tree it exists, and for the target tree the tools that it may run.
build_target() {
    local tool found=no
    configure
    if has_target "$host" "$1"; then
        found=yes
        cmake --build "$host" --target "$1"
    fi
    if has_target "$target" "$1"; then
        found=yes
        for tool in idlc eft-describe eft-archive; do
            if has_target "$host" "$tool"; then cmake --build "$host" --target "$tool"; fi
        done
        cmake --build "$target" --target "$1"
    fi
    [ "$found" = yes ] || fail "there is no target '$1' in build/host or build/target" 2
}

# build/disk.img, from images/disk/files and one large file whose contents nobody can guess. It is kept between runs.
make_default_disk() {
    [ ! -f "$build/disk.img" ] || return 0
    local files=$build/disk.files
    rm -rf "$files"
    cp -r "$top/images/disk/files" "$files"
    head -c 16M /dev/urandom >"$files/big.bin"
    (cd "$files" && sha256sum big.bin >big.bin.sha256)
    "$top/images/disk/make-disk" "$files" "$build/disk.img" 64
    rm -rf "$files"
}

# The boot archive with another manifest: $1 is JSON or already compiled, $2 the archive to write. What JSON names gets
# its program, if build/target has one that the boot archive is made without.
make_archive_with_manifest() {
    local manifest=$1 schema=$top/images/manifest/manifest.fbs program programs=()
    if [[ $manifest = *.json ]]; then
        [ -f "$schema" ] || fail "there is no manifest schema at $schema to compile $manifest with"
        local whole=$build/run.manifest/whole.json
        mkdir -p "$build/run.manifest"
        "$host/images/manifest/eft-manifest" "$manifest" "$whole" || fail "$manifest is not a manifest"
        flatc -b --strict-json -o "$build/run.manifest" "$schema" "$whole" || fail "$manifest is not a manifest"
        manifest=$build/run.manifest/whole.bin
        for program in "$target/boot/"*; do
            if grep -q "\"${program##*/}\"" "$whole"; then programs+=("${program##*/}=$program"); fi
        done
    fi
    "$host/images/archive/eft-archive" --output "$2" --from "$build/boot.archive" "manifest=$manifest" "${programs[@]}"
}

# A CD image $2 that boots the kernel with the archive $1 by GRUB. It takes half a second, so it is made for each run.
make_iso() {
    local kernel=$target/kernel/kernel.elf
    [ -f "$kernel" ] || fail "there is no kernel at $kernel"
    "$top/images/iso/make-iso" "$kernel" "$1" "$2"
}

# The targets of the tests whose names match the regular expression $1; all, if one has no target of its name. Those that
# the system is booted for, or that a script runs, need nothing beside what build_all makes.
test_targets() {
    local test targets=()
    while read -r test; do
        case $test in guest-*|model-*|interface-*) continue ;; esac
        if ! has_target "$host" "$test"; then
            echo eft-tests
            return
        fi
        targets+=("$test")
    done < <(ctest --test-dir "$host" -N -R "$1" | sed -n 's/^ *Test *#[0-9]*: //p')
    [ ${#targets[@]} = 0 ] || printf '%s\n' "${targets[@]}"
}

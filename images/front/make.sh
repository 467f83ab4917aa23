# How the verbs of ./eft make things: the two build trees, the default disk, archives and ISO images. Sourced by ./eft.

# On a terminal the build's progress is one line that changes. Elsewhere it is a line when a step begins, and what went
# wrong. With --verbose (verbose=yes) every command has a line.
#
# $1: a build tree; then targets, or none for all.
compile() {
    local tree=$1 options=()
    shift
    [ $# = 0 ] || options=(--target "$@")
    if [ "$verbose" = yes ]; then
        cmake --build "$tree" "${options[@]}"
    elif [ -t 1 ]; then
        NINJA_STATUS="${tree##*/} [%f/%t] " cmake --build "$tree" "${options[@]}"
    else
        echo "eft: building ${*:-everything} in ${tree#"$top"/}"
        cmake --build "$tree" "${options[@]}" -- --quiet
    fi
}

# $1: a build tree; then CMake's arguments. One that is configured is brought up to date, so that it has the tests and
# targets that the sources name now.
configure_tree() {
    local tree=$1 output
    shift
    if [ -f "$tree/build.ninja" ]; then
        output=$(ninja -C "$tree" build.ninja 2>&1) || { echo "$output" >&2; fail "cannot configure $tree"; }
    else
        output=$(cmake -G Ninja -S "$top" -B "$tree" "$@" 2>&1) || { echo "$output" >&2; fail "cannot configure $tree"; }
    fi
    [ "$verbose" = no ] || echo "$output"
}

configure() {
    configure_tree "$host"
    configure_tree "$target" -DCMAKE_TOOLCHAIN_FILE="$top/cmake/x86_64-eft.cmake"
}

# The host tree goes first: the target tree runs its tools.
build_all() {
    configure
    compile "$host"
    compile "$target"
}

# What `./eft run` needs and no more: the kernel, the boot archive, and the tools that make and boot them.
build_system() {
    configure
    compile "$host" eft-system
    compile "$target" eft-system
}

has_target() { ninja -C "$1" -t query "$2" >/dev/null 2>&1; }

# One target, in whichever tree it exists, and for the target tree the tools that it may run.
build_target() {
    local found=no
    configure
    if has_target "$host" "$1"; then
        found=yes
        compile "$host" "$1"
    fi
    if has_target "$target" "$1"; then
        found=yes
        compile "$host" eft-build-tools
        compile "$target" "$1"
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

# The boot archive with another manifest: $1 is JSON or already compiled, $2 the archive to write. Programs that JSON names
# are built, also those that the boot archive is made without.
make_archive_with_manifest() {
    local manifest=$1 schema=$top/images/manifest/manifest.fbs name programs=() targets=()
    if [[ $manifest = *.json ]]; then
        [ -f "$schema" ] || fail "there is no manifest schema at $schema to compile $manifest with"
        local whole=$build/run.manifest/whole.json
        mkdir -p "$build/run.manifest"
        "$host/images/manifest/eft-manifest" "$manifest" "$whole" || fail "$manifest is not a manifest"
        flatc -b --strict-json -o "$build/run.manifest" "$schema" "$whole" || fail "$manifest is not a manifest"
        manifest=$build/run.manifest/whole.bin
        for name in $(ninja -C "$target" -t targets all | sed -n 's/^\([^ /]*\)\.stripped: phony$/\1/p'); do
            if grep -q "\"$name\"" "$whole"; then programs+=("$name=$target/boot/$name") targets+=("$name.stripped"); fi
        done
        [ ${#targets[@]} = 0 ] || compile "$target" "${targets[@]}"
    fi
    "$host/images/archive/eft-archive" --output "$2" --from "$build/boot.archive" "manifest=$manifest" "${programs[@]}"
}

# A CD image $2 that boots the kernel with the archive $1 by GRUB. It takes half a second, so it is made for each run.
make_iso() {
    local kernel=$target/kernel/kernel.elf
    [ -f "$kernel" ] || fail "there is no kernel at $kernel"
    "$top/images/iso/make-iso" "$kernel" "$1" "$2"
}

# The tests whose names match the regular expression $1, and that have the label $2 if there is one.
list_tests() { ctest --test-dir "$host" -N -R "$1" ${2:+-L "$2"} | sed -n 's/^ *Test *#[0-9]*: //p'; }

# The targets of these tests; all, if one has no target of its name. Tests that a script runs need only the tools, and
# those that boot archives of their own, which have no target either, the target tree.
test_targets() {
    local test targets=()
    while read -r test; do
        case $test in guest-*) targets+=(eft-guest-test); continue ;; model-*|interface-*) continue ;;
            fuzz-json|fuzz-long-json) targets+=(fuzz-rpc); continue ;; fuzz-*) targets+=(fuzz-interfaces); continue ;; esac
        if ! has_target "$host" "$test"; then
            echo eft-tests
            return
        fi
        targets+=("$test")
    done < <(list_tests "$1")
    [ ${#targets[@]} = 0 ] || printf '%s\n' "${targets[@]}" | sort -u
}

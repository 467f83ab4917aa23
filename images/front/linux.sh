# The Linux that `./eft bench` measures Eft's network beside, and that tests have as a peer: Debian's kernel for virtual machines
# with one program in it (tools/bench/linux, tests/system/linux). It is downloaded and unpacked into build/linux, not installed.
# Sourced by ./eft.

linux_packages=(cpio)
# The drivers of QEMU's card, who needs another behind it.
linux_modules=(virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net)

# $1: the target in the host tree that is its program; $2: what is not done without it.
make_linux() {
    local folder=$build/linux program=$1 name number=10 found
    if [ ! -f "$folder/vmlinuz" ]; then
        name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
        [ -n "$name" ] || { echo "eft: apt does not know linux-image-cloud-amd64; $2" >&2; return; }
        echo "eft: downloading $name" >&2
        rm -rf "$folder" && mkdir -p "$folder/package"
        (cd "$folder" && apt-get download -q "$name") >&2 || { echo "eft: $2" >&2; return; }
        dpkg-deb -x "$folder"/*.deb "$folder/package"
        cp "$folder"/package/boot/vmlinuz-* "$folder/vmlinuz"
    fi
    rm -rf "$folder/files" && mkdir -p "$folder/files/modules"
    for name in "${linux_modules[@]}"; do
        found=$(find "$folder/package/lib/modules" -name "$name.ko")
        [ -z "$found" ] || cp "$found" "$folder/files/modules/$((number++))-$name.ko"
    done
    compile "$host" "$program"
    cp "$(find "$host" -type f -name "$program")" "$folder/files/init"
    (cd "$folder/files" && find . | cpio --quiet -o -H newc) >"$folder/$program.initrd"
}

# The Linux that `./eft bench` measures Eft's network beside: Debian's kernel for virtual machines with one program in it
# (tools/bench/linux). It is downloaded and unpacked into build/linux, not installed. Sourced by ./eft.

linux_packages=(cpio)
# The drivers of QEMU's card, who needs another behind it.
linux_modules=(virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net)

make_linux() {
    local folder=$build/linux name number=10 found
    if [ ! -f "$folder/vmlinuz" ]; then
        name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
        [ -n "$name" ] || { echo "eft: apt does not know linux-image-cloud-amd64; Linux is not measured" >&2; return; }
        echo "eft: downloading $name" >&2
        rm -rf "$folder" && mkdir -p "$folder/package"
        (cd "$folder" && apt-get download -q "$name") >&2 || { echo "eft: Linux is not measured" >&2; return; }
        dpkg-deb -x "$folder"/*.deb "$folder/package"
        cp "$folder"/package/boot/vmlinuz-* "$folder/vmlinuz"
    fi
    rm -rf "$folder/files" && mkdir -p "$folder/files/modules"
    for name in "${linux_modules[@]}"; do
        found=$(find "$folder/package/lib/modules" -name "$name.ko")
        [ -z "$found" ] || cp "$found" "$folder/files/modules/$((number++))-$name.ko"
    done
    compile "$host" bench-linux-services
    cp "$host/tools/bench/bench-linux-services" "$folder/files/init"
    (cd "$folder/files" && find . | cpio --quiet -o -H newc) >"$folder/initrd"
}

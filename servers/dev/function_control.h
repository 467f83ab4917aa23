// What dev does to an assigned PCI function: takes it over with everything off, points its interrupts at messages,
// switches bus mastering, and makes it quiet when its driver has died.
#pragma once

#include <servers/dev/assignment.h>

namespace eft::dev {

// More than any device that answers takes: QEMU's reset ends within the write.
constexpr u32 kResetLooks = 100'000;

template <World W>
class FunctionControl {
public:
    using Own = OwnRegisters;

    explicit FunctionControl(W& world) : world_(world) {}

    // Interrupts masked, bus mastering off, windows decoded. NotSupported: its MSI-X tables lie outside its windows.
    Result<Own> take_over(const Device& device) {
        Own own;
        EFT_TRY(const hw::Mmio configuration, world_.function(device.function.address));
        own.configuration = configuration;
        bool has_ports = false;
        for (const Bar& bar : device.bars) has_ports |= !bar.is_memory();
        set_decoding(configuration, {.memory = true, .io = has_ports, .bus_master = false});
        EFT_TRY(own.msix, pci::find_msix(configuration));
        if (own.msix) {
            EFT_CHECK(map_table(device, own));
        } else {
            EFT_TRY(own.msi, pci::find_msi(configuration));
            if (own.msi) pci::disable_msi(configuration, *own.msi);
        }
        if (virtio::is_virtio(device.function.vendor, device.function.device)) {
            if (Status mapped = map_common(device, own); !mapped.ok()) {
                give_back(own);
                return mapped.error();
            }
        }
        return own;
    }

    void give_back(Own& own) {
        if (own.interrupt_table) world_.unmap_registers(*own.interrupt_table);
        if (own.virtio_common) world_.unmap_registers(*own.virtio_common);
        own = {};
    }

    // Interrupt `index`, below own.messages(), sends this message from now on.
    Status set_message(Own& own, u16 index, const Message& message) {
        if (!own.msix) return pci::set_msi(*own.configuration, *own.msi, message.address, message.data);
        pci::set_entry(*own.interrupt_table, index, message.address, message.data);
        pci::set_msix(*own.configuration, *own.msix, true, false);
        return {};
    }

    void set_bus_master(const Device& device, Own& own, bool enabled) {
        bool has_ports = false;
        for (const Bar& bar : device.bars) has_ports |= !bar.is_memory();
        set_decoding(*own.configuration, {.memory = true, .io = has_ports, .bus_master = enabled});
    }

    // None: the device has reported that no memory is in its hands any more. A kind of device that dev cannot reset
    // keeps what it was given, so `touched_memory` decides for those.
    Status silence(Own& own, bool touched_memory) {
        EFT_CHECK(quiesce(*own.configuration));
        if (own.interrupt_table) mask_all(own);
        if (own.virtio_common) return virtio_reset(*own.configuration, *own.virtio_common, hw::Looks{kResetLooks});
        return touched_memory ? Status(Error::TimedOut) : Status();
    }

private:
    Status map_table(const Device& device, Own& own) {
        if (!tables_lie_in_bars(device.bars, *own.msix)) return Error::NotSupported;
        const Bar& bar = *find_bar(device.bars, own.msix->table_bar);
        const Pages pages = table_pages(*own.msix);
        const u64 base = page_down(bar.address);
        EFT_TRY(const hw::Mmio table, world_.map_registers(base + pages.start, pages.bytes(), bar.address - base + own.msix->table_offset - pages.start,
                                                      own.msix->table_length()));
        own.interrupt_table = table;
        mask_all(own);
        return {};
    }

    void mask_all(Own& own) {
        for (u16 entry = 0; entry < own.msix->entries; ++entry) pci::mask_entry(*own.interrupt_table, entry);
    }

    // The register that resets a virtio device, in the same object that the driver may get.
    Status map_common(const Device& device, Own& own) {
        virtio::BarLengths lengths{};
        for (const Bar& bar : device.bars)
            if (bar.is_memory() && bar.address != 0) lengths[bar.index] = bar.length;
        EFT_TRY(const virtio::Layout layout, virtio::find_layout(*own.configuration, lengths));
        const Bar& bar = *find_bar(device.bars, layout.common.bar);
        const Pages pages = driver_pages(bar, own.msix ? &*own.msix : nullptr);
        const u64 base = page_down(bar.address), offset = bar.address - base + layout.common.offset;
        if (offset < pages.start || offset + layout.common.length > pages.end) return Error::NotSupported;
        EFT_TRY(const hw::Mmio common, world_.map_registers(base + pages.start, pages.bytes(), offset - pages.start, layout.common.length));
        own.virtio_common = common;
        return {};
    }

    W& world_;
};

}  // namespace eft::dev

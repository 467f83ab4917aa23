#include <servers/dev/function_control.h>

#include <algorithm>

namespace eft::dev {

namespace {

bool has_ports(const Device& device) {
    for (const Bar& bar : device.bars)
        if (!bar.is_memory()) return true;
    return false;
}

}  // namespace

Result<OwnRegisters> FunctionControl::take_over(const Device& device, const AssignedDevice& assignment) { return map_all(device, assignment, false); }

Result<OwnRegisters> FunctionControl::map_again(const Device& device, const AssignedDevice& assignment) { return map_all(device, assignment, true); }

Result<OwnRegisters> FunctionControl::map_all(const Device& device, const AssignedDevice& assignment, bool as_it_is) {
    OwnRegisters own;
    if (const Status mapped = map_all(device, assignment, as_it_is, own); !mapped.ok()) {
        give_back(own);
        return mapped.error();
    }
    return own;
}

Status FunctionControl::map_all(const Device& device, const AssignedDevice& assignment, bool as_it_is, OwnRegisters& own) {
    EFT_TRY(own.configuration, space_.map(device.function.address));
    const pci::Configuration configuration = *own.configuration;
    if (as_it_is) {
        const auto command = hw::read<pci::Command>(configuration);
        own.bus_master = command.has<pci::Command::BusMaster>();
        own.line = !command.has<pci::Command::InterruptDisable>();
    } else {
        write_command(device, own);
    }
    EFT_TRY(own.msix, pci::find_msix(configuration));
    if (own.msix) {
        EFT_CHECK(map_table(device, own));
        if (!as_it_is) mask_all(own);
    } else {
        EFT_TRY(own.msi, pci::find_msi(configuration));
        if (own.msi && !as_it_is) pci::disable_msi(configuration, *own.msi);
    }
    if (virtio::is_virtio(device.function.vendor, device.function.device)) return map_common(device, own);
    const std::span reset(assignment.reset.begin(), assignment.reset.end());
    if (!reset.empty()) return map_reset(device, own, reset, assignment.reset_window);
    EFT_TRY(own.express, find_function_reset(configuration));
    return {};
}

void FunctionControl::give_back(OwnRegisters& own) {
    if (own.interrupt_table) memory_.unmap_registers(*own.interrupt_table);
    if (own.virtio_common) memory_.unmap_registers(*own.virtio_common);
    if (own.reset_registers) memory_.unmap_registers(*own.reset_registers);
    if (own.configuration) space_.unmap(*own.configuration);
    own.interrupt_table.reset();
    own.virtio_common.reset();
    own.reset_registers.reset();
    own.configuration.reset();
}

Status FunctionControl::set_message(OwnRegisters& own, u16 index, const kernel_object::IrqMessage& message) {
    if (!own.msix) return pci::set_msi(*own.configuration, *own.msi, message.address, message.data);
    pci::set_entry(*own.interrupt_table, index, message.address, message.data);
    pci::set_msix(*own.configuration, *own.msix, true, false);
    return {};
}

void FunctionControl::set_bus_master(const Device& device, OwnRegisters& own, bool enabled) {
    own.bus_master = enabled;
    write_command(device, own);
}

bool FunctionControl::set_line(const Device& device, OwnRegisters& own, bool enabled) {
    own.line = enabled;
    write_command(device, own);
    return hw::read<pci::Command>(*own.configuration).has<pci::Command::InterruptDisable>() != enabled;
}

bool FunctionControl::is_requesting(const OwnRegisters& own) const {
    return hw::read<pci::DeviceStatus>(*own.configuration).has<pci::DeviceStatus::InterruptStatus>();
}

void FunctionControl::write_command(const Device& device, const OwnRegisters& own) {
    set_decoding(*own.configuration, {.memory = true, .io = has_ports(device), .bus_master = own.bus_master, .line = own.line});
}

Status FunctionControl::silence(OwnRegisters& own, bool touched_memory) {
    own.bus_master = own.line = false;
    quiesce(*own.configuration, own.msix, own.msi);
    if (own.interrupt_table) mask_all(own);
    if (own.virtio_common) return virtio_reset(*own.configuration, *own.virtio_common, hw::Looks{kResetLooks});
    if (own.reset_registers) {
        const std::span writes(own.own_reset.begin(), own.own_reset.end());
        return own_reset(*own.configuration, *own.reset_registers, writes, hw::Looks{kResetLooks});
    }
    if (!touched_memory) return {};
    return own.express ? Error::Busy : Error::TimedOut;
}

void FunctionControl::begin_reset(const OwnRegisters& own) { begin_function_reset(*own.configuration, *own.express, hw::Looks{kResetLooks}); }

// The interrupt table is as the reset has left it: masked (PCI Local Bus 3.0, 6.8.2).
Status FunctionControl::finish_reset(OwnRegisters& own, const SavedHeader& saved) {
    const Status finished = finish_function_reset(*own.configuration, saved, hw::Looks{kResetLooks});
    if (!finished.ok()) own.express.reset();
    return finished;
}

// Its registers are the driver's, too: they lie in the same object.
Status FunctionControl::map_reset(const Device& device, OwnRegisters& own, std::span<const RegisterWrite> reset, u32 window) {
    const Bar* bar = find_bar(device.bars, window);
    if (!bar || !bar->is_memory() || bar->address == 0) return Error::NotSupported;
    const Pages pages = driver_pages(*bar, own.msix ? &*own.msix : nullptr);
    const u64 base = page_down(bar->address), lead = bar->address - base;
    const auto [first, last] = std::ranges::minmax(reset, {}, &RegisterWrite::offset);
    const u64 start = lead + first.offset, end = lead + last.offset + sizeof(u32);
    if (start < pages.start || end > pages.end) return Error::NotSupported;
    for (const RegisterWrite& write : reset) {
        if (write.offset % sizeof(u32) != 0) return Error::NotSupported;
        EFT_CHECK(own.own_reset.push({write.offset - first.offset, write.value, write.until_clear}));
    }
    EFT_TRY(const hw::Mmio registers, memory_.map_registers(base + pages.start, pages.bytes(), start - pages.start, end - start));
    own.reset_registers = registers;
    return {};
}

Status FunctionControl::map_table(const Device& device, OwnRegisters& own) {
    if (!tables_lie_in_bars(device.bars, *own.msix)) return Error::NotSupported;
    const Bar& bar = *find_bar(device.bars, own.msix->table_bar);
    const Pages pages = table_pages(*own.msix);
    const u64 base = page_down(bar.address);
    EFT_TRY(const hw::Mmio table, memory_.map_registers(base + pages.start, pages.bytes(), bar.address - base + own.msix->table_offset - pages.start,
                                                  own.msix->table_length()));
    own.interrupt_table = table;
    return {};
}

void FunctionControl::mask_all(OwnRegisters& own) {
    for (u16 entry = 0; entry < own.msix->entries; ++entry) pci::mask_entry(*own.interrupt_table, entry);
}

// The register that resets a virtio device, in the same object that the driver may get.
Status FunctionControl::map_common(const Device& device, OwnRegisters& own) {
    virtio::BarLengths lengths{};
    for (const Bar& bar : device.bars)
        if (bar.is_memory() && bar.address != 0) lengths[bar.index] = bar.length;
    EFT_TRY(const virtio::Layout layout, virtio::find_layout(*own.configuration, lengths));
    const Bar& bar = *find_bar(device.bars, layout.common.bar);
    const Pages pages = driver_pages(bar, own.msix ? &*own.msix : nullptr);
    const u64 base = page_down(bar.address), offset = bar.address - base + layout.common.offset;
    if (offset < pages.start || offset + layout.common.length > pages.end) return Error::NotSupported;
    EFT_TRY(const hw::Mmio common, memory_.map_registers(base + pages.start, pages.bytes(), offset - pages.start, layout.common.length));
    own.virtio_common = common;
    return {};
}

}  // namespace eft::dev

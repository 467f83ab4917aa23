// The host's machine: a record of everything that the kernel asks of it.
#include <arch/debug.h>
#include <arch/direct_map.h>
#include <arch/interrupts.h>
#include <arch/page_table.h>
#include <arch/ports.h>

#include <arch/arena.h>
#include <arch/record.h>

#include <algorithm>

namespace eft::kernel::arch {

Record& record() {
    static Record instance;
    return instance;
}

bool Record::is_protected(PhysAddr page) const {
    return std::find(protected_pages.begin(), protected_pages.end(), page_down(page.value())) != protected_pages.end();
}

void debug_print(char character) { record().printed += character; }

void protect_direct_map(PhysAddr page) {
    record().protected_pages.push_back(page_down(page.value()));
    record().add(Action::Protect, page_down(page.value()));
}

void unprotect_direct_map(PhysAddr page) {
    const u64 address = page_down(page.value());
    unpoison(PhysAddr(address), kPageSize);
    if (std::erase(record().protected_pages, address) != 0) record().add(Action::Unprotect, address);
}

void mask_line(u32 line) {
    record().lines.at(line).masked = true;
    record().add(Action::MaskLine, line);
}

void unmask_line(u32 line) {
    record().lines.at(line).masked = false;
    record().add(Action::UnmaskLine, line);
}

void set_line_mode(u32 line, bool level, bool active_low) {
    record().lines.at(line).level = level;
    record().lines.at(line).active_low = active_low;
    record().add(Action::LineMode, line, u64{level} | u64{active_low} << 1);
}

bool is_level(u32 line) { return record().lines.at(line).level; }
u64 message_address() { return 0xfee0'0000; }
u32 message_data(u32 number) { return 0x4000 + number; }

u32 port_in(u16 port, unsigned width) {
    record().add(Action::PortIn, port, width);
    return record().port_value;
}

void port_out(u16 port, unsigned width, u32 value) { record().add(Action::PortOut, port, u64{width} << 32 | value); }

void install_kernel_entries(PageEntry* root) {
    for (unsigned i = kUserRootEntries; i < kTableEntries; ++i) new (&root[i]) PageEntry(kernel_entry(i));
}

void flush_page(PhysAddr root, u64 address) {
    record().add(Action::FlushPage, root.value(), address);
    if (record().flushed) record().flushed(root.value(), address);
}
void flush_all(PhysAddr root) {
    record().add(Action::FlushAll, root.value());
    if (record().flushed) record().flushed(root.value(), Record::kAllPages);
}
void leave_space(PhysAddr root) {
    record().add(Action::LeaveSpace, root.value());
    if (record().flushed) record().flushed(root.value(), Record::kAllPages);
}

}  // namespace eft::kernel::arch

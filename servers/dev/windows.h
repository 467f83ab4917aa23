// Which part of a base address register's window a driver may have: never a page of the MSI-X table, because who can
// write that table can send any interrupt to any core.
#pragma once

#include <drivers/pci/msix.h>
#include <servers/dev/pci_bars.h>

namespace eft::dev {

// [start, end), relative to the BAR, in whole pages.
struct Pages {
    u64 start = 0;
    u64 end = 0;
    bool empty() const { return start >= end; }
    u64 bytes() const { return end - start; }
};

// Null: the function has no such window in memory.
const Bar* find_bar(const Bars& bars, u32 index);
// The MSI-X tables must lie in memory BARs that the function has (PCI Local Bus 3.0, 6.8.2).
bool tables_lie_in_bars(const Bars& bars, const pci::MsixCapability& msix);
// The pages of the MSI-X table itself.
Pages table_pages(const pci::MsixCapability& msix);
// What of this BAR may be given away. BARs of less than a page take a whole one. `msix` null: the function has none.
Pages driver_pages(const Bar& bar, const pci::MsixCapability* msix);

}  // namespace eft::dev

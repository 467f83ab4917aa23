#include <servers/dev/windows.h>

#include <algorithm>

namespace eft::dev {

const Bar* find_bar(const Bars& bars, u32 index) {
    for (const Bar& bar : bars)
        if (bar.index == index && bar.is_memory() && bar.address != 0) return &bar;
    return nullptr;
}

static bool lies_in(const Bar* bar, u64 offset, u64 length) {
    return bar && offset <= bar->length && length <= bar->length - offset;
}

bool tables_lie_in_bars(const Bars& bars, const pci::MsixCapability& msix) {
    return lies_in(find_bar(bars, msix.table_bar), msix.table_offset, msix.table_length()) &&
           lies_in(find_bar(bars, msix.pending_bar), msix.pending_offset, msix.pending_length());
}

Pages table_pages(const pci::MsixCapability& msix) {
    return {page_down(msix.table_offset), page_up(u64{msix.table_offset} + msix.table_length())};
}

// The larger of the two pieces that taking `hole` out leaves.
static Pages without(Pages whole, Pages hole) {
    if (hole.empty() || hole.end <= whole.start || hole.start >= whole.end) return whole;
    const Pages below{whole.start, std::max(whole.start, hole.start)}, above{std::min(whole.end, hole.end), whole.end};
    return below.bytes() >= above.bytes() ? below : above;
}

Pages driver_pages(const Bar& bar, const pci::MsixCapability* msix) {
    Pages pages{0, page_up(bar.address + bar.length) - page_down(bar.address)};
    if (!msix) return pages;
    if (msix->table_bar == bar.index) pages = without(pages, table_pages(*msix));
    if (msix->pending_bar == bar.index)
        pages = without(pages, {page_down(msix->pending_offset), page_up(u64{msix->pending_offset} + msix->pending_length())});
    return pages;
}

}  // namespace eft::dev

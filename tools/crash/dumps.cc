#include "dumps.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace eft::crash {
namespace {

// The text ends within its field, and can be printed. Of what nobody wrote there may be anything.
template <std::size_t N>
bool is_text(const char (&field)[N], bool may_be_empty = true) {
    const auto end = std::find(std::begin(field), std::end(field), '\0');
    if (end == std::end(field) || (end == field && !may_be_empty)) return false;
    return std::all_of(std::begin(field), end, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_sound(const CrashDump& dump) {
    if (dump.magic != kCrashDumpMagic || dump.ticks_per_ms == 0) return false;
    if (dump.capability_count > kDumpedCapabilities || dump.message_count > kTraceEntries) return false;
    if (!is_text(dump.name, false) || !is_text(dump.program, false) || !is_text(dump.note)) return false;
    const std::span held = std::span(dump.capabilities).first(dump.capability_count);
    return std::ranges::all_of(held, [](const DumpedCapability& cap) { return is_text(cap.name) && is_text(cap.peer); });
}

}  // namespace

std::vector<CrashDump> find_dumps(std::span<const std::byte> memory) {
    std::vector<CrashDump> found;
    for (std::size_t page = 0; page + sizeof(CrashDump) <= memory.size(); page += kPageSize) {
        u64 magic;
        std::memcpy(&magic, memory.data() + page, sizeof magic);
        if (magic != kCrashDumpMagic) continue;
        CrashDump dump;
        std::memcpy(&dump, memory.data() + page, sizeof dump);
        if (is_sound(dump)) found.push_back(dump);
    }
    std::vector<std::size_t> order(found.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t each) { return found[each].record.died_at; });
    std::vector<CrashDump> sorted;
    for (const std::size_t each : order) sorted.push_back(found[each]);
    return sorted;
}

}  // namespace eft::crash

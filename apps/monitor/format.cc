#include "monitor/format.h"

#include <eft/json.h>
#include <eft/text.h>

#include <algorithm>

namespace eft::monitor {
namespace {

using Text = FixedText<512>;

std::string done(const Text& text) { return std::string(text.view()); }

struct Date {
    std::int64_t year;
    unsigned month, day;
};

// The civil calendar from days since 1970: years begin in March, so that the leap day is the last (H. Hinnant,
// "chrono-Compatible Low-Level Date Algorithms").
constexpr Date date_of(std::int64_t days) {
    days += 719'468;
    const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const unsigned day_of_era = static_cast<unsigned>(days - era * 146'097);
    const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned shifted = (5 * day_of_year + 2) / 153;
    const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
    return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month,
            day_of_year - (153 * shifted + 2) / 5 + 1};
}

std::string_view process_state_text(proc::ProcessState state) {
    switch (state) {
        case proc::ProcessState::Running: return "running";
        case proc::ProcessState::Blocked: return "blocked";
        case proc::ProcessState::Dead: return "dead";
        case proc::ProcessState::None: break;
    }
    return "-";
}

}  // namespace

std::string mode_text(u16 mode) {
    constexpr std::string_view kTypes = "?pc?d?b?-?l?s???";
    std::string text(1, kTypes[mode >> 12]);
    for (int shift = 6; shift >= 0; shift -= 3) {
        const unsigned bits = mode >> shift & 7u;
        const bool special = mode >> (9 + shift / 3) & 1;  // set-user-id, set-group-id, sticky
        text += bits & 4 ? 'r' : '-';
        text += bits & 2 ? 'w' : '-';
        const char plain = shift == 0 ? 't' : 's';
        if (special) text += bits & 1 ? plain : static_cast<char>(plain - 'a' + 'A');
        else text += bits & 1 ? 'x' : '-';
    }
    return text;
}

std::string date_text(std::int64_t seconds) {
    constexpr std::int64_t kDay = 24 * 60 * 60;
    const std::int64_t days = (seconds >= 0 ? seconds : seconds - (kDay - 1)) / kDay;
    const std::int64_t rest = seconds - days * kDay;
    const Date date = date_of(days);
    Text text;
    text.decimal(date.year, 4, '0').append('-').decimal(date.month, 2, '0').append('-').decimal(date.day, 2, '0');
    text.append(' ').decimal(rest / 3600, 2, '0').append(':').decimal(rest / 60 % 60, 2, '0').append(':').decimal(rest % 60, 2, '0');
    return done(text);
}

std::string_view type_text(file::FileType type) {
    switch (type) {
        case file::FileType::Regular: return "regular file";
        case file::FileType::Directory: return "directory";
        case file::FileType::Symlink: return "symbolic link";
        case file::FileType::CharacterDevice: return "character device";
        case file::FileType::BlockDevice: return "block device";
        case file::FileType::Fifo: return "fifo";
        case file::FileType::Socket: return "socket";
        case file::FileType::Damaged: return "damaged";
        case file::FileType::Unknown: break;
    }
    return "unknown";
}

namespace {

bool is_device(const file::Attributes& attributes) {
    return attributes.type == file::FileType::CharacterDevice || attributes.type == file::FileType::BlockDevice;
}
FixedText<32> size_column(const file::Attributes& attributes) {
    FixedText<32> text;
    if (is_device(attributes)) text.decimal(attributes.device_major).append(", ").decimal(attributes.device_minor);
    else text.decimal(attributes.size);
    return text;
}
std::string link_text(std::string_view name, std::string_view target) {
    std::string text = terminal_text(name);
    if (!target.empty()) text.append(" -> ").append(terminal_text(target));
    return text;
}

}  // namespace

void Widths::fit(const file::Attributes& attributes) {
    const auto digits = [](u64 number) { return FixedText<24>().decimal(number).view().size(); };
    links = std::max(links, digits(attributes.links));
    uid = std::max(uid, digits(attributes.uid));
    gid = std::max(gid, digits(attributes.gid));
    size = std::max(size, size_column(attributes).view().size());
}

std::string long_line(const file::Attributes& attributes, const Widths& widths, std::string_view name, std::string_view target) {
    Text text;
    text.append(mode_text(attributes.mode)).append(' ').decimal(attributes.links, widths.links).append(' ');
    text.decimal(attributes.uid, widths.uid).append(' ').decimal(attributes.gid, widths.gid).append(' ');
    text.right(size_column(attributes), widths.size).append(' ');
    text.append(date_text(attributes.modified).substr(0, 16)).append(' ');
    return done(text).append(link_text(name, target));
}

std::string stat_text(std::string_view path, const file::Attributes& attributes, std::string_view target) {
    Text text;
    text.append("\n  Size: ").decimal(attributes.size).append("  Sectors: ").decimal(attributes.sectors);
    text.append("  Type: ").append(type_text(attributes.type));
    if (is_device(attributes)) text.append("  Device: ").append(size_column(attributes));
    text.append("\n Inode: ").decimal(attributes.inode).append("  Links: ").decimal(attributes.links);
    text.append("\n  Mode: ").append(mode_text(attributes.mode)).append("  Uid: ").decimal(attributes.uid);
    text.append("  Gid: ").decimal(attributes.gid);
    text.append("\nAccess: ").append(date_text(attributes.accessed));
    text.append("\nModify: ").append(date_text(attributes.modified));
    text.append("\nChange: ").append(date_text(attributes.changed)).append('\n');
    return std::string("  File: ").append(link_text(path, target)).append(text.view());
}

std::string service_header() { return "NAME             KIND    STATE         PID  INCARNATION  RESTARTS  RECOVERY_US\n"; }

std::string service_line(const rs::ServiceLine& service) {
    Text text;
    text.left(service.name, 16).append(' ').left(kind_text(service.kind), 7).append(' ').left(state_text(service.state), 11);
    text.append(' ').decimal(service.pid, 5).append("  ").decimal(service.incarnation, 11).append("  ");
    text.decimal(service.restarts, 8).append("  ");
    // Never recovered is no time.
    if (service.last_recovery_us == 0) text.right("-", 11);
    else text.decimal(service.last_recovery_us, 11);
    text.append('\n');
    return done(text);
}

std::string change_text(const rs::ChangedEvent& change) {
    FixedText<255> text;
    if (change.missed != 0) text.append("(").decimal(change.missed).append(" changes were missed)\n");
    FixedText<7> fraction;
    fraction.decimal(1'000'000 + change.at_us % 1'000'000);
    text.decimal(change.at_us / 1'000'000).append('.').append(std::string_view(fraction).substr(1));
    text.append(' ').append(change.name).append(": ");
    if (!change.reason.empty()) text.append("died, ").append(change.reason).append("; ");
    text.append(state_text(change.state)).append(", incarnation ").decimal(change.incarnation).append('\n');
    return std::string(text.view());
}

std::string process_header() { return "  PID PARENT NAME             STATE    MEMORY_KIB     CPU_MS\n"; }

std::string process_line(const proc::ProcessLine& process) {
    Text text;
    text.decimal(process.pid, 5).append(' ').decimal(process.parent, 6).append(' ').left(process.name, 16).append(' ');
    text.left(process_state_text(process.state), 8).append(' ');
    if (process.pages == 0) text.right("-", 10).append(' ').right("-", 10);  // not known
    else text.decimal(u64{process.pages} * 4, 10).append(' ').decimal(process.processor_us / 1000, 10);
    text.append('\n');
    return done(text);
}

std::string file_system_text(const file::FileSystemState& state) {
    Text text;
    const u64 used = state.free_blocks < state.blocks ? state.blocks - state.free_blocks : 0;  // a disk may say anything
    const u64 kib = state.block_size / 1024;
    text.append("FILESYSTEM         SIZE_KIB    USED_KIB    FREE_KIB  USED%  MOUNTED ON\n");
    text.left(state.volume_name.empty() ? state.kind : state.volume_name, 16).append(' ');
    text.decimal(state.blocks * kib, 10).append("  ").decimal(used * kib, 10).append("  ").decimal(state.available_blocks * kib, 10);
    text.append("  ").decimal(state.blocks == 0 ? 0 : used * 100 / state.blocks, 4).append("%  /\n");
    return done(text);
}

std::string memory_text(const mem::Usage& usage) {
    Text text;
    text.append("           TOTAL_KIB    USED_KIB    FREE_KIB\nmemory    ").decimal(usage.total * 4, 10).append("  ");
    text.decimal((usage.total - usage.free) * 4, 10).append("  ").decimal(usage.free * 4, 10);
    text.append("\nslots ").decimal(usage.slots).append(", spaces ").decimal(usage.spaces).append(", objects ");
    text.decimal(usage.objects).append('\n');
    return done(text);
}

std::string uptime_text(u64 nanoseconds) {
    const u64 seconds = nanoseconds / 1'000'000'000;
    Text text;
    text.append("up ").decimal(seconds / 3600).append(':').decimal(seconds / 60 % 60, 2, '0').append(':');
    text.decimal(seconds % 60, 2, '0').append('.').decimal(nanoseconds / 1'000'000 % 1000, 3, '0').append('\n');
    return done(text);
}

}  // namespace eft::monitor

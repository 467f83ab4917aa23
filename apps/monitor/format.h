// What commands print, as text: lines of tables, attributes, times.
#pragma once

#include <eft/service_words.h>

#include <eft/idl/file.h>
#include <eft/idl/mem.h>
#include <eft/idl/proc.h>
#include <eft/idl/rs.h>

#include <string>
#include <string_view>

namespace eft::monitor {

// "-rw-r--r--", as ls -l has it.
std::string mode_text(u16 mode);
// "2026-01-01 00:00:00", UTC.
std::string date_text(std::int64_t seconds_since_1970);
std::string_view type_text(file::FileType type);
// How wide the columns of ls -l are, in characters.
struct Widths {
    std::size_t links = 1, uid = 1, gid = 1, size = 1;
    // Makes room for this file's numbers.
    void fit(const file::Attributes& attributes);
};
// One line of ls -l, without its end; a device has its numbers in place of a size. `target` is a link's. Names are escaped.
std::string long_line(const file::Attributes& attributes, const Widths& widths, std::string_view name, std::string_view target = {});
// All that stat prints.
std::string stat_text(std::string_view path, const file::Attributes& attributes, std::string_view target = {});

std::string service_header();
std::string service_line(const rs::ServiceLine& service);
// "12.345678 echo: up, incarnation 2", and why it died; before it a line about changes that were missed.
std::string change_text(const rs::ChangedEvent& change);
std::string process_header();
std::string process_line(const proc::ProcessLine& process);
std::string file_system_text(const file::FileSystemState& state);
std::string memory_text(const mem::Usage& usage);
// "up 1:02:03.456"
std::string uptime_text(u64 nanoseconds);

}  // namespace eft::monitor

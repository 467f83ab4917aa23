#include "newc.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace eft::archive {
namespace {

constexpr std::size_t kHeaderSize = 110;  // "070701" and thirteen fields of eight hexadecimal digits
constexpr std::string_view kMagic = "070701";
constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr std::size_t kDigits = 8;
constexpr std::size_t kFieldAlignment = 4;
constexpr unsigned kRegularExecutable = 0100555;

constexpr std::size_t round_up(std::size_t value, std::size_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

constexpr std::size_t kSizeField = 6;
constexpr std::size_t kNameSizeField = 11;

// A field of the header at the start of `bytes`.
std::optional<std::size_t> field(std::string_view bytes, std::size_t index) {
    const char* start = bytes.data() + kMagic.size() + kDigits * index;
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(start, start + kDigits, value, 16);
    if (error != std::errc() || end != start + kDigits) return std::nullopt;
    return value;
}

}  // namespace

void NewcWriter::add(std::string_view name, std::string_view data) {
    const std::size_t shortest = bytes_.size() + kHeaderSize + name.size() + 1;
    const std::size_t data_at = round_up(shortest, kDataAlignment);
    header(name, data_at - bytes_.size() - kHeaderSize, data.size(), kRegularExecutable);
    bytes_ += data;
    pad_to(kFieldAlignment);
}

std::string NewcWriter::finish() && {
    header(kTrailer, kTrailer.size() + 1, 0, 0);
    pad_to(kDataAlignment);
    return std::move(bytes_);
}

void NewcWriter::header(std::string_view name, std::size_t name_field, std::size_t size, unsigned mode) {
    const std::array<std::size_t, 13> fields = {
        next_inode_++,        mode, /*uid*/ 0,  /*gid*/ 0,     /*links*/ 1, /*mtime*/ 0, size, /*device*/ 0, 0,
        /*special device*/ 0, 0,    name_field, /*checksum*/ 0};
    bytes_ += kMagic;
    for (const std::size_t field : fields) {
        std::array<char, 9> digits{};
        std::snprintf(digits.data(), digits.size(), "%08X", static_cast<unsigned>(field));
        bytes_ += digits.data();
    }
    bytes_ += name;
    bytes_.append(name_field - name.size(), '\0');
    pad_to(kFieldAlignment);
}

void NewcWriter::pad_to(std::size_t alignment) { bytes_.resize(round_up(bytes_.size(), alignment), '\0'); }

std::optional<std::vector<NewcFile>> read_newc(std::string_view archive) {
    std::vector<NewcFile> files;
    std::size_t at = 0;
    while (archive.size() - at >= kHeaderSize && archive.substr(at).starts_with(kMagic)) {
        const auto size = field(archive.substr(at), kSizeField);
        const auto name_size = field(archive.substr(at), kNameSizeField);
        if (!size || !name_size || *name_size == 0) return std::nullopt;
        const std::size_t data_at = round_up(at + kHeaderSize + *name_size, kFieldAlignment);
        const std::size_t next = round_up(data_at + *size, kFieldAlignment);
        if (next > archive.size()) return std::nullopt;

        std::string_view name = archive.substr(at + kHeaderSize, *name_size);
        name = name.substr(0, name.find('\0'));
        if (name == kTrailer) return files;
        files.push_back({std::string(name), std::string(archive.substr(data_at, *size))});
        at = next;
    }
    return std::nullopt;
}

}  // namespace eft::archive

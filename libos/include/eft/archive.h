// Files of the boot archive: cpio's "newc" format, read in place.
//
// The name field of a header may be longer than the name, which ends at its first NUL: the builder of the archive puts
// data on page boundaries that way (images/archive/newc.h). The bytes are the loader's; nothing in them is trusted.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace eft {

namespace archive_format {

constexpr std::size_t kHeaderBytes = 110;  // "070701" and thirteen fields of eight hexadecimal digits
constexpr std::string_view kMagic = "070701";
constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr std::size_t kDigits = 8;
constexpr std::size_t kSizeField = 6, kNameSizeField = 11;

constexpr u64 align(u64 offset) { return (offset + 3) & ~u64{3}; }

inline std::string_view text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Result<u64> field(std::string_view header, std::size_t index) {
    u64 value = 0;
    for (const char c : header.substr(kMagic.size() + kDigits * index, kDigits)) {
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return Error::BadFormat;
        value = value << 4 | static_cast<u64>(digit);
    }
    return value;
}

// Whether a name field has this name; none has one with a NUL in it.
inline bool names(std::string_view field, std::string_view name) {
    if (!field.starts_with(name)) return false;
    return (field.size() == name.size() || field[name.size()] == '\0') && name.find('\0') == name.npos;
}

}  // namespace archive_format

// NotFound: the archive ends without it. BadFormat: the archive is damaged before it was found.
inline Result<std::span<const std::byte>> find_in_archive(std::span<const std::byte> archive, std::string_view name) {
    namespace format = archive_format;
    for (u64 at = 0; archive.size() - at >= format::kHeaderBytes;) {
        const std::string_view header = format::text(archive.subspan(at, format::kHeaderBytes));
        if (!header.starts_with(format::kMagic)) return Error::BadFormat;
        EFT_TRY(const u64 bytes, format::field(header, format::kSizeField));
        EFT_TRY(const u64 name_bytes, format::field(header, format::kNameSizeField));
        // Both are below 2^32: the sums cannot overflow.
        const u64 data = format::align(at + format::kHeaderBytes + name_bytes);
        if (data > archive.size() || bytes > archive.size() - data) return Error::BadFormat;
        const std::string_view field = format::text(archive.subspan(at + format::kHeaderBytes, name_bytes));
        if (format::names(field, format::kTrailer)) return Error::NotFound;
        if (format::names(field, name)) return archive.subspan(data, bytes);
        at = format::align(data + bytes);
        if (at > archive.size()) break;
    }
    return Error::NotFound;
}

}  // namespace eft

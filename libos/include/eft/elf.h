// Static ELF-64 programs (TIS ELF 1.2 and the AMD64 supplement), parsed in place over the bytes of a file.
//
// A program that passes parse_elf() can be loaded without further checks: each segment's contents lie inside the file,
// its addresses inside the image area of the address space, no two segments share a page, nothing is both writable and
// executable, and the entry point lies in an executable segment. The bytes may be anybody's: nothing is trusted.
#pragma once

#include <eft/abi/object.h>
#include <eft/abi/result.h>
#include <eft/layout.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace eft {

struct ElfSegment {
    u64 address = 0;
    u64 memory_bytes = 0;  // what is beyond the contents is zero
    std::span<const std::byte> contents;
    Rights rights = 0;  // FrameRight bits
};

class Elf {
public:
    static constexpr unsigned kMaxSegments = 8;

    u64 entry() const { return entry_; }
    std::span<const ElfSegment> segments() const { return {segments_.data(), count_}; }
    bool has_code_at(u64 address) const {
        for (const ElfSegment& segment : segments())
            if ((segment.rights & bits(FrameRight::Execute)) && address - segment.address < segment.memory_bytes) return true;
        return false;
    }

private:
    friend Result<Elf> parse_elf(std::span<const std::byte> file);

    std::array<ElfSegment, kMaxSegments> segments_;
    unsigned count_ = 0;
    u64 entry_ = 0;
};

namespace elf_format {

struct Header {
    u8 identification[16];
    u16 type, machine;
    u32 version;
    u64 entry, program_headers, section_headers;
    u32 flags;
    u16 header_size, program_header_size, program_header_count;
    u16 section_header_size, section_header_count, section_names;
};
static_assert(sizeof(Header) == 64);

struct ProgramHeader {
    u32 type, flags;
    u64 offset, virtual_address, physical_address, file_size, memory_size, alignment;
};
static_assert(sizeof(ProgramHeader) == 56);

struct SectionHeader {
    u32 name, type;
    u64 flags, address, offset, size;
    u32 link, info;
    u64 alignment, entry_size;
};
static_assert(sizeof(SectionHeader) == 64);

constexpr u8 kIdentification[] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */, 1 /* version */};
constexpr u16 kExecutableFile = 2, kAmd64 = 62;
constexpr u32 kLoad = 1, kDynamic = 2, kInterpreter = 3;
constexpr u32 kExecute = 1, kWrite = 2;

// `bytes` from `offset` on lie inside [0, size).
constexpr bool inside(u64 offset, u64 bytes, u64 size) { return offset <= size && bytes <= size - offset; }

inline bool is_elf(const Header& header) { return std::memcmp(header.identification, kIdentification, sizeof(kIdentification)) == 0; }

inline bool is_program(const Header& header) {
    return is_elf(header) && header.type == kExecutableFile && header.machine == kAmd64 &&
           header.program_header_size == sizeof(ProgramHeader);
}

inline Result<ElfSegment> segment_of(const ProgramHeader& program, std::span<const std::byte> file) {
    const bool writable = program.flags & kWrite;
    const bool executable = program.flags & kExecute;
    if (writable && executable) return Error::BadFormat;
    if (program.file_size > program.memory_size || !inside(program.offset, program.file_size, file.size()))
        return Error::BadFormat;
    if (program.virtual_address < layout::kImageBase ||
        !inside(program.virtual_address, program.memory_size, layout::kImageLimit))
        return Error::BadFormat;
    const Rights rights = executable ? FrameRight::Read | FrameRight::Execute
                          : writable ? FrameRight::Read | FrameRight::Write
                                     : bits(FrameRight::Read);
    return ElfSegment{program.virtual_address, program.memory_size, file.subspan(program.offset, program.file_size),
                      rights};
}

inline bool share_a_page(const ElfSegment& a, const ElfSegment& b) {
    return page_down(a.address) < page_up(b.address + b.memory_bytes) &&
           page_down(b.address) < page_up(a.address + a.memory_bytes);
}

}  // namespace elf_format

// BadFormat: the file is no static program for this machine, or asks for what cannot be.
inline Result<Elf> parse_elf(std::span<const std::byte> file) {
    namespace format = elf_format;
    format::Header header;
    if (file.size() < sizeof(header)) return Error::BadFormat;
    std::memcpy(&header, file.data(), sizeof(header));
    const u64 table_bytes = u64{header.program_header_count} * sizeof(format::ProgramHeader);
    if (!format::is_program(header) || !format::inside(header.program_headers, table_bytes, file.size()))
        return Error::BadFormat;

    Elf elf;
    elf.entry_ = header.entry;
    bool entry_found = false;
    for (unsigned i = 0; i < header.program_header_count; ++i) {
        format::ProgramHeader program;
        std::memcpy(&program, file.data() + header.program_headers + i * sizeof(program), sizeof(program));
        if (program.type == format::kDynamic || program.type == format::kInterpreter) return Error::BadFormat;
        if (program.type != format::kLoad || program.memory_size == 0) continue;
        if (elf.count_ == Elf::kMaxSegments) return Error::BadFormat;
        EFT_TRY(const ElfSegment segment, format::segment_of(program, file));
        for (const ElfSegment& other : elf.segments())
            if (format::share_a_page(segment, other)) return Error::BadFormat;
        elf.segments_[elf.count_++] = segment;
        entry_found |= (segment.rights & bits(FrameRight::Execute)) && header.entry >= segment.address &&
                       header.entry - segment.address < segment.memory_bytes;
    }
    if (!entry_found) return Error::BadFormat;
    return elf;
}

// The program's instruction before this address is SYSCALL, so a thread that stands there may be in one.
inline bool follows_system_call(std::span<const std::byte> file, u64 address) {
    constexpr std::byte kSyscall[] = {std::byte{0x0f}, std::byte{0x05}};  // Intel SDM volume 2
    const Result<Elf> elf = parse_elf(file);
    if (!elf.ok()) return false;
    for (const ElfSegment& segment : elf->segments()) {
        const u64 end = address - segment.address;
        if (!(segment.rights & bits(FrameRight::Execute)) || end < sizeof(kSyscall) || end > segment.contents.size()) continue;
        return std::memcmp(segment.contents.data() + end - sizeof(kSyscall), kSyscall, sizeof(kSyscall)) == 0;
    }
    return false;
}

// The contents of the section with this name, which nothing loads; empty: there is none, or the file is damaged.
inline std::span<const std::byte> find_section(std::span<const std::byte> file, std::string_view name) {
    namespace format = elf_format;
    format::Header header;
    if (file.size() < sizeof(header)) return {};
    std::memcpy(&header, file.data(), sizeof(header));
    const auto section = [&](unsigned index) {
        format::SectionHeader found{};
        const u64 offset = header.section_headers + u64{index} * sizeof(found);
        if (format::inside(offset, sizeof(found), file.size())) std::memcpy(&found, file.data() + offset, sizeof(found));
        return found;
    };
    const auto contents = [&](const format::SectionHeader& of) {
        return format::inside(of.offset, of.size, file.size()) ? file.subspan(of.offset, of.size) : std::span<const std::byte>();
    };
    if (!format::is_elf(header)) return {};
    const auto names = contents(section(header.section_names));
    for (unsigned index = 0; index < header.section_header_count; ++index) {
        const format::SectionHeader each = section(index);
        const bool fits = format::inside(each.name, name.size() + 1, names.size());
        if (fits && std::memcmp(names.data() + each.name, name.data(), name.size()) == 0 && names[each.name + name.size()] == std::byte{0}) return contents(each);
    }
    return {};
}

// The part of the segment that lies in the page at `page`, copied to `target`; the rest of the target stays as it is.
inline void copy_segment_page(const ElfSegment& segment, u64 page, std::byte* target) {
    const u64 start = segment.address > page ? segment.address : page;
    const u64 contents_end = segment.address + segment.contents.size();
    const u64 end = contents_end < page + kPageSize ? contents_end : page + kPageSize;
    if (start < end)
        std::memcpy(target + (start - page), segment.contents.data() + (start - segment.address), end - start);
}

}  // namespace eft

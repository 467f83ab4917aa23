// cpio "newc": a header of 110 characters, name and data padded to 4 bytes. ELF-64: TIS ELF 1.2.
#include <boot/archive.h>

#include <arch/direct_map.h>

namespace eft::kernel {
namespace {

struct ElfHeader {
    u8 identification[16];
    u16 type, machine;
    u32 version;
    u64 entry, program_headers, section_headers;
    u32 flags;
    u16 header_size, program_header_size, program_header_count;
};
struct ProgramHeader {
    u32 type, flags;
    u64 offset, virtual_address, physical_address, file_size, memory_size, alignment;
};
constexpr u32 kLoad = 1, kExecutable = 1, kWritable = 2;
constexpr u16 kStaticProgram = 2, kAmd64 = 62;
constexpr u64 kBootRootLimit = 0x0f00'0000;  // the image lies below its stack
constexpr u64 kCpioHeader = 110;
constexpr unsigned kFileSizeField = 54, kNameSizeField = 94;

bool read_hex(const u8* text, u32& value) {
    value = 0;
    for (unsigned i = 0; i < 8; ++i) {
        const u8 c = text[i];
        const u32 digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
        if (digit == 16) return false;
        value = value << 4 | digit;
    }
    return true;
}

bool is_root(const u8* name) { return name[0] == 'r' && name[1] == 'o' && name[2] == 'o' && name[3] == 't' && name[4] == 0; }

// What lies in the archive is aligned to 4 bytes only.
template <class T>
T copy_of(const u8* from) {
    T result;
    __builtin_memcpy(&result, from, sizeof(T));
    return result;
}

bool read_elf(const u8* file, u64 size, ElfImage& image) {
    if (size < sizeof(ElfHeader)) return false;
    const auto header = copy_of<ElfHeader>(file);
    if (header.identification[0] != 0x7f || header.identification[1] != 'E' || header.type != kStaticProgram || header.machine != kAmd64) return false;
    if (header.program_header_size != sizeof(ProgramHeader) || header.program_headers > size ||
        header.program_header_count * sizeof(ProgramHeader) > size - header.program_headers) return false;
    image.entry = header.entry;
    for (unsigned i = 0; i < header.program_header_count; ++i) {
        const auto program = copy_of<ProgramHeader>(file + header.program_headers + i * sizeof(ProgramHeader));
        if (program.type != kLoad || program.memory_size == 0) continue;
        if (image.segments == 8 || program.offset > size || program.file_size > size - program.offset || program.file_size > program.memory_size) return false;
        if (program.virtual_address >= kBootRootLimit || program.memory_size > kBootRootLimit) return false;
        const FrameRights rights = program.flags & kExecutable ? FrameRight::Read | FrameRight::Execute
                              : program.flags & kWritable ? FrameRight::Read | FrameRight::Write
                                                          : bits(FrameRight::Read);
        image.segment[image.segments++] = {program.virtual_address, program.memory_size, program.file_size, file + program.offset, rights};
    }
    return image.segments != 0;
}

}  // namespace

bool find_root_image(const u8* archive, u64 size, ElfImage& image) {
    for (u64 at = 0; at + kCpioHeader <= size;) {
        u32 file_size, name_size;
        if (!read_hex(archive + at + kFileSizeField, file_size) || !read_hex(archive + at + kNameSizeField, name_size)) return false;
        const u64 data = (at + kCpioHeader + name_size + 3) & ~u64{3};
        if (name_size == 0 || data > size || file_size > size - data) return false;
        if (name_size >= 5 && is_root(archive + at + kCpioHeader)) return read_elf(archive + data, file_size, image);
        at = (data + file_size + 3) & ~u64{3};
    }
    return false;
}

void copy_segment_page(const ElfSegment& segment, u64 address, PhysAddr frame) {
    const bool sealed = segment.rights.has(FrameRight::Execute);
    if (sealed) arch::unprotect_direct_map(frame);
    const u64 page_end = address + kPageSize, file_end = segment.address + segment.file_size;
    const u64 first = address > segment.address ? address : segment.address;
    const u64 end = page_end < file_end ? page_end : file_end;
    if (first < end) __builtin_memcpy(to_pointer<u8>(frame) + (first - address), segment.data + (first - segment.address), end - first);
    if (sealed) arch::protect_direct_map(frame);
}

}  // namespace eft::kernel

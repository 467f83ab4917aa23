// Makes ELF files for tests, right ones by default.
#pragma once

#include <eft/elf.h>

#include <cstring>
#include <vector>

namespace eft::test {

struct ElfProgram {
    elf_format::Header header{};
    std::vector<elf_format::ProgramHeader> segments;
    std::vector<std::byte> contents = std::vector<std::byte>(0x3000);  // from file offset 0x1000 on

    ElfProgram() {
        std::memcpy(header.identification, elf_format::kIdentification, sizeof(elf_format::kIdentification));
        header.type = elf_format::kExecutableFile;
        header.machine = elf_format::kAmd64;
        header.version = 1;
        header.entry = 0x40'0010;
        header.program_headers = sizeof(header);
        header.header_size = sizeof(header);
        header.program_header_size = sizeof(elf_format::ProgramHeader);
        for (std::size_t i = 0; i < contents.size(); ++i) contents[i] = static_cast<std::byte>(i % 251);
        add(5, 0x1000, 0x40'0000, 0x1800, 0x1800);
        add(6, 0x3000, 0x40'3000, 0x123, 0x4000);
    }
    void add(u32 flags, u64 offset, u64 address, u64 file_bytes, u64 memory_bytes) {
        segments.push_back({elf_format::kLoad, flags, offset, address, address, file_bytes, memory_bytes, 0x1000});
    }
    std::vector<std::byte> file() {
        header.program_header_count = static_cast<u16>(segments.size());
        std::vector<std::byte> bytes(0x1000 + contents.size());
        std::memcpy(bytes.data(), &header, sizeof(header));
        std::memcpy(bytes.data() + sizeof(header), segments.data(), segments.size() * sizeof(segments[0]));
        std::memcpy(bytes.data() + 0x1000, contents.data(), contents.size());
        return bytes;
    }
};

}  // namespace eft::test

#include "machine.h"

#include <eft/elf.h>

#include <cstring>

namespace eft::host {

std::vector<std::byte> elf_file(const Image& image) {
    elf_format::Header header{};
    std::memcpy(header.identification, elf_format::kIdentification, sizeof elf_format::kIdentification);
    header.type = elf_format::kExecutableFile;
    header.machine = elf_format::kAmd64;
    header.entry = image.entry;
    header.program_headers = sizeof header;
    header.program_header_size = sizeof(elf_format::ProgramHeader);
    header.program_header_count = 1;
    elf_format::ProgramHeader segment{};
    segment.type = elf_format::kLoad;
    segment.flags = elf_format::kExecute;
    segment.virtual_address = image.entry;
    segment.memory_size = kPageSize;
    std::vector<std::byte> file(sizeof header + sizeof segment);
    std::memcpy(file.data(), &header, sizeof header);
    std::memcpy(file.data() + sizeof header, &segment, sizeof segment);
    return file;
}

}  // namespace eft::host

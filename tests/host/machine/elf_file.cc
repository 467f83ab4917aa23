#include "machine.h"

#include <eft/elf.h>

#include <cstring>
#include <span>
#include <string_view>

namespace eft::host {

namespace {

template <class T>
void append(std::vector<std::byte>& file, const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    file.insert(file.end(), bytes.begin(), bytes.end());
}

void append(std::vector<std::byte>& file, std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    file.insert(file.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::vector<std::byte> elf_file(const Image& image) {
    using namespace std::string_view_literals;
    constexpr std::string_view kNames = "\0.note.eft.kinds\0"sv;
    elf_format::Header header{};
    std::memcpy(header.identification, elf_format::kIdentification, sizeof elf_format::kIdentification);
    header.type = elf_format::kExecutableFile;
    header.machine = elf_format::kAmd64;
    header.entry = image.entry;
    header.program_headers = sizeof header;
    header.program_header_size = sizeof(elf_format::ProgramHeader);
    header.program_header_count = 1;
    header.section_headers = sizeof header + sizeof(elf_format::ProgramHeader);
    header.section_header_count = 2;
    elf_format::ProgramHeader segment{};
    segment.type = elf_format::kLoad;
    segment.flags = elf_format::kExecute;
    segment.virtual_address = image.entry;
    segment.memory_size = kPageSize;
    elf_format::SectionHeader names{}, kinds{};
    names.offset = header.section_headers + 2 * sizeof names;
    names.size = kNames.size();
    kinds.name = 1;
    kinds.offset = names.offset + names.size;
    kinds.size = image.session_kinds.empty() ? 0 : 16 + image.session_kinds.size() + 1;
    std::vector<std::byte> file;
    append(file, header);
    append(file, segment);
    append(file, names);
    append(file, kinds);
    append(file, kNames);
    for (const u32 word : {4u, static_cast<u32>(kinds.size - 16), 1u}) append(file, word);
    append(file, "Eft\0"sv);
    append(file, std::string_view(image.session_kinds.c_str(), image.session_kinds.size() + 1));
    return file;
}

}  // namespace eft::host

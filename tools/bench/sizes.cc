#include "sizes.h"

#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace eft::bench {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

// Size of all sections that are executable.
double text_bytes(const std::string& elf) {
    Elf64_Ehdr header;
    if (elf.size() < sizeof(header)) throw std::runtime_error("the kernel is no ELF file");
    std::memcpy(&header, elf.data(), sizeof(header));
    double bytes = 0;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        Elf64_Shdr section;
        const std::size_t at = header.e_shoff + i * sizeof(section);
        if (at + sizeof(section) > elf.size()) throw std::runtime_error("the kernel's section table is damaged");
        std::memcpy(&section, elf.data() + at, sizeof(section));
        if (section.sh_flags & SHF_EXECINSTR) bytes += static_cast<double>(section.sh_size);
    }
    return bytes;
}

bool is_code(const fs::path& path) { return path.extension() == ".cc" || path.extension() == ".h" || path.extension() == ".S"; }

}  // namespace

unsigned long code_lines(const std::string& text) {
    std::istringstream lines(text);
    unsigned long count = 0;
    bool in_comment = false;
    for (std::string line; std::getline(lines, line);) {
        bool code = false;
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (in_comment) {
                if (line.compare(i, 2, "*/") == 0) in_comment = false, ++i;
            } else if (line.compare(i, 2, "//") == 0) {
                break;
            } else if (line.compare(i, 2, "/*") == 0) {
                in_comment = true, ++i;
            } else if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
                code = true;
            }
        }
        count += code;
    }
    return count;
}

void measure_sizes(Figures& figures) {
    figures["kernel.text"] = text_bytes(read_file(EFT_KERNEL_IMAGE));
    unsigned long lines = 0;
    const fs::path kernel = fs::path(EFT_SOURCE_DIR) / "kernel";
    for (const auto& entry : fs::recursive_directory_iterator(kernel)) {
        if (!entry.is_regular_file() || !is_code(entry.path())) continue;
        if (entry.path().string().find("/arch/host/") != std::string::npos) continue;
        lines += code_lines(read_file(entry.path()));
    }
    figures["kernel.lines"] = static_cast<double>(lines);
    figures["image.bytes"] = static_cast<double>(fs::file_size(EFT_KERNEL_IMAGE) + fs::file_size(EFT_BOOT_ARCHIVE));
}

}  // namespace eft::bench

#include "program.h"

#include <child.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>

#include <cxxabi.h>
#include <linux/elf.h>

namespace eft::faults {
namespace {

template <class T>
std::vector<T> table_in(const std::string& file, std::uint64_t offset, std::uint64_t bytes) {
    if (offset > file.size() || bytes > file.size() - offset) throw std::runtime_error("an ELF file is cut off");
    std::vector<T> table(bytes / sizeof(T));
    std::memcpy(table.data(), file.data() + offset, table.size() * sizeof(T));
    return table;
}

std::string demangled(const char* name) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
    return status == 0 && text ? text.get() : name;
}

std::string hexadecimal(std::uint64_t value) {
    std::ostringstream text;
    text << "0x" << std::hex << value;
    return text.str();
}

}  // namespace

Program::Program(const std::string& path) : path_(path) {
    std::ifstream stream(path, std::ios::binary);
    const std::string file((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (!file.starts_with(ELFMAG))
        throw std::runtime_error("there is no program with symbols at " + path + " (./eft build makes it)");
    const auto header = table_in<Elf64_Ehdr>(file, 0, sizeof(Elf64_Ehdr)).front();
    for (const auto& part :
         table_in<Elf64_Phdr>(file, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr))) {
        if (part.p_type != PT_LOAD) continue;
        segments_.push_back({part.p_vaddr, part.p_memsz, (part.p_flags & PF_X) != 0, (part.p_flags & PF_W) != 0,
                             file.substr(part.p_offset, part.p_filesz)});
    }
    const auto sections =
        table_in<Elf64_Shdr>(file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
    for (const Elf64_Shdr& section : sections) {
        if (section.sh_type != SHT_SYMTAB) continue;
        const Elf64_Shdr& strings = sections.at(section.sh_link);
        const auto names = table_in<char>(file, strings.sh_offset, strings.sh_size);
        for (const auto& symbol : table_in<Elf64_Sym>(file, section.sh_offset, section.sh_size)) {
            if (symbol.st_name == 0 || symbol.st_name >= names.size()) continue;
            const char* const name = names.data() + symbol.st_name;
            symbols_[name] = symbol.st_value;
            if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_size != 0)
                functions_.push_back({symbol.st_value, symbol.st_size, demangled(name)});
        }
    }
    std::sort(functions_.begin(), functions_.end(),
              [](const Function& a, const Function& b) { return a.begin < b.begin; });
    const auto same_place = [](const Function& a, const Function& b) { return a.begin == b.begin; };
    functions_.erase(std::unique(functions_.begin(), functions_.end(), same_place), functions_.end());
}

Program::Program(Address begin, const std::string& code)
    : segments_{{begin, code.size(), true, false, code}}, functions_{{begin, code.size(), "code"}} {}

const Segment& Program::text() const {
    for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment)
        if (segment->executable) return *segment;
    throw std::runtime_error(path_ + " has no code");
}

const Function* Program::function_at(Address address) const {
    auto next = std::upper_bound(functions_.begin(), functions_.end(), address,
                                 [](Address wanted, const Function& f) { return wanted < f.begin; });
    if (next == functions_.begin()) return nullptr;
    const Function& function = *std::prev(next);
    return address - function.begin < function.size ? &function : nullptr;
}

std::string Program::name_of(Address address) const {
    const Function* const function = function_at(address);
    return function ? function->name + "+" + hexadecimal(address - function->begin) : hexadecimal(address);
}

Address Program::symbol(const std::string& linker_name) const {
    const auto found = symbols_.find(linker_name);
    if (found == symbols_.end()) throw std::runtime_error(path_ + " has no symbol " + linker_name);
    return found->second;
}

std::vector<std::string> Program::sources_of(const std::vector<Address>& addresses) const {
    std::string command = "addr2line -a -i -p -s -f -C -e " + qemu::quoted(path_);
    for (const Address address : addresses) command += " " + hexadecimal(address);
    std::istringstream lines(qemu::output_of(command + " 2>/dev/null"));
    std::vector<std::string> sources;
    for (std::string line; std::getline(lines, line);) {
        // "0x401000: " and the innermost; what it was inlined into is on further lines.
        if (line.starts_with("0x")) {
            const std::string first = line.substr(line.find(": ") + 2);
            sources.push_back(first.starts_with("??") ? "" : first);
        } else if (!sources.empty() && !sources.back().empty()) {
            sources.back() += ";" + line;
        }
    }
    sources.resize(addresses.size());
    return sources;
}

}  // namespace eft::faults

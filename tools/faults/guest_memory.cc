#include "guest_memory.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace eft::faults {
namespace {

constexpr std::uint64_t kPresent = 1, kLarge = 1 << 7, kFrame = 0x000f'ffff'ffff'f000;
constexpr unsigned kEntries = 512, kFirstOfKernel = 256;
constexpr std::uint64_t kImageBase = 0xffff'ffff'8000'0000;  // kernel/arch/x86_64/arch/memory_map.h

}  // namespace

SharedFile::SharedFile(std::string path, std::uint64_t size) : path_(std::move(path)), size_(size), bytes_(MAP_FAILED) {
    const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0 && ftruncate(file, static_cast<off_t>(size)) == 0)
        bytes_ = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0) close(file);
    if (bytes_ == MAP_FAILED) throw std::runtime_error("cannot make " + path_);
}

SharedFile::~SharedFile() {
    munmap(bytes_, size_);
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

std::uint64_t GuestMemory::entry(std::uint64_t table, unsigned index) const {
    std::uint64_t value = 0;
    if (table <= size_ - kPage) std::memcpy(&value, bytes_ + table + index * sizeof value, sizeof value);
    return value;
}

std::vector<std::uint64_t> GuestMemory::spaces() const {
    std::vector<std::uint64_t> roots;
    constexpr std::size_t kHalf = kPage / 2;
    for (std::uint64_t page = 0; page < size_; page += kPage) {
        if (page != kernel_root_ && std::memcmp(bytes_ + page + kHalf, bytes_ + kernel_root_ + kHalf, kHalf) == 0)
            roots.push_back(page);
    }
    return roots;
}

std::optional<std::uint64_t> GuestMemory::physical(std::uint64_t root, Address address) const {
    if (address >= kImageBase) return address - kImageBase;
    std::uint64_t table = root;
    for (unsigned level = 4; level > 0; --level) {
        const unsigned index = address >> (12 + 9 * (level - 1)) & (kEntries - 1);
        if (level == 4 && index >= kFirstOfKernel) return std::nullopt;
        const std::uint64_t found = entry(table, index);
        if ((found & kPresent) == 0 || (level > 1 && (found & kLarge) != 0)) return std::nullopt;
        table = found & kFrame;
    }
    if (table > size_ - kPage) return std::nullopt;  // a device's
    return table | (address & (kPage - 1));
}

bool GuestMemory::holds_code_of(std::uint64_t root, const Segment& text) const {
    for (std::uint64_t offset = 0; offset < text.bytes.size(); offset += kPage) {
        const auto place = physical(root, text.begin + offset);
        const std::size_t length = std::min<std::size_t>(kPage, text.bytes.size() - offset);
        if (!place || std::memcmp(bytes_ + *place, text.bytes.data() + offset, length) != 0) return false;
    }
    return true;
}

// The next incarnation of a program lies ready in a space of its own, and has not run: its stack is empty.
bool GuestMemory::has_run(std::uint64_t root) const {
    const auto stack = physical(root, kStackTop - kPage);
    return stack && std::any_of(bytes_ + *stack, bytes_ + *stack + kPage, [](char byte) { return byte != 0; });
}

std::optional<std::uint64_t> GuestMemory::space_of(const Program& program) const {
    if (program.text().begin >= kImageBase) return kernel_root_;
    std::optional<std::uint64_t> found;
    for (const std::uint64_t root : spaces_of(program))
        if (!found || has_run(root)) found = root;
    return found;
}

std::vector<std::uint64_t> GuestMemory::spaces_of(const Program& program) const {
    std::vector<std::uint64_t> roots = spaces();
    std::erase_if(roots, [&](std::uint64_t root) { return !holds_code_of(root, program.text()); });
    return roots;
}

std::vector<Area> GuestMemory::pages(std::uint64_t root, Address begin, Address end) const {
    std::vector<Area> areas;
    for (Address page = begin; page < end; page += kPage)
        if (const auto place = physical(root, page)) areas.push_back({page, std::string(bytes_ + *place, kPage)});
    return areas;
}

std::vector<std::uint64_t> GuestMemory::copies_of(std::string_view wanted) const {
    std::vector<std::uint64_t> found;
    for (std::uint64_t page = 0; page < size_; page += kPage)
        if (std::memcmp(bytes_ + page, wanted.data(), std::min<std::size_t>(wanted.size(), kPage)) == 0)
            found.push_back(page);
    return found;
}

void GuestMemory::write_physical(std::uint64_t address, std::string_view bytes) {
    if (address > size_ || bytes.size() > size_ - address) throw std::runtime_error("a fault outside of memory");
    std::memcpy(bytes_ + address, bytes.data(), bytes.size());
}

void GuestMemory::write(std::uint64_t root, Address address, std::string_view bytes) {
    for (const char byte : bytes) {
        const auto place = physical(root, address++);
        if (!place) throw std::runtime_error("a fault in memory that is not there");
        bytes_[*place] = byte;
    }
}

std::uint64_t kernel_root(const char* memory, const Program& kernel) {
    std::uint64_t root = 0;
    std::memcpy(&root, memory + (kernel.symbol("_ZN3eft6kernel4arch12_GLOBAL__N_111kernel_rootE") - kImageBase),
                sizeof root);
    return root;
}

}  // namespace eft::faults

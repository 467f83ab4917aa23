#include "guest_memory.h"

#include <arch/memory_map.h>

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace eft::pages {
namespace {

// The hexadecimal number behind `name` in what the monitor prints.
u64 number_after(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name);
    if (at == std::string::npos) throw std::runtime_error("the monitor does not say " + name);
    return std::stoull(text.substr(at + name.size(), 16), nullptr, 16);
}

}  // namespace

Processor read_processor(qemu::Machine& machine) {
    const std::string text = machine.control().command("human-monitor-command", {{"command-line", "info registers"}}).get<std::string>();
    const bool user = number_after(text, "CPL=") == 3;
    const bool halted = number_after(text, "HLT=") == 1;
    return {number_after(text, "CR3="), !user && !halted};
}

std::optional<GuestMemory> GuestMemory::take(qemu::Machine& machine, u64 bytes, const std::string& file) {
    for (unsigned tries = 0; tries < 100; ++tries) {
        machine.control().command("stop");
        const Processor processor = read_processor(machine);
        if (processor.in_kernel) {
            machine.control().command("cont");
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
            continue;
        }
        machine.control().command("pmemsave", {{"val", 0}, {"size", bytes}, {"filename", file}});
        const int descriptor = open(file.c_str(), O_RDONLY);
        if (descriptor < 0) throw std::runtime_error("QEMU did not write " + file);
        void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0);
        close(descriptor);
        if (memory == MAP_FAILED) throw std::runtime_error("cannot map " + file);
        return GuestMemory(memory, bytes, processor.root);
    }
    return std::nullopt;
}

GuestMemory::GuestMemory(GuestMemory&& other) noexcept : memory_(other.memory_), bytes_(other.bytes_), root_(other.root_) { other.memory_ = nullptr; }

GuestMemory::~GuestMemory() {
    if (memory_) munmap(memory_, bytes_);
}

u64 GuestMemory::physical(u64 kernel_address) {
    using namespace kernel::arch;
    return kernel_address - (kernel_address >= kImageBase ? kImageBase : kDirectMapBase);
}

void* GuestMemory::place(u64 address, u64 size) {
    if (address > bytes_ || size > bytes_ - address) throw std::runtime_error("a pointer of the kernel leads out of memory");
    return static_cast<char*>(memory_) + address;
}

}  // namespace eft::pages

#include "special.h"

#include <cstdlib>
#include <optional>
#include <regex>
#include <sstream>

namespace eft::bench {
namespace {

// The kernel's mapping of the local and the I/O APIC (kernel/arch/x86_64/arch/memory_map.h).
constexpr std::uint64_t kMmioFirst = 0xffff'ffff'c000'0000, kMmioEnd = kMmioFirst + 0x2000;

std::uint64_t value_of(const std::string& name, const Registers& registers) {
    static const char* const kNames[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
    for (std::size_t i = 0; i < 16; ++i) {
        if (name == kNames[i]) return registers.general[i];
    }
    return 0;
}

// The address of the memory operand, if there is one that is not relative to a segment base.
std::optional<std::uint64_t> operand_address(const std::string& text, const Registers& registers) {
    if (text.find("%gs:") != std::string::npos || text.find("%fs:") != std::string::npos) return std::nullopt;
    // objdump evaluates (%rip) itself: "mov 0x1234(%rip),%rax        # ffffffff80123456 <name>".
    if (const std::size_t comment = text.find("# "); comment != std::string::npos) return std::strtoull(text.c_str() + comment + 2, nullptr, 16);
    static const std::regex kOperand(R"((-?0x[0-9a-f]+)?\((%([a-z0-9]+))?(,%([a-z0-9]+),([1248]))?\))");
    std::smatch found;
    if (std::regex_search(text, found, kOperand)) {
        const std::string displacement = found[1];
        std::uint64_t address = 0;
        if (displacement.starts_with('-')) {
            address = 0 - std::strtoull(displacement.c_str() + 1, nullptr, 16);
        } else if (!displacement.empty()) {
            address = std::strtoull(displacement.c_str(), nullptr, 16);
        }
        if (found[3].matched) address += value_of(found[3], registers);
        if (found[5].matched) address += value_of(found[5], registers) * std::strtoull(found[6].str().c_str(), nullptr, 10);
        return address;
    }
    static const std::regex kAbsolute(R"((^|[ ,])(0x[0-9a-f]{6,}))");
    if (std::regex_search(text, found, kAbsolute)) return std::strtoull(found[2].str().c_str(), nullptr, 16);
    return std::nullopt;
}

bool begins(const std::string& word, std::initializer_list<const char*> prefixes) {
    for (const char* prefix : prefixes) {
        if (word.starts_with(prefix)) return true;
    }
    return false;
}

}  // namespace

const char* name_of(Special special) {
    static const char* const kNames[] = {"", "writes of CR3", "writes of other control registers", "MSR writes", "INVLPG", "XSAVE and the like", "locked",
                                         "port accesses", "MMIO accesses", "IRET", "SWAPGS", "SYSRET", "WRGSBASE and WRFSBASE", "REP iterations"};
    return kNames[static_cast<unsigned>(special)];
}

Special classify(const std::string& text, const Registers& registers) {
    std::istringstream words(text);
    std::string name;
    words >> name;
    if (text.ends_with(",%cr3")) return Special::SpaceSwitch;
    if (text.find(",%cr") != std::string::npos || name == "clts") return Special::ControlRegister;
    if (name == "wrmsr") return Special::ModelRegister;
    if (begins(name, {"invlpg", "invpcid"})) return Special::InvalidatePage;
    if (begins(name, {"xsave", "xrstor", "fxsave", "fxrstor"})) return Special::FpuState;
    if (name == "lock" || (name.starts_with("xchg") && text.find('(') != std::string::npos)) return Special::Locked;
    if (name == "in" || name == "out" || begins(name, {"insb", "insl", "outsb", "outsl"})) return Special::Port;
    if (name.starts_with("iret")) return Special::Iret;
    if (name == "swapgs") return Special::Swapgs;
    if (name.starts_with("sysret")) return Special::Sysret;
    if (begins(name, {"wrgsbase", "wrfsbase"})) return Special::SegmentBase;
    if (name == "rep" || name == "repz" || name == "repnz") return text.find("ret") != std::string::npos ? Special::None : Special::Repeated;
    if (!begins(name, {"lea", "nop", "call", "j"})) {
        const auto address = operand_address(text, registers);
        if (address && *address >= kMmioFirst && *address < kMmioEnd) return Special::Mmio;
    }
    return Special::None;
}

}  // namespace eft::bench

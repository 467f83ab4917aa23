// A debugger's end of GDB's remote serial protocol (GDB manual, appendix E), as far as stepping needs it.
//
// QEMU masks interrupts and stops its clocks during a step, so that what is stepped through is what the program does.
#pragma once

#include <child.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace eft::bench {

struct Registers {
    std::array<std::uint64_t, 16> general;  // rax rbx rcx rdx rsi rdi rbp rsp r8 … r15
    std::uint64_t pc;
    std::uint64_t cr3;
    bool user;  // the privilege level is 3
};

class Gdb {
public:
    // Of a machine started with arguments(path): it waits until it is told to go on.
    explicit Gdb(const std::string& path);
    static std::vector<std::string> arguments(const std::string& path);

    void set_breakpoint(std::uint64_t address);
    void clear_breakpoint(std::uint64_t address);
    void run();  // until a breakpoint
    void step();

    Registers registers();
    // Empty where nothing is mapped.
    std::string memory(std::uint64_t address, std::size_t bytes);

private:
    void send(const std::string& data);
    std::string receive();
    std::string command(const std::string& data);
    void expect_ok(const std::string& data);

    qemu::File file_;
    std::string unread_;
};

}  // namespace eft::bench

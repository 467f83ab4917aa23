// A program of Eft, or the kernel, as its ELF file with symbols says: the bytes of its code and of what else is loaded,
// and its functions by address.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace eft::faults {

using Address = std::uint64_t;

struct Segment {
    Address begin = 0;
    std::uint64_t size = 0;  // in memory; what is behind `bytes` begins as zeros
    bool executable = false, writable = false;
    std::string bytes;
};

struct Function {
    Address begin = 0;
    std::uint64_t size = 0;
    std::string name;  // as a person writes it
};

class Program {
public:
    // Throws, with the path, if it is no ELF file of this machine.
    explicit Program(const std::string& path);
    // For tests: code that is one function.
    Program(Address begin, const std::string& code);

    const std::string& path() const { return path_; }
    const std::vector<Segment>& segments() const { return segments_; }
    // The last one that is executable: the kernel's first is what only the boot runs.
    const Segment& text() const;
    const std::vector<Function>& functions() const { return functions_; }  // by address
    // Null: it is in none.
    const Function* function_at(Address address) const;
    // "name+0x12", or the bare address.
    std::string name_of(Address address) const;
    // By their linker names.
    const std::map<std::string, Address>& symbols() const { return symbols_; }
    // The value of a symbol by its linker name; throws if there is none.
    Address symbol(const std::string& linker_name) const;
    // "file.cc:12 (function)" of what was inlined there, too, innermost first; empty if there is no debug information.
    std::string source_of(Address address) const { return sources_of({address}).front(); }
    // Of several at once, in the time of one.
    std::vector<std::string> sources_of(const std::vector<Address>& addresses) const;

private:
    std::string path_;
    std::vector<Segment> segments_;
    std::vector<Function> functions_;
    std::map<std::string, Address> symbols_;
};

}  // namespace eft::faults

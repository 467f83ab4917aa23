// An ELF file as binutils sees it: its instructions with their symbols, and the functions that were inlined there.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace eft::bench {

struct Instruction {
    std::string symbol;        // of the function that it stands in, without template and function arguments
    std::uint64_t offset = 0;  // in that function
    std::string bytes;
    std::string text;          // as objdump writes it
};

struct Source {
    std::string function;  // the innermost inlined one
    std::string place;     // file.cc:line
};

class Image {
public:
    // Throws if objdump cannot read it.
    Image(std::string name, const std::string& path);

    const std::string& name() const { return name_; }
    // Null: no instruction begins there.
    const Instruction* find(std::uint64_t address) const;
    // Symbols without code of their own, by address: those that begin with "bench_" (tools/bench/guest/rounds.h).
    const std::map<std::uint64_t, std::string>& marks() const { return marks_; }
    // The address of a variable; throws if there is none of that name.
    std::uint64_t variable(const std::string& symbol) const;
    std::map<std::uint64_t, Source> sources(const std::set<std::uint64_t>& addresses) const;

private:
    std::string name_, path_;
    std::map<std::uint64_t, Instruction> instructions_;
    std::map<std::uint64_t, std::string> marks_;
};

// "a::b<c>::f(d)::{lambda()#1}" as "f{lambda}": what a person looks for.
std::string short_name(const std::string& demangled);

}  // namespace eft::bench

// Types of faults: what is changed in a process. Each is a class that chooses one place at random among those that its
// definition allows, so that the same choices of a generator give the same fault.
#pragma once

#include "instruction.h"

#include <functional>
#include <random>
#include <span>

namespace eft::faults {

// What a fault changes.
struct Change {
    Address address = 0;        // in the process
    std::string before, after;  // of equal length
    std::string what;           // for a person: "mov eax, ebx -> mov eax, edx"
    Address watch = 0;          // the instruction that is changed; 0: it is data
};

// Memory of the process as it is when the fault is applied.
struct Area {
    Address begin = 0;
    std::string bytes;
};

// What faults are made in.
class Target {
public:
    // `runs`: whether an instruction is run by the workload; faults in code are made only there.
    Target(const Program& program, std::function<bool(Address)> runs);
    explicit Target(const Program& program);  // anywhere

    const Program& program() const { return program_; }
    const Decoder& decoder() const { return decoder_; }
    // Those that run, by address; `functions` has the whole functions that they are in.
    const std::vector<Instruction>& instructions() const { return instructions_; }
    const std::vector<std::vector<Instruction>>& functions() const { return functions_; }
    bool runs(Address address) const { return runs_(address); }

    std::vector<Area> data, stack, state;

private:
    const Program& program_;
    std::function<bool(Address)> runs_;
    Decoder decoder_;
    std::vector<std::vector<Instruction>> functions_;
    std::vector<Instruction> instructions_;
};

// Bytes of which the first alone is no instruction in 64-bit mode (Intel SDM 2, PUSH ES).
inline std::string undefined(std::size_t size) { return std::string(size, '\x06'); }

// Of numbers from 0 to n - 1; the same on all machines, unlike the distributions of the library.
class Random {
public:
    explicit Random(std::uint64_t seed) : generator_(seed) {}
    std::uint64_t below(std::uint64_t n) { return generator_() % n; }

private:
    std::mt19937_64 generator_;
};

class FaultType {
public:
    virtual ~FaultType() = default;
    virtual const char* name() const = 0;
    virtual const char* definition() const = 0;
    virtual const char* source() const = 0;  // who published it
    // In code: it holds until the process's code is loaded again. In data: it is applied at a moment.
    virtual bool in_code() const = 0;
    // Nothing: the target has no such place.
    virtual std::vector<Change> choose(const Target& target, Random& random) const = 0;
};

std::span<const std::unique_ptr<FaultType>> fault_types();
// Null: there is none of that name.
const FaultType* fault_type(const std::string& name);

// The parts of fault_types().
void add_code_faults(std::vector<std::unique_ptr<FaultType>>& types);
void add_data_faults(std::vector<std::unique_ptr<FaultType>>& types);

}  // namespace eft::faults

// Instructions of x86-64, decoded by Capstone, and what one flipped bit of their encoding makes of them.
#pragma once

#include "program.h"

#include <memory>
#include <optional>

namespace eft::faults {

enum class OperandKind { Register, Immediate, Memory };

struct Operand {
    OperandKind kind;
    bool read = false, written = false;
    std::string value;    // equal for equal operands
    unsigned number = 0;  // of a register, as Capstone has it
};

struct Instruction {
    Address address = 0;
    std::string bytes;
    unsigned id = 0;   // of the operation, as Capstone has it
    std::string text;  // as one writes it in assembly (Intel's order)
    std::vector<Operand> operands;
    bool is_branch = false;  // conditional
    bool is_call = false;
    bool ends_block = false;  // any jump, call or return
    Address target = 0;       // of a direct jump or call

    std::size_t size() const { return bytes.size(); }
};

class Decoder {
public:
    Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
    ~Decoder();

    // The first instruction in `bytes`; nothing if they are none.
    std::optional<Instruction> decode(std::string_view bytes, Address address) const;
    // From the begin of a function to its end, or to bytes that are no instruction.
    std::vector<Instruction> decode_all(std::string_view bytes, Address address) const;

private:
    std::size_t handle_;
};

std::string flipped(std::string bytes, std::size_t bit);

}  // namespace eft::faults

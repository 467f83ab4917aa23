#include "instruction.h"

#include <capstone/capstone.h>

namespace eft::faults {
namespace {

Operand operand_of(const cs_x86_op& from) {
    Operand operand{OperandKind::Register, (from.access & CS_AC_READ) != 0, (from.access & CS_AC_WRITE) != 0, {}, 0};
    std::ostringstream value;
    value << unsigned{from.size} << ' ';
    if (from.type == X86_OP_REG) {
        operand.number = static_cast<unsigned>(from.reg);
        value << 'r' << operand.number;
    } else if (from.type == X86_OP_IMM) {
        operand.kind = OperandKind::Immediate;
        operand.read = true;  // Capstone does not say so of all
        value << 'i' << from.imm;
    } else {
        operand.kind = OperandKind::Memory;
        value << 'm' << from.mem.segment << ' ' << from.mem.base << ' ' << from.mem.index << ' ' << from.mem.scale
              << ' ' << from.mem.disp;
    }
    operand.value = value.str();
    return operand;
}

Instruction instruction_of(csh handle, const cs_insn& from) {
    Instruction instruction;
    instruction.address = from.address;
    instruction.bytes.assign(reinterpret_cast<const char*>(from.bytes), from.size);
    instruction.id = from.id;
    instruction.text = from.mnemonic + std::string(from.op_str[0] ? " " : "") + from.op_str;
    const cs_x86& detail = from.detail->x86;
    for (unsigned i = 0; i < detail.op_count; ++i) instruction.operands.push_back(operand_of(detail.operands[i]));
    const bool jump = cs_insn_group(handle, &from, CS_GRP_JUMP);
    instruction.is_call = cs_insn_group(handle, &from, CS_GRP_CALL);
    instruction.is_branch = jump && from.id != X86_INS_JMP && from.id != X86_INS_LJMP;
    instruction.ends_block = jump || instruction.is_call || cs_insn_group(handle, &from, CS_GRP_RET);
    if ((jump || instruction.is_call) && detail.op_count == 1 && detail.operands[0].type == X86_OP_IMM) {
        instruction.target = static_cast<Address>(detail.operands[0].imm);
    }
    return instruction;
}

}  // namespace

Decoder::Decoder() : handle_(0) {
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle_) != CS_ERR_OK)
        throw std::runtime_error("Capstone does not decode x86-64");
    cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
}

Decoder::~Decoder() { cs_close(&handle_); }

std::optional<Instruction> Decoder::decode(std::string_view bytes, Address address) const {
    cs_insn* decoded = nullptr;
    const std::size_t count =
        cs_disasm(handle_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), address, 1, &decoded);
    if (count == 0) return std::nullopt;
    Instruction instruction = instruction_of(handle_, *decoded);
    cs_free(decoded, count);
    return instruction;
}

std::vector<Instruction> Decoder::decode_all(std::string_view bytes, Address address) const {
    std::vector<Instruction> all;
    while (!bytes.empty()) {
        std::optional<Instruction> next = decode(bytes, address);
        if (!next) break;
        bytes.remove_prefix(next->size());
        address += next->size();
        all.push_back(std::move(*next));
    }
    return all;
}

std::string flipped(std::string bytes, std::size_t bit) {
    bytes.at(bit / 8) = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    return bytes;
}

}  // namespace eft::faults

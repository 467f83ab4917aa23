// Faults in code: bits of instructions, and the changes of decoded instructions that stand for mistakes of programmers
// (SWIFI).
#include "fault_type.h"

#include <array>

namespace eft::faults {
namespace {

constexpr char kNop = '\x90';
constexpr const char* kRio =
    "Ng and Chen, The systematic improvement of fault tolerance in the Rio file cache, FTCS 1999";
constexpr const char* kFailStop =
    "Schlichting and Schneider, Fail-stop processors, ACM Transactions on Computer Systems 1983";
constexpr const char* kNooks =
    "Swift, Bershad and Levy, Improving the reliability of commodity operating systems, SOSP 2003; MINIX 3: Herder et "
    "al., DSN 2009";

Change change_of(const Target& target, const Instruction& at, std::string after) {
    const auto changed = target.decoder().decode(after, at.address);
    const bool gone = after.find_first_not_of(kNop) == std::string::npos;
    const std::string text = gone ? "nothing" : changed ? changed->text : "no instruction";
    return {at.address, at.bytes, std::move(after), at.text + " -> " + text, at.address};
}

class CodeFault : public FaultType {
public:
    CodeFault(const char* name, const char* definition, const char* source)
        : name_(name), definition_(definition), source_(source) {}
    const char* name() const override { return name_; }
    const char* definition() const override { return definition_; }
    const char* source() const override { return source_; }
    bool in_code() const override { return true; }

private:
    const char *name_, *definition_, *source_;
};

// `count` bits, each of any instruction that runs.
class TextFlip : public CodeFault {
public:
    TextFlip(const char* name, const char* definition, unsigned count)
        : CodeFault(name, definition, kRio), count_(count) {}

    std::vector<Change> choose(const Target& target, Random& random) const override {
        std::vector<Change> changes;
        for (unsigned i = 0; i < count_ && !target.instructions().empty(); ++i) {
            const Instruction& at = target.instructions()[random.below(target.instructions().size())];
            changes.push_back(change_of(target, at, flipped(at.bytes, random.below(at.size() * 8))));
        }
        return changes;
    }

private:
    unsigned count_;
};

// One instruction, among those of which something can be made, becomes another of the same length. `variants` are what
// can be made of it.
class OneInstruction : public CodeFault {
public:
    using Variants = std::vector<std::string> (*)(const Target&, const std::vector<Instruction>& function,
                                                  std::size_t index);
    OneInstruction(const char* name, const char* definition, const char* source, Variants variants)
        : CodeFault(name, definition, source), variants_(variants) {}

    std::vector<Change> choose(const Target& target, Random& random) const override {
        struct Place {
            const std::vector<Instruction>* function;
            std::size_t index;
        };
        std::vector<Place> places;
        for (const auto& function : target.functions())
            for (std::size_t i = 0; i < function.size(); ++i)
                if (target.runs(function[i].address) && !variants_(target, function, i).empty())
                    places.push_back({&function, i});
        if (places.empty()) return {};
        const Place place = places[random.below(places.size())];
        auto all = variants_(target, *place.function, place.index);
        return {change_of(target, (*place.function)[place.index], all[random.below(all.size())])};
    }

private:
    Variants variants_;
};

// Encodings that are one bit away and decode to the same operation, of the same length, in which just one operand is
// another, of the same kind: one that `wanted` accepts.
template <class Wanted>
std::vector<std::string> other_operand(const Target& target, const Instruction& at, Wanted wanted) {
    std::vector<std::string> variants;
    for (std::size_t bit = 0; bit < at.size() * 8; ++bit) {
        const std::string bytes = flipped(at.bytes, bit);
        const auto changed = target.decoder().decode(bytes, at.address);
        if (!changed || changed->id != at.id || changed->size() != at.size() ||
            changed->operands.size() != at.operands.size())
            continue;
        const Operand* different = nullptr;
        unsigned differences = 0;
        for (std::size_t i = 0; i < at.operands.size(); ++i) {
            if (changed->operands[i].value == at.operands[i].value) continue;
            ++differences;
            if (changed->operands[i].kind == at.operands[i].kind) different = &at.operands[i];
        }
        if (differences == 1 && different && wanted(*different)) variants.push_back(bytes);
    }
    return variants;
}

std::vector<std::string> sources(const Target& target, const std::vector<Instruction>& function, std::size_t index) {
    if (function[index].ends_block) return {};
    return other_operand(target, function[index], [](const Operand& o) { return o.read && !o.written; });
}

std::vector<std::string> destinations(const Target& target, const std::vector<Instruction>& function,
                                      std::size_t index) {
    if (function[index].ends_block) return {};
    return other_operand(target, function[index], [](const Operand& o) { return o.written; });
}

std::vector<std::string> pointers(const Target& target, const std::vector<Instruction>& function, std::size_t index) {
    return other_operand(target, function[index], [](const Operand& o) { return o.kind == OperandKind::Memory; });
}

std::vector<std::string> without(const Instruction& at) { return {std::string(at.size(), kNop)}; }

// The byte that has the condition of a conditional jump (Intel SDM 2, Jcc: 70+cc, 0F 80+cc); npos: it is another branch
// (JRCXZ).
std::size_t condition_byte(const Instruction& at) {
    for (std::size_t i = 0; at.is_branch && i < at.size(); ++i) {
        const auto byte = static_cast<unsigned char>(at.bytes[i]);
        if (byte == 0x0f) return i + 1;
        if ((byte & 0xf0) == 0x70) return i;
    }
    return std::string::npos;
}

// Conditions come in pairs, of which the last bit chooses one.
std::vector<std::string> loops(const Target&, const std::vector<Instruction>& function, std::size_t index) {
    const Instruction& at = function[index];
    const std::size_t place = condition_byte(at);
    if (place == std::string::npos || at.target > at.address || at.target < function.front().address) return {};
    return {flipped(at.bytes, place * 8)};
}

std::vector<std::string> branches(const Target&, const std::vector<Instruction>& function, std::size_t index) {
    return function[index].is_branch ? without(function[index]) : std::vector<std::string>();
}

// "less" becomes "less or equal", and so on: of the conditions b 2, ae 3, be 6, a 7 by bit 2, of l 12, ge 13, le 14, g
// 15 by bit 1.
std::vector<std::string> off_by_one(const Target&, const std::vector<Instruction>& function, std::size_t index) {
    const std::size_t place = condition_byte(function[index]);
    if (place == std::string::npos) return {};
    constexpr std::array<int, 16> kBit = {-1, -1, 2, 2, -1, -1, 2, 2, -1, -1, -1, -1, 1, 1, 1, 1};
    const int bit = kBit[static_cast<unsigned char>(function[index].bytes[place]) & 15];
    if (bit < 0) return {};
    return {flipped(function[index].bytes, place * 8 + static_cast<unsigned>(bit))};
}

std::vector<std::string> nothings(const Target&, const std::vector<Instruction>& function, std::size_t index) {
    return without(function[index]);
}

std::vector<std::string> ends(const Target&, const std::vector<Instruction>& function, std::size_t index) {
    return {undefined(function[index].size())};
}

bool assigns(const Instruction& at) {
    return !at.ends_block && at.operands.size() == 2 && at.operands[0].written && !at.operands[0].read &&
           at.operands[0].kind != OperandKind::Immediate;
}

// A constant that is put where nothing has been yet: among the first instructions of the function.
std::vector<std::string> initialisations(const Target&, const std::vector<Instruction>& function, std::size_t index) {
    constexpr std::size_t kFirst = 16;
    const Instruction& at = function[index];
    const bool constant =
        at.operands.size() == 2 && (at.operands[1].kind == OperandKind::Immediate || at.text == "xor eax, eax" ||
                                    (at.text.starts_with("xor ") && at.operands[0].value == at.operands[1].value));
    if (index >= kFirst || !constant || at.ends_block || !at.operands[0].written) return {};
    return at.text.starts_with("mov ") || at.text.starts_with("xor ") ? without(at) : std::vector<std::string>();
}

bool is_argument(const std::string& text) {
    const std::size_t begin = text.find(' ') + 1;
    const std::string name = text.substr(begin, text.find(',') - begin);
    for (const char* known : {"rdi", "edi", "dil", "rsi", "esi", "sil", "rdx", "edx", "dl", "rcx", "ecx", "cl", "r8",
                              "r8d", "r8b", "r9", "r9d", "r9b"})
        if (name == known) return true;
    return false;
}

// What puts an argument into its register before a call is left out (System V ABI, 3.2.3).
std::vector<std::string> arguments(const Target&, const std::vector<Instruction>& function, std::size_t index) {
    const Instruction& at = function[index];
    if (!assigns(at) || at.operands[0].kind != OperandKind::Register || !is_argument(at.text)) return {};
    for (std::size_t i = index + 1; i < function.size(); ++i) {
        if (function[i].is_call) return without(at);
        if (function[i].ends_block) return {};
    }
    return {};
}

}  // namespace

void add_code_faults(std::vector<std::unique_ptr<FaultType>>& types) {
    types.push_back(std::make_unique<TextFlip>("text", "a random bit of an instruction flips", 1));
    types.push_back(std::make_unique<TextFlip>("text16", "sixteen random bits flip, each of any instruction", 16));
    const auto add = [&types](const char* name, const char* definition, const char* source,
                              OneInstruction::Variants variants) {
        types.push_back(std::make_unique<OneInstruction>(name, definition, source, variants));
    };
    add("source", "an operand that is only read is another", kNooks, sources);
    add("destination", "an operand that is written is another", kNooks, destinations);
    add("pointer", "the address of an operand in memory is computed from another register or offset", kNooks, pointers);
    add("loop", "a conditional jump backwards has the opposite condition", kNooks, loops);
    add("interface", "the instruction that puts an argument into its register before a call is left out", kNooks,
        arguments);
    add("initialisation", "the instruction that puts a constant into a variable at the begin of a function is left out",
        kNooks, initialisations);
    add("branch", "a conditional jump is left out", kNooks, branches);
    add("off_by_one", "a comparison has < for <=, > for >=, or the other way round", kRio, off_by_one);
    add("crash", "any instruction is undefined: the program ends there", kFailStop, ends);
    add("nop", "any instruction is left out", kNooks, nothings);
}

}  // namespace eft::faults

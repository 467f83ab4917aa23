// Types of faults, on code made by hand: what each may change, and that it changes nothing else.
#include <fault_type.h>

#include <doctest/doctest.h>

#include <set>

using namespace eft::faults;

namespace {

constexpr Address kBase = 0x400000;

// 00  mov rax, [rdi + 8]
// 04  add rax, rsi
// 07  cmp eax, ecx
// 09  jl 00
// 0b  mov edi, 5
// 10  call 15
// 15  xor eax, eax
// 17  ret
const std::string kCode(
    "\x48\x8b\x47\x08\x48\x01\xf0\x39\xc8\x7c\xf5\xbf\x05\x00\x00\x00\xe8\x00\x00\x00\x00\x31\xc0\xc3", 24);
const std::set<Address> kBegins = {0x00, 0x04, 0x07, 0x09, 0x0b, 0x10, 0x15, 0x17};

std::string nops(std::size_t count) { return std::string(count, '\x90'); }

struct Code {
    Program program{kBase, kCode};
    Target target{program};

    // Everything that a type makes of the code, by offset.
    std::set<std::pair<Address, std::string>> all(const std::string& type) {
        REQUIRE(fault_type(type));
        std::set<std::pair<Address, std::string>> found;
        for (unsigned seed = 0; seed < 2000; ++seed) {
            Random random(seed);
            for (const Change& change : fault_type(type)->choose(target, random)) {
                CHECK(change.before == kCode.substr(change.address - kBase, change.before.size()));
                CHECK(change.after.size() == change.before.size());
                CHECK(change.watch == change.address);
                found.emplace(change.address - kBase, change.after);
            }
        }
        return found;
    }
    Instruction decoded(Address offset, const std::string& bytes) {
        const auto instruction = target.decoder().decode(bytes, kBase + offset);
        REQUIRE(instruction);
        REQUIRE(instruction->size() == bytes.size());
        return *instruction;
    }
};

using Set = std::set<std::pair<Address, std::string>>;

unsigned different_bits(const std::string& a, const std::string& b) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        bits += static_cast<unsigned>(__builtin_popcount(static_cast<unsigned char>(a[i] ^ b[i])));
    return bits;
}

}  // namespace

TEST_CASE_FIXTURE(Code, "jumps: the opposite condition, none, or one that is off by one") {
    CHECK(all("loop") == Set{{0x09, "\x7d\xf5"}});        // jge
    CHECK(all("off_by_one") == Set{{0x09, "\x7e\xf5"}});  // jle
    CHECK(all("branch") == Set{{0x09, nops(2)}});
}

TEST_CASE_FIXTURE(Code, "what is left out: an argument, an initialisation, any instruction") {
    CHECK(all("interface") == Set{{0x0b, nops(5)}});
    CHECK(all("initialisation") == Set{{0x0b, nops(5)}, {0x15, nops(2)}});
    const auto any = all("nop");
    CHECK(any.size() == kBegins.size());
    for (const auto& [offset, bytes] : any) {
        CHECK(kBegins.contains(offset));
        CHECK(bytes == nops(bytes.size()));
    }
}

TEST_CASE_FIXTURE(Code, "a crash: any instruction is undefined") {
    const auto any = all("crash");
    CHECK(any.size() == kBegins.size());
    for (const auto& [offset, bytes] : any) {
        CHECK(kBegins.contains(offset));
        CHECK_FALSE(target.decoder().decode(bytes, kBase + offset));
    }
}

TEST_CASE_FIXTURE(Code, "an operand is another one, and the others are as they were") {
    const auto check = [this](const char* type, auto is_operand) {
        CAPTURE(type);
        const auto found = all(type);
        CHECK(found.size() > 3);
        for (const auto& [offset, bytes] : found) {
            const Instruction before = decoded(offset, kCode.substr(offset, bytes.size())),
                              after = decoded(offset, bytes);
            CAPTURE(before.text);
            CAPTURE(after.text);
            CHECK(after.id == before.id);
            unsigned differences = 0;
            for (std::size_t i = 0; i < before.operands.size(); ++i) {
                if (before.operands[i].value == after.operands[i].value) continue;
                ++differences;
                CHECK(is_operand(before.operands[i]));
            }
            CHECK(differences == 1);
        }
        return found;
    };
    check("destination", [](const Operand& o) { return o.written; });
    check("source", [](const Operand& o) { return o.read && !o.written; });
    for (const auto& [offset, bytes] : check("pointer", [](const Operand& o) { return o.kind == OperandKind::Memory; }))
        CHECK(offset == 0);
}

TEST_CASE_FIXTURE(Code, "bits flip: one, or sixteen, in any instruction") {
    const auto one = all("text");
    CHECK(one.size() > 150);  // of 192
    for (const auto& [offset, bytes] : one) CHECK(different_bits(kCode.substr(offset, bytes.size()), bytes) == 1);
    Random random(7);
    CHECK(fault_type("text16")->choose(target, random).size() == 16);
}

TEST_CASE_FIXTURE(Code, "faults are made only in code that runs, and are the same for the same seed") {
    const Target some(program, [](Address address) { return address == kBase + 0x07; });
    for (unsigned seed = 0; seed < 50; ++seed) {
        Random random(seed), again(seed);
        const auto changes = fault_type("text")->choose(some, random);
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].address == kBase + 0x07);
        CHECK(fault_type("text")->choose(some, again)[0].after == changes[0].after);
        CHECK(fault_type("branch")->choose(some, random).empty());
    }
}

TEST_CASE_FIXTURE(Code, "bits of data, stack and state") {
    target.data = {{0x1000, "abc"}};
    target.stack = {{0x2000, "d"}, {0x3000, "e"}};
    for (unsigned seed = 0; seed < 200; ++seed) {
        Random random(seed);
        const auto data = fault_type("data")->choose(target, random),
                   stack = fault_type("stack")->choose(target, random);
        REQUIRE(data.size() == 1);
        CHECK(data[0].before == std::string("abc").substr(data[0].address - 0x1000, 1));
        CHECK(different_bits(data[0].before, data[0].after) == 1);
        REQUIRE(stack.size() == 1);
        CHECK(stack[0].before == (stack[0].address == 0x2000 ? "d" : "e"));
        CHECK(fault_type("state")->choose(target, random).empty());
    }
}

TEST_CASE("every type says what it is and where it comes from") {
    std::set<std::string> names;
    for (const auto& type : fault_types()) {
        CHECK(names.insert(type->name()).second);
        CHECK(std::string(type->definition()).size() > 10);
        CHECK(std::string(type->source()).size() > 10);
    }
}

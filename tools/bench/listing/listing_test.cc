// What the listing of a call shows, and that the listing can be trusted.
#include "image.h"
#include "listing.h"

#include <doctest/doctest.h>

using namespace eft::bench;

namespace {

unsigned count(const Listing& listing, Special special) { return listing.specials()[static_cast<unsigned>(special)]; }

Special of(const char* text, std::uint64_t rax = 0) {
    Registers registers{};
    registers.general[0] = rax;
    return classify(text, registers);
}

}  // namespace

TEST_CASE("instructions that cost more than they count are told by their text and operands") {
    CHECK(of("mov    %rax,%cr3") == Special::SpaceSwitch);
    CHECK(of("mov    %cr3,%rax") == Special::None);
    CHECK(of("mov    %rax,%cr4") == Special::ControlRegister);
    CHECK(of("wrmsr") == Special::ModelRegister);
    CHECK(of("rdmsr") == Special::None);
    CHECK(of("invlpg (%rax)") == Special::InvalidatePage);
    CHECK(of("xsaveopt (%rax)") == Special::FpuState);
    CHECK(of("lock cmpxchg %rcx,(%rax)") == Special::Locked);
    CHECK(of("xchg   %rax,(%rcx)") == Special::Locked);
    CHECK(of("xchg   %ax,%ax") == Special::None);
    CHECK(of("out    %al,(%dx)") == Special::Port);
    CHECK(of("in     (%dx),%eax") == Special::Port);
    CHECK(of("iretq") == Special::Iret);
    CHECK(of("wrgsbase %rax") == Special::SegmentBase);
    CHECK(of("rdfsbase %rax") == Special::None);
    CHECK(of("rep movsq %ds:(%rsi),%es:(%rdi)") == Special::Repeated);
    CHECK(of("repz ret") == Special::None);
    CHECK(of("movl   $0x0,0xb0(%rax)", 0xffffffffc0000000) == Special::Mmio);
    CHECK(of("movl   $0x0,0xb0(%rax)", 0xffffffff80000000) == Special::None);
    CHECK(of("lea    0xb0(%rax),%rcx", 0xffffffffc0000000) == Special::None);
    CHECK(of("mov    %eax,0xffffffffc00000b0") == Special::Mmio);
}

TEST_CASE("names are shortened to what a person looks for") {
    CHECK(short_name("eft::kernel::Endpoint::send(eft::kernel::Core&, bool)") == "send");
    CHECK(short_name("unsigned long eft::bench::total<(anonymous namespace)::f()::{lambda(unsigned long)#1}>(unsigned long)") == "total");
    CHECK(short_name("f(int)::{lambda(int)#1}::operator()(int) const [clone .isra.0]") != "");
    CHECK(short_name("system_call_entry") == "system_call_entry");
}

TEST_CASE("a call and its answer switch address spaces twice and touch nothing else that is slow") {
    const Listing listing = list_round("ipc.cross.w0");
    REQUIRE(listing.agrees());
    CHECK(listing.steps.size() > 100);
    CHECK(count(listing, Special::SpaceSwitch) == 2);
    CHECK(count(listing, Special::Swapgs) == 4);
    CHECK(count(listing, Special::Sysret) == 2);
    for (const Special special : {Special::ControlRegister, Special::ModelRegister, Special::InvalidatePage, Special::FpuState, Special::Locked,
                                  Special::Port, Special::Mmio, Special::Iret, Special::Repeated}) {
        CHECK_MESSAGE(count(listing, special) == 0, name_of(special));
    }
}

TEST_CASE("a caller's floating point state is saved, the initial one is loaded for its server, and its own for the answer") {
    const Listing listing = list_round("ipc.cross.w0.fpu");
    REQUIRE(listing.agrees());
    CHECK(count(listing, Special::FpuState) == 3);
    CHECK(count(listing, Special::ControlRegister) == 2);
    CHECK(count(listing, Special::SpaceSwitch) == 2);
    for (const Special special : {Special::ModelRegister, Special::Locked, Special::Port, Special::Mmio, Special::Iret, Special::Repeated}) {
        CHECK_MESSAGE(count(listing, special) == 0, name_of(special));
    }
}

TEST_CASE("a key that the guest does not measure is refused by name") {
    CHECK_THROWS_WITH_AS(list_round("ipc.nobody"), doctest::Contains("ipc.nobody"), std::runtime_error);
}

#include "probe.h"

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/syscall.h>

using namespace eft;
using namespace eft::registers;

extern "C" {
void probe_first(Image* image);
void probe_system_call(Image* image);
void probe_spin(Image* image);
void probe_fault(Image* image);
extern u64 spin_count;
void probe_foreign(Image* image);
extern const char foreign_back[], foreign_handler[], foreign_handler_end[];
extern u64 foreign_seen[15], foreign_return, foreign_self, foreign_tag, foreign_status;
}

namespace {

constexpr u64 kSpins = 100'000;
constexpr u64 kPublic = 0x11;  // the only word that is in a message

Findings& findings() { return *reinterpret_cast<Findings*>(state_memory().data()); }

class Probe {
public:
    // No two processes have the same.
    explicit Probe(u64 secret) : secret_(secret << 32) {}

    // The first use of the floating point registers, by a process that has put nothing there yet.
    void first() {
        before_.control = 0x37f, before_.mxcsr = 0x1f80;  // as after FNINIT, and Intel SDM 1, 10.2.3
        probe_first(&image_);
        ++findings().entries[static_cast<u32>(Entry::First)];
        check_fpu(Entry::First);
    }
    // One entry into the kernel; answers the error.
    Error enter(Entry entry, SystemCall call, u64 slot, Tag tag = Tag(0, 1), u64 flags = 0) {
        fill();
        image_.rax = static_cast<u64>(call) | flags;
        image_.rdi = slot;
        image_.rsi = tag.value;
        if (tag.words() == 1) image_.r12 = kPublic;
        before_ = image_;
        probe_system_call(&image_);
        check_system_call(entry);
        check_fpu(entry);
        return static_cast<Error>(image_.rax);
    }
    void spin() {
        spin_count = kSpins;
        keep(Entry::Spin, probe_spin);
    }
    void fault() { keep(Entry::Fault, probe_fault); }
    // A system call as a foreign thread, whose handler makes it an ordinary one by a system call of its own.
    void foreign(Slot self) {
        const auto at = [](const char* symbol) { return reinterpret_cast<u64>(symbol); };
        const Status set = kernel_object::set_foreign(self, at(foreign_handler), at(foreign_handler), at(foreign_handler_end) - at(foreign_handler));
        expect(Entry::Foreign, &image_.rax, set.ok(), 1);
        if (!set.ok()) return;
        foreign_self = raw(self), foreign_tag = Tag(static_cast<u32>(Invocation::ThreadForeign), 1).value, foreign_status = ~u64{0};
        fill();
        before_ = image_;
        probe_foreign(&image_);
        ++findings().entries[static_cast<u32>(Entry::Foreign)];
        const u64 *after = &image_.rax, *earlier = &before_.rax;
        for (u64 i = 0; i < kWords; ++i) {
            if (i == kRcx || i == kR11) continue;  // SYSCALL loses them
            expect(Entry::Foreign, &after[i], foreign_seen[i], i == 0 ? earlier[i] | u64{1} << 63 : earlier[i]);
            expect(Entry::Foreign, &after[i], after[i], i == 0 ? kForeignAnswer : earlier[i]);
        }
        expect(Entry::Foreign, &after[kRcx], foreign_return, at(foreign_back));
        expect(Entry::Foreign, &after[kRcx], foreign_status, 0);
        check_fpu(Entry::Foreign);
    }

private:
    static constexpr u64 kWords = 15, kRcx = 2, kR11 = 10, kForeignAnswer = 77;  // as enter.S has it

    void fill() {
        u64* words = &image_.rax;
        for (u64 i = 0; i < kWords; ++i) words[i] = secret_ + i;
        image_.control = 0x37f, image_.status = 0, image_.tags = 0xff, image_.mxcsr = 0x1f80;
        for (u64 i = 0; i < 8; ++i) image_.stack[i][0] = secret_ + 0x100 + i, image_.stack[i][1] = 0x3fff;
        for (u64 i = 0; i < 16; ++i) image_.xmm[i][0] = secret_ + 0x200 + i, image_.xmm[i][1] = ~(secret_ + i);
        for (u64 i = 0; i < 16; ++i) image_.upper[i][0] = secret_ + 0x300 + i, image_.upper[i][1] = ~(secret_ + 0x300 + i);
    }
    void expect(Entry entry, const void* where, u64 value, u64 wanted) {
        if (value == wanted) return;
        if (findings().wrong++ != 0) return;
        findings().entry = static_cast<u64>(entry);
        findings().word = static_cast<u64>(static_cast<const u64*>(where) - &image_.rax);
        findings().value = value;
    }
    void check_system_call(Entry entry) {
        ++findings().entries[static_cast<u32>(entry)];
        for (const u64* zero : {&image_.rbx, &image_.rdx, &image_.r8, &image_.r9, &image_.r10}) expect(entry, zero, *zero, 0);
        expect(entry, &image_.rbp, image_.rbp, before_.rbp);
        expect(entry, &image_.rcx, image_.rcx >> 32, 0);  // behind the SYSCALL
        expect(entry, &image_.r11, image_.r11 >> 22, 0);  // flags
        expect(entry, &image_.rdi, image_.rdi >> 8, 0);   // badges are small
        const Tag tag(image_.rsi);
        const u64* words = &image_.r12;
        for (u64 i = 0; i < kRegisterWords; ++i) {
            u64 wanted = i < tag.words() ? kPublic : 0;
            if (entry == Entry::Invoke || entry == Entry::Debug) wanted = words[i] & 0xffff;
            // Where nothing is received, the general path leaves the process what it had itself.
            if ((entry == Entry::Yield || entry == Entry::Signal || entry == Entry::Send) && words[i] != 0) wanted = (&before_.r12)[i];
            expect(entry, &words[i], words[i], wanted);
        }
    }
    void keep(Entry entry, void (*what)(Image*)) {
        fill();
        before_ = image_;
        what(&image_);
        ++findings().entries[static_cast<u32>(entry)];
        const u64 *after = &image_.rax, *earlier = &before_.rax;
        for (u64 i = 0; i < kWords; ++i) expect(entry, &after[i], after[i], earlier[i]);
        check_fpu(entry);
    }
    void check_fpu(Entry entry) {
        expect(entry, &image_.unused + 1, image_.control, before_.control);
        expect(entry, &image_.stack[0][0] - 1, image_.mxcsr, before_.mxcsr);
        for (u64 i = 0; i < 8; ++i) {
            expect(entry, &image_.stack[i][0], image_.stack[i][0], before_.stack[i][0]);
            expect(entry, &image_.stack[i][1], image_.stack[i][1] & 0xffff, before_.stack[i][1]);
        }
        for (u64 i = 0; i < 32; ++i) {
            expect(entry, &image_.xmm[i / 2][i % 2], image_.xmm[i / 2][i % 2], before_.xmm[i / 2][i % 2]);
            expect(entry, &image_.upper[i / 2][i % 2], image_.upper[i / 2][i % 2], before_.upper[i / 2][i % 2]);
        }
    }

    u64 secret_;
    Image image_{}, before_{};
};

u64 named(std::string_view name) { return raw(*granted(name)); }

// A server: it finds what callers leave in registers, and leaves its own for them.
[[noreturn]] void serve(Probe& probe) {
    const u64 endpoint = raw(slot(WellKnown::Endpoint));
    for (;;) {
        if (probe.enter(Entry::ReplyRecv, SystemCall::ReplyRecv, endpoint) != Error::None) probe.enter(Entry::Recv, SystemCall::Recv, endpoint);
    }
}

[[noreturn]] void wait(Probe& probe) {
    for (;;) probe.enter(Entry::Wait, SystemCall::Recv, raw(slot(WellKnown::Notification)));
}

// Everybody else does everything.
[[noreturn]] void work(Probe& probe) {
    const u64 server = named("server"), waiter = named("waiter"), stage = named("stage"), table = raw(slot(WellKnown::Table));
    const Slot self = *granted("self");
    for (u64 round = 0;; ++round) {
        probe.enter(Entry::Call, SystemCall::Call, server);
        probe.enter(Entry::Send, SystemCall::Send, server);
        probe.enter(Entry::Signal, SystemCall::Send, waiter);
        probe.enter(Entry::Poll, SystemCall::Recv, raw(slot(WellKnown::Notification)), Tag(0, 1), kPoll);
        probe.enter(Entry::Yield, SystemCall::Yield, 0);
        probe.enter(Entry::Yield, SystemCall::Yield, 0, Tag(), kPoll);
        probe.enter(Entry::Invoke, SystemCall::Call, table, Tag(static_cast<u32>(Invocation::CapUsed), 0));
        probe.enter(Entry::Invoke, SystemCall::Call, table, Tag(static_cast<u32>(Invocation::CapDelete), 4));  // refused
        probe.enter(Entry::Debug, SystemCall::Debug, static_cast<u64>(DebugCall::Objects), Tag());
        probe.fault();
        probe.foreign(self);
        probe.enter(Entry::Call, SystemCall::Call, stage, Tag(kUnmapLabel, 0));
        if (round % 4 == 0) probe.spin();
    }
}

}  // namespace

int eft_main() {
    const std::string_view role = field_text(config().arguments);
    static Probe probe(0x5ec0 + static_cast<u64>(role.front()) * 256 + static_cast<u64>(role.back()));
    probe.first();
    if (role == "server") serve(probe);
    if (role == "waiter") wait(probe);
    work(probe);
}

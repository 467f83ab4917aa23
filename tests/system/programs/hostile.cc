// A client that sends every server it can reach malformed messages: every label, wrong lengths,
// wrong capabilities, random words. The servers must answer each with an error or ignore it; this
// program only counts. The test looks at the servers.
#include <eft/cap.h>
#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/text.h>

#include <eft/idl/proc.h>
#include <eft/idl/rs.h>

#include <array>

using namespace eft;

namespace {

constexpr u32 kMessages = 100'000;
constexpr u32 kOrdinals = 24;
constexpr u32 kInterfaces = 24;

class Random {
public:
    u64 next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        return state_ ^= state_ << 17;
    }
    u64 below(u64 limit) { return next() % limit; }

private:
    u64 state_ = 0x2545f4914f6cdd1d;
};

struct Target {
    std::string_view name;
    Slot session;
    u16 interface_id;  // tried more often than the others
};

// What would end this program or the machine for good reasons, and is no attack.
bool is_a_wish(u32 label) {
    return label == proc::Proc::ExitMethod::kLabel || label == rs::Rs::ShutdownMethod::kLabel || label == rs::Rs::RebootMethod::kLabel;
}

// Words that are often near something that means something.
u64 word(Random& random) {
    switch (random.below(6)) {
        case 0: return random.next();
        case 1: return random.below(16);
        case 2: return u64{1} << random.below(64);
        case 3: return (u64{1} << random.below(64)) - 1;
        case 4: return 0x1000'0000 + random.below(0x4000'0000);
        default: return random.next() & 0x00ff'00ff'00ff'00ff;
    }
}

Error attack(Random& random, const Target& target, std::array<Slot, 4> caps) {
    const u16 interface_id = random.below(4) == 0 ? static_cast<u16>(random.below(kInterfaces)) : target.interface_id;
    const u32 label = random.below(50) == 0 ? static_cast<u32>(random.next()) : make_label(interface_id, static_cast<u16>(random.below(kOrdinals)));
    if (is_a_wish(label)) return Error::None;
    const unsigned words = static_cast<unsigned>(random.below(8) == 0 ? random.below(kMaxWords + 1) : random.below(24));
    const unsigned cap_count = random.below(3) == 0 ? static_cast<unsigned>(random.below(kMaxCaps + 1)) : 0;
    sys::Registers registers;
    registers.tag = Tag(label, words, cap_count, static_cast<u16>(random.below(4)));
    for (u64& register_word : registers.w) register_word = word(random);
    for (unsigned i = kRegisterWords; i < words; ++i) sys::utcb().words[i] = word(random);
    for (unsigned i = 0; i < cap_count; ++i) sys::utcb().send_slots[i] = raw(caps[random.below(caps.size())]);
    const Error error = random.below(16) == 0 ? sys::poll_send(target.session, registers) : sys::call(target.session, registers);
    // Whatever came with an answer goes.
    for (unsigned i = 0; error == Error::None && i < registers.tag.caps(); ++i) {
        static_cast<void>(kernel_object::remove(slot(WellKnown::Table), static_cast<Slot>(sys::utcb().receive_slots[i])));
    }
    return error != Error::None ? error : static_cast<Error>(registers.tag.label());
}

}  // namespace

int eft_main() {
    report_ready();
    constexpr u32 kMaxTargets = 16;
    std::array<Target, kMaxTargets> targets{};
    u32 count = 0;
    targets[count++] = {"mem", slot(WellKnown::Memory), 16};
    targets[count++] = {"proc", slot(WellKnown::Process), 17};
    targets[count++] = {"names", slot(WellKnown::Names), 19};
    if (const auto rs = granted("rs"); rs.ok()) targets[count++] = {"rs", *rs, 20};
    const std::pair<std::string_view, u16> services[] = {{"echo", 1}, {"counter", 2}, {"block/0", 7}, {"timer", 8}, {"console", 9}, {"file/0", 10}, {"log", 11}};
    for (const auto& [name, interface_id] : services) {
        auto session = connect(name);
        if (session.ok()) targets[count++] = {name, session->release(), interface_id};
    }

    auto notification = copy_capability(slot(WellKnown::SelfSignal));
    const std::array<Slot, 4> caps = {slot(WellKnown::Thread), notification->slot(), targets[0].session, targets[2].session};
    Random random;
    u64 refused = 0;
    for (u32 i = 0; i < kMessages; ++i) refused += attack(random, targets[i % count], caps) != Error::None;

    FixedText<96> line;
    line.append("sent ").decimal(kMessages).append(" messages to ").decimal(count).append(" servers, ").decimal(refused).append(" refused");
    log(line.view());
    return 0;
}

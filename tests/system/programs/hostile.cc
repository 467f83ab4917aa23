// A client that sends every server it can reach what a broken or hostile client may send, from the tables that idlc wrote of
// the interfaces: every call with every wrong length, number of capabilities and field, in encoding 3 with every wrong offset,
// vtable, length and tag, then random words with random labels.
// The servers must answer each with an error or ignore it; this program only counts. The test looks at the servers.
#include "hostile_flat.h"
#include "hostile_messages.h"

#include <eft/cap.h>
#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/text.h>

#include <eft/idl/hostile/block.h>
#include <eft/idl/hostile/console.h>
#include <eft/idl/hostile/counter.h>
#include <eft/idl/hostile/dev.h>
#include <eft/idl/hostile/echo.h>
#include <eft/idl/hostile/file.h>
#include <eft/idl/hostile/garden.h>
#include <eft/idl/hostile/log.h>
#include <eft/idl/hostile/mem.h>
#include <eft/idl/hostile/names.h>
#include <eft/idl/hostile/proc.h>
#include <eft/idl/hostile/rs.h>
#include <eft/idl/hostile/timer.h>

#include <algorithm>
#include <array>

using namespace eft;

namespace {

constexpr u32 kRandomMessages = 100'000;

struct Target {
    Slot session;
    const ipc::HostileService* service;
    ipc::Callers kind = 0;  // of the session, as a bit; 0: the service has no kinds
};
template <class Kind>
constexpr ipc::Callers bit_of(Kind kind) {
    return static_cast<ipc::Callers>(1u << static_cast<unsigned>(kind));
}

// No call to this service is taken, whatever it says, if it is for other kinds of session.
bool is_forbidden(const Target& target, u32 label) {
    return std::any_of(target.service->methods.begin(), target.service->methods.end(), [&](const ipc::HostileMethod& method) {
        return method.label == label && method.callers != 0 && !(method.callers & target.kind);
    });
}

// What would end this program or the machine for good reasons, or take what the person at the prompt types, and is no attack.
bool is_a_wish(u32 label) {
    return label == proc::Proc::ExitMethod::kLabel || label == rs::Rs::ShutdownMethod::kLabel || label == rs::Rs::RebootMethod::kLabel ||
           label == console::Console::ReadMethod::kLabel;
}

// What would be printed: nothing is wrong with it, and the test reads the console.
bool is_output(const hostile::Message& message) {
    if (message.label != console::Console::WriteMethod::kLabel || message.words == 0) return false;
    const unsigned flat = message.content[0] & 0xffff, start = std::max(flat, kRegisterWords);
    const unsigned offset = message.content[0] >> 32 & 0xffff, length = static_cast<unsigned>(message.content[0] >> 48);
    return flat <= message.words && offset >= start * 8 && offset + length <= message.words * 8;
}

class Attacker {
public:
    explicit Attacker(std::array<Slot, 4> caps) : caps_(caps) {}

    // Whether it was taken: answered without an error.
    bool send(const Target& target, const hostile::Message& message) {
        if (is_a_wish(message.label) || is_output(message)) return false;
        sys::Registers registers;
        registers.tag = Tag(message.label, message.words, message.caps, message.sequence);
        for (unsigned i = 0; i < message.words; ++i) {
            (i < kRegisterWords ? registers.w[i] : sys::utcb().words[i]) = message.content[i];
        }
        for (unsigned i = 0; i < message.caps; ++i) sys::utcb().send_slots[i] = raw(caps_[next_cap_++ % caps_.size()]);
        const Error error = message.poll ? sys::poll_send(target.session, registers) : sys::call(target.session, registers);
        // Whatever came with an answer goes.
        for (unsigned i = 0; error == Error::None && i < registers.tag.caps(); ++i) {
            static_cast<void>(kernel_object::remove(slot(WellKnown::Table), static_cast<Slot>(sys::utcb().receive_slots[i])));
        }
        const bool taken = error == Error::None && registers.tag.label() == 0;
        if (!message.poll && is_forbidden(target, message.label)) {
            ++forbidden_;
            // The kernel may have refused the capabilities in it.
            wrongly_admitted_ += error == Error::None && registers.tag.label() != static_cast<u32>(Error::PermissionDenied);
        }
        ++sent_;
        refused_ += !taken;
        return taken;
    }
    void send_flatbuffer(const Target& target, const hostile::Message& message, bool surely_wrong) {
        wrongly_taken_ += send(target, message) && surely_wrong;
        ++flatbuffers_;
    }

    u64 sent() const { return sent_; }
    u64 refused() const { return refused_; }
    u64 flatbuffers() const { return flatbuffers_; }
    u64 wrongly_taken() const { return wrongly_taken_; }
    u64 forbidden() const { return forbidden_; }
    u64 wrongly_admitted() const { return wrongly_admitted_; }

private:
    std::array<Slot, 4> caps_;
    u32 next_cap_ = 0;
    u64 sent_ = 0;
    u64 refused_ = 0;
    u64 flatbuffers_ = 0;
    u64 wrongly_taken_ = 0;
    u64 forbidden_ = 0;
    u64 wrongly_admitted_ = 0;
};

void attack_systematically(Attacker& attacker, const Target& target) {
    FixedText<64> line;
    log(line.append("every wrong message to ").append(target.service->name).view());
    for (const ipc::HostileMethod& method : target.service->methods) {
        hostile::for_each_wrong_message(method, [&](const hostile::Message& message) { attacker.send(target, message); });
        hostile::for_each_wrong_flatbuffer(*target.service, method, [&](const hostile::Message& message, bool surely_wrong) {
            attacker.send_flatbuffer(target, message, surely_wrong);
        });
    }
}

}  // namespace

int eft_main() {
    report_ready();
    constexpr u32 kMaxTargets = 16;
    std::array<Target, kMaxTargets> targets{};
    u32 count = 0;
    targets[count++] = {slot(WellKnown::Memory), &mem::kMemHostile, bit_of(mem::Mem::SessionKind::Space)};
    targets[count++] = {slot(WellKnown::Process), &proc::kProcHostile, bit_of(proc::Proc::SessionKind::Process)};
    targets[count++] = {slot(WellKnown::Names), &names::kNamesHostile, bit_of(names::Names::SessionKind::Client)};
    if (const auto rs = granted("rs"); rs.ok()) targets[count++] = {*rs, &rs::kRsHostile, bit_of(rs::Rs::SessionKind::Order)};
    if (const auto dev = granted("dev"); dev.ok()) targets[count++] = {*dev, &dev::kDevHostile, bit_of(dev::Dev::SessionKind::List)};
    const std::pair<std::string_view, const ipc::HostileService*> services[] = {
        {"echo", &echo::kEchoHostile},          {"counter", &counter::kCounterHostile}, {"block/0", &block::kBlockHostile},
        {"timer", &timer::kTimerServiceHostile}, {"console", &console::kConsoleHostile}, {"file/0", &file::kFileHostile},
        {"log", &syslog::kLogHostile},           {"garden", &garden::kGardenHostile},
    };
    for (const auto& [name, service] : services) {
        auto session = connect(name);
        if (session.ok()) targets[count++] = {session->release(), service};
    }

    auto notification = copy_capability(slot(WellKnown::SelfSignal));
    Attacker attacker({slot(WellKnown::Thread), notification->slot(), targets[0].session, targets[2].session});
    for (u32 i = 0; i < count; ++i) attack_systematically(attacker, targets[i]);
    const u64 systematic = attacker.sent();
    hostile::Random random;
    for (u32 i = 0; i < kRandomMessages; ++i) {
        const Target& target = targets[i % count];
        // A label of its own interface as a rule, of another one now and then.
        const Target& labels = random.below(4) == 0 ? targets[random.below(count)] : target;
        attacker.send(target, hostile::random_message(random, *labels.service));
    }

    FixedText<160> line;
    line.append("sent ").decimal(systematic).append(" wrong and ").decimal(attacker.sent() - systematic);
    line.append(" random messages to ").decimal(count).append(" servers, ").decimal(attacker.refused()).append(" refused");
    log(line.view());
    line.clear();
    line.decimal(attacker.flatbuffers()).append(" FlatBuffers, ").decimal(attacker.wrongly_taken()).append(" taken that are surely wrong");
    log(line.view());
    line.clear();
    line.decimal(attacker.forbidden()).append(" calls for other kinds of session, ").decimal(attacker.wrongly_admitted()).append(" admitted");
    log(line.view());
    return 0;
}

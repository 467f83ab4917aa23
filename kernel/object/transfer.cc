#include <object/transfer.h>

#include <object/cap_table.h>
#include <object/derivation.h>

namespace eft::kernel {
namespace {

struct CapTransfer {
    Capability* source[kMaxCaps];
    Capability* destination[kMaxCaps];
};

Error find_slots(Thread& sender, Thread& receiver, unsigned count, bool move, CapTransfer& caps) {
    if (sender.table.empty()) return Error::InvalidCapability;
    if (receiver.table.empty()) return Error::PeerNoSlot;
    for (unsigned i = 0; i < count; ++i) {
        Capability* source = sender.table.as<CapTable>().lookup(sender.utcb->send_slots[i]);
        if (!source || source->empty()) return Error::InvalidCapability;
        if (source->going() || !(move ? movable(*source) : derivable(*source))) return Error::InvalidCapability;
        Capability* destination = receiver.table.as<CapTable>().lookup(receiver.utcb->receive_slots[i]);
        if (!destination || !destination->empty()) return Error::PeerNoSlot;
        for (unsigned j = 0; j < i; ++j) {
            if (caps.destination[j] == destination) return Error::PeerNoSlot;
            if (caps.source[j] == source && move) return Error::InvalidCapability;
        }
        caps.source[i] = source;
        caps.destination[i] = destination;
    }
    return Error::None;
}

}  // namespace

Error transfer(Thread& sender, Thread& receiver, Badge badge) {
    if (sender.in_fault()) {
        transfer_fault(sender, receiver, badge);
        return Error::None;
    }
    const Tag sent = sender.registers.tag();
    if (!sent.valid()) return Error::InvalidArgument;
    const unsigned words = sent.words();
    const unsigned count = sent.caps();

    if (words > kRegisterWords || count != 0) {
        const Utcb* from = sender.utcb;
        Utcb* to = receiver.utcb;
        if (!from) return Error::NoUtcb;
        if (!to) return Error::PeerNoUtcb;
        if (count != 0) {
            CapTransfer caps;
            const bool move = sent.has(Tag::Move);
            if (Error error = find_slots(sender, receiver, count, move, caps); error != Error::None) return error;
            for (unsigned i = 0; i < count; ++i) {
                if (move) {
                    move_capability(*caps.source[i], *caps.destination[i]);
                } else {
                    derive_capability(*caps.source[i], *caps.destination[i], kAllRights);
                }
            }
        }
        if (words > kRegisterWords) arch::copy_words(to->words + kRegisterWords, from->words + kRegisterWords, words - kRegisterWords);
    }
    u64 registers[kRegisterWords];
    for (unsigned i = 0; i < kRegisterWords; ++i) registers[i] = i < words ? sender.registers.word(i) : 0;
    receiver.set_result(Error::None, badge, sent.without(Tag::kReceiveFlags | Tag::Move));
    for (unsigned i = 0; i < kRegisterWords; ++i) receiver.registers.set_word(i, registers[i]);
    return Error::None;
}

}  // namespace eft::kernel

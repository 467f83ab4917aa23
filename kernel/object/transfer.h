// The transfer of one message from a thread to another.
#pragma once

#include <object/thread.h>

namespace eft::kernel {

// Copies the message in `sender`'s registers and message page (or its fault message) to
// `receiver`, which then has its result. All checks come first: on an error nothing has changed.
// PeerNoSlot and PeerNoUtcb are the receiver's fault, other errors the sender's.
Error transfer(Thread& sender, Thread& receiver, Badge badge);

// The same for a sender in a fault, which cannot fail.
inline void transfer_fault(const Thread& sender, Thread& receiver, Badge badge) {
    receiver.set_result(Error::None, badge, Tag(sender.fault.label, kRegisterWords).with(Tag::Fault));
    for (unsigned i = 0; i < kRegisterWords; ++i) receiver.registers.set_word(i, sender.fault.words[i]);
}

}  // namespace eft::kernel

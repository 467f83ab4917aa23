// The memory of a session for `once` methods: the number and the reply of the last such call.
//
// It lies in the session's part of the state region (trivially copyable, no pointers). The dispatcher changes it in the
// same step as the handler changes the rest, so that both commit with the reply. A caller that restarts, or that was
// told PeerDied, repeats the call with the same number and gets the same reply.
// Slots of capabilities in the reply are kept too; when the session closes, the server calls drop_caps().
#pragma once

#include <eft/ipc/cap_field.h>
#include <eft/ipc/registers.h>

#include <algorithm>

namespace eft::ipc {

template <unsigned Words>
struct OnceReply {
    u16 sequence = 0;    // 0: nothing remembered
    u16 owned_caps = 0;  // bit i: slots[i] is the record's to delete
    u32 label = 0;       // of the request
    u64 reply_tag = 0;
    u32 slots[kMaxCaps] = {};
    u64 words[Words ? Words : 1] = {};

    bool holds(Tag request) const {
        return request.sequence() != 0 && sequence == request.sequence() && label == request.label();
    }

    void remember(Tag request, const Registers& reply, const Utcb& page) {
        sequence = request.sequence();
        label = request.label();
        reply_tag = reply.tag.value;
        for (unsigned i = 0; i < reply.tag.words() && i < Words; ++i)
            words[i] = i < kRegisterWords ? reply.w[i] : page.words[i];
        for (unsigned i = 0; i < reply.tag.caps(); ++i) slots[i] = page.send_slots[i];
    }

    void replay(Registers& reply, Utcb& page) const {
        reply.tag = Tag(reply_tag);
        for (unsigned i = 0; i < reply.tag.words() && i < Words; ++i)
            (i < kRegisterWords ? reply.w[i] : page.words[i]) = words[i];
        for (unsigned i = 0; i < reply.tag.caps(); ++i) page.send_slots[i] = slots[i];
    }

    void drop_caps() {
        for (unsigned i = 0; i < kMaxCaps; ++i)
            if (owned_caps & (1u << i)) slots::drop(static_cast<Slot>(slots[i]));
        owned_caps = 0;
    }
};

}  // namespace eft::ipc

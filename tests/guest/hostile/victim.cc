// Who must not notice anything: it looks at its memory whenever the stage asks, and counts messages of others.
#include <eft/layout.h>
#include <eft/syscall.h>

using namespace eft;

namespace {

constexpr u64 kWords = 2048;
u64 memory[kWords];

u64 word_at(u64 index) { return (index + 1) * 0x9e37'79b9'7f4a'7c15; }

bool unharmed() {
    for (u64 i = 0; i < kWords; ++i) {
        if (memory[i] != word_at(i)) return false;
    }
    return true;
}

}  // namespace

int eft_main() {
    for (u64 i = 0; i < kWords; ++i) memory[i] = word_at(i);
    u64 strangers = 0;
    sys::Registers r;
    for (u32& where : sys::utcb().receive_slots) where = 0;  // it takes no capabilities
    Error error = sys::recv(slot(WellKnown::Endpoint), r);
    for (;;) {
        strangers += error != Error::None || r.badge != 0;
        r.tag = Tag(0, 2);
        r.w[0] = unharmed(), r.w[1] = strangers;
        error = sys::reply_recv(slot(WellKnown::Endpoint), r);
        if (error == Error::NothingToAnswer) error = sys::recv(slot(WellKnown::Endpoint), r);  // it was no call
    }
}

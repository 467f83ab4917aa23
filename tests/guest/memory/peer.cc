// A server that answers each word plus one, and a client that calls it with messages of all short lengths and tells the
// stage how many were as they should be.
#include "peer.h"

#include <eft/process.h>
#include <eft/syscall.h>

using namespace eft;
using namespace eft::memory_test;

namespace {

u64& word(sys::Registers& r, unsigned i) { return i < kRegisterWords ? r.w[i] : sys::utcb().words[i]; }

[[noreturn]] void serve() {
    sys::Registers r;
    Error error = sys::recv(kFromClients, r);
    for (;;) {
        const unsigned words = error == Error::None && r.badge == kBadge ? r.tag.words() : 0;
        for (unsigned i = 0; i < words; ++i) ++word(r, i);
        r.tag = Tag(r.tag.label(), words);
        error = sys::reply_recv(kFromClients, r);
    }
}

bool call(u64 round) {
    const auto words = static_cast<unsigned>(round % (kLongest + 1));
    sys::Registers r;
    r.tag = Tag(static_cast<u32>(round), words);
    for (unsigned i = 0; i < words; ++i) word(r, i) = word_of(round, i);
    if (sys::call(kToServer, r) != Error::None || r.tag.label() != round || r.tag.words() != words) return false;
    for (unsigned i = 0; i < words; ++i) {
        if (word(r, i) != word_of(round, i) + 1) return false;
    }
    return true;
}

}  // namespace

int eft_main() {
    if (field_text(config().arguments) == "server") serve();
    sys::Registers r;
    for (unsigned round = 0; round < kRounds; ++round) r.w[0] += call(round);
    r.tag = Tag(1, 1);
    static_cast<void>(sys::call(*granted("stage"), r));
    for (;;) sys::yield();
}

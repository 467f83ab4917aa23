// The messages of a hostile client: made from what idlc says of a method (<eft/ipc/hostile.h>).
#pragma once

#include <eft/abi/message.h>
#include <eft/ipc/hostile.h>

#include <algorithm>
#include <array>

namespace hostile {

using eft::kMaxCaps;
using eft::kMaxWords;
using eft::kRegisterWords;
using eft::u16;
using eft::u32;
using eft::u64;
using eft::ipc::HostileField;
using eft::ipc::HostileKind;
using eft::ipc::HostileMethod;
using eft::ipc::HostileService;

struct Message {
    u32 label = 0;
    unsigned words = 0;
    unsigned caps = 0;
    u16 sequence = 0;
    bool poll = false;
    std::array<u64, kMaxWords> content{};

    void put(const HostileField& field, u64 value) {
        const unsigned shift = field.offset % 8 * 8;
        const u64 mask = field.bytes >= 8 ? ~u64{0} : (u64{1} << field.bytes * 8) - 1;
        u64& word = content[field.offset / 8];
        word = (word & ~(mask << shift)) | (value & mask) << shift;
    }
};

class Random {
public:
    u64 next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        return state_ ^= state_ << 17;
    }
    u64 below(u64 limit) { return next() % limit; }
    // Often near something that means something.
    u64 word() {
        switch (below(6)) {
            case 0: return next();
            case 1: return below(16);
            case 2: return u64{1} << below(64);
            case 3: return (u64{1} << below(64)) - 1;
            case 4: return 0x1000'0000 + below(0x4000'0000);
            default: return next() & 0x00ff'00ff'00ff'00ff;
        }
    }

private:
    u64 state_ = 0x2545f4914f6cdd1d;
};

// As a sender without malice would write it, with zeros in the fields and a tail of 16 words.
inline Message plain_message(const HostileMethod& method) {
    Message message;
    message.label = method.label;
    message.words = method.flat_words;
    message.caps = method.required_caps;
    if (!method.has_tail) return message;
    message.words = std::max<unsigned>(method.flat_words, kRegisterWords) + 16;
    message.content[0] = method.flat_words;
    return message;
}

// Offsets into the flat words, not at a word, over and behind the end; lengths up to, at and over the bound.
template <class Send>
void for_each_wrong_view(const HostileMethod& method, const HostileField& field, Send& send) {
    Message message = plain_message(method);
    const unsigned end = message.words * 8, begin = end - 16 * 8;
    const unsigned offsets[] = {0, 8, begin - 8, begin - 1, begin, begin + 1, begin + 4, end - 8, end - 1, end, end + 8, 0x7ff8, 0xfff8, 0xffff};
    const unsigned lengths[] = {1, 2, 8, 127, 128, 129, field.bound, field.bound + 1u, 0x2000, 0x7fff, 0xffff};
    for (unsigned offset : offsets)
        for (unsigned length : lengths) {
            message.put(field, offset | u64{length & 0xffff} << 16);
            send(message);
        }
}

template <class Send>
void for_each_wrong_field(const HostileMethod& method, Send& send) {
    for (const HostileField& field : method.fields) {
        if (field.kind == HostileKind::View) {
            for_each_wrong_view(method, field, send);
            continue;
        }
        Message message = plain_message(method);
        const u64 values[] = {1, 2, 0x7f, 0x80, 0xff, 0xfffe, 0x7fff'ffff, 0xffff'ffff, u64{1} << 32, (u64{1} << 32) - 8,
                              u64{0xffff'ffff} << 32, (u64{0xffff'ffff} << 32) + 1, ~u64{0} >> 1, u64{1} << 63, ~u64{0}};
        for (u64 value : values) {
            message.put(field, value);
            send(message);
        }
    }
}

// Every length from nothing to all, every number of capabilities, every field with what it must not be, and numbers of flat
// words that are not there.
template <class Send>
void for_each_wrong_message(const HostileMethod& method, Send send) {
    for (unsigned words = 0; words <= kMaxWords; words += words < method.flat_words + 8u ? 1 : 73) {
        Message message = plain_message(method);
        message.words = words;
        send(message);
        for (unsigned flat : {0u, 1u, words, words + 1, 0xffffu}) {
            message.content[0] = (message.content[0] & ~u64{0xffff}) | (flat & 0xffff);
            send(message);
        }
    }
    for (unsigned caps = 0; caps <= kMaxCaps; ++caps) {
        Message message = plain_message(method);
        message.caps = caps;
        for (u16 sequence : {u16{0}, u16{1}, u16{0xffff}}) {
            message.sequence = sequence;
            send(message);
        }
    }
    for_each_wrong_field(method, send);
}

// Random words, with a label of this interface as a rule.
inline Message random_message(Random& random, const HostileService& service) {
    Message message;
    const u64 choice = random.below(service.methods.size() + 2);
    message.label = choice < service.methods.size()  ? service.methods[choice].label
                    : choice == service.methods.size() ? u32{service.id} << 16 | static_cast<u32>(random.below(64))
                                                       : static_cast<u32>(random.next());
    message.words = static_cast<unsigned>(random.below(8) == 0 ? random.below(kMaxWords + 1) : random.below(24));
    message.caps = random.below(3) == 0 ? static_cast<unsigned>(random.below(kMaxCaps + 1)) : 0;
    message.sequence = static_cast<u16>(random.below(4));
    message.poll = random.below(16) == 0;
    for (unsigned i = 0; i < message.words; ++i) message.content[i] = random.word();
    return message;
}

}  // namespace hostile

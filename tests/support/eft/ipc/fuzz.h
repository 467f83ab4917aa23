// The fuzzer of a service's decoders and dispatcher: what a hostile client can send, and what a hostile server can answer.
// Host only; used by the fuzz targets that idlc writes, one per service.
//
// An input is a list of messages: a byte that chooses the method, one for capabilities and badge, one for the length, then
// words, each with a byte ahead that says its form: small numbers, which look most like lengths, offsets and enums, come
// often. What is checked, beside what the sanitizers see:
//   - a handler gets only messages that can be sent again and are then the same words;
//   - what a server answers without an error, its client accepts;
//   - a handler gets only calls that are for the kind of session;
//   - no capability is left over.
#pragma once

#include <eft/ipc/message_reader.h>
#include <eft/ipc/message_writer.h>
#include <eft/ipc/method.h>
#include <eft/ipc/mock.h>
#include <eft/ipc/session_kind.h>

#include <cstring>
#include <span>
#include <string_view>

namespace eft::ipc {

struct FuzzTarget {
    using Function = void (*)(std::span<const u8>);
    FuzzTarget(std::string_view its_name, Function its_function) : name(its_name), function(its_function), next(first) {
        first = this;
    }
    std::string_view name;
    Function function;
    const FuzzTarget* next;
    static inline const FuzzTarget* first = nullptr;
};

// A broken promise: the fuzzer keeps the input.
inline void promise(bool kept) {
    if (!kept) __builtin_trap();
}

class FuzzInput {
public:
    explicit FuzzInput(std::span<const u8> bytes) : bytes_(bytes) {}
    bool empty() const { return bytes_.empty(); }
    // Zeros behind the end.
    template <class T>
    T take() {
        T value{};
        std::size_t size = std::min(sizeof(T), bytes_.size());
        std::memcpy(&value, bytes_.data(), size);
        bytes_ = bytes_.subspan(size);
        return value;
    }

private:
    std::span<const u8> bytes_;
};

// Reads every byte that a field names, so that the sanitizers look at it. Strings and vectors lie in `tail`.
struct Touch {
    std::span<const std::byte> tail;

    template <class Field>
    void operator()(const char*, const Field& field) {
        if constexpr (requires { field.data(), field.size(); })
            read_in_tail({reinterpret_cast<const std::byte*>(field.data()), field.size() * sizeof(*field.data())});
        else if constexpr (requires { field.bytes(); })
            read(field.bytes());
        else if constexpr (std::is_trivially_copyable_v<Field>)
            read(std::as_bytes(std::span(&field, 1)));
    }
    void read_in_tail(std::span<const std::byte> bytes) {
        if (bytes.empty()) return;
        promise(bytes.data() >= tail.data() && bytes.data() + bytes.size() <= tail.data() + tail.size());
        read(bytes);
    }
    void read(std::span<const std::byte> bytes) {
        for (std::byte byte : bytes) sum = sum + static_cast<unsigned>(byte);
    }
    volatile unsigned sum = 0;
};

struct FuzzMessage {
    Registers registers;
    Utcb page{};
    u8 choice = 0;

    explicit FuzzMessage(FuzzInput& input) {
        choice = input.take<u8>();
        u8 extras = input.take<u8>();
        unsigned length = input.take<u8>();
        unsigned words = length < 0xf0 ? length % 32 : input.take<u16>() % (kMaxWords + 1);
        registers.badge = extras & 0x80 ? 2 : 1;
        registers.tag = Tag(0, words, extras % (kMaxCaps + 1), extras & 0x40 ? 1 : 0);
        for (unsigned i = 0; i < words; ++i) (i < kRegisterWords ? registers.w[i] : page.words[i]) = word(input);
    }
    static u64 word(FuzzInput& input) {
        switch (input.take<u8>() % 4) {
            case 0: return 0;
            case 1: return input.take<u8>();
            case 2: {  // four half-words: the first word of a message with a tail, and what points into it
                u64 quarters = 0;
                for (unsigned i = 0; i < 4; ++i) quarters |= u64{input.take<u8>()} << 16 * i;
                return quarters;
            }
            default: return input.take<u64>();
        }
    }
    // Half of the messages with a tail say a number of flat words that is right.
    template <class Table>
    void set_flat_words() {
        if (Table::kTailWords == 0 || (choice & 0x40) == 0) return;
        registers.w[0] = (registers.w[0] & ~u64{0xffff}) | Table::kFlatWords;
        unsigned words = std::max(registers.tag.words(), Table::kFlatWords);
        registers.tag = Tag(registers.tag.label(), words, registers.tag.caps(), registers.tag.sequence());
    }
    // Of a service with kinds of session: each of them, none, and one that is no kind.
    template <class Service>
    void set_kind() {
        if constexpr (HasSessionKinds<Service>)
            registers.badge = raw(badge_of(static_cast<unsigned>(registers.tag.caps() + choice) % (std::size(Service::kSessionKinds) + 2), registers.badge));
    }
    void set_label(u32 label) {
        registers.tag = Tag(label, registers.tag.words(), registers.tag.caps(), registers.tag.sequence());
    }
    // Capabilities as their sender, and as their receiver has them.
    void make_sent_caps() {
        for (unsigned i = 0; i < registers.tag.caps(); ++i) page.send_slots[i] = raw(local_caps().create(100 + i));
    }
    void drop_sent_caps() {
        for (u32 slot : page.send_slots) slots::drop(static_cast<Slot>(slot));
    }
    void make_received_caps() {
        for (unsigned i = 0; i < registers.tag.caps(); ++i) page.receive_slots[i] = raw(local_caps().create(100 + i));
    }
};

template <class Table>
Registers fuzz_encode(const Table& table, Utcb& page) {
    Registers registers;
    MessageWriter<Table> out(registers, page);
    table.encode(out);
    registers.tag = out.tag(0);
    return registers;
}

inline bool same_words(const Registers& a, const Utcb& page_a, const Registers& b, const Utcb& page_b) {
    if (a.tag.value != b.tag.value) return false;
    for (unsigned i = 0; i < a.tag.words(); ++i)
        if (i < kRegisterWords ? a.w[i] != b.w[i] : page_a.words[i] != page_b.words[i]) return false;
    return true;
}

// Decodes the words as this table. If they are one, it can be sent again, and then decodes to what is sent as the same
// words.
template <class Table>
bool fuzz_decode(Registers registers, Utcb page, unsigned generation, Registers* first, Utcb* first_page) {
    static std::array<std::byte, 4096> area;
    ReceivedCaps caps([&]() -> Utcb& { return page; }, registers.tag);
    MessageReader<Table> in(registers, page, caps, area);
    if (!in.open() || !Table::check(in)) return false;
    TailBuffer<Table::kTailWords> tail;
    in.keep_tail(tail);
    Received<Table> table = Table::load(in);
    // A view of encoding 3 has been verified, and cannot be sent as it is.
    if constexpr (std::is_same_v<Received<Table>, Table>) {
        Touch touch{{in.tail().data, in.tail().end - in.tail().begin}};
        for_each_field(table, touch);
        promise(table.fits());
        Utcb again_page{};
        Registers again = fuzz_encode(table, again_page);
        if (generation == 0) {
            Utcb copy = again_page;
            for (unsigned i = 0; i < again.tag.caps(); ++i) copy.receive_slots[i] = raw(local_caps().create(200 + i));
            promise(fuzz_decode<Table>(again, copy, 1, &again, &again_page));
        } else {
            // Slots differ, words do not.
            promise(same_words(again, again_page, *first, *first_page));
        }
    }
    return true;
}

template <class Table>
void fuzz_received(FuzzMessage& message) {
    message.set_flat_words<Table>();
    fuzz_decode<Table>(message.registers, message.page, 0, nullptr, nullptr);
}

template <class MockServer>
void fuzz_server(FuzzInput& input) {
    using Service = typename MockServer::Service;
    MockServer mock;
    mock.answer_anything();
    if constexpr (HasSessionKinds<Service>) {
        for (unsigned kind = 1; kind <= std::size(Service::kSessionKinds); ++kind) mock.forget(badge_of(kind, 2));
    } else {
        mock.forget(Badge{2});
    }
    LocalServer<Service, MockServer> local(mock);
    for (unsigned count = 0; !input.empty() && count < 8; ++count) {
        FuzzMessage message(input);
        // Slots that a reply's capabilities go to.
        for (u32& slot : message.page.receive_slots) slot = local_caps().take_free_slot();
        u32 label = Service::kDescribeLabel;
        if (message.choice >= 0xf8) label = static_cast<u32>(message.registers.w[0]);
        unsigned index = 0;
        MockServer::Methods::for_each([&]<class Method>() {
            if (message.choice >= 0xf8 || index++ != message.choice % (MockServer::Methods::kSize + 1)) return;
            label = Method::kLabel;
            message.template set_flat_words<typename Method::Request>();
        });
        message.set_label(label);
        message.template set_kind<Service>();
        message.make_sent_caps();
        const Badge badge{message.registers.badge};
        const unsigned handled = mock.calls();
        Error error = local.call(message.registers, message.page, message.registers.badge);
        message.drop_sent_caps();
        MockServer::Methods::for_each([&]<class Method>() {
            if constexpr (HasSessionKinds<Service> && Method::kCarrier != Carrier::Ring)
                promise(label != Method::kLabel || may_call(badge, Method::kCallers) || mock.calls() == handled);
        });
        if (error != Error::None) continue;
        bool answered = message.registers.tag.label() == 0;
        MockServer::Methods::for_each([&]<class Method>() {
            // A call, of which a repeat has its first answer, and whose capabilities came with that.
            if (answered && label == Method::kLabel && Method::kCarrier == Carrier::Call) {
                Registers reply = message.registers;
                ReceivedCaps caps([&]() -> Utcb& { return message.page; }, reply.tag);
                MessageReader<typename Method::Response> in(reply, message.page, caps);
                promise(in.open() && Method::Response::check(in));
            } else if (answered && label == Method::kLabel) {
                ReceivedCaps unwanted([&]() -> Utcb& { return message.page; }, message.registers.tag);
            }
        });
    }
}

template <class MockServer>
void fuzz_service(std::span<const u8> bytes) {
    const std::size_t before = local_caps().live();
    FuzzInput input(bytes);
    const u8 side = input.take<u8>();
    if (side % 2 == 0) {
        fuzz_server<MockServer>(input);
    } else {
        while (!input.empty()) {
            FuzzMessage message(input);
            unsigned index = 0;
            MockServer::Methods::for_each([&]<class Method>() {
                if (index++ != message.choice % MockServer::Methods::kSize) return;
                message.make_received_caps();
                if (message.choice & 0x80)
                    fuzz_received<typename Method::Request>(message);
                else
                    fuzz_received<typename Method::Response>(message);
            });
        }
    }
    promise(local_caps().live() == before);
}

}  // namespace eft::ipc

// The generated code of every table in the tree, behind functions that take messages.
#pragma once

#include <monitor/rpc/message.h>

#include <eft/ipc/local_caps.h>
#include <eft/ipc/message_reader.h>
#include <eft/ipc/message_writer.h>

#include <eft/idl/shapes.h>
#include <eft/ipc/serve.h>

#include <array>
#include <optional>
#include <span>

namespace eft::test {

struct Codec {
    const char* name;
    unsigned flat_words, tail_words, caps;
    bool has_area;
    bool is_flatbuffer;
    // Through the generated decoder and, but for encoding 3, back through the generated encoder. None: check() refuses it.
    std::optional<monitor::Message> (*regenerate)(const monitor::Message&);
};
std::span<const Codec> all_codecs();

// A message as a receiver has it.
template <class Table>
class Unpacked {
public:
    explicit Unpacked(const monitor::Message& message)
        : registers_(place(message, page_)), caps_([this]() -> Utcb& { return page_; }, registers_.tag), in_(registers_, page_, caps_, area_), open_(in_.open()) {}

    bool good() const { return open_ && Table::check(in_); }
    auto load() { return Table::load(in_); }

private:
    static ipc::Registers place(const monitor::Message& message, Utcb& page) {
        ipc::Registers registers;
        for (unsigned i = 0; i < message.word_count; ++i) {
            if (i < kRegisterWords) registers.w[i] = message.words[i];
            else page.words[i] = message.words[i];
        }
        for (u32& slot : page.receive_slots) slot = ipc::local_caps().take_free_slot();
        for (unsigned i = 0; i < message.cap_count; ++i) ipc::local_caps().place(static_cast<Slot>(page.receive_slots[i]), 1);
        registers.tag = Tag(0, message.word_count, message.cap_count);
        return registers;
    }

    Utcb page_{};
    std::array<std::byte, 4096> area_{};
    ipc::Registers registers_;
    ipc::ReceivedCaps caps_;
    ipc::MessageReader<Table> in_;
    bool open_;
};

}  // namespace eft::test

#include "codecs.h"

#include <all_tables.h>

#include <vector>

namespace eft::test {
namespace {

monitor::Message message_of(const ipc::Registers& registers, const Utcb& page) {
    monitor::Message message;
    message.word_count = registers.tag.words();
    message.cap_count = registers.tag.caps();
    for (unsigned i = 0; i < message.word_count; ++i) message.words[i] = i < kRegisterWords ? registers.w[i] : page.words[i];
    return message;
}

template <class Table>
std::optional<monitor::Message> sent_again(Unpacked<Table>& unpacked) {
    const Table table = unpacked.load();
    if (!table.fits()) return std::nullopt;
    Utcb page{};
    ipc::Registers registers;
    ipc::MessageWriter<Table> out(registers, page);
    table.encode(out);
    registers.tag = out.tag(0);
    return message_of(registers, page);
}

template <class Table>
std::optional<monitor::Message> regenerate(const monitor::Message& message) {
    Unpacked<Table> unpacked(message);
    if (!unpacked.good()) return std::nullopt;
    if constexpr (requires { typename Table::View; }) return message;  // what was received is only looked at
    else return sent_again(unpacked);
}

}  // namespace

std::span<const Codec> all_codecs() {
    static const std::vector<Codec> all = [] {
        std::vector<Codec> codecs;
        for_each_table([&]<class Table>(const char* name) {
            codecs.push_back({name, Table::kFlatWords, Table::kTailWords, Table::kCaps, Table::kHasArea, requires { typename Table::View; }, regenerate<Table>});
        });
        return codecs;
    }();
    return all;
}

}  // namespace eft::test

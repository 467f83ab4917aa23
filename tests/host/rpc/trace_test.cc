// Traces in words: what `service info` prints of the requests before a death, for every interface in the tree.
#include "interfaces.h"

#include <eft/ipc/sent.h>

#include <monitor/rpc/trace.h>
#include <monitor/service_text.h>

#include <eft/message_trace.h>

#include <eft/idl/counter.h>
#include <eft/idl/echo.h>
#include <eft/idl/file.h>
#include <eft/idl/nested.h>
#include <eft/idl/shapes.h>

#include <doctest/doctest.h>

#include <vector>

using namespace eft;
using namespace eft::monitor;
using namespace eft::test;
using ipc::Sent;

namespace {

struct World {
    std::string bytes = read_interfaces();
    Catalogue catalogue = open(bytes);

    std::string request(u16 interface, u16 ordinal, unsigned words, unsigned caps = 0, std::vector<u64> known = {}) const {
        return request_text(catalogue, Tag(make_label(interface, ordinal), words, caps), known);
    }
    // As its sender makes it, and as much of it as a record keeps.
    template <class Table>
    std::string traced(u16 interface, u16 ordinal, const Table& table) const {
        ipc::Registers registers;
        Utcb page{};
        ipc::MessageWriter<Table> out(registers, page);
        table.encode(out);
        std::vector<u64> known(registers.w, registers.w + kRegisterWords);
        known.insert(known.end(), page.words + kRegisterWords, page.words + kTracedWords);
        return request_text(catalogue, Tag(make_label(interface, ordinal), out.tag(0).words(), out.tag(0).caps()), known);
    }
};

}  // namespace

TEST_CASE_FIXTURE(World, "every call of every interface has its name and all its fields") {
    unsigned calls = 0;
    for (const descriptor::Service* service : catalogue.services()) {
        for (const descriptor::Method* method : *service->methods()) {
            const descriptor::Record& record = *catalogue.record(text(method->request()));
            const std::string line = request(service->id(), method->ordinal(), kMaxWords, record.caps());
            CAPTURE(line);
            std::string rest = line;
            const auto next = [&rest](const std::string& begin) {
                REQUIRE(rest.starts_with(begin));
                rest.erase(0, begin.size());
            };
            next(std::string(short_name(text(service->name()))) + "." + method->name()->str() + " {");
            bool first = true;
            for (const descriptor::Field* field : *record.fields()) {
                if (field->deprecated()) continue;
                next((first ? "" : ", ") + field->name()->str() + ": ");
                next(field->type()->shape() == descriptor::Shape::Cap ? "capability to " + field->cap_kind()->str() : "...");
                if (const std::size_t end = rest.find_first_of(",}"); end != 0) rest.erase(0, end);  // " of Service"
                first = false;
            }
            CHECK(rest == "}");
            ++calls;
        }
    }
    CHECK(calls > 100);
}

TEST_CASE_FIXTURE(World, "what was not sent is known, and values as far as the record has them") {
    using echo::Echo;
    CHECK(request(Echo::kInterfaceId, 1, 0) == "Echo.Ping {}");
    CHECK(request(Echo::kInterfaceId, 2, 4) == "Echo.Repeat {a: ..., b: ..., c: ..., d: ...}");
    CHECK(request(Echo::kInterfaceId, 2, 4, 0, {1, 2, 3}) == "Echo.Repeat {a: 1, b: 2, c: 3, d: ...}");
    // Of a sender from before its last fields; what the record has behind them is not of the message.
    CHECK(request(Echo::kInterfaceId, 2, 3, 0, {1, 2, 3, 4, 5, 6}) == "Echo.Repeat {a: 1, b: 2, c: 3, d: 0}");
    CHECK(traced(Echo::kInterfaceId, 2, echo::Words{.a = 1, .b = ~u64{0}, .c = 3, .d = 4}) == "Echo.Repeat {a: 1, b: 18446744073709551615, c: 3, d: 4}");
    CHECK(traced(Echo::kInterfaceId, 3, echo::Text{.text = ""}) == "Echo.Say {text: \"\"}");
    CHECK(traced(Echo::kInterfaceId, 3, echo::Text{.text = "sixteen letters."}) == "Echo.Say {text: \"sixteen letters.\"}");
    CHECK(traced(Echo::kInterfaceId, 3, echo::Text{.text = "sixteen letters, and more"}) == "Echo.Say {text: \"sixteen letters,\"...}");
    CHECK(request(file::File::kInterfaceId, 1, 2, 1).find(": capability to memory, ") != std::string::npos);
    CHECK(request(file::File::kInterfaceId, 1, 2, 1).find(": null") != std::string::npos);
    CHECK(traced(file::File::kInterfaceId, 2, file::Opening{.path = "/nothing", .handle = 3}) == "File.Open {path: \"/nothing\", handle: 3, start: 0}");
}

TEST_CASE_FIXTURE(World, "whatever a dead program has written as its requests, they can be read") {
    std::mt19937_64 random(7);
    for (const descriptor::Service* service : catalogue.services())
        for (const descriptor::Method* method : *service->methods())
            for (unsigned i = 0; i < 50; ++i) {
                std::vector<u64> known(random() % 8);
                for (u64& word : known) word = random() % 3 == 0 ? ~u64{0} : random() >> random() % 64;
                CHECK(!request(service->id(), method->ordinal(), static_cast<unsigned>(random() % 512), static_cast<unsigned>(random() % 8), known).empty());
            }
}

TEST_CASE_FIXTURE(World, "the requests before a death read as who asked for what, and what became of it") {
    std::vector<rs::TakenMessage> messages;
    const rs::MessageWords first[] = {{{5, 6, 7, 8, 9, 10}}};  // of older supervisors there are fewer
    const auto words = [&] { return messages_text(catalogue, Sent(rs::LastMessages{.messages = messages, .words = first}).view()); };
    CHECK(words() == "last messages: none\n");
    const auto add = [&](Tag tag, u64 badge, u64 before, u64 answer) {
        messages.push_back({.tag = tag.value, .badge = badge, .before_us = before, .answer = answer});
    };
    add(Tag(make_label(1, 2), 4), 77, 1234, Tag(0, 4).value);
    add(Tag(make_label(1, 99), 0, 2), 5, 20, Tag(static_cast<u32>(Error::NoSuchMethod), 0).value);
    add(Tag(make_label(999, 1), 3), 1, 2, TraceEntry::kNobody);
    add(Tag(make_label(1, 0), 0), 1, 2, Tag(0, 4).value);
    add(Tag(make_label(1, 0), 0).with(Tag::Fault), 1, 1, Tag(300, 0).value);
    add(Tag(make_label(1, 1), 0), ~u64{0}, 0, TraceEntry::kNone);
    CHECK(words() ==
          "last messages, us before the death:\n"
          "        1234  Echo.Repeat {a: 5, b: 6, c: 7, d: 8}, badge 77: answered\n"
          "          20  Echo.method 99, badge 5: answered: no such method\n"
          "           2  interface 999.method 1, badge 1: no answer wanted\n"
          "           2  Echo.Describe, badge 1: answered\n"
          "           1  a fault, badge 1: answered: error 300\n"
          "           0  Echo.Ping {}, badge 18446744073709551615: not answered\n");
    messages.resize(rs::LastMessages::kMessagesMax, messages.back());
    CHECK(words().size() > 64 * 30);
}

TEST_CASE_FIXTURE(World, "an interface's own error has its name") {
    unsigned named = 0;
    for (const descriptor::Service* service : catalogue.services())
        for (const descriptor::Method* method : *service->methods()) {
            const descriptor::Enum* errors = catalogue.enumeration(text(method->errors()));
            if (!errors) continue;
            const Tag request(make_label(service->id(), method->ordinal()), 0);
            for (const descriptor::Enumerator* each : *errors->values()) {
                const u64 answer = Tag(static_cast<u32>(each->value()), 0).value;
                CHECK(answer_text(catalogue, request, answer).starts_with("answered: " + each->name()->str()));
                ++named;
            }
        }
    CHECK(named > 0);
}

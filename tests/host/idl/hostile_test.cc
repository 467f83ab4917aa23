// A hostile sender: every label, every length, random words and capabilities, to the dispatchers of interfaces of every
// kind. No server is harmed (the sanitizers look), what cannot be is BadMessage or NoSuchMethod, and no capability is
// left over.
#include "gallery.h"

#include <eft/idl/mock/block.h>
#include <eft/idl/mock/console.h>
#include <eft/idl/mock/counter.h>
#include <eft/idl/mock/echo.h>
#include <eft/idl/mock/log.h>
#include <eft/idl/mock/timer.h>

#include <doctest/doctest.h>

#include <random>

using namespace eft;

namespace {

struct Tally {
    unsigned good = 0, bad_message = 0, no_method = 0, stale = 0, other = 0;
};

template <class Service, class Server>
Tally attack(Server& server, unsigned rounds) {
    std::mt19937_64 dice(Service::kInterfaceId);
    ipc::LocalServer<Service, Server> local(server);
    Tally tally;
    for (unsigned round = 0; round < rounds; ++round) {
        Utcb page{};
        ipc::Registers registers;
        registers.badge = dice() % 4 ? 1 : 2;
        // Small numbers now and then: they look most like offsets, lengths and enum values.
        auto word = [&] { return dice() % 3 ? dice() : (dice() & 0x00ff'00ff'00ff'00ff) >> (dice() % 64); };
        for (u64& each : registers.w) each = word();
        for (unsigned i = 0; i < kMaxWords; ++i) page.words[i] = word();
        unsigned caps = dice() % 3 ? 0 : dice() % (kMaxCaps + 1);
        for (unsigned i = 0; i < caps; ++i) page.send_slots[i] = raw(ipc::local_caps().create(1000 + i));
        u32 ordinal = dice() % 8 ? dice() % (std::size(Service::kMethods) + 2) : dice();
        u32 label = u32{Service::kInterfaceId} << 16 | (ordinal & 0xffff);
        if (dice() % 16 == 0) label = static_cast<u32>(dice());
        unsigned words = dice() % 2 ? dice() % 16 : dice() % (kMaxWords + 1);
        if (dice() % 2) registers.w[0] = (registers.w[0] & ~u64{0xffff}) | dice() % (words + 2);  // a likely flat size
        registers.tag = Tag(label, words, caps, static_cast<u16>(dice()));

        Utcb reply_page = page;
        for (u32& slot : reply_page.receive_slots) slot = ipc::local_caps().take_free_slot();
        u64 badge = registers.badge;
        Error error = local.call(registers, reply_page, badge);
        if (error == Error::None) error = static_cast<Error>(registers.tag.label());
        if (error == Error::None)
            ++tally.good;
        else if (error == Error::BadMessage)
            ++tally.bad_message;
        else if (error == Error::NoSuchMethod)
            ++tally.no_method;
        else if (error == Error::StaleSession)
            ++tally.stale;
        else
            ++tally.other;

        bool answered = error == Error::None;
        for (unsigned i = 0; i < caps; ++i) ipc::slots::drop(static_cast<Slot>(page.send_slots[i]));
        if (answered)
            for (unsigned i = 0; i < registers.tag.caps(); ++i)
                ipc::slots::drop(static_cast<Slot>(reply_page.receive_slots[i]));
    }
    MESSAGE(Service::kName, ": ", tally.good, " good, ", tally.bad_message, " bad, ", tally.no_method, " no method, ",
            tally.stale, " stale, ", tally.other, " other");
    CHECK(tally.no_method > rounds / 100);
    return tally;
}

}  // namespace

TEST_CASE_TEMPLATE("random messages harm no dispatcher", Mock, echo::EchoMock, counter::CounterMock, block::BlockMock,
                   timer::TimerServiceMock, console::ConsoleMock, syslog::LogMock) {
    std::size_t before = ipc::local_caps().live();
    {
        Mock mock;
        mock.answer_anything();
        mock.forget(Badge{2});
        Tally tally = attack<typename Mock::Service>(mock, 20000);
        CHECK(tally.good > 0);
        if (Mock::Service::kSessions != ipc::Sessions::None) CHECK(tally.stale > 0);
    }
    CHECK(ipc::local_caps().live() == before);
}

TEST_CASE("random messages to every kind of field") {
    std::size_t before = ipc::local_caps().live();
    {
        gallery::Server server;
        Tally tally = attack<gallery::Gallery>(server, 40000);
        CHECK(tally.good > 100);
        CHECK(tally.bad_message > 1000);
        server.only.last.drop_caps();
    }
    CHECK(ipc::local_caps().live() == before);
}

TEST_CASE("each thing that can be wrong with a message is BadMessage") {
    using namespace gallery;
    World world;
    auto answer = [&](u32 label, unsigned words, std::initializer_list<u64> values) {
        ipc::Registers registers;
        registers.badge = 1;
        registers.tag = Tag(label, words);
        Utcb page{};
        unsigned i = 0;
        for (u64 value : values) (i < kRegisterWords ? registers.w[i] : page.words[i]) = value, ++i;
        CHECK(world.local.inject(registers, page) == ipc::Outcome::Reply);
        return static_cast<Error>(registers.tag.label());
    };
    const u32 show = Gallery::ShowMethod::kLabel;
    // flat words | offset and length of `name` in the upper half
    auto name = [](u64 flat, u64 offset, u64 length) { return flat | offset << 32 | length << 48; };
    unsigned handled = world.server.handled;
    CHECK(answer(show, 5, {name(6, 0, 0)}) == Error::BadMessage);       // more flat words than words
    CHECK(answer(show, 6, {name(4, 24, 1)}) == Error::BadMessage);      // into the registers
    CHECK(answer(show, 6, {name(5, 32, 1)}) == Error::BadMessage);      // into the flat words
    CHECK(answer(show, 6, {name(4, 33, 1)}) == Error::BadMessage);      // not at a word
    CHECK(answer(show, 6, {name(4, 40, 9)}) == Error::BadMessage);      // over the end
    CHECK(answer(show, 6, {name(4, 48, 1)}) == Error::BadMessage);      // behind the end
    CHECK(answer(show, 9, {name(4, 32, 21)}) == Error::BadMessage);     // longer than its bound
    CHECK(answer(show, 6, {name(4, 0xfff8, 1)}) == Error::BadMessage);  // far away
    CHECK(answer(Gallery::CopyMethod::kLabel, 2, {}) == Error::None);
    CHECK(answer(Gallery::CopyMethod::kLabel, 6, {0, 0, 0, 0, 2}) == Error::BadMessage);  // a bool of 2
    CHECK(answer(Gallery::FrameMethod::kLabel, 2, {2}) == Error::BadMessage);
    CHECK(world.server.handled == handled + 1);
    CHECK(answer(Gallery::kDescribeLabel | 500, 0, {}) == Error::NoSuchMethod);
    CHECK(answer(make_label(Gallery::kInterfaceId + 1, 1), 0, {}) == Error::NoSuchMethod);
}

// Generated mocks: calls in order, answers, complaints; and a client of each kind over the in-process transport.
#include <eft/idl/mock/block.h>
#include <eft/idl/mock/echo.h>
#include <eft/idl/mock/shapes.h>

#include <doctest/doctest.h>

#include <vector>

using namespace eft;

namespace {

template <class Mock, template <class> class Local, template <class> class Client>
struct World {
    Mock mock;
    Local<Mock> local{mock};
    Client<Mock> client{local, Badge{1}};
};
using Echo = World<echo::EchoMock, echo::EchoLocal, echo::EchoLocalClient>;
namespace shapes = test::shapes;
using Gallery = World<shapes::GalleryMock, shapes::GalleryLocal, shapes::GalleryLocalClient>;

}  // namespace

TEST_CASE("expected calls are answered in their order, by a function, a value or an error") {
    Echo world;
    world.mock.expect_repeat([](const echo::Words& words) {
        CHECK(words.a == 5);
        return echo::Words{words.a + 1, 2, 3, 4};
    });
    world.mock.expect_repeat(echo::Words{9, 9, 9, 9});
    world.mock.expect_say(Error::Busy);
    world.mock.expect_ping([](const Empty&) {});
    CHECK(world.client.repeat({5, 0, 0, 0})->a == 6);
    CHECK(world.client.repeat({})->d == 9);
    CHECK(world.client.say({"hello"}).error() == Error::Busy);
    CHECK(world.client.ping().ok());
    CHECK(world.mock.calls() == 4);
    CHECK(world.mock.complaints() == "");
}

TEST_CASE("what comes unexpected, and what does not come, is complained of") {
    Echo world;
    CHECK(world.client.ping().error() == Error::WrongState);
    CHECK(world.mock.complaints() == "Ping came; ");
    world.mock.expect_say(Error::Busy);
    CHECK(world.client.ping().error() == Error::WrongState);
    CHECK(world.mock.complaints() == "Ping came; Ping came where Say was expected; Say did not come; ");
}

TEST_CASE("an answer for whenever it comes stands behind what is expected") {
    Echo world;
    world.mock.on_ping(Error::Busy);
    world.mock.expect_ping([](const Empty&) {});
    CHECK(world.client.ping().ok());
    CHECK(world.client.ping().error() == Error::Busy);
    CHECK(world.client.ping().error() == Error::Busy);
    CHECK(world.mock.complaints() == "");
}

TEST_CASE("the stub repeats an idempotent call after a death, and the mock sees it twice") {
    Echo world;
    unsigned seen = 0;
    world.mock.on_ping([&](const Empty&) { ++seen; });
    world.local.die_after(1);
    CHECK(world.client.ping().ok());
    CHECK(seen == 2);
}

TEST_CASE("sessions, once, areas and capabilities") {
    const std::size_t before = ipc::local_caps().live();
    {
        Gallery world;
        unsigned bought = 0;
        world.mock.on_buy([&](const shapes::Number& number) { return shapes::Number{number.value + ++bought}; });
        world.local.die_after(1);
        CHECK(world.client.buy({10})->value == 11);  // the repeat has the first answer
        CHECK(bought == 1);
        world.mock.expect_paint([](shapes::Place& place) {
            place.data.bytes()[0] = std::byte{7};
            return shapes::Number{place.data.size()};
        });
        CHECK(world.client.paint({.data = {nullptr, 16, 32}})->value == 32);
        CHECK(world.mock.session(Badge{1})->area()[16] == std::byte{7});
        world.mock.answer_anything();
        auto granted = world.client.grant({1});
        REQUIRE(granted.ok());
        CHECK(granted->first.present());
        CHECK(!granted->third.present());
        world.mock.forget(Badge{1});
        CHECK(world.client.copy({}).error() == Error::StaleSession);
        CHECK(world.mock.complaints() == "");
    }
    CHECK(ipc::local_caps().live() == before);
}

TEST_CASE("calls of a ring reach the mock, too") {
    struct Wake {
        void signal() {}
    };
    using Ring = block::BlockRing<Wake>;
    alignas(64) static std::array<std::byte, Ring::kMemoryBytes> memory{};
    std::array<std::byte, 4096> area{};
    Ring ring{Wake{}};
    REQUIRE(ring.create(memory, area.size()).ok());
    auto consumer = block::Block::RingConsumer::open(memory, area, block::Block::kInflight);
    REQUIRE(consumer.ok());

    block::BlockMock mock;
    mock.expect_read([](const block::Read& read) { return block::Done{read.count}; });
    mock.expect_flush(Error::DeviceError);
    REQUIRE(ring.submit_read({.sector = 8, .count = 2, .data = {area.data(), 0, 1024}}).ok());
    REQUIRE(ring.submit_flush().ok());
    CHECK(block::Block::poll_ring(mock, *mock.session(Badge{1}), *consumer).ok());
    auto first = ring.take_completion();
    REQUIRE((first.ok() && first->has_value()));
    CHECK(ring::response_of<block::Block::ReadMethod>(**first)->count == 2);
    auto second = ring.take_completion();
    REQUIRE((second.ok() && second->has_value()));
    CHECK(ring::response_of<block::Block::FlushMethod>(**second).error() == Error::DeviceError);
    CHECK(mock.complaints() == "");
}

TEST_CASE("the fields of a table are visited by name") {
    std::vector<std::string> names;
    const shapes::Number number{7};
    shapes::for_each_field(number, [&](const char* name, const u64& value) {
        CHECK(value == 7);
        names.push_back(name);
    });
    CHECK(names == std::vector<std::string>{"value"});
}

// Floating point, bools in structs and vectors, scalars that may be absent, narrowed and typed capabilities, typed
// errors; with types of another file and two other namespaces.
#include "gallery.h"

#include <eft/idl/wide.h>

#include <doctest/doctest.h>

#include <limits>
#include <random>

using namespace eft;
using namespace eft::test::wide;
using eft::test::shapes::Color;
using eft::test::shapes::Failure;
using eft::test::shapes::Number;

namespace {

struct WideServer {
    u64 page_object = 0;
    Rights page_rights = 0, bell_rights = 0;
    Result<Number> forwarded = Error::NotFound;

    Result<Reals> measure(ipc::Context&, const Reals& reals) { return reals; }
    Result<Bools> flip(ipc::Context&, const Bools& bools) { return bools; }
    Result<Maybe> guess(ipc::Context&, const Maybe& maybe) { return maybe; }
    Result<MaybeNever> choose(ipc::Context&, const MaybeNever& maybe) { return maybe; }
    Result<Lent> lend(ipc::Context&, Lent&& lent) {
        page_object = ipc::local_caps().object(lent.page.slot());
        page_rights = ipc::local_caps().rights(lent.page.slot());
        bell_rights = ipc::local_caps().rights(lent.bell.slot());
        return lent;
    }
    Result<test::shapes::Structs> paint(ipc::Context&, const test::shapes::Scalars& scalars) {
        return test::shapes::Structs{.tile = {.color = scalars.color, .weight = scalars.g}};
    }
    ipc::CallStatus<Failure> fail(ipc::Context&, const Number& number) {
        if (number.value == 1) return Failure::TooHot;
        if (number.value == 2) return Error::NoDevice;
        if (number.value == 3) return static_cast<Error>(299);  // of a newer server
        return {};
    }
    Result<Empty> shout(ipc::Context&, const Number&) { return to_error(part::Refusal::TooLoud); }
};
static_assert(Wide::ClientOf<ipc::LocalTransport<int>>::Service::kInterfaceId == 60002);

using Local = ipc::LocalServer<Wide, WideServer>;
struct World {
    WideServer server;
    Local local{server};
    WideClient<ipc::LocalTransport<Local>> client{local, Badge{1}};
};

// The bits: no two NaNs are equal otherwise.
template <class T>
u64 bits_of(T value) {
    u64 bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    return bits;
}

std::mt19937_64 dice(20261122);
template <class T>
T any() {
    u64 bits = dice();
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}
part::Knob any_knob() {
    return {.on = dice() % 2 == 0,
            .level = any<float>(),
            .each = {dice() % 2 == 0, dice() % 2 == 0, dice() % 2 == 0},
            .tile = {.color = Color::Blue, .weight = dice()},
            .wide = any<double>()};
}
void check_same(const part::Knob& a, const part::Knob& b) {
    CHECK(a.on == b.on);
    CHECK(bits_of(a.level) == bits_of(b.level));
    for (int i = 0; i < 3; ++i) CHECK(a.each[i] == b.each[i]);
    CHECK(a.tile.weight == b.tile.weight);
    CHECK(bits_of(a.wide) == bits_of(b.wide));
}

}  // namespace

TEST_CASE("floating-point numbers travel bit by bit, their defaults as zero words") {
    World world;
    ipc::Registers registers;
    registers.tag = Tag(Wide::MeasureMethod::kLabel, 0);
    CHECK(world.local.inject(registers, Utcb{}) == ipc::Outcome::Reply);
    CHECK(registers.tag.label() == 0);
    for (unsigned i = 0; i < kRegisterWords; ++i) CHECK(registers.w[i] == 0);

    Result<Reals> defaults = world.client.measure({});
    REQUIRE(defaults.ok());
    CHECK(defaults->a == 0);
    CHECK(defaults->c == 1.5f);
    CHECK(defaults->d == -0.1);
    CHECK(defaults->e != defaults->e);
    CHECK(defaults->f == -std::numeric_limits<float>::infinity());
    for (int round = 0; round < 1000; ++round) {
        Reals sent{any<float>(), any<double>(), any<float>(), any<double>(), any<double>(), any<float>(), any<u32>()};
        Result<Reals> got = world.client.measure(sent);
        REQUIRE(got.ok());
        CHECK(bits_of(got->a) == bits_of(sent.a));
        CHECK(bits_of(got->b) == bits_of(sent.b));
        CHECK(bits_of(got->c) == bits_of(sent.c));
        CHECK(bits_of(got->d) == bits_of(sent.d));
        CHECK(bits_of(got->e) == bits_of(sent.e));
        CHECK(bits_of(got->f) == bits_of(sent.f));
        CHECK(got->g == sent.g);
    }
}

TEST_CASE("bools in structs, arrays and vectors travel") {
    World world;
    for (int round = 0; round < 500; ++round) {
        bool many[9];
        for (bool& each : many) each = dice() % 2 == 0;
        std::vector<part::Knob> knobs(dice() % 4);
        for (part::Knob& each : knobs) each = any_knob();
        std::vector<float> levels(dice() % 6);
        for (float& each : levels) each = any<float>();
        double wides[] = {any<double>()};
        Bools sent{.one = {dice() % 2 == 0},
                   .knob = any_knob(),
                   .many = std::span<const bool>(many, dice() % 10),
                   .knobs = knobs,
                   .levels = levels,
                   .wides = wides};
        Result<Bools> got = world.client.flip(sent);
        REQUIRE(got.ok());
        CHECK(got->one.on == sent.one.on);
        check_same(got->knob, sent.knob);
        CHECK(std::ranges::equal(got->many, sent.many));
        REQUIRE(got->knobs.size() == knobs.size());
        for (std::size_t i = 0; i < knobs.size(); ++i) check_same(got->knobs[i], knobs[i]);
        CHECK(std::ranges::equal(got->levels, levels, {}, bits_of<float>, bits_of<float>));
        REQUIRE(got->wides.size() == 1);
        CHECK(bits_of(got->wides[0]) == bits_of(wides[0]));
    }
}

TEST_CASE("a bool of 2 is BadMessage wherever it lies, and is never read as a bool") {
    World world;
    bool many[3] = {true, true, true};
    part::Knob knobs[2] = {any_knob(), any_knob()};
    Bools message{.one = {true}, .knob = any_knob(), .many = many, .knobs = knobs};
    message.knob.on = true;
    for (bool& each : message.knob.each) each = true;
    unsigned refused = 0, passed = 0;
    // Every byte of the message in turn becomes 2 where it is 1.
    for (unsigned at = 0; at < 60 * 8; ++at) {
        bool changed = false;
        world.local.on_request = [&](ipc::Registers& registers, Utcb& page) {
            u64& word = at / 8 < kRegisterWords ? registers.w[at / 8] : page.words[at / 8];
            unsigned shift = at % 8 * 8;
            if (at < 8 || at / 8 >= registers.tag.words() || (word >> shift & 0xff) != 1) return;
            word ^= u64{3} << shift;
            changed = true;
        };
        Result<Bools> got = world.client.flip(message);
        if (changed) (got.error() == Error::BadMessage ? refused : passed)++;
    }
    CHECK(refused >= 1 + 4 + 3);  // and those of the vector's structs that happen to be true
    MESSAGE(refused, " refused, ", passed, " passed");
}

TEST_CASE("a scalar that may be absent is absent, or a value, also its zero") {
    World world;
    Result<Maybe> none = world.client.guess({});
    REQUIRE(none.ok());
    CHECK(!none->a);
    CHECK(!none->h);
    CHECK(!none->m);
    CHECK(none->plain == 3);
    Result<Maybe> zeros = world.client.guess({.a = 0, .d = 0, .g = 0, .j = 0.0, .k = false, .l = Color::Red});
    REQUIRE(zeros.ok());
    CHECK(zeros->a == 0);
    CHECK(!zeros->b);
    CHECK(zeros->d == 0);
    CHECK(zeros->g == 0u);
    CHECK(zeros->j == 0.0);
    CHECK(zeros->k == false);
    CHECK(zeros->l == Color::Red);
    for (int round = 0; round < 1000; ++round) {
        Maybe sent;
        if (dice() % 2) sent.a = any<u8>();
        if (dice() % 2) sent.b = any<std::int8_t>();
        if (dice() % 2) sent.c = any<u16>();
        if (dice() % 2) sent.d = any<std::int16_t>();
        if (dice() % 2) sent.e = any<u32>();
        if (dice() % 2) sent.f = any<std::int32_t>();
        if (dice() % 2) sent.g = any<u64>();
        if (dice() % 2) sent.h = any<std::int64_t>();
        if (dice() % 2) sent.i = 2.5f;
        if (dice() % 2) sent.j = -1e300;
        if (dice() % 2) sent.k = dice() % 2 == 0;
        if (dice() % 2) sent.l = Color::Blue;
        if (dice() % 2) sent.m = test::shapes::Access::Write;
        sent.plain = any<u16>();
        Result<Maybe> got = world.client.guess(sent);
        REQUIRE(got.ok());
        CHECK(got->a == sent.a);
        CHECK(got->b == sent.b);
        CHECK(got->c == sent.c);
        CHECK(got->d == sent.d);
        CHECK(got->e == sent.e);
        CHECK(got->f == sent.f);
        CHECK(got->plain == sent.plain);
        CHECK(got->g == sent.g);
        CHECK(got->h == sent.h);
        CHECK(got->i == sent.i);
        CHECK(got->j == sent.j);
        CHECK(got->k == sent.k);
        CHECK(got->l == sent.l);
        CHECK(got->m == sent.m);
    }
}

TEST_CASE("an enum without a zero may be absent; what is there must be a value") {
    World world;
    Result<MaybeNever> none = world.client.choose({});
    REQUIRE(none.ok());
    CHECK(!none->never);
    CHECK(world.client.choose({.never = Never::Two})->never == Never::Two);
    CHECK(world.client.choose({.never = Never{0}}).error() == Error::BadMessage);
}

TEST_CASE("a capability with rights travels with these at most, and the sender keeps its own") {
    std::size_t before = ipc::local_caps().live();
    {
        World world;
        auto& caps = ipc::local_caps();
        ipc::LocalHandle page(caps.create(11)), bell(caps.create(22, bits(NotificationRight::Wait)));
        Result<Lent> got = world.client.lend({.page = page, .bell = bell});
        REQUIRE(got.ok());
        CHECK(world.server.page_object == 11);
        CHECK(world.server.page_rights == bits(FrameRight::Read) + bits(FrameRight::Execute));
        CHECK(world.server.bell_rights == 0);  // it had no right to signal before
        CHECK(caps.rights(page.slot()) == kAllRights);
        CHECK(caps.object(got->page.slot()) == 11);
        CHECK(caps.rights(got->page.slot()) == 5);
        CHECK(caps.live() == before + 4);  // what was narrowed for the way is gone
    }
    CHECK(ipc::local_caps().live() == before);
}

TEST_CASE("without a slot to narrow a capability in, nothing is sent") {
    World world;
    auto& caps = ipc::local_caps();
    ipc::LocalHandle page(caps.create(11)), bell(caps.create(22));
    caps.slots_left = false;
    CHECK(world.client.lend({.page = page, .bell = bell}).error() == Error::InvalidCapability);
    caps.slots_left = true;
}

namespace {

// A transport that owns a capability, as the kernel's does.
struct OwningTransport {
    using Handle = ipc::LocalHandle;
    explicit OwningTransport(Handle session) : handle(std::move(session)) {}
    Error call(ipc::Registers&) { return Error::PeerDied; }
    Error send(ipc::Registers&) { return Error::PeerDied; }
    Error poll_send(ipc::Registers&) { return Error::PeerDied; }
    Utcb& page() { return utcb; }
    Slot slot() const { return handle.slot(); }
    Handle handle;
    Utcb utcb{};
};
using Typed = ipc::CapField<ipc::kind::EndpointOf<test::shapes::Gallery>>;
static_assert(std::is_constructible_v<Typed, const test::shapes::GalleryClient<OwningTransport>&>);
static_assert(!std::is_constructible_v<Typed, const WideClient<OwningTransport>&>, "a session of another service");
static_assert(std::is_constructible_v<Typed, ipc::LocalHandle>);

}  // namespace

TEST_CASE("a typed endpoint is sent as a client and arrives as one") {
    std::size_t before = ipc::local_caps().live();
    {
        World world;
        auto& caps = ipc::local_caps();
        ipc::LocalHandle page(caps.create(11)), bell(caps.create(22));
        test::shapes::GalleryClient<OwningTransport> gallery(ipc::LocalHandle(caps.create(33)));
        Result<Lent> got = world.client.lend({.page = page, .bell = bell, .gallery = gallery});
        REQUIRE(got.ok());
        auto received = got->gallery.take_client<OwningTransport>();
        static_assert(std::is_same_v<decltype(received), test::shapes::GalleryClient<OwningTransport>>);
        CHECK(caps.object(received.slot()) == 33);
        CHECK(received.enter({1}).error() == Error::PeerDied);
    }
    CHECK(ipc::local_caps().live() == before);
}

TEST_CASE("errors of an interface, or of one call, arrive as members of their enum") {
    World world;
    CHECK(world.client.fail({0}).ok());
    CHECK(!world.client.fail({0}).own_error());
    CHECK(world.client.fail({1}).own_error() == Failure::TooHot);
    CHECK(world.client.fail({1}).error() == Failure::TooHot);
    CHECK(!world.client.fail({2}).own_error());
    CHECK(world.client.fail({2}).error() == Error::NoDevice);
    CHECK(!world.client.fail({3}).own_error());
    ipc::CallResult<Empty, part::Refusal> shouted = world.client.shout({1}).or_error();
    CHECK(shouted.own_error() == part::Refusal::TooLoud);
    auto through = [&]() -> Status {
        EFT_TRY(auto ignored, world.client.shout({1}).or_error());
        static_cast<void>(ignored);
        return {};
    };
    CHECK(through().error() == part::Refusal::TooLoud);
}

TEST_CASE("messages and errors of another file and namespace") {
    World world;
    auto painted = world.client.paint({.g = 12345, .color = Color::Blue});
    REQUIRE(painted.ok());
    CHECK(painted->tile.color == Color::Blue);
    CHECK(painted->tile.weight == 12345);
}

// A state region that another version of a server has left.
#include <eft/state/region.h>
#include <eft/state/session_table.h>

#include <doctest/doctest.h>

#include <cstring>
#include <memory>

using namespace eft;

namespace {

// Two versions of a state with sessions.
struct OldSession {
    u64 total;
    u64 of_libos;
};
struct NewSession {
    u64 total;
    u64 largest;
    u64 of_libos;
};
template <class Shared, class Session>
struct WithSessions {
    Shared shared{};
    SessionTable<Session, 3> clients;
    static constexpr StateShape kShape{sizeof(Shared), 3, sizeof(Session), sizeof(Session) - sizeof(u64)};
};
struct OldShared {
    u64 sum = 1;
};
struct NewShared {
    u64 sum = 1;
    u64 count = 7;
};
using Old = WithSessions<OldShared, OldSession>;
using New = WithSessions<NewShared, NewSession>;

template <class T>
struct Versioned {
    explicit Versioned(u32 version = 1) : region(span(), version, T::kShape) {}
    std::span<std::byte> span() { return bytes; }
    alignas(64) std::byte bytes[StateRegion<T, 512>::kBytes] = {};
    StateRegion<T, 512> region;
};

// With the sessions 11 and 13, of which the second one is damaged, and a change that was not answered.
std::unique_ptr<Versioned<Old>> old_state() {
    auto old = std::make_unique<Versioned<Old>>();
    static_cast<void>(old->region.recover(0));
    Sessions<OldSession, 3> view(old->region->clients, old->region.log());
    {
        Transaction change = old->region.begin();
        CHECK(change.write(old->region->shared.sum, 42).ok());
        CHECK(view.open(Badge{11}, {5, 6}).ok());
        CHECK(view.open(Badge{13}, {7, 8}).ok());
        view.seal();
        CHECK(change.commit_now().ok());
    }
    const_cast<OldSession&>(old->region->clients.sessions[1]).total ^= 1;
    Transaction open = old->region.begin();
    CHECK(open.write(old->region->shared.sum, 43).ok());
    CHECK(open.commit_with_reply(10).ok());
    return old;
}

}  // namespace

TEST_CASE("a larger layout takes a smaller one over, and back: what both have, and no damaged session") {
    const auto old = old_state();
    const u64 delivered = 9;
    auto made = std::make_unique<Versioned<New>>();
    REQUIRE(made->region.take_over(old->span(), delivered, nullptr).ok());
    CHECK(made->region->shared.sum == 42);
    CHECK(made->region->shared.count == 7);
    const auto& clients = made->region->clients;
    CHECK(clients.badges[0] == 11);
    CHECK(clients.badges[1] == 0);
    CHECK(clients.sessions[0].total == 5);
    CHECK(clients.sessions[0].largest == 0);
    CHECK(clients.sessions[0].of_libos == 6);
    Sessions<NewSession, 3> view(clients, made->region.log());
    CHECK(*view.restore() == 0);
    CHECK(made->region.begin().error() == Error::None);

    Versioned<New> again;
    std::memcpy(again.bytes, made->bytes, sizeof again.bytes);
    CHECK(again.region.recover(delivered) == RecoveryOutcome::Kept);

    auto back = std::make_unique<Versioned<Old>>();
    CHECK(back->region.take_over(made->span(), delivered, nullptr).ok());
    CHECK(back->region->shared.sum == 42);
    CHECK(back->region->clients.sessions[0].total == 5);
    CHECK(back->region->clients.sessions[0].of_libos == 6);
}

TEST_CASE("a change whose reply was delivered is taken over, too") {
    const auto old = old_state();
    Versioned<New> made;
    CHECK(made.region.take_over(old->span(), 10, nullptr).ok());
    CHECK(made.region->shared.sum == 43);
}

TEST_CASE("what is unfinished is taken over from the copy, and never fresh as long as there is one") {
    const auto old = old_state();
    Versioned<New> made;
    static_cast<void>(made.region.recover(0));
    reinterpret_cast<RegionHeader*>(made.bytes)->magic = RegionHeader::kInitialising;
    Versioned<New> next;
    std::memcpy(next.bytes, made.bytes, sizeof next.bytes);
    CHECK(next.region.recover(9, true) == RecoveryOutcome::OtherLayout);
    CHECK(next.region.take_over(old->span(), 9, nullptr).ok());
    CHECK(next.region->shared.sum == 42);
}

TEST_CASE("another version is taken over by a function only, and what is damaged or cannot be told not at all") {
    const auto old = old_state();
    Versioned<New> made(2);
    const auto refuses = [](u32, std::span<const std::byte>, std::byte*) { return false; };
    const auto doubles = [](u32 version, std::span<const std::byte> shared, std::byte* target) {
        CHECK(version == 1);
        CHECK(shared.size() == sizeof(OldShared));
        reinterpret_cast<NewShared*>(target)->count = 2 * reinterpret_cast<const OldShared*>(shared.data())->sum;
        return true;
    };
    CHECK(made.region.take_over(old->span(), 9, nullptr).error() == Error::NotSupported);
    CHECK(made.region.take_over(old->span(), 9, refuses).error() == Error::NotSupported);
    CHECK(made.region.take_over(old->span().first(100), 9, doubles).error() == Error::BadFormat);
    CHECK(made.region.take_over(old->span(), 9, doubles).ok());
    CHECK(made.region->shared.sum == 42);
    CHECK(made.region->shared.count == 84);
    auto* header = reinterpret_cast<RegionHeader*>(old->bytes);
    for (u32* field : {&header->layout_version, &header->log_bytes, &header->shape.shared, &header->shape.sessions, &header->shape.record, &header->shape.session}) {
        *field ^= 8;
        CHECK(made.region.take_over(old->span(), 9, doubles).error() == Error::BadFormat);
        *field ^= 8;
    }
    // Numbers that contradict each other, under a check that is right.
    for (const StateShape& wrong : {StateShape{~7u, 3, 16, 8}, StateShape{8, ~0u, 16, 8}, StateShape{8, ~0u, ~0u, 8}, StateShape{8, 3, ~0u, 8}, StateShape{8, 3, 16, 24}, StateShape{4, 3, 16, 8}}) {
        header->shape = wrong;
        header->check = header->computed_check();
        CHECK(made.region.take_over(old->span(), 9, doubles).error() == Error::BadFormat);
    }
    header->shape = {8, 2, 16, 8};
    header->check = header->computed_check();
    CHECK(made.region.take_over(old->span(), 9, doubles).error() == Error::NotSupported);
}

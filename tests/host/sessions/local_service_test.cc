// The stand-in in which the tests of services run (local_service.h): what it does of a subscription.
#include <eft/idl/sessions.h>
#include <local_service.h>

using namespace eft;
using namespace eft::test;

namespace {

constexpr u64 kBell = 78;

struct Teller : StatefulServer<sessions::Bank> {
    using StatefulServer::StatefulServer;

    Result<sessions::Balance> deposit(ipc::Context&, Session& session, const sessions::Amount& amount) {
        EFT_TRY(sessions::Account * account, session.edit());
        EFT_CHECK(raise<Service::Moved>({.amount = amount.amount, .whose = raw(session.badge()), .text = "deposit"}));
        return sessions::Balance{account->balance += amount.amount, 0};
    }
    Result<sessions::Balance> receipt(ipc::Context& context, Session& session, const sessions::Amount& amount) {
        return deposit(context, session, amount);
    }
    Task<Result<sessions::Balance>> later(ipc::Context& context, Session& session, sessions::Amount amount) {
        co_return deposit(context, session, amount);
    }
};

struct World {
    LocalService<Teller> service{1};
    ClientOf<sessions::BankClient, Teller> subscriber{service, Badge{11}}, other{service, Badge{12}};

    Result<Subscribed> subscribe() { return subscriber.subscribe_moved({.wake = ipc::LocalHandle(ipc::local_caps().create(kBell))}); }
};

}  // namespace

TEST_CASE_FIXTURE(World, "a subscriber in process is rung and told") {
    REQUIRE(subscribe().ok());
    CHECK(service.rings(kBell) == 0);
    REQUIRE(other.deposit({5}).ok());
    CHECK(service.rings(kBell) == 1);
    CHECK(subscriber.next_moved({})->amount == 5);
    CHECK(subscriber.next_moved({1})->number == 0);
    REQUIRE(subscriber.subscribe_moved({}).ok());
    CHECK(subscriber.next_moved({1}).error() == Error::WrongState);
}

TEST_CASE_FIXTURE(World, "a subscription in process outlives its server") {
    REQUIRE(subscribe().ok());
    for (const Death death : {Death::BeforeAnswer, Death::AfterAnswer}) {
        service.die_in_next_call(death);
        REQUIRE(other.deposit({5}).ok());
    }
    CHECK(subscriber.next_moved({})->number == 1);
    CHECK(subscriber.next_moved({1})->number == 2);
    CHECK(subscriber.next_moved({2})->number == 0);
    CHECK(service.deaths() == 2);
}

TEST_CASE_FIXTURE(World, "what a subscription is told to ring is kept once") {
    const std::size_t before = ipc::local_caps().live();
    service.die_in_next_call(Death::BeforeAnswer);
    REQUIRE(subscribe().ok());  // the stub has sent it twice
    REQUIRE(subscribe().ok());
    REQUIRE(other.deposit({5}).ok());
    CHECK(service.rings(kBell) == 1);
    CHECK(ipc::local_caps().live() == before);
}

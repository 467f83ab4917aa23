// Servers of the test interfaces, and clients that reach them in process.
#pragma once

#include "mortal_server.h"

namespace eft::test {

using sessions::Amount;
using sessions::Balance;

struct Total {
    u64 sum = 0;
};

struct Bank : StatefulServer<sessions::Bank, Total, 4> {
    using StatefulServer::StatefulServer;
    Completion<u64>* gate = nullptr;

    Result<Balance> deposit(ipc::Context&, Session& session, const Amount& amount) {
        EFT_TRY(Total * total, edit_shared());
        EFT_TRY(sessions::Account * account, session.edit());
        account->balance += amount.amount;
        ++account->calls;
        total->sum += amount.amount;
        EFT_CHECK(raise<Service::Moved>({.amount = amount.amount, .whose = raw(session.badge()), .text = "deposit"}));
        if (amount.amount > 1'000'000) return Error::OutOfRange;
        return Balance{account->balance, total->sum};
    }
    Result<Balance> receipt(ipc::Context& context, Session& session, const Amount& amount) {
        return deposit(context, session, amount);
    }
    Task<Result<Balance>> later(ipc::Context& context, Session& session, Amount amount) {
        if (gate) co_await *gate;
        co_return deposit(context, session, amount);
    }
};
static_assert(sessions::BankServer<Bank>);

struct Desk : StatefulServer<sessions::Desk, Total, 4> {
    using StatefulServer::StatefulServer;

    Result<Balance> add(ipc::Context&, Session& session, const Amount& amount) {
        EFT_TRY(Total * total, edit_shared());
        EFT_TRY(sessions::Account * account, session.edit());
        return Balance{account->balance += amount.amount, total->sum += amount.amount};
    }
    Result<Balance> take(ipc::Context& context, Session& session, const Amount& amount) {
        return add(context, session, amount);
    }
};

struct BankWorld final : MortalServer<Bank> {};
using BankClient = sessions::BankClient<ipc::LocalTransport<BankWorld>>;
struct DeskWorld final : MortalServer<Desk> {};
using DeskClient = sessions::DeskClient<ipc::LocalTransport<DeskWorld>>;

// What names tells of sessions that are over.
class Broker {
public:
    explicit Broker(std::vector<u64> badges) : told_(std::move(badges)) {}
    Result<names::Badges> closed() {
        answer_ = std::exchange(told_, {});
        names::Badges badges;
        badges.badges = answer_;
        return badges;
    }
    Result<names::Badges> open(const names::Badge&) { return names::Badges{}; }

private:
    std::vector<u64> told_, answer_;
};

}  // namespace eft::test

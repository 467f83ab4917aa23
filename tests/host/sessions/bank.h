// Servers of the test interfaces.
#pragma once

#include <eft/idl/sessions.h>
#include <scripted_names.h>
#include <stage_case.h>

namespace eft::test {

using sessions::Amount;
using sessions::Balance;
using BankClient = sessions::BankClient<>;
using DeskClient = sessions::DeskClient<>;

struct Total {
    u64 sum = 0;
};

struct Bank : StatefulServer<sessions::Bank, Total, 4> {
    template <class... Arguments>
    explicit Bank(Arguments&&... arguments) : StatefulServer(std::forward<Arguments>(arguments)...) {
        running = this;
    }
    static inline Bank* running = nullptr;  // the present incarnation
    Completion<u64> gates[2];

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
    // The amount says which gate it waits for.
    Task<Result<Balance>> later(ipc::Context& context, Session& session, Amount amount) {
        co_await gates[amount.amount];
        co_return deposit(context, session, amount);
    }
    void woken(u64 bits) {
        for (u64 each : {0, 1})
            if (bits >> each & 1) gates[each].set(1);
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

struct BankScene {
    Stage& stage;
    Program& bank = stage.serve<Bank>("bank", 1);
    BankClient client(u64 badge) { return BankClient{stage.connect(bank, Badge{badge})}; }
};
struct DeskScene {
    Stage& stage;
    Program& desk = stage.serve<Desk>("desk", 1);
    DeskClient client{stage.connect(desk, Badge{11})};
};

}  // namespace eft::test

// names on a Stage, which tells what a test wants: which sessions have ended, and which are open. The test's connect() gives
// sessions with the server, with the badges 7, 8, …
#pragma once

#include "stage.h"

#include <eft/idl/mock/names.h>
#include <eft/server.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace eft::test {

class ScriptedNames {
public:
    ScriptedNames(Stage& stage, Program& server) : stage_(stage), server_(server) {
        mock_.on_closed([this](auto&) {
            answer_ = std::exchange(ended_, {});
            return badges(std::exchange(incomplete_, false));
        });
        mock_.on_open([this](names::Badge& above) -> Result<names::Badges> {
            if (lost_) return Error::NotFound;
            answer_.clear();
            for (const u64 badge : open_)
                if (badge > above.badge) answer_.push_back(badge);
            return badges(false);
        });
        mock_.on_connect([this](names::ServiceName& asked) -> Result<names::Session> {
            const auto service = std::ranges::find(services_, asked.name, &Service::name);
            if (!services_.empty() && service == services_.end()) return Error::NotFound;
            const u64 badge = next_badge_++ | (services_.empty() ? 0 : raw(service->kind));
            EFT_TRY(CapHandle copy, copy_capability(*granted("server"), kAllRights, badge));
            names::Session session;
            session.session = session.session.owning(copy.release());
            session.badge = badge;
            given_.push_back(badge);
            return session;
        });
        stage.connect(program_, "server", server, Badge::None);
        stage.connect(stage.test(), WellKnown::Names, program_, names::Names::badge_of(names::Names::SessionKind::Client, 2));
        stage.connect(server, WellKnown::Names, program_, names::Names::badge_of(names::Names::SessionKind::Client, 1));
    }

    // This program may connect to the server, too: one that is a client of it, as the test is.
    void admit(Program& client) {
        stage_.connect(client, WellKnown::Names, program_, names::Names::badge_of(names::Names::SessionKind::Client, next_client_++));
    }

    // There are only these services, all of them the server's, with sessions of these kinds: the badge of number 0. Without this
    // every name is the server's.
    struct Service {
        std::string_view name;
        Badge kind;
    };
    void allow_only(std::vector<Service> services) { services_ = std::move(services); }
    // The badges of all sessions so far.
    const std::vector<u64>& given() const { return given_; }

    // The server is told that these sessions have ended.
    void close(std::vector<u64> badges) {
        ended_ = std::move(badges);
        tell();
    }
    // That more have ended than names remembers, as it says to each new incarnation; these are open, lowest first.
    void close_all_but(std::vector<u64> badges) {
        open_ = std::move(badges);
        lost_ = false;
        incomplete_ = true;
        tell();
    }
    // The same, and what is open cannot be had.
    void lose_list() {
        lost_ = incomplete_ = true;
        tell();
    }

private:
    names::Badges badges(bool incomplete) {
        names::Badges told;
        told.badges = answer_;
        told.incomplete = incomplete;
        return told;
    }
    void tell() {
        stage_.signal(server_, static_cast<u64>(WakeBit::Closed));
        stage_.run();
    }

    Stage& stage_;
    Program& server_;
    names::NamesMock mock_;
    std::vector<u64> ended_, open_, answer_, given_;
    std::vector<Service> services_;
    bool incomplete_ = false, lost_ = false;
    u64 next_badge_ = 7, next_client_ = 3;
    Program& program_ = stage_.add("names", [this]() -> int {
        ServerLoop loop;
        loop.run(requests_to<names::Names>(mock_));
    }, {.priority = Stage::kServerPriority + 1});
};

}  // namespace eft::test

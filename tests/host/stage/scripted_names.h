// names on a Stage, which tells what a test wants: which sessions have ended, and which are open.
#pragma once

#include "stage.h"

#include <eft/idl/mock/names.h>
#include <eft/server.h>

#include <utility>

namespace eft::test {

class ScriptedNames {
public:
    explicit ScriptedNames(Stage& stage) : stage_(stage) {
        mock_.on_closed([this](auto&) {
            names::Badges badges;
            answer_ = std::exchange(ended_, {});
            badges.badges = answer_;
            badges.incomplete = std::exchange(incomplete_, false);
            return badges;
        });
        mock_.on_open([this](names::Badge& above) -> Result<names::Badges> {
            if (!list_) return Error::NotFound;
            names::Badges badges;
            answer_.clear();
            for (const u64 badge : open_)
                if (badge > above.badge) answer_.push_back(badge);
            badges.badges = answer_;
            return badges;
        });
    }
    // It is this server's.
    void serve(Program& server) { stage_.connect(server, WellKnown::Names, program_, names::Names::badge_of(names::Names::SessionKind::Client, 1)); }

    // These sessions have ended.
    void close(Program& server, std::vector<u64> badges) {
        ended_ = std::move(badges);
        tell(server);
    }
    // More were closed than names has remembered, as it says to each new incarnation: what is open is a list, or cannot be
    // had.
    void close_all_but(Program& server, std::vector<u64> badges, bool list = true) {
        incomplete_ = true;
        open_ = std::move(badges);
        list_ = list;
        tell(server);
    }

private:
    void tell(Program& server) {
        stage_.signal(server, static_cast<u64>(WakeBit::Closed));
        stage_.run();
    }

    Stage& stage_;
    names::NamesMock mock_;
    std::vector<u64> ended_, open_, answer_;
    bool incomplete_ = false, list_ = true;
    Program& program_ = stage_.add("names", [this]() -> int {
        ServerLoop loop;
        loop.run(requests_to<names::Names>(mock_));
    }, {.priority = Stage::kServerPriority + 1});
};

}  // namespace eft::test

// One service of a booted system, as a test of it needs it: calls by name, and deaths.
//
//   System system({});
//   Service tally(system, "tally");
//   CHECK(tally.call("Add", {{"amount", 3}}) == Json{{"own", 3}, {"all", 3}});
//   tally.kill();
//
// All calls come from the prompt, which is one client: its session is the same before and after a death.
#pragma once

#include "system.h"

#include <nlohmann/json.hpp>

#include <string>

namespace eft::qemu {

using Json = nlohmann::json;

class Service {
public:
    // Throws unless it is up, or comes up soon.
    Service(System& system, std::string name);

    // The reply to `rpc NAME METHOD JSON`; throws with what the prompt printed if the call fails.
    Json call(const std::string& method, const Json& request = Json::object());
    // What the prompt prints of a call that fails; throws if it does not.
    std::string refusal(const std::string& method, const Json& request = Json::object());

    // Ends the incarnation (`service kill --signal`: kill, hang or crash) and returns when the next one is up.
    void kill(const std::string& signal = "kill");

private:
    std::string rpc(const std::string& method, const Json& request) { return system_.run("rpc " + name_ + " " + method + " '" + request.dump() + "'"); }
    [[noreturn]] void fail(const std::string& what);

    System& system_;
    std::string name_;
};

}  // namespace eft::qemu

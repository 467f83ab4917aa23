#include "service.h"

#include <stdexcept>

namespace eft::qemu {

Service::Service(System& system, std::string name) : system_(system), name_(std::move(name)) {
    system_.run("service wait " + name_);
    if (system_.status() != 0) fail("is not up");
}

Json Service::call(const std::string& method, const Json& request) {
    const std::string printed = rpc(method, request);
    if (system_.status() != 0) fail(method + ": " + printed);
    return Json::parse(printed);
}

std::string Service::refusal(const std::string& method, const Json& request) {
    const std::string printed = rpc(method, request);
    if (system_.status() == 0) fail(method + " succeeds: " + printed);
    return printed;
}

void Service::kill(const std::string& signal) {
    constexpr int kLooks = 200;  // of 50 ms: one that hangs has to miss its heartbeats first
    const long before = system_.services().at(name_).incarnation;
    const std::string printed = system_.run("service kill " + name_ + " --signal " + signal);
    if (!printed.empty()) fail("kill: " + printed);
    for (int look = 0; look < kLooks; ++look) {
        const ServiceLine now = system_.services().at(name_);
        if (now.incarnation > before && now.state == "up") return;
        system_.run("sleep 50");
    }
    fail("does not come back");
}

void Service::fail(const std::string& what) { throw std::runtime_error(name_ + ": " + what + "\n" + system_.run("service info " + name_)); }

}  // namespace eft::qemu

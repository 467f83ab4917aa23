// `rpc`: any call of any service, with JSON, by the descriptors in the boot archive.
#include "monitor/failure.h"
#include "monitor/rpc/boot_files.h"
#include "monitor/rpc/call.h"
#include "monitor/rpc/describe.h"
#include "monitor/rpc/reply.h"
#include "monitor/rpc/request.h"
#include "monitor/rpc/rpc.h"
#include "monitor/rpc/rpc_names.h"

#include <eft/process.h>
#include <eft/text.h>

#include <algorithm>
#include <optional>

namespace eft::monitor {
namespace {

Result<Rpc*> open_rpc(Shell& shell) {
    static std::optional<Rpc> rpc;
    if (rpc) return &*rpc;
    EFT_TRY(const Catalogue* interfaces, system_interfaces());
    EFT_TRY(const manifest::Manifest * manifest, system_manifest());
    rpc.emplace(shell.calls(), *interfaces, *manifest, shell.supervisor());
    return &*rpc;
}

// A text to print, or what went wrong.
struct Outcome {
    std::string text;
    bool failed = false;
};
Outcome failure(std::string_view text) { return {std::string(text), true}; }

std::string interface_names(const Endpoint& endpoint) {
    std::string names;
    for (const descriptor::Service* each : endpoint.interfaces) names.append(names.empty() ? "" : ", ").append(short_name(text(each->name())));
    return names;
}

Task<std::string> list_services(Rpc& rpc) {
    std::string lines = "SERVICE          PROVIDED BY      INTERFACE\n";
    const std::vector<EndpointName> all = rpc.endpoints.list();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const EndpointName& each = all[i];
        FixedText<200> line;
        const std::string provider = co_await running_provider(rpc, each);
        line.left(each.name, 16).append(' ').left(provider, 16).append(' ');
        Result<Endpoint*> endpoint = Error::PermissionDenied;
        if (each.allowed) endpoint = co_await rpc.endpoints.open(each.name);
        if (endpoint.ok()) line.append(interface_names(**endpoint));
        else line.append("- (").append(to_string(endpoint.error())).append(')');
        lines.append(line.append('\n').view());
    }
    co_return lines;
}

// Of a service, or of an interface that nobody here may call.
Task<Outcome> describe(Rpc& rpc, std::string name) {
    const Result<Endpoint*> endpoint = co_await rpc.endpoints.open(name);
    std::string lines;
    if (endpoint.ok()) {
        for (const descriptor::Service* each : (*endpoint)->interfaces) lines.append(interface_text(rpc.catalogue, *each));
        co_return Outcome{lines};
    }
    const descriptor::Service* service = rpc.catalogue.service(name);
    if (service) co_return Outcome{interface_text(rpc.catalogue, *service)};
    const std::string wrong = co_await open_failure(rpc, name, endpoint.error());
    co_return failure(wrong);
}

struct Target {
    const descriptor::Service* service = nullptr;
    const descriptor::Method* method = nullptr;
};

// "Method", or "Interface.Method" where several interfaces have one of that name.
Target find_method(const Rpc& rpc, const Endpoint& endpoint, std::string_view name) {
    const std::size_t dot = name.find('.');
    const std::string_view interface = dot == name.npos ? std::string_view() : name.substr(0, dot);
    for (const descriptor::Service* each : endpoint.interfaces) {
        if (!interface.empty() && short_name(text(each->name())) != interface) continue;
        if (const auto* method = rpc.catalogue.method(*each, dot == name.npos ? name : name.substr(dot + 1))) return {each, method};
    }
    return {};
}

std::string no_such_method(const Endpoint& endpoint, std::string_view name) {
    std::string names;
    for (const descriptor::Service* service : endpoint.interfaces)
        for (const descriptor::Method* each : *service->methods()) names.append(names.empty() ? "" : ", ").append(text(each->name()));
    return endpoint.name + ": " + interface_names(endpoint) + " has no method " + std::string(name.substr(0, 40)) + "; it has " + names;
}

Task<Outcome> call_method(Rpc& rpc, std::string service, std::string name, std::string json) {
    const Result<Endpoint*> opened = co_await rpc.endpoints.open(service);
    if (!opened.ok()) {
        const std::string wrong = co_await open_failure(rpc, service, opened.error());
        co_return failure(wrong);
    }
    Endpoint& endpoint = **opened;
    const Target target = find_method(rpc, endpoint, name);
    if (!target.method) co_return failure(no_such_method(endpoint, name));
    const std::string call_name = service + " " + name + ": ";
    if (!travels_as_message(*target.method))
        co_return failure(call_name + "it travels through a ring that client and server share, not as a message");
    const descriptor::Record* request = rpc.catalogue.record(text(target.method->request()));
    const descriptor::Record* response = rpc.catalogue.record(text(target.method->response()));
    if (!request || !response) co_return failure(call_name + "its messages are not described");
    RequestReader reader(rpc.catalogue, json);
    const Result<Message> message = reader.read(*request);
    if (!message.ok()) co_return failure(call_name + "JSON " + reader.complaint());
    const Called called{*target.service, *target.method, *response};
    const Result<Message> reply = co_await call(rpc.endpoints, endpoint, called, *message);
    if (!reply.ok()) {
        const std::string wrong = co_await rpc.error_text(*target.method, service, reply.error());
        co_return failure(call_name + wrong);
    }
    ReplyWriter writer(rpc.catalogue, *reply);
    const Result<std::string> text_of = writer.write(*response);
    if (!text_of.ok()) co_return failure(call_name + "the answer is malformed: " + writer.complaint());
    co_return Outcome{*text_of + "\n"};
}

}  // namespace

Task<std::string> running_provider(Rpc& rpc, const EndpointName& service) {
    if (service.providers.empty()) co_return service.name;
    if (service.providers.size() == 1) co_return service.providers.front();
    const std::string found = co_await rpc.endpoints.calls().run([&] {
        for (const std::string& provider : service.providers) {
            const auto info = settled(rpc.supervisor.info({provider}));
            if (info.ok() && info->trouble().empty()) return provider;
        }
        return service.providers.front();
    });
    co_return found;
}

Task<std::string> open_failure(Rpc& rpc, std::string_view name, Error error) {
    const std::vector<EndpointName> all = rpc.endpoints.list();
    const bool known = std::any_of(all.begin(), all.end(), [&](const EndpointName& each) {
        return each.name == name || std::find(each.providers.begin(), each.providers.end(), name) != each.providers.end();
    });
    std::string line(name);
    if (!known) error = Error::NotFound;
    if (error == Error::PermissionDenied) co_return line.append(": the manifest does not let ").append(field_text(config().name)).append(" connect to it");
    if (known && error == Error::NotFound) co_return line.append(": nobody provides it now; `service list` and `service info` say why");
    if (error == Error::NotFound) co_return line.append(": there is no such service; rpc alone lists them");
    if (error == Error::NotSupported) co_return line.append(": it answers to no interface that the boot archive describes");
    if (error == Error::ServiceFailed) error = Error::InvalidCapability;  // names gives no further session to whom it has expelled
    const std::string words = co_await failure_text(rpc.endpoints.calls(), rpc.supervisor, name, error);
    co_return line.append(": ").append(words);
}

Task<std::string> Rpc::error_text(const descriptor::Method& method, std::string_view service, Error error) {
    std::string words = monitor::error_text(catalogue, method, error);
    if (error == Error::ServiceHeld || error == Error::InvalidCapability)
        words = co_await failure_text(endpoints.calls(), supervisor, service, error);
    co_return words;
}

std::vector<std::string> rpc_services(Shell& shell) {
    std::vector<std::string> names;
    const Result<Rpc*> rpc = open_rpc(shell);
    if (!rpc.ok()) return names;
    for (const EndpointName& each : (*rpc)->endpoints.list())
        if (each.allowed) names.push_back(each.name);
    return names;
}

Task<std::vector<std::string>> rpc_methods(Shell& shell, std::string service) {
    std::vector<std::string> names;
    const Result<Rpc*> rpc = open_rpc(shell);
    if (!rpc.ok()) co_return names;
    const Result<Endpoint*> endpoint = co_await (*rpc)->endpoints.open(service);
    if (!endpoint.ok()) co_return names;
    for (const descriptor::Service* each : (*endpoint)->interfaces)
        for (const descriptor::Method* method : *each->methods()) names.emplace_back(text(method->name()));
    co_return names;
}

Task<std::vector<std::string>> rpc_events(Shell& shell, std::string service) {
    std::vector<std::string> names;
    const Result<Rpc*> rpc = open_rpc(shell);
    if (!rpc.ok()) co_return names;
    const Result<Endpoint*> endpoint = co_await (*rpc)->endpoints.open(service);
    if (endpoint.ok()) names = event_names(**endpoint);
    co_return names;
}

Task<int> command_rpc(Shell& shell, const Arguments& given) {
    int status = 0;
    const Result<Rpc*> rpc = open_rpc(shell);
    if (!rpc.ok()) {
        status = co_await shell.fail(given, "the interfaces in the boot archive", rpc.error());
        co_return status;
    }
    if (!(*rpc)->endpoints.calls().vacant()) {
        const std::string wrong = std::to_string(Calls::kMost) + " calls wait already; end one with Ctrl-C, or what it waits for";
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    if (const std::string* event = given.value("--watch")) {
        const std::string* wanted = given.value("--count");
        const Result<u64> count = wanted ? parse_u64(*wanted) : Result<u64>(0);
        if (!count.ok() || given.words.size() != 1) {
            status = co_await shell.fail(given, "SERVICE --watch EVENT [--count N] is wanted");
            co_return status;
        }
        status = co_await watch_event(shell, **rpc, given, *event, *count);
        co_return status;
    }
    Outcome outcome;
    const std::string service = given.word(0), method = given.word(1), json = given.word(2, "{}");
    if (given.words.empty()) outcome.text = co_await list_services(**rpc);
    else if (given.words.size() == 1) outcome = co_await describe(**rpc, service);
    else outcome = co_await call_method(**rpc, service, method, json);
    if (outcome.failed) {
        status = co_await shell.fail(given, outcome.text);
        co_return status;
    }
    co_await shell.print(outcome.text);
    co_return status;
}

}  // namespace eft::monitor

// `service`: what rs knows, and orders to it.
#include "monitor/format.h"
#include "monitor/rpc/boot_files.h"
#include "monitor/service_text.h"
#include "monitor/shell.h"
#include "monitor/update.h"
#include "monitor/watch.h"

#include <eft/json.h>
#include <eft/process.h>
#include <eft/text.h>

#include <algorithm>

namespace eft::monitor {
namespace {

constexpr std::string_view kInterfacesFile = "the interfaces in the boot archive";

rs::Name named(std::string_view name) {
    rs::Name request;
    request.name = name;
    return request;
}

// What helps against an order's error; empty: it says all. WrongState is told by those that know which state that is.
std::string_view help_of(Error error, std::string_view wrong_state) {
    if (error == Error::NotFound) return "there is no such service; service list shows all";
    if (error == Error::PermissionDenied) return "a core server, which takes no such order";
    return error == Error::WrongState ? wrong_state : std::string_view();
}

constexpr std::string_view kIsDown = "it is down; service start starts it";

Task<int> report(Shell& shell, const Arguments& given, std::string_view object, Status status, std::string_view wrong_state = {}) {
    if (status.ok()) co_return 0;
    const std::string_view help = help_of(status.error(), wrong_state);
    const std::string what = terminal_text(object).append(": ").append(help);
    int failed = 1;
    if (help.empty()) failed = co_await shell.fail(given, object, status.error());
    else failed = co_await shell.fail(given, what);
    co_return failed;
}

Task<int> list(Shell& shell, const Arguments& given) {
    std::string text = service_header();
    const Status good = co_await shell.call([&] {
        return visit_services(shell.supervisor(), [&](const auto& line) {
            text.append(service_line(line));
            return false;
        });
    });
    int status = 0;
    if (good.ok()) co_await shell.print(text);
    else status = co_await shell.fail(given, "rs", good.error());
    co_return status;
}

// What the last incarnation held that died; nothing, if none has, or it is not known.
std::string held_text(Supervisor& supervisor, std::string_view name) {
    std::string all;
    rs::TableQuery query;
    query.name = name;
    u32 left_out = 0;
    do {
        auto part = settled(supervisor.held(query));
        if (!part.ok()) return all;
        all.append(capabilities_text(*part));
        left_out = part->left_out();
        query.after = part->next();
    } while (query.after != 0);
    if (all.empty()) return all;
    if (left_out != 0) all.append("  and ").append(std::to_string(left_out)).append(" more\n");
    return "held at the death:\n" + all;
}

Task<int> info(Shell& shell, const Arguments& given) {
    const Result<const Catalogue*> interfaces = system_interfaces();
    const Result<std::string> text = co_await shell.call([&]() -> Result<std::string> {
        const rs::Name name = named(given.words[0]);
        auto details = settled(shell.supervisor().info(name));
        if (!details.ok()) return details.error();
        std::string about = info_text(*details);
        about.append(held_text(shell.supervisor(), name.name));
        auto messages = settled(shell.supervisor().messages(name));
        if (messages.ok() && interfaces.ok()) about.append(messages_text(**interfaces, *messages));
        return about;
    });
    int status = 0;
    if (!text.ok()) {
        status = co_await report(shell, given, given.words[0], text.error());
        co_return status;
    }
    co_await shell.print(*text);
    if (!interfaces.ok()) status = co_await shell.fail(given, kInterfacesFile, interfaces.error());
    co_return status;
}

// What is missing, where the supervisor knows more about it than the error says.
std::string trouble_of(Shell& shell, const std::string& name) {
    auto details = settled(shell.supervisor().info(named(name)));
    return details.ok() ? std::string(details->trouble()) : std::string();
}

Task<int> report_start(Shell& shell, const Arguments& given, Status status) {
    if (status.ok()) co_return 0;
    const std::string trouble = co_await shell.call([&] { return trouble_of(shell, given.words[0]); });
    int failed = 1;
    if (trouble.empty()) {
        failed = co_await report(shell, given, given.words[0], status, "it runs already");
    } else {
        const std::string line = given.words[0] + ": " + trouble;
        failed = co_await shell.fail(given, line);
    }
    co_return failed;
}

Task<int> kill(Shell& shell, const Arguments& given) {
    rs::KillOrder order;
    order.name = given.words[0];
    order.signal = rs::KillSignal::Kill;
    if (const std::string* signal = given.value("--signal")) {
        if (*signal == "hang") order.signal = rs::KillSignal::Hang;
        if (*signal == "crash") order.signal = rs::KillSignal::Crash;
    }
    const Status done = co_await shell.call([&] { return Status(settled(shell.supervisor().kill(order)).error()); });
    const int status = co_await report(shell, given, given.words[0], done, kIsDown);
    co_return status;
}

// "Counter.Add"; label 0 if no interface has it.
struct NamedCall {
    u32 label = 0;
    const descriptor::Record* request = nullptr;
};
NamedCall call_named(const Catalogue& interfaces, std::string_view name) {
    const auto dot = name.find('.');
    if (dot == std::string_view::npos) return {};
    const descriptor::Service* service = interfaces.service(name.substr(0, dot));
    const descriptor::Method* method = service ? interfaces.method(*service, name.substr(dot + 1)) : nullptr;
    if (!method) return {};
    return {make_label(service->id(), method->ordinal()), interfaces.record(text(method->request()))};
}
bool has_words(const descriptor::Record& request) { return request.is_flatbuffer() || request.flat_words() + request.tail_words() != 0; }

// NAME off, or NAME INTERFACE.METHOD|all KIND [N [SEED]]
Task<int> fault(Shell& shell, const Arguments& given) {
    constexpr std::string_view kKinds[] = {"drop", "delay", "duplicate", "corrupt", "kill"};
    rs::FaultOrder order;
    order.name = given.words[0];
    const std::string where = given.words[1], wanted = given.word(2);
    int status = 0;
    if (where != "off" || !wanted.empty()) {
        const auto kind = std::find(std::begin(kKinds), std::end(kKinds), wanted);
        if (kind == std::end(kKinds)) {
            status = co_await shell.fail(given, "off, or INTERFACE.METHOD and drop, delay, duplicate, corrupt or kill is wanted");
            co_return status;
        }
        const Result<const Catalogue*> interfaces = system_interfaces();
        if (!interfaces.ok()) {
            status = co_await shell.fail(given, kInterfacesFile, interfaces.error());
            co_return status;
        }
        order.kind = static_cast<rs::FaultKind>(kind - std::begin(kKinds) + 1);
        const NamedCall call = call_named(**interfaces, where);
        if (order.kind == rs::FaultKind::Corrupt && call.request && !has_words(*call.request)) {
            const std::string line = where + ": its request has nothing that could be corrupted";
            status = co_await shell.fail(given, line);
            co_return status;
        }
        order.label = call.label;
        const Result<u64> every = parse_u64(given.word(3, "1")), seed = parse_u64(given.word(4, "0"));
        if ((order.label == 0 && where != "all") || !every.ok() || *every == 0 || !seed.ok()) {
            status = co_await shell.fail(given, "INTERFACE.METHOD, a number from 1 and a seed are wanted");
            co_return status;
        }
        if (given.words.size() > 3) order.every = *every;
        if (given.words.size() > 4) order.seed = *seed;
    }
    const Status done = co_await shell.call([&] { return Status(settled(shell.supervisor().fault(order)).error()); });
    status = co_await report(shell, given, order.name, done);
    co_return status;
}

Result<rs::ServiceState> state_of(Shell& shell, std::string_view name) {
    Result<rs::ServiceState> state = Error::NotFound;
    EFT_CHECK(visit_services(shell.supervisor(), [&](const auto& line) {
        if (line.name == name) state = line.state;
        return state.ok();
    }));
    return state;
}

// Looks from time to time instead of calling Wait, so that what runs in the background goes on meanwhile.
Task<int> wait(Shell& shell, const Arguments& given) {
    constexpr u64 kPause = 1'000'000;
    Status status;
    for (;;) {
        const Result<rs::ServiceState> state = co_await shell.call([&] { return state_of(shell, given.words[0]); });
        status = state.error();
        if (!state.ok() || *state == rs::ServiceState::Up) break;
        if (*state == rs::ServiceState::Held) status = Error::ServiceHeld;
        if (*state == rs::ServiceState::Down) status = Error::WrongState;
        if (!status.ok()) break;
        status = co_await shell.clock().sleep(kPause);
        if (!status.ok()) break;
    }
    const int failed = co_await report(shell, given, given.words[0], status, kIsDown);
    co_return failed;
}

// So many changes, as they come; 0: those that wait already.
Task<int> watch(Shell& shell, const Arguments& given) {
    int status = 0;
    const Result<u64> count = parse_u64(given.word(0, "1"));
    if (!count.ok()) {
        const std::string wrong = terminal_text(given.words[0]) + ": a number of changes is wanted";
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    ChangeWatch changes(shell.loop(), shell.supervisor());
    Status good = co_await shell.call([&] { return changes.begin(); });
    const bool all_that_wait = *count == 0;
    for (u64 left = *count; good.ok() && (left != 0 || all_that_wait);) {
        std::string text;
        good = co_await shell.call([&]() -> Status {
            EFT_TRY(const auto change, changes.next());
            if (change) text = change_text(*change);
            return {};
        });
        if (!good.ok()) break;
        if (!text.empty()) {
            co_await shell.print(text);
            --left;
            continue;
        }
        if (all_that_wait) break;
        co_await changes.rung();
    }
    status = co_await report(shell, given, "rs", good);
    co_return status;
}

Task<int> restart(Shell& shell, const Arguments& given) {
    const Status done = co_await shell.call([&] { return Status(settled(shell.supervisor().restart(named(given.words[0]))).error()); });
    const int status = co_await report_start(shell, given, done);
    co_return status;
}
// Without it nobody could type the order to start it again.
bool is_needed_here(std::string_view name) {
    if (name == field_text(config().name)) return true;
    const Result<const manifest::Manifest*> manifest = system_manifest();
    const manifest::Service* console = manifest.ok() ? provider_of(**manifest, kConsoleService) : nullptr;
    return console && text(console->name()) == name;
}

Task<int> stop(Shell& shell, const Arguments& given) {
    const std::string& name = given.words[0];
    int status = 0;
    if (is_needed_here(name)) {
        const std::string what = terminal_text(name) + ": this prompt needs it and could not start it again; service restart ends and starts it";
        status = co_await shell.fail(given, what);
        co_return status;
    }
    const Status done = co_await shell.call([&] { return Status(settled(shell.supervisor().stop(named(name))).error()); });
    status = co_await report(shell, given, name, done, kIsDown);
    co_return status;
}
Task<int> start(Shell& shell, const Arguments& given) {
    const Status done = co_await shell.call([&] { return Status(settled(shell.supervisor().start(named(given.words[0]))).error()); });
    const int status = co_await report_start(shell, given, done);
    co_return status;
}

constexpr std::size_t kMostName = std::min({rs::Name::kNameMax, rs::KillOrder::kNameMax, rs::FaultOrder::kNameMax});

constexpr CommandEntry kVerbs[] = {
    {"list", "", "all services", list},
    {"info", "NAME", "all about one: its last death, its capabilities, its last messages", info},
    {"kill", "NAME [--signal kill|hang|crash]", "ends the process at once, or makes it hang or crash", kill},
    {"restart", "NAME", "an orderly end, and a start", restart},
    {"stop", "NAME", "an orderly end; it stays down", stop},
    {"start", "NAME", "also of one that is held", start},
    {"update", "NAME FILE", "another program, in its sessions and state; it goes back if that fails", update_service},
    {"wait", "NAME", "until it is up", wait},
    {"watch", "[COUNT]", "so many changes as they come; 0: those that wait already", watch},
    {"fault", "NAME off|INTERFACE.METHOD|all [drop|delay|duplicate|corrupt|kill [N [SEED]]]", "one call in N goes wrong", fault},
};

}  // namespace

std::string service_usage() {
    std::string text;
    for (CommandEntry verb : kVerbs) {
        const std::string name = "service " + std::string(verb.name);
        verb.name = name;
        text.append(help_line(verb, 48));
    }
    return text;
}

Task<int> command_service(Shell& shell, const Arguments& given) {
    int status = 0;
    const std::string wanted = given.word(0);
    const auto verb = std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const CommandEntry& each) { return each.name == wanted; });
    if (verb == std::end(kVerbs)) {
        std::string wrong = wanted.empty() ? std::string() : terminal_text(wanted) + ": ";
        wrong.append("list, info, kill, restart, stop, start, update, wait, watch or fault is wanted; help service says more");
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    const std::string command = given.command + " " + wanted;
    const Words rest(given.words.begin() + 1, given.words.end());
    const Arguments parsed = parse_arguments(command, verb->arguments, rest);
    const bool names_one = verb->arguments.starts_with("NAME");
    if (!parsed.wrong.empty()) status = co_await shell.fail(parsed, parsed.wrong);
    else if (names_one && parsed.words[0].size() > kMostName) status = co_await report(shell, parsed, parsed.words[0], Error::NotFound);
    else status = co_await verb->run(shell, parsed);
    co_return status;
}

}  // namespace eft::monitor

// `service`: what rs knows, and orders to it.
#include "monitor/format.h"
#include "monitor/rpc/boot_files.h"
#include "monitor/service_text.h"
#include "monitor/shell.h"
#include "monitor/watch.h"

#include <eft/text.h>

#include <algorithm>
#include <charconv>

namespace eft::monitor {
namespace {

constexpr std::string_view kInterfacesFile = "the interfaces in the boot archive";

rs::Name named(std::string_view name) {
    rs::Name request;
    request.name = name.substr(0, rs::Name::kNameMax);
    return request;
}

Task<int> report(Shell& shell, const Words& words, std::string_view object, Status status) {
    if (status.ok()) co_return 0;
    const int failed = co_await shell.fail(words, object, status.error());
    co_return failed;
}

Task<int> list(Shell& shell, const Words& words) {
    std::string text = service_header();
    rs::Cursor cursor;
    for (;;) {
        auto line = settled(shell.supervisor().next(cursor));
        if (!line.ok()) {
            if (line.error() == Error::NotFound) break;
            const int failed = co_await shell.fail(words, "rs", line.error());
            co_return failed;
        }
        if (line->index <= cursor.after && cursor.after != 0) break;
        cursor.after = line->index;
        text.append(service_line(*line));
    }
    co_await shell.print(text);
    co_return 0;
}

Task<int> info(Shell& shell, const Words& words) {
    auto details = settled(shell.supervisor().info(named(words[2])));
    int status = 0;
    if (!details.ok()) {
        status = co_await shell.fail(words, words[2], details.error());
        co_return status;
    }
    std::string text = info_text(*details);
    const Result<const Catalogue*> interfaces = system_interfaces();
    auto messages = settled(shell.supervisor().messages(named(words[2])));
    if (messages.ok() && interfaces.ok()) text.append(messages_text(**interfaces, *messages));
    co_await shell.print(text);
    if (!interfaces.ok()) status = co_await shell.fail(words, kInterfacesFile, interfaces.error());
    co_return status;
}

// What is missing, where the supervisor knows more about it than the error says.
std::string trouble_of(Shell& shell, std::string_view name) {
    auto details = settled(shell.supervisor().info(named(name)));
    return details.ok() ? std::string(details->trouble()) : std::string();
}

Task<int> report_start(Shell& shell, const Words& words, Status status) {
    if (status.ok()) co_return 0;
    std::string trouble = trouble_of(shell, words[2]);
    int failed = 1;
    if (trouble.empty()) {
        failed = co_await report(shell, words, words[2], status);
    } else {
        const std::string line = words[2] + ": " + trouble;
        failed = co_await shell.fail(words, line);
    }
    co_return failed;
}

Task<int> kill(Shell& shell, const Words& words) {
    rs::KillOrder order;
    order.name = std::string_view(words[2]).substr(0, rs::KillOrder::kNameMax);
    order.signal = rs::KillSignal::Kill;
    int status = 0;
    if (words.size() > 3) {
        const bool known = words.size() == 5 && words[3] == "--signal" && (words[4] == "kill" || words[4] == "hang" || words[4] == "crash");
        if (!known) {
            status = co_await shell.fail(words, "--signal kill, hang or crash is wanted");
            co_return status;
        }
        if (words[4] == "hang") order.signal = rs::KillSignal::Hang;
        if (words[4] == "crash") order.signal = rs::KillSignal::Crash;
    }
    Status done = settled(shell.supervisor().kill(order)).error();
    status = co_await report(shell, words, words[2], done);
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

bool parse_number(const std::string& text, u64& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

// service fault NAME off, service fault NAME INTERFACE.METHOD|all KIND [N] [SEED]
Task<int> fault(Shell& shell, const Words& words) {
    constexpr std::string_view kKinds[] = {"drop", "delay", "duplicate", "corrupt", "kill"};
    rs::FaultOrder order;
    order.name = std::string_view(words[2]).substr(0, rs::FaultOrder::kNameMax);
    int status = 0;
    if (words.size() != 4 || words[3] != "off") {
        const auto kind = words.size() < 5 ? std::end(kKinds) : std::find(std::begin(kKinds), std::end(kKinds), words[4]);
        if (kind == std::end(kKinds) || words.size() > 7) {
            status = co_await shell.fail(words, "off, or INTERFACE.METHOD and drop, delay, duplicate, corrupt or kill is wanted");
            co_return status;
        }
        const Result<const Catalogue*> interfaces = system_interfaces();
        if (!interfaces.ok()) {
            status = co_await shell.fail(words, kInterfacesFile, interfaces.error());
            co_return status;
        }
        order.kind = static_cast<rs::FaultKind>(kind - std::begin(kKinds) + 1);
        const NamedCall call = call_named(**interfaces, words[3]);
        if (order.kind == rs::FaultKind::Corrupt && call.request && !has_words(*call.request)) {
            const std::string line = words[3] + ": its request has nothing that could be corrupted";
            status = co_await shell.fail(words, line);
            co_return status;
        }
        order.label = call.label;
        bool known = order.label != 0 || words[3] == "all";
        if (words.size() > 5) known = known && parse_number(words[5], order.every) && order.every != 0;
        if (words.size() > 6) known = known && parse_number(words[6], order.seed);
        if (!known) {
            status = co_await shell.fail(words, "INTERFACE.METHOD, a number from 1 and a seed are wanted");
            co_return status;
        }
    }
    Status done = settled(shell.supervisor().fault(order)).error();
    status = co_await report(shell, words, words[2], done);
    co_return status;
}

Result<rs::ServiceState> state_of(Shell& shell, std::string_view name) {
    rs::Cursor cursor;
    for (;;) {
        auto line = settled(shell.supervisor().next(cursor));
        if (!line.ok()) return line.error();
        if (line->name == name) return line->state;
        if (line->index <= cursor.after && cursor.after != 0) return Error::NotFound;
        cursor.after = line->index;
    }
}

// Looks from time to time instead of calling Wait, so that what runs in the background goes on meanwhile.
Task<int> wait(Shell& shell, const Words& words) {
    constexpr u64 kPause = 1'000'000;
    Status status;
    for (;;) {
        Result<rs::ServiceState> state = state_of(shell, words[2]);
        status = state.error();
        if (!state.ok() || *state == rs::ServiceState::Up) break;
        if (*state == rs::ServiceState::Held) status = Error::ServiceHeld;
        if (*state == rs::ServiceState::Down) status = Error::WrongState;
        if (!status.ok()) break;
        status = co_await shell.clock().sleep(kPause);
        if (!status.ok()) break;
    }
    const int failed = co_await report(shell, words, words[2], status);
    co_return failed;
}

// So many changes, as they come; 0: those that wait already.
Task<int> watch(Shell& shell, const Words& words) {
    int status = 0;
    Result<u64> count = u64{1};
    if (words.size() > 2) count = parse_u64(words[2]);
    if (!count.ok()) {
        status = co_await shell.fail(words, "a number of changes is wanted");
        co_return status;
    }
    ChangeWatch changes(shell.loop(), shell.supervisor());
    Status good = changes.begin();
    const bool all_that_wait = *count == 0;
    for (u64 left = *count; good.ok() && (left != 0 || all_that_wait);) {
        auto change = changes.next();
        good = change.error();
        if (!good.ok()) break;
        if (change->has_value()) {
            const std::string text = change_text(**change);
            co_await shell.print(text);
            --left;
            continue;
        }
        if (all_that_wait) break;
        co_await changes.rung();
    }
    status = co_await report(shell, words, "rs", good);
    co_return status;
}

}  // namespace

Task<int> command_service(Shell& shell, const Words& words) {
    const std::string_view verb = words.size() > 1 ? std::string_view(words[1]) : std::string_view();
    rs::RsClient<>& supervisor = shell.supervisor();
    int status = 0;
    if (verb == "list") {
        status = co_await list(shell, words);
        co_return status;
    }
    if (verb == "watch") {
        status = co_await watch(shell, words);
        co_return status;
    }
    const bool known = verb == "info" || verb == "kill" || verb == "restart" || verb == "stop" || verb == "start" || verb == "wait" ||
                       verb == "fault";
    if (!known) {
        status = co_await shell.fail(words, "list, info, kill, restart, stop, start, wait, watch or fault is wanted");
    } else if (words.size() < 3) {
        status = co_await shell.fail(words, "the name of a service is wanted");
    } else if (verb == "info") {
        status = co_await info(shell, words);
    } else if (verb == "kill") {
        status = co_await kill(shell, words);
    } else if (verb == "fault") {
        status = co_await fault(shell, words);
    } else if (verb == "wait") {
        status = co_await wait(shell, words);
    } else {
        Status done;
        if (verb == "restart") done = settled(supervisor.restart(named(words[2]))).error();
        if (verb == "stop") done = settled(supervisor.stop(named(words[2]))).error();
        if (verb == "start") done = settled(supervisor.start(named(words[2]))).error();
        const bool starts = verb == "start" || verb == "restart";
        if (starts) status = co_await report_start(shell, words, done);
        else status = co_await report(shell, words, words[2], done);
    }
    co_return status;
}

}  // namespace eft::monitor

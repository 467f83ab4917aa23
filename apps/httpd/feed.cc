#include "httpd/feed.h"

#include "httpd/ticker.h"

#include <eft/abi/object.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/syscall.h>
#include <eft/text.h>

#include <algorithm>
#include <deque>

namespace eft::httpd {
namespace {

// Since the kernel's entry.
u64 microseconds() { return (sys::time_stamp() - config().boot_time) * 1000 / config().ticks_per_ms; }

}  // namespace

Status Feed::connect() {
    EFT_TRY(wake_, loop_.add(*this));
    Subscription request;
    request.wake = wake_;
    EFT_TRY(const Subscribed subscribed, supervisor_.subscribe_changed(request));
    seen_change_ = subscribed.acknowledged;
    return {};
}

// Something has happened to a service.
void Feed::on_wake() {
    if (!has_listeners()) return;
    tell_changes();
    tell_services();
}

void Feed::on_tick() {
    constexpr unsigned kLoadTicks = kTicksPerSecond, kLinksTicks = 2 * kTicksPerSecond;
    if (!has_listeners()) return;
    ++ticks_;
    tell_changes();
    tell_services();
    tell_log();
    if (ticks_ % kLoadTicks == 0) tell_load();
    if (ticks_ % kLinksTicks == 0) tell_links();
}

// Whom it wakes may end, and a new one may come.
void Feed::tell(std::string_view text) {
    const std::vector<Listener*> told = listeners_;
    for (Listener* each : told) each->append(text);
    WaitList turn;
    for (Listener* each : told) turn.take(each->changed_);
    turn.wake_all({});
}

void Feed::tell_changes() {
    for (;;) {
        const auto change = supervisor_.next_changed({seen_change_});
        if (!change.ok() || change->number == 0) return;
        seen_change_ = change->number;
        tell(event_text("change", change_json(*change)));
    }
}

void Feed::tell_services() {
    if (ask_services()) tell(event_text("services", services_));
}

void Feed::tell_log() {
    for (;;) {
        const std::string lines = ask_log(log_cursor_);
        if (lines.empty()) return;
        tell(lines);
    }
}

void Feed::tell_load() { tell(event_text("load", ask_load())); }

void Feed::tell_links() {
    if (ask_links()) tell(event_text("links", links_));
}

std::string Feed::hello_json(bool is_whole_log) const {
    JsonText json;
    json.open('{').member("may_kill", rights_.may_kill).member("token", rights_.token).member("own_name", field_text(config().name));
    json.member("incarnation", incarnation().number).member("now_us", microseconds()).member("whole_log", is_whole_log).close('}');
    return json.text();
}

bool Feed::ask_services() {
    JsonText json;
    json.open('[');
    std::vector<std::string> names;
    rs::Cursor cursor;
    for (;;) {
        const auto line = supervisor_.next(cursor);
        if (!line.ok() || (line->index <= cursor.after && cursor.after != 0)) break;
        cursor.after = line->index;
        append(json, *line);
        if (line->kind != rs::ServiceKind::Core) names.emplace_back(line->name);
    }
    names_ = std::move(names);
    if (json.close(']').text() == services_) return false;
    services_ = json.text();
    return true;
}

bool Feed::ask_links() {
    Links links;
    for (const std::string& name : names_) {
        rs::TableQuery query;
        query.name = name;
        for (;;) {
            const auto part = supervisor_.capabilities(query);
            if (!part.ok()) break;
            for (const rs::CapabilityView cap : part->capabilities()) {
                const bool may_send = (cap.rights() & bits(EndpointRight::Send)) != 0;
                if (cap.kind() == rs::ObjectKind::Endpoint && may_send && !cap.peer().empty() && cap.peer() != name)
                    links.emplace_back(name, cap.peer());
            }
            if (part->next() <= query.after) break;
            query.after = part->next();
        }
    }
    std::sort(links.begin(), links.end());
    links.erase(std::unique(links.begin(), links.end()), links.end());
    std::string now = links_json(links);
    if (now == links_) return false;
    links_ = std::move(now);
    return true;
}

std::string Feed::ask_load() {
    JsonText json;
    json.open('{').member("at_us", microseconds());
    if (const auto usage = memory_.info(); usage.ok())
        json.name("memory").open('{').member("total_kib", usage->total * 4).member("free_kib", usage->free * 4).close('}');
    json.name("processes").open('[');
    proc::Cursor cursor;
    for (;;) {
        const auto line = processes_.next(cursor);
        if (!line.ok() || line->pid <= cursor.after) break;
        cursor.after = line->pid;
        append(json, *line);
    }
    json.close(']').name("interfaces").open('[');
    for (u32 after = 0;;) {
        const auto interface = sockets_.next_interface(after);
        if (!interface.ok() || interface->index <= after) break;
        after = interface->index;
        append(json, *interface);
    }
    return json.close(']').close('}').text();
}

Result<syslog::LogClient<>*> Feed::log() {
    if (!log_) {
        EFT_TRY(CapHandle session, eft::connect("log"));
        log_.emplace(std::move(session));
    }
    return &*log_;
}

std::string Feed::ask_log(u64& cursor) {
    const Result<syslog::LogClient<>*> log = this->log();
    if (!log.ok()) return {};
    syslog::From request;
    request.cursor = cursor;
    const auto lines = (*log)->read(request);
    if (!lines.ok() || lines->text.empty() || lines->next <= cursor) return {};
    cursor = lines->next;
    JsonText json;
    json.value(lines->text);
    return event_text("log", json.text(), std::to_string(cursor));
}

// What all others have been told already; the last of it.
std::string Feed::old_log(u64 after) {
    std::deque<std::string> parts;
    std::size_t bytes = 0;
    for (;;) {
        parts.push_back(ask_log(after));
        if (parts.back().empty()) break;
        for (bytes += parts.back().size(); bytes > kMostOldLog; parts.pop_front()) bytes -= parts.front().size();
    }
    std::string all;
    for (const std::string& part : parts) all.append(part);
    log_cursor_ = std::max(log_cursor_, after);
    return all;
}

// Everybody else is told first what is new, so that the cursor is the same for all.
Feed::Listener::Listener(Feed& feed, std::string_view after) : feed_(feed) {
    constexpr std::string_view kRetry = "retry: 250\n\n";  // how long a browser waits before it connects again, in ms
    feed.tell_log();
    feed.tell_services();
    feed.tell_links();
    const Result<u64> cursor = parse_u64(after);
    append(kRetry);
    append(event_text("hello", feed.hello_json(!cursor.ok())));
    append(event_text("services", feed.services_));
    append(event_text("links", feed.links_));
    append(event_text("load", feed.ask_load()));
    append(feed.old_log(cursor.value_or(0)));
    feed.listeners_.push_back(this);
    feed.tell_changes();
}

Feed::Listener::~Listener() { std::erase(feed_.listeners_, this); }

void Feed::Listener::append(std::string_view text) {
    if (has_missed_) return;
    has_missed_ = pending_.size() + text.size() > kMostPending;
    if (has_missed_) pending_.clear();
    else pending_.append(text);
}

Task<std::string> Feed::Listener::next() {
    if (pending_.empty() && !has_missed_) {
        Waiter waiter(changed_);
        [[maybe_unused]] const Status woken = co_await waiter.woken;
    }
    co_return std::exchange(pending_, std::string());
}

}  // namespace eft::httpd

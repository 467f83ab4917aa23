// `rpc SERVICE --watch EVENT`.
#include "monitor/rpc/call.h"
#include "monitor/rpc/describe.h"
#include "monitor/rpc/reply.h"
#include "monitor/rpc/rpc.h"
#include "monitor/watch.h"

#include <eft/json.h>

#include <algorithm>
#include <cstring>

namespace eft::monitor {
namespace {

constexpr u16 kSubscribeBit = 0x8000;  // an event's two calls: idl/compiler/events.h
constexpr std::string_view kNext = "Next", kSubscribe = "Subscribe";
constexpr u64 kSecond = 1'000'000'000;

// "Changed" of "SubscribeChanged"; empty: the call is no subscription.
std::string_view event_of(const descriptor::Method& method) {
    const std::string_view name = text(method.name());
    const bool subscribes = (method.ordinal() & kSubscribeBit) != 0 && text(method.request()) == "eft.Subscription";
    return subscribes && name.starts_with(kSubscribe) ? name.substr(kSubscribe.size()) : std::string_view();
}

struct Event {
    const descriptor::Service* service = nullptr;
    const descriptor::Method* subscribe = nullptr;
    const descriptor::Method* next = nullptr;
    const descriptor::Record* subscribed = nullptr;
    const descriptor::Record* record = nullptr;
    const descriptor::Field* number = nullptr;
    explicit operator bool() const { return next && subscribed && number; }
};

Event find_event(const Catalogue& catalogue, const Endpoint& endpoint, std::string_view name) {
    Event event;
    for (const descriptor::Service* service : endpoint.interfaces) {
        for (const descriptor::Method* method : *service->methods())
            if (event_of(*method) == name) event.subscribe = method;
        if (!event.subscribe) continue;
        event.service = service;
        event.next = catalogue.method(*service, static_cast<u16>(event.subscribe->ordinal() & ~kSubscribeBit));
        event.subscribed = catalogue.record(text(event.subscribe->response()));
        event.record = event.next ? catalogue.record(text(event.next->response())) : nullptr;
        if (!event.record) return event;
        for (const descriptor::Field* field : *event.record->fields())
            if (text(field->name()) == "number" && field->type()->size() == sizeof(u64)) event.number = field;
        return event;
    }
    return event;
}

u64 number_of(const Event& event, const Message& message) {
    u64 number = 0;
    const auto bytes = message.bytes();
    if (event.number->offset() + sizeof(number) <= message.word_count * sizeof(u64))
        std::memcpy(&number, bytes.data() + event.number->offset(), sizeof(number));
    return number;
}

// So that what has happened to the service is seen, too, where it does not ring.
Task<void> ring_each_second(Shell& shell, Bell& bell) {
    for (;;) {
        const Status slept = co_await shell.clock().sleep(kSecond);
        if (!slept.ok()) co_return;
        bell.ring();
    }
}

class EventWatch {
public:
    EventWatch(Shell& shell, Rpc& rpc, const Arguments& given, const Event& event, Endpoint session)
        : shell_(shell), rpc_(rpc), given_(given), event_(event), session_(std::move(session)), bell_(shell.loop()) {}
    EventWatch(const EventWatch&) = delete;
    ~EventWatch() { rpc_.endpoints.close(session_); }

    Task<int> run(u64 count) {
        co_await find_provider();
        Status good = bell_.connect();
        if (good.ok()) good = co_await subscribe();
        Task<void> ticker = ring_each_second(shell_, bell_);
        ticker.start();
        const bool counted = count != 0;
        while (good.ok()) {
            co_await look_at_service();
            if (is_up_ && restarted_) good = co_await subscribe();
            while (good.ok() && is_up_) {
                Result<bool> printed = co_await print_next();
                good = printed.error();
                if (!good.ok() || !*printed) break;
                if (counted && --count == 0) co_return 0;
            }
            if (good.error() == Error::ServiceHeld || good.error() == Error::ServiceFailed) good = {};  // said by look_at_service()
            if (!good.ok()) break;
            co_await bell_.rung();
            co_await shell_.loop().yield();  // whoever rang must not be destroyed from within
        }
        if (wrong_.empty()) wrong_ = co_await rpc_.error_text(*event_.next, session_.name, good.error());
        const std::string what = session_.name + ": " + wrong_;
        const int failed = co_await shell_.fail(given_, what);
        co_return failed;
    }

private:
    Task<void> find_provider() {
        const std::vector<EndpointName> all = rpc_.endpoints.list();
        for (std::size_t i = 0; i < all.size(); ++i)
            if (all[i].name == session_.name) provider_ = co_await running_provider(rpc_, all[i]);
    }

    Task<Status> subscribe() {
        restarted_ = false;
        Message request;
        request.cap_count = 1;
        request.lent[0] = bell_.wake().slot();
        const u64 badge = session_.badge;
        const Called called{*event_.service, *event_.subscribe, *event_.subscribed};
        const Result<Message> answer = co_await call(rpc_.endpoints, session_, called, request);
        if (!answer.ok()) co_return answer.error();
        if (session_.badge == badge) co_return Status();
        seen_ = 0;
        co_await say("the session was lost, and events with it; it goes on in a new one");
        co_return Status();
    }

    // False: none waits.
    Task<Result<bool>> print_next() {
        Message request;
        request.word_count = 1;
        request.words[0] = seen_;
        const Called called{*event_.service, *event_.next, *event_.record};
        const Result<Message> answer = co_await call(rpc_.endpoints, session_, called, request);
        if (!answer.ok()) co_return answer.error();
        const u64 number = number_of(event_, *answer);
        if (number == 0) co_return false;
        seen_ = number;
        ReplyWriter writer(rpc_.catalogue, *answer);
        const Result<std::string> json = writer.write(*event_.record);
        if (!json.ok()) {
            wrong_ = "the event is malformed: " + writer.complaint();
            co_return json.error();
        }
        const std::string line = *json + "\n";
        co_await shell_.print(line);
        co_return true;
    }

    // Says it when the service has been restarted, or has ended. Of core servers nothing is known; they are there.
    Task<void> look_at_service() {
        struct Service {
            rs::ServiceState state;
            u64 incarnation;
        };
        const Result<Service> service = co_await shell_.call([this]() -> Result<Service> {
            const auto info = settled(shell_.supervisor().info({provider_}));
            if (!info.ok()) return info.error();
            return Service{info->state(), info->incarnation()};
        });
        if (!service.ok()) co_return;
        const rs::ServiceState state = service->state;
        const u64 incarnation = service->incarnation;
        const bool was_up = is_up_;
        is_up_ = state == rs::ServiceState::Up;
        restarted_ = restarted_ || (incarnation_ != 0 && incarnation != incarnation_);
        if (is_up_ && restarted_) {
            const std::string line = "restarted, incarnation " + std::to_string(incarnation);
            co_await say(line);
        } else if (state == rs::ServiceState::Held || state == rs::ServiceState::Down) {
            const std::string line = (state == rs::ServiceState::Held ? "held; `service start " : "down; `service start ") + provider_ + "` starts it";
            if (was_up) co_await say(line);
        }
        if (is_up_) incarnation_ = incarnation;
    }

    Task<void> say(std::string_view what) {
        const std::string line = provider_ + ": " + std::string(what) + "\n";
        co_await shell_.print(line);
    }

    Shell& shell_;
    Rpc& rpc_;
    const Arguments& given_;
    const Event event_;
    Endpoint session_;
    std::string provider_;
    Bell bell_;
    u64 seen_ = 0;  // the last event that was printed
    u64 incarnation_ = 0;
    bool is_up_ = true, restarted_ = false;
    std::string wrong_;
};

}  // namespace

std::vector<std::string> event_names(const Endpoint& endpoint) {
    std::vector<std::string> names;
    for (const descriptor::Service* service : endpoint.interfaces)
        for (const descriptor::Method* method : *service->methods())
            if (const std::string_view name = event_of(*method); !name.empty()) names.emplace_back(name);
    return names;
}

Task<int> watch_event(Shell& shell, Rpc& rpc, const Arguments& given, std::string name, u64 count) {
    int status = 0;
    const std::string service = given.words[0];
    const Result<Endpoint*> endpoint = co_await rpc.endpoints.open(service);
    if (!endpoint.ok()) {
        const std::string wrong = co_await open_failure(rpc, service, endpoint.error());
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    const Event event = find_event(rpc.catalogue, **endpoint, name);
    if (!event) {
        std::string wrong = (*endpoint)->name + ": it has no event " + terminal_text(name);
        const std::vector<std::string> names = event_names(**endpoint);
        for (std::size_t i = 0; i < names.size(); ++i) wrong.append(i == 0 ? "; it has " : ", ").append(names[i]);
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    Result<Endpoint> session = rpc.endpoints.another(**endpoint);
    if (!session.ok()) {
        const std::string wrong = co_await open_failure(rpc, service, session.error());
        status = co_await shell.fail(given, wrong);
        co_return status;
    }
    EventWatch watch(shell, rpc, given, event, std::move(*session));
    status = co_await watch.run(count);
    co_return status;
}

}  // namespace eft::monitor

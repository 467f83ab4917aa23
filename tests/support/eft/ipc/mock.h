// What generated mock servers (<eft/idl/mock/NAME.h>) are made of. For host tests of clients.
//
// A test says which calls it expects, in order, and how each is answered; or how a call is answered whenever it comes.
// What comes unexpectedly is answered WrongState and complained of. A mock that ends with a complaint that nobody read, or
// with calls that did not come, ends the test:
//
//   echo::EchoMock mock;
//   echo::EchoLocal<echo::EchoMock> local(mock);                      // the in-process transport
//   echo::EchoLocalClient<echo::EchoMock> client(local, Badge{1});
//   mock.expect_say([](const echo::Text& request) { return echo::Text{request.text}; });
//   mock.expect_ping(Error::Busy);
//   …
//   CHECK(mock.complaints() == "");
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/local_caps.h>
#include <eft/ipc/local_transport.h>
#include <eft/ipc/method.h>
#include <eft/ipc/once.h>

#include <array>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace eft::ipc {

template <class... Method>
struct MethodList {
    static constexpr unsigned kSize = sizeof...(Method);
    template <class Visit>
    static void for_each(Visit&& visit) {
        (visit.template operator()<Method>(), ...);
    }
};

// For generated for_each_field(table, visit): the table, or a const one.
template <class T, class Table>
concept IsTable = std::same_as<std::remove_const_t<T>, Table>;

// A response without meaning that can be sent: what has to be there is there.
template <class Response>
Response any_response() {
    Response response;
    if constexpr (Response::kRequiredCaps != 0)
        response.for_each_cap([](unsigned index, auto& field) {
            if (index < Response::kRequiredCaps)
                field = std::remove_reference_t<decltype(field)>::owning(local_caps().create(index + 1));
        });
    return response;
}

// How a mock answers one call: a function of the request, a response, or an error.
template <class Method>
class MockAnswer {
public:
    using Request = Received<typename Method::Request>;
    using Response = typename Method::Response;

    MockAnswer(Error error) {
        function_ = [error](Request&) -> Result<Response> { return error; };
    }
    template <std::same_as<Response> Value>
    requires std::copy_constructible<Value> MockAnswer(Value response) {
        function_ = [response](Request&) -> Result<Response> { return response; };
    }
    template <std::invocable<Request&> Function>
    MockAnswer(Function function) {
        using Returned = std::invoke_result_t<Function, Request&>;
        if constexpr (std::is_void_v<Returned>) {
            function_ = [function](Request& request) -> Result<Response> { return function(request), Response{}; };
        } else if constexpr (std::same_as<Returned, Status>) {
            static_assert(std::is_empty_v<Response>);
            function_ = [function](Request& request) -> Result<Response> {
                Status status = function(request);
                if (!status.ok()) return status.error();
                return Response{};
            };
        } else {
            function_ = [function](Request& request) -> Result<Response> { return function(request); };
        }
    }

    Result<Response> operator()(Request& request) const { return function_(request); }

private:
    std::function<Result<Response>(Request&)> function_;
};

// A session that is there for every client.
template <unsigned OnceWords>
struct MockSession {
    OnceReply<OnceWords> last;
    u16 in_progress = 0;
    std::array<std::byte, 4096> memory{};

    ~MockSession() { last.drop_caps(); }
    auto& once() { return last; }
    u16& requests_in_progress() { return in_progress; }
    std::span<std::byte> area() { return memory; }
    // Of events there are none.
    template <class Method>
    Result<typename Method::Response> next_event(u64) {
        return typename Method::Response{};
    }
    template <class Method, class Answer, class Request>
    Result<Answer> subscribe(Request&) {
        return Answer{};
    }
    // What the test tells about it: nothing is kept here.
    template <class Method, class Server>
    auto attach(Server& server, Context& context, typename Method::Request& request) {
        return server.attach(context, *this, std::move(request));
    }
};

template <class Service>
constexpr unsigned once_words() {
    if constexpr (requires { Service::kOnceWords; })
        return Service::kOnceWords;
    else
        return 0;
}

template <class ServiceType>
class Mock {
public:
    using Service = ServiceType;
    using Session = MockSession<once_words<Service>()>;

    Mock() = default;
    Mock(const Mock&) = delete;
    ~Mock() {
        if (std::uncaught_exceptions() != 0) return;
        const std::string text = complaints();
        if (text.empty() || was_read_) return;
        std::fprintf(stderr, "mock of %s: %s\n", std::string(Service::kName).c_str(), text.c_str());
        std::abort();
    }

    // Empty: what was expected has happened, and nothing else.
    std::string complaints() {
        was_read_ = true;
        std::string text = complaints_;
        for (const Step& step : expected_) text += std::string(step.name) + " did not come; ";
        return text;
    }
    unsigned calls() const { return calls_; }

    // Whatever is neither expected nor has an answer gets one that means nothing.
    void answer_anything() { answers_anything_ = true; }
    // StaleSession for this client from now on.
    void forget(Badge badge) { forgotten_[badge] = true; }

    Session* session(Badge badge) { return forgotten_.contains(badge) ? nullptr : &sessions_[badge]; }

protected:
    template <class Method>
    void expect(const char* name, MockAnswer<Method> answer) {
        expected_.push_back({Method::kLabel, name, erase(std::move(answer))});
        was_read_ = false;
    }
    template <class Method>
    void always(MockAnswer<Method> answer) {
        always_[Method::kLabel] = erase(std::move(answer));
    }

    template <class Method>
    Result<typename Method::Response> take(const char* name, Received<typename Method::Request>& request) {
        ++calls_;
        std::optional<Result<typename Method::Response>> answer;
        if (!expected_.empty() && expected_.front().label == Method::kLabel) {
            Erased expected = std::move(expected_.front().answer);
            expected_.pop_front();
            expected(&request, &answer);
        } else if (auto found = always_.find(Method::kLabel); found != always_.end()) {
            found->second(&request, &answer);
        } else if (answers_anything_) {
            answer.emplace(any_response<typename Method::Response>());
        } else {
            complaints_ += std::string(name) + " came" +
                           (expected_.empty() ? "" : " where " + std::string(expected_.front().name) + " was expected") + "; ";
            was_read_ = false;
            answer.emplace(Error::WrongState);
        }
        return std::move(*answer);
    }

private:
    using Erased = std::function<void(void* request, void* answer)>;
    struct Step {
        u32 label;
        const char* name;
        Erased answer;
    };
    template <class Method>
    static Erased erase(MockAnswer<Method> answer) {
        return [answer](void* request, void* to) {
            static_cast<std::optional<Result<typename Method::Response>>*>(to)->emplace(
                answer(*static_cast<Received<typename Method::Request>*>(request)));
        };
    }

    std::deque<Step> expected_;
    std::map<u32, Erased> always_;
    std::map<Badge, Session> sessions_;
    std::map<Badge, bool> forgotten_;
    std::string complaints_;
    bool was_read_ = false;
    bool answers_anything_ = false;
    unsigned calls_ = 0;
};

}  // namespace eft::ipc

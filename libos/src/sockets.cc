#include <eft/socket/sockets.h>

#include <eft/socket/address.h>

#include <bit>
#include <cstring>

namespace eft::socket {

SocketHandle& SocketHandle::operator=(SocketHandle&& other) noexcept {
    if (this == &other) return *this;
    if (sockets_) sockets_->close(number_);
    sockets_ = std::exchange(other.sockets_, nullptr);
    number_ = other.number_;
    return *this;
}

SocketHandle::~SocketHandle() {
    if (sockets_) sockets_->close(number_);
}

Status SocketHandle::set(Option option, u32 value) { return sockets_->set(number_, option, value); }
Result<Description> SocketHandle::describe() const { return sockets_->describe(number_); }

Task<Result<u64>> Stream::read(std::span<std::byte> to) {
    return sockets_->when_possible(number_, [area = &sockets_->area_, number = number_, to] { return area->read(number, to); });
}

Task<Status> Stream::write(std::span<const std::byte> from) { return sockets_->write(number_, from); }
Status Stream::shutdown(Directions directions) { return sockets_->shutdown(number_, directions); }
Task<Result<Stream>> Listener::accept() { return sockets_->accept(number_); }

Task<Status> DatagramSocket::send(std::span<const std::byte> bytes, const Endpoint& to, u16 sequence) {
    return sockets_->when_possible(number_, [area = &sockets_->area_, number = number_, bytes, to, sequence] { return area->send(number, to, sequence, bytes); });
}

Task<Result<Datagram>> DatagramSocket::receive(std::span<std::byte> to) {
    return sockets_->when_possible(number_, [area = &sockets_->area_, number = number_, to] { return area->receive(number, to); });
}

Status Sockets::attach() {
    if (server_.is_attached()) return {};
    if (!wake_) {
        EFT_TRY(wake_, loop_.add(*this));
    }
    if (const auto attached = server_.connect(service_, wake_); !attached.ok()) return attached.error();
    attachments_ = server_.attachments();
    area_.place(server_.area(), kNames * kNameBytes);
    names_.place(server_.area().subspan(kRingsAt, kNames * kNameBytes));
    return {};
}

// Who rings the bell has no completion in the ring, which then need not find out why it was signalled.
void Sockets::on_wake() {
    if (!server_.is_attached()) return;
    bool any_rung = false;
    for (u32 word = 0; word < kSockets / 64; ++word) {
        for (u64 rung = area_.take_rung(word); rung != 0; rung &= rung - 1) {
            any_rung = true;
            const u32 number = word * 64 + static_cast<u32>(std::countr_zero(rung));
            changed_[number].wake_all({});
        }
    }
    if (any_rung && server_.ring().consumer_state() == ring::ConsumerState::Serving) server_.take_completions();
    else server_.on_wake();
    names_.reclaim(server_.ring().producer());
    note_session();
    if (std::exchange(must_wake_, false)) wake_all({});
    if (!freed_.empty() && find_free().ok()) freed_.wake_all({});
    if (server_.ring().is_held()) wake_all(Error::ServiceHeld);
    else if (server_.ring().has_failed()) wake_all(server_.ring().usable());
}

bool Sockets::prepare_to_sleep() {
    if (!server_.is_attached()) return true;
    names_.reclaim(server_.ring().producer());
    return !must_wake_ && server_.prepare_to_sleep() && area_.prepare_to_sleep();
}

void Sockets::note_session() {
    if (attachments_ == server_.attachments()) return;
    attachments_ = server_.attachments();
    area_.lose_all();
    must_wake_ = true;  // their coroutines are resumed by the loop, not from within another one
}

void Sockets::wake_all(Status status) {
    for (WaitList& each : changed_) each.wake_all(status);
    freed_.wake_all(status);
    if (!status.ok()) names_.end_waits(status.error());
}

// A number is not used again while somebody still waits for what it was, or its entry is in the ring: a server that took it
// late would do it to the new socket.
bool Sockets::is_free(u32 number) {
    return area_.is_free(number) && changed_[number].empty() && !server_.ring().in_flight(entries_[number]);
}

Result<u32> Sockets::find_free() {
    for (u32 number = 0; number < area_.sockets(); ++number) {
        if (area_.is_unclosed(number)) tell_closed(number);
        if (is_free(number)) return number;
    }
    return Error::LimitReached;
}

Task<Result<SocketHandle>> Sockets::open(Kind kind, IfAllOpen if_all_open) {
    EFT_CO_CHECK(attach());
    for (;;) {
        EFT_CO_CHECK(server_.ring().usable());
        const Result<u32> number = find_free();
        if (!number.ok()) {
            if (if_all_open == IfAllOpen::Fail && !area_.any_closing()) co_return number.error();
            Waiter waiter(freed_);
            EFT_CO_CHECK(co_await waiter.woken);
            continue;
        }
        const Error error = noted(calls().open(area_.opening(*number, kind))).error();
        if (error != Error::None && error != Error::WrongState) co_return error;
        area_.opened(*number);
        if (error == Error::None) co_return SocketHandle(*this, *number);
        close(*number);  // an Open whose answer was lost
    }
}

void Sockets::close(u32 number) {
    if (area_.close(number)) tell_closed(number);
    else if (!freed_.empty()) must_wake_ = true;
}

void Sockets::tell_closed(u32 number) {
    Number request;
    request.socket = number;
    area_.set_unclosed(number, !calls().close(request).ok());
    note_session();
}

template <class Attempt>
Task<std::invoke_result_t<Attempt>> Sockets::when_possible(u32 number, Attempt attempt) {
    for (;;) {
        auto result = attempt();
        if (area_.take_signal()) server_.signal_server();
        if (result.error() != Error::WouldBlock) co_return result;
        EFT_CO_CHECK(server_.ring().usable());
        Waiter waiter(changed_[number]);
        EFT_CO_CHECK(co_await waiter.woken);
    }
}

Task<Status> Sockets::write(u32 number, std::span<const std::byte> from) {
    while (!from.empty()) {
        Task<Result<u64>> writing = when_possible(number, [this, number, from] { return area_.write(number, from); });
        EFT_CO_TRY(const u64 count, co_await writing);
        from = from.subspan(count);
    }
    co_return Status{};
}

template <class Answer, class Submit>
Task<Result<Answer>> Sockets::answer_to(u32 number, Submit submit) {
    for (;;) {
        if (server_.ring().is_full()) EFT_CO_CHECK(co_await server_.ring().room());
        const u64 ticket = server_.ring().producer().submitted();
        auto call = submit();
        entries_[number] = server_.ring().producer().submitted() != ticket ? ticket : kNone;
        Result<Answer> answer = co_await call;
        EFT_CO_CHECK(area_.usable(number));
        if (answer.error() != Error::ServiceFailed || server_.ring().has_failed()) co_return answer;
    }
}

Task<Result<Stream>> Sockets::connect(Endpoint peer) {
    Task<Result<SocketHandle>> opening = open(Kind::Stream, IfAllOpen::Fail);
    EFT_CO_TRY(SocketHandle socket, co_await opening);
    Name request;
    request.socket = socket.number_;
    request.address = peer.address;
    request.port = peer.port;
    Task<Result<Empty>> connecting = answer_to<Empty>(request.socket, [this, request] { return server_.ring().connect(request); });
    const Result<Empty> connected = co_await connecting;
    if (!connected.ok()) co_return connected.error();
    co_return Stream(std::move(socket), peer);
}

// Accept is submitted when there is something to be accepted: an entry that waits keeps its place in the ring, and those behind it
// theirs.
Task<Result<Stream>> Sockets::accept(u32 listener) {
    Task<Status> waiting = when_possible(listener, [this, listener] { return area_.acceptable(listener); });
    EFT_CO_CHECK(co_await waiting);
    Task<Result<SocketHandle>> opening = open(Kind::Stream, IfAllOpen::Wait);
    EFT_CO_TRY(SocketHandle socket, co_await opening);
    EFT_CO_CHECK(area_.usable(listener));
    Acceptance request;
    request.listener = listener;
    request.socket = socket.number_;
    Task<Result<Endpoint>> accepting = answer_to<Endpoint>(request.socket, [this, request] { return server_.ring().accept(request); });
    EFT_CO_TRY(const Endpoint peer, co_await accepting);
    co_return Stream(std::move(socket), peer);
}

Task<Result<Listener>> Sockets::listen(Endpoint local, u32 backlog) {
    Task<Result<SocketHandle>> opening = open(Kind::Stream, IfAllOpen::Fail);
    EFT_CO_TRY(SocketHandle socket, co_await opening);
    EFT_CO_CHECK(socket.set(Option::ReuseAddress, 1));
    EFT_CO_CHECK(bind(socket.number_, local));
    Listening request;
    request.socket = socket.number_;
    request.backlog = backlog;
    const Error error = noted(calls().listen(request)).error();
    if (error != Error::None) co_return error;
    co_return Listener(std::move(socket));
}

Task<Result<DatagramSocket>> Sockets::open_datagrams(Endpoint local) {
    Task<Result<SocketHandle>> opening = open(Kind::Datagram, IfAllOpen::Fail);
    EFT_CO_TRY(SocketHandle socket, co_await opening);
    EFT_CO_CHECK(bind(socket.number_, local));
    co_return DatagramSocket(std::move(socket));
}

Task<Result<DatagramSocket>> Sockets::open_ping() {
    Task<Result<SocketHandle>> opening = open(Kind::Ping, IfAllOpen::Fail);
    EFT_CO_TRY(SocketHandle socket, co_await opening);
    co_return DatagramSocket(std::move(socket));
}

Task<Result<Address>> Sockets::resolve(std::string_view name, bool want_ipv6) {
    if (const Result<Address> written = parse_address(name); written.ok()) co_return *written;
    if (name.empty() || name.size() >= kNameBytes) co_return Error::InvalidArgument;
    EFT_CO_CHECK(attach());
    EFT_CO_CHECK(server_.ring().usable());
    if (!names_.any() || server_.ring().is_full()) EFT_CO_CHECK(co_await names_.wait(server_.ring()));
    ring::Windows::Lease window(names_);
    std::memcpy(window.bytes().data(), name.data(), name.size());
    std::byte* const area = server_.area().data();
    Question request;
    request.name = ipc::AreaSpan(area, static_cast<u32>(window.bytes().data() - area), static_cast<u32>(name.size()));
    request.want_ipv6 = want_ipv6;
    auto call = server_.ring().resolve(request);
    const Result<Answer> answer = co_await call;
    window.ended(answer.error());
    if (!answer.ok()) co_return answer.error();
    co_return answer->address;
}

Result<Interface> Sockets::next_interface(u32 after) {
    EFT_CHECK(attach());
    Cursor request;
    request.after = after;
    return noted(calls().next_interface(request));
}

Result<Totals> Sockets::totals() {
    EFT_CHECK(attach());
    return noted(calls().totals());
}

Result<SocketLine> Sockets::next_socket(u32 after) {
    EFT_CHECK(attach());
    Cursor request;
    request.after = after;
    return noted(calls().next_socket(request));
}

Result<Endpoint> Sockets::bind(u32 number, const Endpoint& local) {
    Name request;
    request.socket = number;
    request.address = local.address;
    request.port = local.port;
    Result<Endpoint> bound = noted(calls().bind(request));
    EFT_CHECK(area_.usable(number));
    return bound;
}

Status Sockets::shutdown(u32 number, Directions directions) {
    EFT_CHECK(area_.usable(number));
    Shutting request;
    request.socket = number;
    request.directions = directions;
    const Error error = noted(calls().shutdown(request)).error();
    EFT_CHECK(area_.usable(number));
    return error;
}

Status Sockets::set(u32 number, Option option, u32 value) {
    EFT_CHECK(area_.usable(number));
    Setting request;
    request.socket = number;
    request.option = option;
    request.value = value;
    const Error error = noted(calls().set_option(request)).error();
    EFT_CHECK(area_.usable(number));
    return error;
}

Result<Description> Sockets::describe(u32 number) {
    EFT_CHECK(area_.usable(number));
    Number request;
    request.socket = number;
    Result<Description> description = noted(calls().describe(request));
    EFT_CHECK(area_.usable(number));
    return description;
}

}  // namespace eft::socket

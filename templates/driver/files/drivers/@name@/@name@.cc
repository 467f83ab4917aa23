// The calls, and what comes of an interrupt: see @name@.h.
#include <drivers/@name@/@name@.h>

namespace eft::@name@ {

Status Server::start(ipc::Context&, Session& session, const Number& request) {
    EFT_TRY(Job * job, session.edit());
    *job = {request.number, 0, Phase::Asked};
    begin_next();
    return {};
}

Task<Result<Product>> Server::wait(ipc::Context&, Session& session, Empty) {
    if (session->phase == Phase::Nothing) co_return Error::WrongState;
    while (session->phase == Phase::Asked) {
        auto& done = done_[session.place()].emplace();
        co_await done;
    }
    co_return Product{session->product};
}

void Server::woken(u64 bits) {
    if ((bits & kInterruptBit) == 0) return;
    device_.acknowledge();
    if (device_.computing()) return;
    const Badge client = std::exchange(client_, Badge::None);
    Session* asker = this->session(client);
    if (asker && (*asker)->phase == Phase::Asked && (*asker)->number == number_) finish(*asker);
    begin_next();
}

void Server::finish(Session& session) {
    const auto job = session.edit();
    if (!job.ok()) return;  // it stays asked for, and is computed again
    (*job)->product = device_.product();
    (*job)->phase = Phase::Done;
    if (auto& done = done_[session.place()]; done) done->set(true);
}

void Server::begin_next() {
    if (client_ != Badge::None || device_.computing()) return;
    for_each_session([this](Session& session) {
        if (client_ != Badge::None || session->phase != Phase::Asked) return;
        client_ = session.badge();
        number_ = session->number;
        device_.begin(number_);
    });
}

}  // namespace eft::@name@

// The result of a method whose interface does not say what shall happen when the server dies in the middle of it.
//
// It is no Result: the caller has to settle first what the death means. PeerDied says that nothing of the request has
// happened; StaleSession that the server does not know this client any more.
// Settled is a Result, or a CallResult.
//   auto result = client.format(request).if_lost([&](Error) { return client.format(request).or_error(); });
#pragma once

#include <eft/abi/result.h>
#include <eft/ipc/call_result.h>

namespace eft::ipc {

template <class T, class Settled = Result<T>>
class [[nodiscard]] Unsettled {
public:
    explicit Unsettled(Settled result) : result_(std::move(result)) {}

    bool lost() const { return result_.error() == Error::PeerDied || result_.error() == Error::StaleSession; }

    // `recover(Error)` supplies the result in place of a lost call.
    template <class Recover>
    Settled if_lost(Recover&& recover) && {
        if (lost()) return recover(result_.error());
        return std::move(result_);
    }

    // The caller has decided that a lost call is an error like any other.
    Settled or_error() && { return std::move(result_); }

private:
    Settled result_;
};

}  // namespace eft::ipc

// What a call answers whose interface has errors of its own (`error:"Enum"`): a value, an Error, or one of those.
//
// It is a Result, and own errors are Errors of 256 and above, so everything that handles Results handles it. A handler
// returns a member of the enum as it is; a caller asks for it:
//   if (auto failure = paid.own_error()) switch (*failure) { case Failure::TooHot: … }
#pragma once

#include <eft/abi/result.h>

#include <optional>

namespace eft::ipc {

template <class T, class Own>
class [[nodiscard]] CallResult : public Result<T> {
public:
    using Result<T>::Result;
    constexpr CallResult(Own error) : Result<T>(static_cast<Error>(error)) {}
    constexpr CallResult(Result<T>&& result) : Result<T>(std::move(result)) {}

    // Empty: it went well, or the error is one of those that all services share, or one that a newer server has.
    constexpr std::optional<Own> own_error() const {
        const auto own = static_cast<Own>(this->error());
        if (static_cast<Error>(own) != this->error() || !valid(own)) return std::nullopt;
        return own;
    }
};

template <class Own>
using CallStatus = CallResult<void, Own>;

}  // namespace eft::ipc

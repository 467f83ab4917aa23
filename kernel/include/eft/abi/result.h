// Result<T>: a value or an Error. The only way in which a fallible function of Eft answers.
//
// `EFT_TRY(x, expression)` binds the value or returns the error from the enclosing function, whose
// own Result may carry another type: errors widen by conversion.
#pragma once

#include <eft/abi/error.h>

#include <new>
#include <type_traits>
#include <utility>

namespace eft {

template <class T>
class [[nodiscard]] Result {
public:
    constexpr Result(T value) : value_(std::move(value)), error_(Error::None) {}
    // Success without a value is a broken invariant of whoever says it.
    constexpr Result(Error error) : none_(), error_(error) {
        if (error == Error::None) __builtin_trap();
    }

    constexpr Result(Result&& other) noexcept : none_(), error_(other.error_) {
        if (error_ == Error::None) ::new (static_cast<void*>(&value_)) T(std::move(other.value_));
    }
    constexpr Result(const Result& other)
        requires std::is_copy_constructible_v<T>
        : none_(), error_(other.error_) {
        if (error_ == Error::None) ::new (static_cast<void*>(&value_)) T(other.value_);
    }
    constexpr Result& operator=(Result&& other) noexcept {
        if (this != &other) {
            this->~Result();
            ::new (static_cast<void*>(this)) Result(std::move(other));
        }
        return *this;
    }
    constexpr ~Result() {
        if constexpr (!std::is_trivially_destructible_v<T>) {
            if (error_ == Error::None) value_.~T();
        }
    }

    constexpr bool ok() const { return error_ == Error::None; }
    constexpr explicit operator bool() const { return ok(); }
    constexpr Error error() const { return error_; }

    // The value of a failed Result must not be touched; callers check ok() first.
    constexpr T& value() & { return value_; }
    constexpr const T& value() const& { return value_; }
    constexpr T&& value() && { return std::move(value_); }
    constexpr T& operator*() & { return value_; }
    constexpr const T& operator*() const& { return value_; }
    constexpr T&& operator*() && { return std::move(value_); }
    constexpr T* operator->() { return &value_; }
    constexpr const T* operator->() const { return &value_; }
    constexpr T value_or(T other) const { return ok() ? value_ : other; }

private:
    struct None {};
    union {
        None none_;
        T value_;
    };
    Error error_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    constexpr Result() : error_(Error::None) {}
    constexpr Result(Error error) : error_(error) {}

    constexpr bool ok() const { return error_ == Error::None; }
    constexpr explicit operator bool() const { return ok(); }
    constexpr Error error() const { return error_; }

private:
    Error error_;
};

using Status = Result<void>;

}  // namespace eft

#define EFT_CONCAT_(a, b) a##b
#define EFT_CONCAT(a, b) EFT_CONCAT_(a, b)
#define EFT_TRY_(result, declaration, expression) \
    auto result = (expression);                   \
    if (!result.ok()) return result.error();      \
    declaration = std::move(*result)
// EFT_TRY(auto frame, table.lookup(slot));
#define EFT_TRY(declaration, expression) EFT_TRY_(EFT_CONCAT(eft_result_, __LINE__), declaration, expression)
// EFT_CHECK(operation_without_value());
#define EFT_CHECK(expression)                                    \
    do {                                                         \
        if (auto eft_status = (expression); !eft_status.ok())    \
            return eft_status.error();                           \
    } while (false)
// The same inside a coroutine.
#define EFT_CO_TRY_(result, declaration, expression) \
    auto result = (expression);                      \
    if (!result.ok()) co_return result.error();      \
    declaration = std::move(*result)
#define EFT_CO_TRY(declaration, expression) EFT_CO_TRY_(EFT_CONCAT(eft_result_, __LINE__), declaration, expression)
#define EFT_CO_CHECK(expression)                                 \
    do {                                                         \
        if (auto eft_status = (expression); !eft_status.ok())    \
            co_return eft_status.error();                        \
    } while (false)

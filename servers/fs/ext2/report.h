// What was wrong, where, for people: one line of bounded length beside the Error that a program sees.
//
// A Volume writes the latest finding into the Report that it was mounted with; the server logs it. Several
// coroutines share it, so `count()` tells a reader whether the text is still about the error at hand.
#pragma once

#include <eft/abi/error.h>
#include <eft/abi/types.h>

#include <array>
#include <concepts>
#include <string_view>

namespace eft::ext2 {

class Report {
public:
    // The latest finding; empty if there was none.
    std::string_view text() const { return {text_.data(), length_}; }
    u64 count() const { return count_; }

    // Each gives back the error that it is about, so that a check reads `return report.bad_format("inode ", n, …)`.
    template <class... Parts>
    Error bad_format(const Parts&... parts) {
        return finding(Error::BadFormat, parts...);
    }
    template <class... Parts>
    Error not_supported(const Parts&... parts) {
        return finding(Error::NotSupported, parts...);
    }
    template <class... Parts>
    Error finding(Error error, const Parts&... parts) {
        length_ = 0;
        ++count_;
        (append(parts), ...);
        return error;
    }
    // Continues the latest finding. What does not fit is left out.
    void append(std::string_view words);
    void append(u64 number);
    void append(std::unsigned_integral auto number) { append(u64{number}); }

private:
    std::array<char, 192> text_{};
    std::size_t length_ = 0;
    u64 count_ = 0;
};

}  // namespace eft::ext2

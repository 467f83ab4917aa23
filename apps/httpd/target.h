// What a request names: paths of files, types of contents, ranges of bytes.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace eft::httpd {

// The path in a request's target, which may be a whole URL: without what is behind '?', and with %41 as A. InvalidArgument: it does not begin with '/',
// has an escape that is none, a zero, or the name "." or "..".
Result<std::string> path_of(std::string_view target);
// The other way round, for a link: everything but letters, digits and -._~/ is escaped.
std::string target_of(std::string_view path);

// By the suffix of the name.
std::string_view content_type(std::string_view path);

// Of a file: from `begin` to before `end`.
struct ByteRange {
    u64 begin = 0, end = 0;
};
// The field Range for a file of this size (RFC 9110, 14.1). None: there is nothing that one could follow, so that the whole
// file is answered. OutOfRange: nothing of the file is in it.
Result<std::optional<ByteRange>> parse_range(std::string_view field, u64 size);

// For text in HTML.
std::string html_text(std::string_view text);

}  // namespace eft::httpd

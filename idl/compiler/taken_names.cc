#include "taken_names.h"

#include "cpp_words.h"

#include <algorithm>

namespace idlc {
namespace {

#include <taken_names.inc>

constexpr std::string_view kServiceWords[] = {"ClientOf", "RingOf", "RingConsumer", "SessionKind", "SessionRecord", "Attachment", "Opens", "dispatch", "poll_ring", "subscribed",
                                              "badge_of", "kind_of", "Server", "Session", "Transport", "Wake", "Request", "Response", "Record", "Opener", "kName", "kMethods",
                                              "kInterfaceId", "kVersion", "kDescribeLabel", "kSessions", "kInflight", "kOnceWords", "kEvents", "kEventWords", "kSessionKinds",
                                              "kRingEntries", "kRingRequestWords", "kRingResponseWords", "Service", "Base", "Mock", "Client"};

constexpr std::string_view kMessageMembers[] = {"encode", "check", "load", "fits", "in", "out", "put", "View", "follow_tail", "for_each_cap", "from", "to", "visit", "Writer",
                                            "Reader", "Visit", "kFlatWords", "kTailWords", "kCaps", "kRequiredCaps", "kHasArea", "kNarrows"};

// Sorted, but for the words.
template <class Names>
bool has(const Names& names, std::string_view name) {
    return std::binary_search(std::begin(names), std::end(names), name);
}

}  // namespace

bool is_cpp_word(std::string_view name) { return std::find(std::begin(kCppWords), std::end(kCppWords), name) != std::end(kCppWords); }
bool is_macro(std::string_view name) { return has(kMacros, name); }
bool is_declared(std::string_view full_name) { return has(kDeclared, full_name); }
bool is_generated(std::string_view name) {
    return has(kGenerated, name) || name == "FlatView" || std::ranges::find(kMessageMembers, name) != std::end(kMessageMembers);
}
bool is_namespace(std::string_view full_name) { return has(kNamespaces, full_name); }

std::span<const std::string_view> client_members() { return kClientMembers; }
std::span<const std::string_view> ring_members() { return kRingMembers; }
std::span<const std::string_view> server_members() { return kServerMembers; }
std::span<const std::string_view> mock_members() { return kMockMembers; }
std::span<const std::string_view> view_members() { return kViewMembers; }

std::span<const std::string_view> message_members() { return kMessageMembers; }
std::span<const std::string_view> service_words() { return kServiceWords; }
bool is_header(std::string_view stem) { return has(kHeaders, stem); }

}  // namespace idlc

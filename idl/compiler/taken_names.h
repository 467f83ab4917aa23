// Names that are taken before a schema says anything: by C++, by macros, and by the headers of libos. The lists of the last two
// are made from the headers when idlc is built (taken-names).
#pragma once

#include <span>
#include <string_view>

namespace idlc {

// All of these are of whole names, in their own case.
bool is_cpp_word(std::string_view name);
bool is_macro(std::string_view name);
// "eft.ipc.Client": a type, function or constant of libos, the kernel's ABI, or the tests' support.
bool is_declared(std::string_view full_name);
// "eft.ipc"
bool is_namespace(std::string_view full_name);

// "handle", "Reader": generated code calls members, parameters or variables so, which a type of that name would hide or be hidden
// by: no type and no service can be called so.
bool is_generated(std::string_view name);
// Members of every message, and the parameters of their templates.
std::span<const std::string_view> message_members();

// Public members of what generated classes derive from, and of what servers derive from, with the hooks that libos looks for.
std::span<const std::string_view> client_members();
std::span<const std::string_view> ring_members();
std::span<const std::string_view> server_members();
std::span<const std::string_view> mock_members();
std::span<const std::string_view> view_members();

// What generated code has in and around a service: no service, and nothing in one, can be called so.
std::span<const std::string_view> service_words();
// "time": there is a <time.h>, which a file of that name in a folder on the include path would hide.
bool is_header(std::string_view stem);

}  // namespace idlc

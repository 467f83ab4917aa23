// Kinds of session, as a schema names them: kinds:"control, client" on the service, for:"control" on a call.
//
//   63..60 kind, from 1 in the order of the schema | 59..0 id
//
// An id is never used again by the service that makes the badge. Kind 0 is that of services whose schema names no kinds:
// their badges are ids and nothing else. Generated dispatchers answer StaleSession to a badge of no kind of theirs, and
// PermissionDenied to a call that is not for its kind, before a handler runs. Handlers that serve several kinds ask
// context.badge(): Service::kind_of(badge), ipc::session_id(badge).
#pragma once

#include <eft/abi/types.h>

#include <iterator>
#include <optional>
#include <string_view>

// In a dispatcher: the program's file says which kinds its sessions may have, in an ELF note that is never loaded, for the
// supervisor, which knows them by name only (servers/rs/manifest_check.h).
#define EFT_NOTE_SESSION_KINDS(words)               \
    asm inline(".pushsection .note.eft.kinds, \"\", @note\n" \
               ".long 4, 2f - 1f, 1\n"              \
               ".asciz \"Eft\"\n"                   \
               "1: .asciz \"" words "\"\n"          \
               "2: .balign 4\n"                     \
               ".popsection")

namespace eft::ipc {

constexpr unsigned kSessionKindShift = 60;

constexpr Badge badge_of(unsigned kind, u64 id) { return Badge{u64{kind} << kSessionKindShift | id}; }
constexpr unsigned kind_number(Badge badge) { return static_cast<unsigned>(raw(badge) >> kSessionKindShift); }
constexpr u64 session_id(Badge badge) { return raw(badge) & ((u64{1} << kSessionKindShift) - 1); }

// The kinds that may make a call: bit N for the kind with the number N.
using Callers = u16;
constexpr bool may_call(Badge badge, Callers callers) { return callers >> kind_number(badge) & 1; }
constexpr bool is_kind(Badge badge, unsigned kinds) { return kind_number(badge) - 1 < kinds; }

template <class Service>
concept HasSessionKinds = requires { typename Service::SessionKind; };

// The kind that the schema gives this name; none: it has no such kind.
template <HasSessionKinds Service>
constexpr std::optional<typename Service::SessionKind> find_session_kind(std::string_view name) {
    for (unsigned i = 0; i < std::size(Service::kSessionKinds); ++i) {
        if (Service::kSessionKinds[i] == name) return static_cast<typename Service::SessionKind>(i + 1);
    }
    return std::nullopt;
}

}  // namespace eft::ipc

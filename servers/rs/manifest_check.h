// What flatc cannot check of a manifest: that its entries fit together, and in which order they start.
//
// The rules are the architecture's: calls go in no circle, a server stands at or above its clients and a supervisor above
// what it supervises, a device has one driver, a name one provider or several drivers, of which the first that has its device
// provides it. An entry that breaks a rule is refused with the reason;
// the others are started. Who connects to a refused entry's name is not refused for that.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>
#include <eft/text.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#ifndef FLATBUFFERS_ASSERT
#define FLATBUFFERS_ASSERT(condition) ((condition) ? static_cast<void>(0) : __builtin_trap())
#endif
#include <manifest_generated.h>

namespace eft::supervisor {

constexpr unsigned kMostResetWrites = 8;  // of a device

constexpr unsigned kMostReactions = 4;    // of a service
constexpr std::size_t kMaxServices = 48;
constexpr std::size_t kNameBytes = 31;       // as the interfaces bound it
constexpr std::size_t kNamedCapabilities = 32;

// What a manifest can grant: a session with this server, of this kind of its interface. The program finds it under the
// server's name.
constexpr std::string_view kGrants[] = {"rs:order", "rs:log", "proc:control", "dev:list"};

// "SERVER:KIND" of `grants` and `connects`; the kind is empty where there is none.
constexpr std::string_view server_of(std::string_view session) { return session.substr(0, session.find(':')); }
constexpr std::string_view kind_of(std::string_view session) { return session.substr(std::min(server_of(session).size() + 1, session.size())); }

// Knows the programs of the boot archive.
class Programs {
public:
    virtual bool has(std::string_view name) const = 0;
    // The kinds of the sessions that a program serves (EFT_NOTE_SESSION_KINDS), separated by blanks; empty: there are none.
    virtual std::string_view session_kinds(std::string_view name) const = 0;

protected:
    ~Programs() = default;
};

// From a program's file.
std::string_view noted_session_kinds(std::span<const std::byte> program);

// The number of the kind in this list. Without a wish it is the usual kind: `client`, or the only one. 0: the list is empty,
// and no kind is wished for. None: there is no such kind, or the wish must say which.
std::optional<unsigned> kind_number(std::string_view kinds, std::string_view wish);

// What becomes of an entry.
struct Verdict {
    bool accepted = false;
    bool has_name = false;  // of its own, under which it can be asked about
    // It starts behind those that it may call: 0 if it calls nobody, else one more than the highest rank among them.
    u8 rank = 0;
    FixedText<95> reason;  // why it was refused
};

// The manifest in these bytes; BadFormat if they are none. The bytes must stay.
Result<const manifest::Manifest*> read_manifest(std::span<const std::byte> bytes);

// What names is to allow a service that was accepted (names::Client::allowed).
using AllowedServices = FixedText<511>;
void write_allowed(AllowedServices& allowed, const manifest::Manifest& manifest, const Programs& programs, const manifest::Service& service);

// Sets verdicts[i] for each service. Those beyond the verdicts, of which there are up to kMaxServices, are for the caller to
// refuse.
void check_manifest(const manifest::Manifest& manifest, const Programs& programs, std::span<Verdict> verdicts);

// Absent strings read as empty.
inline std::string_view text(const flatbuffers::String* string) {
    return string ? std::string_view(string->c_str(), string->size()) : std::string_view();
}
std::string_view program_of(const manifest::Service& service);
bool provides(const manifest::Service& service, std::string_view name);

template <class Visit>
void for_each_text(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* list, Visit visit) {
    if (!list) return;
    for (const flatbuffers::String* each : *list) visit(text(each));
}

}  // namespace eft::supervisor

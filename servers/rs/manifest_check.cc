// The rules of manifest_check.h, each a function that answers whether the entry keeps it and says so if not.
#include "manifest_check.h"

#include <eft/failure_history.h>
#include "overdue_history.h"

#include <eft/elf.h>
#include <eft/layout.h>
#include <eft/service_config.h>
#include <eft/text.h>

#include <algorithm>
#include <array>
#include <utility>

namespace eft::supervisor {
namespace {

using manifest::Kind;
using manifest::Service;

constexpr std::string_view kCoreNames[] = {"root", "mem", "proc", "dev", "names", "rs"};
constexpr u32 kLongestPeriod = 1'000'000;  // us
constexpr std::size_t kReactionBytes = 95;
constexpr std::size_t kKindBytes = 3;  // ":15", as write_allowed() has it
constexpr u8 kLowestPriority = 2, kHighestPriority = 55;  // the core servers begin at 56

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameBytes && name.find_first_of(" \t\n") == name.npos;
}

bool in_order(u64 low, u64 value, u64 high) { return low <= value && value <= high; }

template <class Enum>
bool is_one_of(Enum value) {
    return Enum::MIN <= value && value <= Enum::MAX;  // the schema's enumerations have no gaps
}

using Services = flatbuffers::Vector<flatbuffers::Offset<Service>>;
// The first; the number of services if there is none.
unsigned provider_of(const Services& services, std::string_view wanted) {
    unsigned index = 0;
    while (index < services.size() && !provides(*services.Get(index), wanted)) ++index;
    return index;
}

class Checker {
public:
    Checker(const manifest::Manifest& manifest, const Programs& programs, std::span<Verdict> verdicts)
        : services_(*manifest.services()), programs_(programs), verdicts_(verdicts) {}

    bool accepts(unsigned index) {
        look_at(index);
        verdicts_[index].has_name = name();
        return verdicts_[index].has_name && program() && kind() && priority() && share() && sizes() && policy() && provides() && connects() && grants() && device();
    }

    // Refuses each that is accepted and lies on a circle of calls, and gives the others their ranks.
    void rank_all() {
        const unsigned count = std::min<unsigned>(services_.size(), static_cast<unsigned>(verdicts_.size()));
        for (unsigned index = 0; index < count; ++index)
            if (verdicts_[index].accepted) find_circle(index);
        // No path is longer than there are services, now that there is no circle.
        for (bool changed = true; changed;) {
            changed = false;
            for (unsigned index = 0; index < count; ++index)
                for_each_callee(index, [&](unsigned callee) {
                    if (verdicts_[index].rank > verdicts_[callee].rank) return;
                    verdicts_[index].rank = static_cast<u8>(verdicts_[callee].rank + 1);
                    changed = true;
                });
        }
    }

private:
    // Of those that are accepted, both.
    template <class Visit>
    void for_each_callee(unsigned index, Visit visit) const {
        if (!verdicts_[index].accepted) return;
        for_each_text(services_.Get(index)->connects(), [&](std::string_view wanted) {
            for_each_provider(server_of(wanted), [&](unsigned callee) {
                if (callee < verdicts_.size() && verdicts_[callee].accepted) visit(callee);
            });
        });
    }
    // Whether calls lead from `from` back to the first of the path, whose circle is then refused by name.
    bool leads_back(unsigned from, std::array<bool, kMaxServices>& seen) {
        if (std::exchange(seen[from], true)) return false;
        path_[depth_++] = from;
        bool found = false;
        for_each_callee(from, [&](unsigned callee) { found = found || callee == path_[0] || leads_back(callee, seen); });
        if (!found) --depth_;
        return found;
    }
    void find_circle(unsigned index) {
        std::array<bool, kMaxServices> seen{};
        depth_ = 0;
        if (!leads_back(index, seen)) return;
        for (unsigned i = 0; i < depth_; ++i) {
            look_at(path_[i]);
            refuse("calls would go in a circle: ");
            for (unsigned j = 0; j < depth_; ++j) refuse(text(services_.Get(path_[(i + j) % depth_])->name()), ", ");
            refuse(text(service_->name()));
            verdicts_[path_[i]].accepted = false;
        }
    }

    void look_at(unsigned index) {
        service_ = services_.Get(index);
        index_ = index;
    }
    template <class... Parts>
    bool refuse(Parts... parts) {
        (verdicts_[index_].reason.append(parts), ...);
        return false;
    }

    // Earlier entries win where two want the same.
    template <class Predicate>
    bool earlier(Predicate predicate) const {
        for (unsigned i = 0; i < index_; ++i) {
            if (predicate(*services_.Get(i))) return true;
        }
        return false;
    }

    bool name() {
        const std::string_view own = text(service_->name());
        if (!is_name(own)) return refuse("a name is 1 to 31 characters without blanks");
        for (const std::string_view core : kCoreNames) {
            if (own == core) return refuse("the name belongs to a core server");
        }
        if (earlier([&](const Service& other) { return text(other.name()) == own; })) return refuse("the name is used twice");
        return true;
    }

    bool program() {
        const std::string_view wanted = program_of(*service_);
        return (is_name(wanted) && programs_.has(wanted)) || refuse("there is no program ", wanted, " in the boot archive");
    }

    bool kind() {
        return is_one_of(service_->kind()) || refuse("unknown kind");
    }

    bool priority() {
        return in_order(kLowestPriority, service_->priority(), kHighestPriority) ||
               refuse("its priority must be 2 to 55, below its supervisor's");
    }

    bool share() {
        const manifest::Share* share = service_->share();
        if (!share) return true;
        return (in_order(1, share->budget_us(), share->period_us()) && share->period_us() <= kLongestPeriod) ||
               refuse("its share needs a budget of 1 us to its period, which is at most 1 s");
    }

    bool sizes() {
        if (!in_order(16, service_->quota(), 65536)) return refuse("its quota must be 16 to 65536 pages");
        if (!in_order(8, service_->table_bits(), 16)) return refuse("its table_bits must be 8 to 16");
        if (!in_order(2, service_->replies(), kMostReplies)) return refuse("its replies must be 2 to 64");
        constexpr u32 kLeastScratch = 64;
        if (table_plan(service_->persistent_slots(), service_->replies()).first_scratch + kLeastScratch > 1u << service_->table_bits())
            return refuse("its table_bits are too few for its persistent_slots");
        if (service_->state_bytes() > 1u << 20) return refuse("its state may have 1 MiB at most");
        if (service_->log_bytes() > 1u << 18) return refuse("its log may have 256 KiB at most");
        if (text(service_->arguments()).size() >= sizeof(ServiceConfig::arguments)) return refuse("its arguments are too long");
        return true;
    }

    bool policy() {
        if (service_->start_ms() == 0) return refuse("its start-up needs a limit");
        const manifest::Restart* restart = service_->restart();
        if (!restart) return true;
        if (!is_one_of(restart->policy())) return refuse("unknown restart policy");
        if (!in_order(1, restart->limit(), FailureHistory::kMaxLimit)) return refuse("its limit of restarts must be 1 to 15");
        if (restart->session_limit() == 0) return refuse("its session_limit must be 1 or more");
        if (restart->overdue_clients() > OverdueHistory::kMost) return refuse("its overdue_clients must be at most 16");
        if (restart->window_ms() == 0) return refuse("its window of restarts is empty");
        if (restart->initial_ms() > restart->cap_ms()) return refuse("its back-off begins above its cap");
        return reactions(restart->on_failure());
    }

    bool reactions(const flatbuffers::Vector<flatbuffers::Offset<manifest::Reaction>>* all) {
        if (!all) return true;
        if (all->size() > kMostReactions) return refuse("its on_failure has more than 4 reactions");
        bool good = true;
        for (const manifest::Reaction* each : *all) good = good && reaction(*each);
        return good;
    }

    bool reaction(const manifest::Reaction& reaction) {
        const std::string_view line = text(reaction.log()), restarted = text(reaction.restart()), started = text(reaction.run());
        if (!line.empty() + !restarted.empty() + !started.empty() != 1) return refuse("a reaction in its on_failure is not one of log, restart and run");
        if (line.size() > kReactionBytes) return refuse("a line in its on_failure is longer than 95 characters");
        const std::string_view other = restarted.empty() ? started : restarted;
        if (other == text(service_->name())) return refuse("its on_failure names itself");
        if (!line.empty()) return true;
        for (const Service* each : services_)
            if (text(each->name()) == other) return true;
        return refuse("its on_failure names ", other, ", which is no service of the manifest");
    }

    bool provides() {
        bool good = true;
        std::size_t total = 0;
        for_each_text(service_->provides(), [&](std::string_view own) {
            total += own.size() + 1;
            if (!good) return;
            if (!is_name(own) || own.find(':') != own.npos) {
                good = refuse("it provides something without a proper name");
            } else if (earlier([&](const Service& other) { return supervisor::provides(other, own) && !(other.device() && service_->device()); })) {
                good = refuse(own, " is provided twice");
            }
        });
        if (good && total != 0 && service_->by_order()) return refuse("it provides something, but does not start with the system");
        return good && (total <= 128 || refuse("it provides too much"));
    }

    bool connects() {
        bool good = true;
        std::size_t total = 0;
        for_each_text(service_->connects(), [&](std::string_view wanted) {
            total += server_of(wanted).size() + kKindBytes + 1;
            if (good) good = connects_to(wanted);
        });
        return good && (total <= AllowedServices::kSize + 1 || refuse("it connects to too much"));
    }

    bool connects_to(std::string_view wanted) {
        const std::string_view server = server_of(wanted);
        const unsigned first = provider_of(services_, server);
        if (first == services_.size()) return refuse("it connects to ", server, ", which nobody provides");
        const std::string_view kinds = programs_.session_kinds(program_of(*services_.Get(first)));
        bool good = true;
        for_each_provider(server, [&](unsigned provider) {
            if (!good) return;
            if (services_.Get(provider)->priority() < service_->priority())
                good = refuse("it connects to ", server, ", whose priority is below its own");
            else if (programs_.session_kinds(program_of(*services_.Get(provider))) != kinds)
                good = refuse("it connects to ", server, ", whose drivers have different kinds of session");
        });
        if (!good) return false;
        unsigned times = 0;
        for_each_text(service_->connects(), [&](std::string_view each) { times += server_of(each) == server; });
        if (times != 1) return refuse("it connects to ", server, " twice");
        if (kind_number(kinds, kind_of(wanted))) return true;
        if (kinds.empty()) return refuse("it connects to ", wanted, ", but ", server, " has no kinds of session");
        return refuse("it connects to ", wanted, ", but ", server, " has the kinds of session ", kinds);
    }

    bool grants() {
        bool good = true;
        std::string_view servers[std::size(kGrants)];
        std::size_t count = 0;
        for_each_text(service_->grants(), [&](std::string_view wanted) {
            if (!good) return;
            if (std::find(std::begin(kGrants), std::end(kGrants), wanted) == std::end(kGrants)) {
                good = refuse("there is no grant ", wanted);
                return;
            }
            const std::string_view server = server_of(wanted);
            if (std::find(servers, servers + count, server) != servers + count) {
                good = refuse("it is granted ", server, " twice");
                return;
            }
            servers[count++] = server;
        });
        return good;
    }

    bool device() {
        const manifest::Device* own = service_->device();
        if (!own) return true;
        if (service_->kind() != Kind::Driver) return refuse("only drivers have a device");
        if (!is_name(text(own->match()))) return refuse("its device has no proper name");
        if (own->reset() && own->reset()->size() > kMostResetWrites) return refuse("its device's reset has more than 8 writes");
        const bool taken = earlier([&](const Service& other) {
            return other.device() && text(other.device()->match()) == text(own->match()) && other.device()->index() == own->index();
        });
        return !taken || refuse("its device ", text(own->match()), " has a driver already");
    }

    // Several are drivers, one of which will run; or the others are refused.
    template <class Visit>
    void for_each_provider(std::string_view wanted, Visit visit) const {
        for (unsigned index = 0; index < services_.size(); ++index)
            if (supervisor::provides(*services_.Get(index), wanted)) visit(index);
    }

    const Services& services_;
    const Programs& programs_;
    std::span<Verdict> verdicts_;
    const Service* service_ = nullptr;
    unsigned index_ = 0;
    std::array<unsigned, kMaxServices> path_{};  // from one service over whom it calls to the one that is looked at
    unsigned depth_ = 0;
};

}  // namespace

std::string_view program_of(const Service& service) {
    return service.program() ? text(service.program()) : text(service.name());
}

std::string_view noted_session_kinds(std::span<const std::byte> program) {
    constexpr std::size_t kHeader = 16;  // three words and "Eft"
    const auto note = find_section(program, ".note.eft.kinds");
    if (note.size() <= kHeader) return {};
    const std::string_view words(reinterpret_cast<const char*>(note.data()) + kHeader, note.size() - kHeader);
    return words.substr(0, words.find('\0'));
}

std::optional<unsigned> kind_number(std::string_view kinds, std::string_view wish) {
    if (kinds.empty()) return wish.empty() ? std::optional(0u) : std::nullopt;
    if (wish.empty() && kinds.find(' ') == kinds.npos) return 1;
    for (unsigned number = 1; !kinds.empty(); ++number) {
        const std::string_view kind = kinds.substr(0, kinds.find(' '));
        if (kind == (wish.empty() ? "client" : wish)) return number;
        kinds.remove_prefix(std::min(kind.size() + 1, kinds.size()));
    }
    return std::nullopt;
}

void write_allowed(AllowedServices& allowed, const manifest::Manifest& manifest, const Programs& programs, const Service& service) {
    for_each_text(service.connects(), [&](std::string_view wanted) {
        const Service& provider = *manifest.services()->Get(provider_of(*manifest.services(), server_of(wanted)));
        const unsigned kind = kind_number(programs.session_kinds(program_of(provider)), kind_of(wanted)).value_or(0);
        allowed.append(allowed.empty() ? "" : " ").append(server_of(wanted));
        if (kind != 0) allowed.append(':').decimal(kind);
    });
}

bool provides(const Service& service, std::string_view name) {
    bool found = false;
    for_each_text(service.provides(), [&](std::string_view each) { found |= each == name; });
    return found;
}

Result<const manifest::Manifest*> read_manifest(std::span<const std::byte> bytes) {
    flatbuffers::Verifier verifier(reinterpret_cast<const u8*>(bytes.data()), bytes.size());
    if (!manifest::VerifyManifestBuffer(verifier)) return Error::BadFormat;
    return manifest::GetManifest(bytes.data());
}

void check_manifest(const manifest::Manifest& manifest, const Programs& programs, std::span<Verdict> verdicts) {
    Checker checker(manifest, programs, verdicts);
    const std::size_t count = std::min<std::size_t>(manifest.services()->size(), verdicts.size());
    for (unsigned i = 0; i < count; ++i) verdicts[i].accepted = checker.accepts(i);
    checker.rank_all();
}

}  // namespace eft::supervisor

#include "authority.h"
#include "names.h"
#include "values.h"

#include <algorithm>

namespace idlc {
namespace {

bool is_kind_name(const std::string& word) {
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    return !word.empty() && word[0] >= 'a' && word[0] <= 'z' && std::all_of(word.begin(), word.end(), allowed);
}

class AuthorityChecker {
public:
    AuthorityChecker(Service& service, const Source& source, Diagnostics& diagnostics)
        : service_(service), source_(source), diagnostics_(diagnostics) {}

    void check() {
        if (auto kinds = service_.attributes.find("kinds"); kinds != service_.attributes.end()) {
            check_kinds(kinds->second);
            if (service_.kinds.empty()) return;  // refused
        }
        for (Method& method : service_.methods) check_callers(method);
    }

private:
    void refuse(const std::string& message, const std::string& hint) {
        diagnostics_.refuse(source_.line_of(service_.name.full()), service_.name.plain + " " + message, hint);
    }
    void refuse(const Method& method, const std::string& message, const std::string& hint) {
        diagnostics_.refuse(source_.line_of(service_.name.full(), method.name), service_.name.plain + "." + method.name + " " + message, hint);
    }

    void check_kinds(const std::string& list) {
        std::vector<std::string> kinds;
        for (const std::string& kind : split_list(list)) {
            if (!is_kind_name(kind))
                return refuse("has kinds:\"" + list + "\", and '" + kind + "' is no name of a kind",
                              "names of small letters, digits and _, separated by commas: \"control, client\"");
            const auto same_name = [&](const std::string& other) { return camel_case(other) == camel_case(kind); };
            if (std::any_of(kinds.begin(), kinds.end(), same_name))
                return refuse("has the kind '" + kind + "' twice", "a kind stands once");
            kinds.push_back(kind);
        }
        if (kinds.size() > kMaxSessionKinds)
            return refuse("has " + std::to_string(kinds.size()) + " kinds of session; there can be " + std::to_string(kMaxSessionKinds),
                          "a badge has four bits for its kind");
        service_.kinds = kinds;
    }

    void check_callers(Method& method) {
        const auto found = method.attributes.find("for");
        const bool says = found != method.attributes.end();
        if (says && service_.kinds.empty())
            return refuse(method, "is for kinds of session, and its service has none", "name them: kinds:\"control, client\" on the service");
        if (method.carrier == Carrier::Ring) {
            if (says)
                refuse(method, "travels through a ring and is for kinds of session",
                       "whoever has attached the ring may use it: say it of the call that attaches");
            return;
        }
        if (service_.kinds.empty()) return;
        if (!says)
            return refuse(method, "does not say who may call it", "for:\"" + kinds_in_words(service_) + "\", or some of these kinds of session");
        for (const std::string& kind : split_list(found->second)) {
            const auto at = std::find(service_.kinds.begin(), service_.kinds.end(), kind);
            if (kind.empty()) return refuse(method, "has for:\"" + found->second + "\"", "at least one kind of session, separated by commas");
            if (at == service_.kinds.end())
                return refuse(method, "is for '" + kind + "', which is no kind of session of " + service_.name.plain,
                              "the kinds are " + kinds_in_words(service_));
            const unsigned bit = 1u << (at - service_.kinds.begin() + 1);
            if (method.callers & bit) return refuse(method, "is for '" + kind + "' twice", "a kind stands once");
            method.callers |= bit;
        }
    }

    Service& service_;
    const Source& source_;
    Diagnostics& diagnostics_;
};

}  // namespace

void check_authority(Service& service, const Source& source, Diagnostics& diagnostics) {
    AuthorityChecker(service, source, diagnostics).check();
}

std::string kinds_in_words(const Service& service) {
    std::string words;
    for (const std::string& kind : service.kinds) words += (words.empty() ? "" : ", ") + kind;
    return words;
}

std::string callers_in_words(const Service& service, const Method& method) {
    std::string words;
    for (std::size_t i = 0; i < service.kinds.size(); ++i)
        if (method.callers >> (i + 1) & 1) words += (words.empty() ? "" : ", ") + service.kinds[i];
    return words;
}

}  // namespace idlc

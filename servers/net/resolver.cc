#include "net/resolver.h"

#include "net/addresses.h"

#include "lwip/dns.h"

#include <algorithm>
#include <cstring>

namespace eft::net {

void Resolver::resolve(u32 place, std::span<const std::byte> name, bool want_ipv6, ring::Pending<socket::Answer> pending) {
    char copy[DNS_MAX_NAME_LENGTH] = {};  // the client can change the area
    if (name.empty() || name.size() >= sizeof copy) return pending.complete(Error::InvalidArgument);
    std::memcpy(copy, name.data(), name.size());
    if (std::strlen(copy) != name.size()) return pending.complete(Error::InvalidArgument);

    const auto free = std::ranges::find(questions_, false, &Question::is_asked);
    if (free == questions_.end()) return pending.complete(Error::LimitReached);
    *free = {this, true, true, place, pending};
    ip_addr_t address;
    const err_t known = dns_gethostbyname_addrtype(copy, &address, answered, &*free, want_ipv6 ? LWIP_DNS_ADDRTYPE_IPV6 : LWIP_DNS_ADDRTYPE_IPV4);
    if (known == ERR_INPROGRESS) return;
    answered(copy, known == ERR_OK ? &address : nullptr, &*free);
}

void Resolver::answered(const char*, const ip_addr_t* address, void* argument) {
    Question& question = *static_cast<Question*>(argument);
    question.is_asked = false;
    if (!std::exchange(question.is_wanted, false)) return;
    if (!address) return question.pending.complete(to_error(socket::Failure::NoSuchName));
    question.pending.complete(socket::Answer{.address = address_of(*address)});
}

void Resolver::end_all(u32 place) {
    for (Question& each : questions_)
        if (each.place == place && std::exchange(each.is_wanted, false)) each.pending.complete(Error::Cancelled);
}

}  // namespace eft::net

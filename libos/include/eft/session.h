// Sessions with services, by name.
//
//   EFT_TRY(auto timer, connect<timer::TimerClient<>>("timer"));
//
// names answers with a capability to the service's endpoint, if the manifest allows this process the
// service. It stays valid over restarts of the service.
#pragma once

#include <eft/cap.h>

#include <string_view>

namespace eft {

Result<CapHandle> connect(std::string_view service);

template <class Client>
Result<Client> connect_client(std::string_view service) {
    EFT_TRY(CapHandle session, connect(service));
    return Client(std::move(session));
}

}  // namespace eft

#include <eft/session.h>

#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>

namespace eft {

namespace {

// The client must not delete the well-known slot: a copy would cost a slot for nothing.
names::NamesClient<>& broker() {
    static EFT_PROCESS_LOCAL names::NamesClient<> client{CapHandle(slot(WellKnown::Names))};
    return client;
}

names::ServiceName named(std::string_view service) {
    names::ServiceName request;
    request.name = service;
    return request;
}

}  // namespace

Result<CapHandle> connect(std::string_view service) {
    EFT_TRY(names::Session session, broker().connect(named(service)));
    return CapHandle(session.session.release());
}

Result<KeptSession> connect_kept(std::string_view service) {
    EFT_TRY(names::Session session, broker().keep(named(service)));
    return KeptSession{CapHandle(session.session.release()), session.badge};
}

}  // namespace eft

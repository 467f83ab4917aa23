#include <eft/session.h>

#include <eft/idl/names.h>
#include <eft/ipc/kernel_transport.h>

namespace eft {

Result<CapHandle> connect(std::string_view service) {
    // The client must not delete the well-known slot: a copy would cost a slot for nothing.
    static names::NamesClient<> broker{CapHandle(slot(WellKnown::Names))};
    names::ServiceName request;
    request.name = service;
    EFT_TRY(names::Session session, broker.connect(request));
    return CapHandle(session.session.release());
}

}  // namespace eft
